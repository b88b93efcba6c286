"""A data file as the model sees it: made once, kept on disk, and found again by the hash of all it depends on."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mlcl.config import TINY, VECTORS, Experiment
from mlcl.data.batch import EncodedSplit
from mlcl.data.corpus import Corpus
from mlcl.data.formats.opening import content_hash
from mlcl.data.labels import check_labelled, choose_label
from mlcl.data.processor import Processor
from mlcl.data.source import open_corpus
from mlcl.data.store import FORMAT, read_store, write_store
from mlcl.data.vectors import VectorSteps
from mlcl.encode.tokenizer import SubWords, load_tokenizer, word_tokenizer
from mlcl.errors import EncoderError, NoWordsError, lacks_room
from mlcl.files import cache_folder
from mlcl.recipe import with_vectors
from mlcl.runs.checks import check_splits, check_words
from mlcl.runs.facts import corpus_facts, fold_facts

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Prepared:
    """What training needs of a data file and a tokenizer.

    Attributes:
        experiment: The experiment; its text encoder reads vectors where the file has no words.
        facts: Hash, layout, items and widths of the file.
        processor: How items become tensors.
        tokenizer: Of the text encoder.
        openers: A function per split that gives its encoded form; a split is not touched before it is asked for.
    """

    experiment: Experiment
    facts: dict[str, Any]
    processor: Processor
    tokenizer: SubWords | VectorSteps
    openers: dict[str, Callable[[], EncodedSplit]]


def prepare(experiment: Experiment, *, with_test: bool = True) -> Prepared:
    """Read, check, tokenise and normalise the experiment's data, or find that in the cache.

    The cache is ``$MLCL_CACHE``, else ``mlcl`` in the user's cache folder; ``data.cache: false`` goes without. An entry
    is named by the bytes of the file or folder, the tokenizer, the data options and this package's version, so none is
    ever stale, and the folder may be deleted at any time.

    A file whose text is word vectors alone has no use for a language model: a small transformer over the vectors takes
    its place, and a note says so. Without `with_test` the test split is dropped as soon as the file is read.

    Raises:
        DataError: If the file cannot be used for training.
        EncoderError: If the text encoder has no usable tokenizer.
    """
    try:
        prepared = _prepare(experiment, with_test)
    except NoWordsError:
        changed = with_vectors(experiment)
        _log.warning(
            "note: %s has no words, only word vectors: a small transformer over them is trained instead of the text "
            "encoder %s, at the learning rate of the model",
            experiment.data.file,
            experiment.text_encoder,
        )
        prepared = _prepare(changed, with_test)
    for leak in prepared.facts["leaks"]:
        _log.warning("note: %s: %s", experiment.data.file, leak)
    return prepared


def _prepare(experiment: Experiment, with_test: bool) -> Prepared:
    file = Path(experiment.data.file)
    if not (experiment.data.cache and experiment.text_encoder != TINY and (file.is_file() or file.is_dir())):
        return _fresh(experiment, with_test)
    _, digest = content_hash(file)
    try:
        tokenizer = _tokenizer(experiment)
    except EncoderError:
        _read(experiment, with_test)  # what is wrong with the file comes first: perhaps it has no words at all
        raise
    folder = cache_folder() / "data" / _key(experiment, digest, tokenizer, with_test)
    found = read_store(folder)
    if found is None:
        reason = _fill(folder, experiment, tokenizer, with_test)
        found = read_store(folder)  # perhaps another process was faster
        if found is None:
            _log.warning("note: %s keeps no prepared data: %s", folder.parent, reason or "it cannot be read back")
            return _fresh(experiment, with_test)
    openers, facts = found
    in_order = {name: openers[name] for name in facts["data"]["items"]}
    return Prepared(
        experiment, {**facts["data"], "name": file.name}, Processor.of(facts["processor"]), tokenizer, in_order
    )


def _fill(folder: Path, experiment: Experiment, tokenizer: SubWords | VectorSteps, with_test: bool) -> str | None:
    """Read, encode and store the data; returns why that could not be stored."""
    corpus, processor = _read(experiment, with_test)
    facts = {"data": corpus_facts(experiment, corpus, processor), "processor": processor.plain()}
    splits, word_aligned = dict(corpus.splits), corpus.word_aligned
    del corpus

    def encoded() -> Iterator[tuple[str, EncodedSplit]]:
        """The smallest first, each forgotten when it is done: the largest needs the room."""
        for name in sorted(splits, key=lambda name: len(splits[name])):
            yield name, processor.encode(splits.pop(name), tokenizer, word_aligned=word_aligned, consume=True)

    try:
        write_store(folder, encoded(), facts)
    except OSError as error:
        return lacks_room(error) or str(error)
    return None


def _fresh(experiment: Experiment, with_test: bool) -> Prepared:
    corpus, processor = _read(experiment, with_test)
    tokenizer = _words_of(corpus) if experiment.text_encoder == TINY else _tokenizer(experiment)

    def opener(name: str) -> Callable[[], EncodedSplit]:
        return lambda: processor.encode(corpus.splits[name], tokenizer, word_aligned=corpus.word_aligned)

    openers = {name: opener(name) for name in corpus.splits}
    return Prepared(experiment, corpus_facts(experiment, corpus, processor), processor, tokenizer, openers)


def _read(experiment: Experiment, with_test: bool) -> tuple[Corpus, Processor]:
    data, vectors = experiment.data, experiment.text_encoder == VECTORS
    corpus = open_corpus(data, experiment.recipe)
    if not with_test:
        corpus = corpus.without_test()
    if data.label is not None:
        corpus = choose_label(corpus, data.label)
    corpus = check_labelled(corpus, data.unlabelled)
    check_splits(corpus)
    if not vectors:
        check_words(corpus, data.modalities)
    return corpus, Processor.fit(corpus, data, vectors=vectors)


def _key(experiment: Experiment, file_hash: str, tokenizer: SubWords | VectorSteps, with_test: bool) -> str:
    options = experiment.data.model_dump(mode="json", exclude={"file", "cache", "fold"})
    without = [] if with_test else ["no test"]
    parts = [FORMAT, version("mlcl"), file_hash, tokenizer.fingerprint(), options, fold_facts(experiment), *without]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _tokenizer(experiment: Experiment) -> SubWords | VectorSteps:
    return VectorSteps() if experiment.text_encoder == VECTORS else load_tokenizer(experiment.text_encoder)


def _words_of(corpus: Corpus) -> SubWords:
    segments = corpus.splits["train"].segments
    return word_tokenizer([word for segment in segments for item in segment.words for word in [*item, "."]])
