"""Writer of the MulT layout."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Ragged, Split
from mlcl.data.formats.arrays.writing import FILE_NAMES, check_common, padded, refuse
from mlcl.data.formats.items.pickled import write_pickle

EMOTIONS = ("sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear")  # MOSEI's seven columns
IEMOCAP = ("neutral", "happy", "sad", "angry")  # MulT's order
_KEYS = {"text": "text", "acoustic": "audio", "visual": "vision"}


def write(corpus: Corpus, path: Path) -> None:
    """Write a corpus in the MulT layout.

    Format:
        As `mult.read` takes it, padded with zeros before the rows, by at least one step. Modalities whose rows agree in
        number get equally many steps; others get different ones.

    Raises:
        DataError: If the layout cannot hold the corpus, with what would be lost; or if `path` exists.
    """
    check_common(corpus, path, "MulT")
    data = {}
    for name, split in corpus.splits.items():
        if "text" not in split.main.rows:
            step = "add vectors of the words as text rows, or write a layout with words, such as mmsa"
            raise refuse(path, f"the text: {name} has no word vectors, which are MulT's only text, and it", step)
        if any(split.main.words):
            raise refuse(path, "the words, which MulT has no place for,", "write a layout with words, such as mmsa")
        arrays = _rows(split, name, path)
        if split.labels is not None:
            arrays["labels"] = _labels(corpus, split, path)
        data[FILE_NAMES.get(name, name)] = arrays | {"id": np.array(split.ids)}
    write_pickle(data, path)


def _rows(split: Split, name: str, path: Path) -> dict[str, Any]:
    rows = {kind: split.main.rows[kind] for kind in _KEYS if kind in split.main.rows}
    lengths = [ragged.lengths for ragged in rows.values()]
    aligned = all(np.array_equal(counts, lengths[0]) for counts in lengths)
    for group in [list(rows.values())] if aligned else [[ragged] for ragged in rows.values()]:
        first = next((index for index in range(len(split)) if _begins_with_zeros(group, index)), None)
        if first is not None:
            what = f"a row of zeros at the beginning of {name}[{first}], which is padding to MulT,"
            raise refuse(path, what, "cut it off, or write mmsa")
    steps: list[int] = []
    for counts in lengths:
        most = int(counts.max(initial=0)) + 1
        while not aligned and most in steps:
            most += 1
        steps.append(most)
    return {_KEYS[kind]: padded(rows[kind], most, front=True) for kind, most in zip(rows, steps, strict=True)}


def _begins_with_zeros(group: list[Ragged], index: int) -> bool:
    """Whether an item has rows, and the first of every modality is all zeros."""
    return len(group[0][index]) > 0 and not any(ragged[index][0].any() for ragged in group)


def _labels(corpus: Corpus, split: Split, path: Path) -> NDArray[np.float64]:
    """(items, 1, 1), MOSEI's (items, 1, 7), or IEMOCAP's (items, 4, 2)."""
    names = tuple(split.columns)
    if names == EMOTIONS:
        return np.stack(list(split.columns.values()), axis=-1)[:, None]
    if names == IEMOCAP:
        yes = np.stack(list(split.columns.values()), axis=-1)
        return np.stack([1 - yes, yes], axis=-1)
    if names:
        raise refuse(path, f"the labels {', '.join(names)}", "keep one label, or MOSEI's seven or IEMOCAP's four")
    labels = np.asarray(split.labels)
    if corpus.task == "regression" and np.isin(labels, (-1, 1)).all():
        raise refuse(path, "that labels of -1 and 1 only are numbers and no classes", "write mmsa")
    if corpus.task == "classification" and not np.isin(labels, (0, 1)).all():
        raise refuse(path, "that the labels are classes", "write mmsa")
    return labels[:, None, None]
