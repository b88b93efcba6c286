"""A data file as the model sees it: made once, kept on disk, and found again by the hash of all it depends on."""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mlcl.config import Experiment
from mlcl.data.batch import EncodedSplit
from mlcl.data.corpus import Corpus
from mlcl.data.processor import Processor
from mlcl.data.store import FORMAT, read_store, write_store
from mlcl.encode.tokenizer import SubWords, load_tokenizer, word_tokenizer
from mlcl.errors import DataError, lacks_room
from mlcl.models.registry import TINY
from mlcl.runs.checks import check_labels, check_splits
from mlcl.runs.facts import corpus_facts
from mlcl.runs.source import open_corpus

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Prepared:
    """What training needs of a data file and a tokenizer.

    Attributes:
        facts: Hash, layout, items and widths of the file.
        processor: How items become tensors.
        tokenizer: Of the text encoder.
        openers: A function per split that gives its encoded form; a split is not touched before it is asked for.
    """

    facts: dict[str, Any]
    processor: Processor
    tokenizer: SubWords
    openers: dict[str, Callable[[], EncodedSplit]]


def prepare(experiment: Experiment) -> Prepared:
    """Read, check, tokenise and normalise the experiment's data, or find that in the cache.

    The cache is ``$MLCL_CACHE``, else ``mlcl`` in the user's cache folder; ``data.cache: false`` goes without. An entry
    is named by the file's bytes, the tokenizer, the data options and this package's version, so none is ever stale, and
    the folder may be deleted at any time.

    Raises:
        DataError: If the file cannot be used for training.
        EncoderError: If the text encoder has no usable tokenizer.
    """
    file = Path(experiment.data.file)
    if not (experiment.data.cache and experiment.text_encoder != TINY and file.is_file()):
        return _fresh(experiment)
    try:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}; check its permissions", path=file) from None
    tokenizer = load_tokenizer(experiment.text_encoder)
    folder = cache_folder() / "data" / _key(experiment, digest, tokenizer)
    found = read_store(folder)
    if found is None:
        corpus, processor = _read(experiment)
        facts = {"data": corpus_facts(experiment, corpus), "processor": asdict(processor)}
        reason: object = "it cannot be read back"
        try:
            write_store(folder, _encoded(corpus, processor, tokenizer), facts)
        except OSError as error:
            reason = lacks_room(error) or error
        found = read_store(folder)  # perhaps another process was faster
        if found is None:
            _log.warning("note: %s keeps no prepared data: %s", folder.parent, reason)
            return _prepared(experiment, corpus, processor, tokenizer)
    openers, facts = found
    return Prepared(_named(facts["data"], file), Processor.of(facts["processor"]), tokenizer, openers)


def cache_folder() -> Path:
    """Where prepared data are kept between runs."""
    given = os.environ.get("MLCL_CACHE")
    base = Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlcl"
    return base.expanduser()


def _fresh(experiment: Experiment) -> Prepared:
    corpus, processor = _read(experiment)
    return _prepared(experiment, corpus, processor, _tokenizer(experiment, corpus))


def _read(experiment: Experiment) -> tuple[Corpus, Processor]:
    corpus = open_corpus(experiment.data, experiment.recipe)
    check_splits(corpus)
    processor = Processor.fit(corpus, experiment.data)
    check_labels(corpus, processor.task)
    return corpus, processor


def _prepared(experiment: Experiment, corpus: Corpus, processor: Processor, tokenizer: SubWords) -> Prepared:
    def opener(name: str) -> Callable[[], EncodedSplit]:
        return lambda: processor.encode(corpus.splits[name], tokenizer, word_aligned=corpus.word_aligned)

    return Prepared(
        corpus_facts(experiment, corpus), processor, tokenizer, {name: opener(name) for name in corpus.splits}
    )


def _encoded(corpus: Corpus, processor: Processor, tokenizer: SubWords) -> Iterator[tuple[str, EncodedSplit]]:
    for name, split in corpus.splits.items():
        yield name, processor.encode(split, tokenizer, word_aligned=corpus.word_aligned)


def _named(facts: dict[str, Any], file: Path) -> dict[str, Any]:
    """The facts under the file's present name: the cache knows its bytes."""
    return {**facts, "name": file.name}


def _key(experiment: Experiment, file_hash: str, tokenizer: SubWords) -> str:
    options = experiment.data.model_dump(mode="json", exclude={"file", "cache"})
    parts = [FORMAT, version("mlcl"), file_hash, tokenizer.fingerprint(), options]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _tokenizer(experiment: Experiment, corpus: Corpus) -> SubWords:
    if experiment.text_encoder != TINY:
        return load_tokenizer(experiment.text_encoder)
    train = corpus.splits["train"]
    segments = [segment for segment in (train.main, train.context) if segment is not None]
    return word_tokenizer([word for segment in segments for item in segment.words for word in [*item, "."]])
