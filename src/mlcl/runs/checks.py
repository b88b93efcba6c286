"""What must hold before a run folder is made or gone on with."""

import logging
from collections.abc import Collection
from typing import Any

import numpy as np

from mlcl.config import Experiment
from mlcl.data.batch import EncodedSplit
from mlcl.data.corpus import Corpus
from mlcl.data.folds import advised_grouping
from mlcl.data.formats.texts.labelled import NO_SPLIT
from mlcl.errors import AlignmentError, DataError, NoWordsError, RunError, UsageError
from mlcl.evaluate.evaluator import Predictions
from mlcl.modality import TEXT
from mlcl.parallel import world_size

_log = logging.getLogger(__name__)


def check_same_experiment(before: Experiment, after: Experiment) -> None:
    """Refuse to go on with a run as another experiment; only where things are, and more epochs, may change.

    Raises:
        UsageError: Naming the first key that must stay.
    """
    old, new = before.model_dump(), after.model_dump()
    if new["train"]["epochs"] < old["train"]["epochs"]:
        raise UsageError(f"--resume cannot lower train.epochs from {old['train']['epochs']}; start a new run")
    for values in (old, new):
        for key in ("file", "cache"):
            values["data"].pop(key)
        for key in ("epochs", "eval_batch_size"):
            values["train"].pop(key)
        for key in ("device", "execution", "tracking", "text_encoder"):
            values.pop(key)
    for key, value in old.items():
        if value != new[key]:
            inner = (
                [f"{key}.{name}" for name in value if value[name] != new[key][name]]
                if isinstance(value, dict)
                else [key]
            )
            raise UsageError(f"--resume cannot change {inner[0]}; start a new run")


def check_same_inputs(known: dict[str, Any], facts: dict[str, Any], experiment: Experiment) -> None:
    """Refuse to go on with a run on other data or from another text encoder than it was started with."""
    for key, name in (("data", experiment.data.file), ("text_encoder", experiment.text_encoder)):
        if known.get(key, facts[key])["sha256"] != facts[key]["sha256"]:
            raise RunError(f"{name} is not the {key.replace('_', ' ')} this run was started with; start a new run")
    if known.get("data", facts["data"]).get("fold") != facts["data"].get("fold"):
        raise RunError("the lists of folds are not those this run was started with; start a new run")


def check_splits(corpus: Corpus) -> None:
    """Refuse a corpus without labelled train and dev splits."""
    for name in ("train", "dev"):
        if name not in corpus.splits:
            raise DataError(_no_split(corpus, name), path=corpus.path)
        if corpus.splits[name].labels is None:
            raise DataError(f"the {name} split has no labels; training needs them", path=corpus.path)


def _no_split(corpus: Corpus, name: str) -> str:
    """What is missing, why as far as the reader knows, and the command that divides the items."""
    known = "the data say nothing of splits" if NO_SPLIT in corpus.notes else f"here are {', '.join(corpus.splits)}"
    by = advised_grouping(corpus)
    file = corpus.path or "FILE"
    return (
        f"there is no {name} split, and training needs train and dev; {known}: divide the items with "
        f"mlcl data split {file} OUT --by {by}, and train on OUT"
    )


def check_finite(found: Predictions, split: str, path: str | None) -> Predictions:
    """Return predictions, or refuse them where the model predicts nan: of values beyond all that it has learnt."""
    lost = np.flatnonzero(~np.isfinite(found.score.reshape(len(found.ids), -1)).all(axis=1))
    if len(lost):
        raise DataError(
            f"the model predicts nan for {len(lost)} of {len(found.ids)} items, first {found.ids[lost[0]]!r}; "
            "correct values far beyond the others (mlcl data inspect), or train again",
            path=path,
            place=split,
        )
    return found


def check_words(corpus: Corpus, modalities: Collection[str]) -> None:
    """Refuse a corpus whose text is word vectors alone, for a text encoder that reads words."""
    if TEXT in modalities and corpus.has_text_vectors and not corpus.has_words:
        raise NoWordsError(
            "has word vectors and no words, and the text encoder reads words; train with --text-encoder vectors",
            path=corpus.path,
        )


def note_lonely_batches(experiment: Experiment) -> None:
    """Say so where contrast has nothing to contrast with: a batch, or its parts, of one item."""
    train, model = experiment.train, experiment.model
    weights = [getattr(model, f"{level}_weight", 0) for level in ("umcl", "bmcl", "tmcl")]
    if any(weights) and train.batch_size <= train.accumulate * world_size():
        _log.warning(
            "note: with train.batch_size=%d and train.accumulate=%d an item has no negatives, and the levels of "
            "contrast are 0; raise train.batch_size",
            *(train.batch_size, train.accumulate),
        )


def check_rows_under_tokens(split: EncodedSplit) -> None:
    """Refuse rows on a clock of their own, for a model that needs one under each token."""
    for name, rows in split.rows.items():
        if not np.array_equal(rows.offsets, split.offsets):
            raise AlignmentError(
                f"the {name} rows do not stand under the tokens, as this model needs them; "
                "use a word-aligned file, and keep text among data.modalities"
            )
