"""Reader of UR-FUNNY's original folders, versions 1 and 2: pickles of texts, features, labels and folds by item."""

from collections.abc import Mapping, Sequence, Sized
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.shared.builder import SplitBuilder
from mlcl.data.formats.shared.source import Source
from mlcl.data.formats.shared.words import is_sequence
from mlcl.data.formats.texts.labelled import build_labelled
from mlcl.safe.unpickler import load_pickle

_FOLDS, _TEXTS, _LABELS = "data_folds", "language_sdk", "humor_label_sdk"
_FEATURES = {"acoustic": "covarep_features_sdk", "visual": "openface_features_sdk"}
_NUMBERS = {int, float, bool, np.float64, np.float32, np.int64}
_IDS = (str, bytes, int, float, np.generic)
_SUFFIXES = (".pkl", ".pickle", ".p")


def sniff(path: Path) -> bool:
    """Whether a folder has texts, labels and folds of UR-FUNNY."""
    return all(_member(path, name) for name in (_FOLDS, _TEXTS, _LABELS))


def read(data: Path, source: Source) -> Corpus:
    """Read the folder.

    Format:
        Pickles, each but the first a dict by item. ``data_folds``: a dict of lists of items for ``train``, ``dev``,
        ``test``. ``language_sdk``: dicts with ``punchline_sentence``, a text, and ``context_sentences``, a list of
        texts. ``humor_label_sdk``: 0 or 1. ``covarep_features_sdk`` (81 columns) and ``openface_features_sdk`` (371),
        of which either may be absent: dicts with ``punchline_features``, one row per word, and ``context_features``, a
        list of such per sentence. ``word_embedding_list`` and times are not read: the words are there.

    Row k belongs to the k-th word that white space separates. Where rows and words of a segment differ in number it
    gets zeros for that kind of rows, and a note counts such segments; an item without features gets zeros too.

    Raises:
        DataError: If anything differs from the format, with the place, or no segment has as many rows as words.
    """
    folds, texts, labels = (_load(source, data, name) for name in (_FOLDS, _TEXTS, _LABELS))
    splits, keys = [], []
    for name, file_name, items in source.splits(folds):
        split = SplitBuilder(source, name, name, context=True, sentences=True)
        for index, key in enumerate(items):
            place = f"{_FOLDS} {file_name}[{index}]"
            text, label = _of(source, texts, _TEXTS, key, place), _of(source, labels, _LABELS, key, place)
            _add(source, split, key, text, label)
        splits.append(split)
        keys.append(list(items))
    del texts
    notes = []
    for kind, member in _FEATURES.items():
        if _member(data, member):
            notes += _Features(source, kind, member, _load(source, data, member)).add(splits, keys)
    return build_labelled(source, splits, "ur_funny", notes=notes)


def _add(source: Source, split: SplitBuilder, key: object, text: object, label: object) -> None:
    place = f"{_TEXTS} {_shown(key)}"
    punchline = _field(source, text, "punchline_sentence", place)
    context = _field(source, text, "context_sentences", place)
    if not is_sequence(context):
        raise source.error(f"context_sentences is {type(context).__name__}, not a list", place)
    split.add_text(punchline, context, place)
    place = f"{_LABELS} {_shown(key)}"
    value = source.label(label, place)
    if value not in (0, 1):
        raise source.error(f"the label is {value:g}, not 0 or 1", place)
    split.add_labels(key, {"humor": value}, place)


