"""The MulT and MultiBench layout, read and written: word vectors, audio and vision as left-padded arrays."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Ragged, Split
from mlcl.data.formats.arrays.arrays import ArraySplit, array_splits, keys_of_splits
from mlcl.data.formats.arrays.padding import filled, joined, unpadded
from mlcl.data.formats.arrays.writing import FILE_NAMES, check_common, padded, refuse
from mlcl.data.formats.items.pickled import write_pickle
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.mmsa.labels import SENTIMENT, sentiment_range
from mlcl.data.formats.shared.builder import build_corpus
from mlcl.data.formats.shared.source import Source

EMOTIONS = ("sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear")  # MOSEI's seven columns
IEMOCAP = ("neutral", "happy", "sad", "angry")  # MulT's order
_KEYS = {"text": "text", "acoustic": "audio", "visual": "vision"}
_SIZES = ("labels", "text", "audio", "vision")
_OF_MMSA = {"raw_text", "text_bert", "regression_labels", "classification_labels", "annotations"}

Matrices = list[NDArray[np.generic]]


def sniff(data: object) -> bool:
    """Whether an object has this layout, judged by the keys of its splits."""
    keys = keys_of_splits(data)
    return len(keys & set(_KEYS.values())) >= 2 and not keys & _OF_MMSA


def read(data: object, source: Source) -> Corpus:
    """Read an object in the MulT layout.

    Format:
        A dict of splits ``train``, ``valid`` (or ``dev``, ``val``) and ``test``, any of which may be absent. A split is
        a dict of arrays with one entry per item: ``text``, ``audio`` and ``vision`` (N, T, d), padded with zeros before
        the rows, or behind where most items say so; ``labels`` as one number per item of shape (), (1,) or (1, 1), as
        MOSEI's seven of shape (7,) or (1, 7), its six emotions of shape (6,) or (1, 6), or as IEMOCAP's four
        emotions of shape (4, 2), the second column being yes; ``id``, of which several parts are joined by ``_``. Other
        keys are not used.

    There are no words; the vectors are ``rows["text"]``. Where the modalities have equally many steps the padding that
    all share is cut off, so that step k of one is step k of the others; else each loses its own. Rows of zeros inside
    stay. Labels of -1 and 1 only are two classes, and become 0 and 1.

    Raises:
        DataError: If anything differs from the format, with the place.
    """
    splits = array_splits(source, data, _SIZES)
    columns = [_read_labels(split) for split in splits]
    notes, names = [], list(next((named for named in columns if named), {}))
    if any(named and list(named) != names for named in columns):
        raise source.error("has labels of different shapes in its splits; give every split the same")
    label = names[0] if names else ""
    signs = not _is_named(names) and _only_signs(columns)
    if signs:
        notes.append("labels are -1 and 1 only: two classes, read as 0 and 1")
    builders, empty = [], 0
    for split, named in zip(splits, columns, strict=True):
        values, words = named.get(label, np.full(len(split), np.nan)), [list[str]() for _ in range(len(split))]
        labels = (values + 1) / 2 if signs else values
        builder = split.builder(words, _read_rows(split), labels, named if _is_named(names) else {})
        empty += sum(not len(rows) or not rows.any() for rows in builder.main.rows.get("text", []))
        builders.append(builder)
    if empty:
        notes.append(f"{empty} items have no text, only vectors of zeros; they are kept, MultiBench leaves them out")
    corpus = build_corpus(source, builders, "mult")
    return replace(
        corpus,
        word_aligned=False,
        label=label if _is_named(names) else "",
        task="classification" if tuple(names) == IEMOCAP else corpus.task,
        label_range=_range(corpus, label),
        notes=tuple(notes),
    )


def _is_named(names: Sequence[str]) -> bool:
    return len(names) > 1


def _range(corpus: Corpus, label: str) -> tuple[float, float] | None:
    """That of sentiment, if the labels lie in it."""
    labels = [split.labels for split in corpus.splits.values() if split.labels is not None]
    if corpus.task == "classification" or not labels:
        return None
    every = np.concatenate(labels)
    if label == EMOTIONS[0]:  # MOSEI names it
        return SENTIMENT if np.nanmax(np.abs(every)) <= SENTIMENT[1] else None
    return sentiment_range(np.nanmin(every), np.nanmax(every))


def _only_signs(columns: Sequence[dict[str, NDArray[np.float64]]]) -> bool:
    every = np.concatenate([values for named in columns for values in named.values()] or [np.zeros(0)])
    return bool(every.size) and bool(np.isin(every, (-1, 1)).all())


def _read_labels(split: ArraySplit) -> dict[str, NDArray[np.float64]]:
    """Every label of a split by name; one without a name is called label."""
    if "labels" not in split:
        return {}
    entries = split.entries("labels")
    shapes = {entry.shape if isinstance(entry, np.ndarray) else () for entry in entries}
    if shapes == {(len(IEMOCAP), 2)}:
        block = _block(split, entries)
        return {name: (block[:, index, 1] > block[:, index, 0]).astype(float) for index, name in enumerate(IEMOCAP)}
    for names in (EMOTIONS, EMOTIONS[1:]):
        if shapes in ({(len(names),)}, {(1, len(names))}):
            block = _block(split, entries).reshape(len(split), -1)
            return {name: block[:, index].copy() for index, name in enumerate(names)}
    return {"label": split.numbers("labels")}


def _block(split: ArraySplit, entries: Sequence[object] | NDArray[np.generic]) -> NDArray[np.float64]:
    """Labels of one shape as one array."""
    block = np.asarray(entries)
    if block.dtype.kind not in "fiub" or np.isinf(block).any():
        raise split.source.error("are not all finite numbers", split.place("labels"))
    return block.astype(np.float64)


def _read_rows(split: ArraySplit) -> dict[str, Matrices]:
    """The real rows of every modality."""
    blocks = {name: split.matrices(key, name) for name, key in _KEYS.items() if key in split}
    steps = {name: [len(rows) for rows in items] for name, items in blocks.items()}
    spans = {name: [filled(rows) for rows in items] for name, items in blocks.items()}
    if all(counts == next(iter(steps.values())) for counts in steps.values()):
        joint = [joined(item) for item in zip(*spans.values(), strict=True)]
        spans = dict.fromkeys(spans, joint)
    return {name: unpadded(items, spans[name], usual=True) for name, items in blocks.items()}


def write(corpus: Corpus, path: Path) -> None:
    """Write a corpus in the MulT layout.

    Format:
        As `read` takes it, padded with zeros before the rows, by at least one step. Modalities whose rows agree in
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
        arrays = _padded_rows(split, name, path)
        if split.labels is not None:
            arrays["labels"] = _label_array(corpus, split, path)
        data[FILE_NAMES.get(name, name)] = arrays | {"id": np.array(split.ids)}
    write_pickle(data, path)


