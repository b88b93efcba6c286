"""Labels of the MMSA layout: up to four regression labels, and classes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlcl.data.formats.arrays.arrays import ArraySplit
from mlcl.data.target import Task

# Our name -> the file's; MMSA's early files say labels.
KEYS = {
    "M": ("regression_labels", "labels"),
    "T": ("regression_labels_T",),
    "A": ("regression_labels_A",),
    "V": ("regression_labels_V",),
    "class": ("classification_labels",),
    "class_T": ("classification_labels_T",),
    "class_A": ("classification_labels_A",),
    "class_V": ("classification_labels_V",),
}
_MAX_CLASSES = 1000
SENTIMENT = (-3.0, 3.0)
SENTIMENT_SIMS = (-1.0, 1.0)  # the only files with labels per modality

Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Choice:
    """Which label a model learns unless told otherwise, and what it means.

    Attributes:
        label: Name of the column; empty for a file without labels.
        task: None where the values say it.
        label_classes: Names of the classes of every column whose classes the file names.
    """

    label: str = ""
    task: Task | None = None
    classes: tuple[str, ...] = ()
    label_range: tuple[float, float] | None = None
    label_classes: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_columns(split: ArraySplit) -> Columns:
    """Return every label of a split that is there, by our names."""
    columns = {}
    for name, keys in KEYS.items():
        key = next((key for key in keys if key in split), None)
        if key is not None:
            columns[name] = split.numbers(key)
    return columns


def choose(splits: Sequence[ArraySplit], columns: Sequence[Columns]) -> Choice:
    """Choose the label: M, or class where there is no M or M only repeats it as -1 and +1.

    Raises:
        DataError: If class is chosen and holds anything but 0, 1, 2, ...
    """
    regression, classes = _values(columns, "M"), _values(columns, "class")
    annotated = _annotated(splits, columns, classes)
    label_classes = {"class": annotated} if annotated else {}
    if regression.size and not _repeats(columns):
        modal = any(name in named for named in columns for name in "TAV")
        two_classes = bool(np.isin(regression, (0, 1)).all())
        least, most = regression.min(), regression.max()
        if modal:
            limits = SENTIMENT_SIMS if least >= -1 and most <= 1 and not two_classes else None
        else:
            limits = sentiment_range(least, most)
        return Choice("M", None, (), limits, label_classes)
    if not classes.size:
        return Choice()
    for split, named in zip(splits, columns, strict=True):
        values = named.get("class", np.zeros(0))
        wrong = np.flatnonzero(~(np.isnan(values) | np.isin(values, np.arange(_MAX_CLASSES))))
        if len(wrong):
            message = f"the class is {values[wrong[0]]:g}; classes are 0, 1, 2, ..."
            raise split.source.error(message, split.place("classification_labels", int(wrong[0])))
    count = int(classes.max()) + 1
    names = annotated or (tuple(map(str, range(count))) if count > 2 else ())
    return Choice("class", "classification", names, label_classes={"class": names} if names else {})


def sentiment_range(least: float, most: float) -> tuple[float, float] | None:
    """The range of sentiment, for labels that need it; others may be in [-1, 1], or no sentiment at all."""
    return SENTIMENT if SENTIMENT[0] <= least < 0 and most <= SENTIMENT[1] and max(-least, most) > 1 else None


def _values(columns: Sequence[Columns], name: str) -> NDArray[np.float64]:
    """The labels of every split that are not missing."""
    every = np.concatenate([named.get(name, np.zeros(0)) for named in columns])
    return every[~np.isnan(every)]


def _repeats(columns: Sequence[Columns]) -> bool:
    """Whether M is -1 where class is 0 and +1 where it is 1, everywhere."""
    some = [named for named in columns if "M" in named]
    return all(np.array_equal(named["M"], 2 * named.get("class", np.zeros(0)) - 1, equal_nan=True) for named in some)


def _annotated(
    splits: Sequence[ArraySplit], columns: Sequence[Columns], classes: NDArray[np.float64]
) -> tuple[str, ...]:
    """The annotation of each class; nothing without one annotation each, or where the values are no classes."""
    if not classes.size or not np.isin(classes, np.arange(_MAX_CLASSES)).all():
        return ()
    count = int(classes.max()) + 1
    found: dict[int, set[str]] = {}
    for split, named in zip(splits, columns, strict=True):
        if "annotations" in split and "class" in named:
            texts = split.source.read_words(list(split.entries("annotations")), split.place("annotations"))
            for value, text in zip(named["class"], texts, strict=True):
                if not np.isnan(value):
                    found.setdefault(int(value), set()).add(text)
    if set(found) == set(range(count)) and all(len(texts) == 1 for texts in found.values()):
        names = tuple(found[index].copy().pop() for index in range(count))
        if all(names) and len(set(names)) == count:
            return names
    return ()