class _Features:
    """Rows of one kind on their way to the items."""

    def __init__(self, source: Source, kind: str, member: str, items: Mapping[object, object]) -> None:
        self.source, self.kind, self.member, self.items = source, kind, member, items
        self.width = 0
        self.fits, self.differs, self.absent = 0, 0, 0

    def add(self, splits: Sequence[SplitBuilder], keys: Sequence[Sequence[object]]) -> list[str]:
        """Give every item its rows; returns notes."""
        for split, names in zip(splits, keys, strict=True):
            main, context = split.main, split.context
            assert context is not None
            for index, key in enumerate(names):
                place = f"{self.member} {_shown(key)}"
                item = self.items.get(key)
                self.absent += item is None
                for builder, name in ((main, "punchline_features"), (context, "context_features")):
                    value = None if item is None else _field(self.source, item, name, place)
                    rows = self._rows(value, len(builder.words[index]), f"{place} {name}")
                    builder.rows.setdefault(self.kind, []).append(rows)
        self._fill(splits)
        if self.differs and not self.fits:
            raise self.source.error("no segment has as many rows as words; are the files of one release?", self.member)
        notes = []
        if self.differs:
            notes.append(f"{self.differs} segments have other numbers of {self.kind} rows and words: rows set to 0")
        if self.absent:
            notes.append(f"{self.absent} items have no {self.kind} features: rows set to 0")
        return notes

    def _rows(self, value: object, words: int, place: str) -> NDArray[np.generic]:
        """(words, columns) rows of one segment, or (0, 0) where they are to be zeros."""
        parts = [part for part in self._matrices(value, place) if len(part)]
        for part in parts:
            self.source.matrix(part, self.kind, place)
        found = sum(map(len, parts))
        if found != words:
            self.differs += value is not None
            return np.zeros((0, 0), self.source.dtype)
        self.fits += words > 0
        with np.errstate(over="ignore", invalid="ignore"):
            return np.concatenate([part.astype(self.source.dtype) for part in parts]) if parts else np.zeros((0, 0))

    def _matrices(self, value: object, place: str, depth: int = 1) -> list[NDArray[np.generic]]:
        """Matrices from rows, or from a list of rows per sentence."""
        if isinstance(value, np.ndarray) and (value.ndim == 2 or not value.size):
            return [value] if value.size else []
        if value is None:
            return []
        if is_sequence(value):
            self.source.spend(8 * len(value), place)
            if all(map(_begins_a_row, value)):
                return [self._stack(value, place)] if value else []
            if depth:
                return [matrix for part in value for matrix in self._matrices(part, place, depth - 1)]
        raise self.source.error("is neither rows of numbers nor a list of such for each sentence", place)

    def _stack(self, rows: Sequence[object], place: str) -> NDArray[np.generic]:
        self.source.spend(8 * sum(len(row) for row in rows if isinstance(row, Sized)), place)
        try:
            if any(is_sequence(row) and not set(map(type, row)) <= _NUMBERS for row in rows):
                raise ValueError
            return np.array([np.asarray(row, np.float64) for row in rows])
        except (ValueError, OverflowError):
            raise self.source.error("has rows of different lengths, or of other than small numbers", place) from None

    def _fill(self, splits: Sequence[SplitBuilder]) -> None:
        """Put zeros where a segment has words and no rows."""
        width = self.source.widths.get(self.kind, 0)
        if not width:
            raise self.source.error("has no rows at all; leave the file out of the folder", self.member)
        for split in splits:
            for builder in (split.main, split.context):
                rows = builder.rows[self.kind] if builder else []
                for index, matrix in enumerate(rows):
                    count = len(builder.words[index]) if builder else 0
                    if len(matrix) != count:
                        self.source.spend(count * width * np.dtype(self.source.dtype).itemsize, self.member)
                        rows[index] = np.zeros((count, width), self.source.dtype)


def _begins_a_row(value: object) -> bool:
    """Whether a value may be one row of numbers, by its first."""
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and value.size > 0 and value.dtype.kind in "fiub"
    return is_sequence(value) and len(value) > 0 and type(value[0]) in _NUMBERS


def _shown(key: object) -> str:
    """The id of an item, for errors; what is no id may be endless."""
    return ascii(key)[:60] if isinstance(key, _IDS) else type(key).__name__


def _member(folder: Path, name: str) -> Path | None:
    try:
        files = (folder / f"{name}{suffix}" for suffix in _SUFFIXES)
        return next((file for file in files if file.is_file()), None)
    except OSError:
        return None


def _load(source: Source, folder: Path, name: str) -> dict[object, object]:
    file = _member(folder, name)
    if file is None:
        raise source.error(f"has no {name}{_SUFFIXES[0]}")
    found = load_pickle(file)
    if not isinstance(found, dict):
        raise source.error(f"holds {type(found).__name__}, not a dict", file.name)
    return found


def _of(source: Source, items: Mapping[object, object], member: str, key: object, place: str) -> object:
    """The entry of an item."""
    if not isinstance(key, _IDS) or key not in items:  # other keys may take for ever to hash
        raise source.error(f"names the item {_shown(key)}, which {member} lacks", place)
    return items[key]


def _field(source: Source, item: object, name: str, place: str) -> object:
    if not isinstance(item, dict) or name not in item:
        found = (
            ", ".join(ascii(str(key)[:30]) for key in list(item)[:9]) if isinstance(item, dict) else type(item).__name__
        )
        raise source.error(f"has no {name}; found {found or 'nothing'}", place)
    return item[name]


LAYOUT = Layout(
    "ur_funny", "folder", sniff, read, f"UR-FUNNY: folder of the pickles {_FOLDS}, {_TEXTS}, {_LABELS} and features"
)