def _padded_rows(split: Split, name: str, path: Path) -> dict[str, Any]:
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


def _label_array(corpus: Corpus, split: Split, path: Path) -> NDArray[np.float64]:
    """(items, 1, 1), MOSEI's (items, 1, 7), or IEMOCAP's (items, 4, 2)."""
    names = tuple(split.columns)
    if names == EMOTIONS:
        return np.stack(list(split.columns.values()), axis=-1)[:, None]
    if names == IEMOCAP:
        yes = np.stack(list(split.columns.values()), axis=-1)
        return np.stack([1 - yes, yes], axis=-1)
    if names:
        raise refuse(
            path, f"the labels {', '.join(names)}", "keep one with --label, or MOSEI's seven or IEMOCAP's four"
        )
    labels = np.asarray(split.labels)
    if corpus.task == "regression" and np.isin(labels, (-1, 1)).all():
        raise refuse(path, "that labels of -1 and 1 only are numbers and no classes", "write mmsa")
    if corpus.task == "classification" and not np.isin(labels, (0, 1)).all():
        raise refuse(path, "that the labels are classes", "write mmsa")
    return labels[:, None, None]


LAYOUT = Layout(
    "mult",
    "pickle",
    sniff,
    read,
    "MulT: dict of train, valid, test dicts of arrays text (vectors), audio, vision, labels, id",
    write,
    wishes={"vectors": True},
)
