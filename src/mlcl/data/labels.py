"""Which label of a file is learnt, and what its values are: scores of a range, or class numbers."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Split, take
from mlcl.data.target import MAX_CLASSES, Target, Task
from mlcl.errors import DataError, UsageError, nearest

UNIT = (-1.0, 1.0)
"""Range of the scores of CH-SIMS; no label of a whole set of MOSI or MOSEI lies in it."""

SENTIMENT = (-3.0, 3.0)
"""Range of the scores of MOSI and MOSEI, taken where a file names none and every label lies in it."""


def choose_label(corpus: Corpus, name: str) -> Corpus:
    """The corpus with the label of that name; the same corpus where it is the chosen one already.

    A label that the file does not describe is taken for classes where its values are all the whole numbers from 0 to
    some greatest one, else for a score, of the range of the file's own label where it keeps within that.

    Raises:
        UsageError: If the file has no label of that name.
    """
    if name == corpus.label and name:
        return corpus
    names = label_names(corpus)
    if name not in names:
        known = nearest(name, names) if names else "it has one label without a name; leave --label out"
        raise UsageError(f"{corpus.path or corpus.layout}: unknown label {name!r}; {known}")
    splits = {key: replace(split, labels=_column(split, name)) for key, split in corpus.splits.items()}
    classes = corpus.label_classes.get(name, ())
    values = labels_of(splits)
    task = "classification" if classes else _kind(values)
    kept = corpus.label_range if task == "regression" and _within(values, corpus.label_range) else None
    return replace(corpus, splits=splits, label=name, task=task, classes=classes, label_range=kept)


def keep_label(corpus: Corpus, name: str) -> Corpus:
    """The corpus with the label of that name alone, which has no name any more.

    Raises:
        UsageError: If the file has no label of that name.
    """
    chosen = choose_label(corpus, name)
    splits = {key: replace(split, columns={}) for key, split in chosen.splits.items()}
    return replace(chosen, splits=splits, label="", label_classes={})


def label_names(corpus: Corpus) -> list[str]:
    """Names of the labels that the corpus offers, in the file's order."""
    return list(dict.fromkeys(name for split in corpus.splits.values() for name in split.columns))


def check_labelled(corpus: Corpus, unlabelled: str) -> Corpus:
    """The corpus of items that all have the chosen label; a split without any label stays as it is.

    Args:
        corpus: Its label is chosen.
        unlabelled: What happens to an item without the label: ``error``, or ``drop``, which leaves it out.

    Raises:
        DataError: Naming the first split with such items, and how many there are.
    """
    splits: dict[str, Split] = {}
    for name, split in corpus.splits.items():
        missing = np.zeros(len(split), bool) if split.labels is None else np.isnan(split.labels)
        if missing.all():
            splits[name] = replace(split, labels=None)
        elif missing.any() and unlabelled == "error":
            which, other = (
                (f"label {corpus.label!r}", "choose another with --label, or ") if corpus.label else ("label", "")
            )
            raise DataError(
                f"{int(missing.sum())} of {len(split)} items have no {which}; {other}leave them out with "
                f"--set data.unlabelled=drop (the first is {split.ids[int(missing.argmax())]!r})",
                path=corpus.path,
                place=name,
            )
        else:
            splits[name] = take(split, np.flatnonzero(~missing)) if missing.any() else split
    return corpus.with_splits(splits)


def target_of(corpus: Corpus, task: Task | Literal["auto"] = "auto") -> Target:
    """What the corpus's chosen label is; `task` other than ``auto`` is taken for it, whatever the corpus says.

    Raises:
        DataError: If a label is no class.
    """
    task = corpus.task if task == "auto" else task
    if task == "regression":
        return Target(task, corpus.label, label_range=score_range(corpus))
    return Target(task, corpus.label, count_classes(corpus), corpus.classes)


def count_classes(corpus: Corpus) -> int:
    """Number of classes: as many as the file names, else one more than the greatest label, at least 2.

    Raises:
        DataError: If a label is no class, or the file names one class alone.
    """
    if len(corpus.classes) == 1:
        raise DataError(f"every label is {corpus.classes[0]!r}; there must be two classes or more", path=corpus.path)
    for name, split in corpus.splits.items():
        values = np.zeros(0) if split.labels is None else split.labels
        wrong = values[~np.isnan(values) & ((values != np.floor(values)) | (values < 0) | (values >= MAX_CLASSES))]
        if wrong.size:
            raise DataError(
                f"the label {wrong[0]:g} is no class; classes are 0, 1, ... up to {MAX_CLASSES - 1}",
                path=corpus.path,
                place=name,
            )
    values = labels_of(corpus.splits)
    greatest = int(values.max(initial=0))
    if corpus.classes and greatest >= len(corpus.classes):
        raise DataError(
            f"the label {greatest} is no class; the file names {len(corpus.classes)}, from 0 on", path=corpus.path
        )
    return len(corpus.classes) or max(greatest + 1, 2)


def score_range(corpus: Corpus) -> tuple[float, float]:
    """Least and greatest score: as the file declares them, else as the field has it, [-1, 1] or [-3, 3], else as found.

    Labels that are never negative are no sentiment, whose middle is 0.
    """
    if corpus.label_range is not None:
        return corpus.label_range
    values = labels_of(corpus.splits)
    if values.size and values.min() < 0 and _within(values, UNIT):
        return UNIT
    if _within(values, SENTIMENT) and (not values.size or values.min() < 0):
        return SENTIMENT
    return float(values.min()), float(values.max())


def labels_of(splits: dict[str, Split]) -> NDArray[np.float64]:
    """Every label of the splits that is there."""
    every = [split.labels for split in splits.values() if split.labels is not None]
    values = np.concatenate(every) if every else np.zeros(0)
    return values[~np.isnan(values)]


def _column(split: Split, name: str) -> NDArray[np.float64] | None:
    """The split's label of that name; None where no item has it."""
    values = split.columns.get(name)
    return None if values is None or np.isnan(values).all() else values


def _kind(values: NDArray[np.float64]) -> Task:
    found = np.unique(values)
    whole = 1 < len(found) <= MAX_CLASSES and bool((found == np.arange(len(found))).all())
    return "classification" if whole else "regression"


def _within(values: NDArray[np.float64], limits: tuple[float, float] | None) -> bool:
    return limits is not None and bool(((values >= limits[0]) & (values <= limits[1])).all())
