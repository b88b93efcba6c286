"""Reader of the MulT and MultiBench layout: word vectors, audio and vision as left-padded arrays."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus
from mlcl.data.formats.arrays.arrays import ArraySplit, array_splits, keys_of_splits
from mlcl.data.formats.arrays.mult_writer import EMOTIONS, IEMOCAP, write
from mlcl.data.formats.arrays.padding import filled, is_front_padded, joined, real_rows
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.mmsa.labels import SENTIMENT, sentiment_range
from mlcl.data.formats.shared.builder import SegmentBuilder, SplitBuilder, build_corpus
from mlcl.data.formats.shared.source import Source

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
        builder = SplitBuilder(source, split.name, split.file_name, SegmentBuilder(source))
        builder.main.words, builder.main.rows = [[] for _ in range(len(split))], _read_rows(split)
        builder.ids = list(split.ids())
        values = named.get(label, np.full(len(split), np.nan))
        builder.labels = ((values + 1) / 2 if signs else values).tolist()
        builder.columns = named if _is_named(names) else {}
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
    cut = {}
    for name, items in blocks.items():
        front = is_front_padded(spans[name], steps[name], usual=True)
        cut[name] = [
            rows[real_rows(span, len(rows), front=front)] for rows, span in zip(items, spans[name], strict=True)
        ]
    return cut


LAYOUT = Layout(
    "mult",
    "pickle",
    sniff,
    read,
    "MulT: dict of train, valid, test dicts of arrays text (vectors), audio, vision, labels, id",
    write,
)
