"""What the readers of item lists share: splits, ids, labels, and feature rows of one width per name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import SPLITS, Ragged
from mlcl.data.formats.shared.words import Words, is_sequence, to_text
from mlcl.errors import nearest
from mlcl.safe.budget import Budget

SPLIT_NAMES = {**{name: name for name in SPLITS}, "valid": "dev", "val": "dev", "validation": "dev"}
_LABEL_SHAPES = ((), (1,), (1, 1), (1, 7))  # MISA's cached files have (1, 7): sentiment, then six emotions
ITEM_BYTES = 256  # what an item takes beside its rows and words, roughly
_MAX_ID = 1000  # characters
_CHUNK = 2**14  # rows looked at in one go


def split_name(name: object) -> str | None:
    """Our name of a split, whatever its capitals; None for what is no split."""
    return SPLIT_NAMES.get(name.strip().lower()) if isinstance(name, str) else None


def first_items(data: object) -> list[object]:
    """The first item of each known split, of an object that may be anything; for `sniff`."""
    if not isinstance(data, dict):
        return []
    parts = [part for name, part in data.items() if split_name(name)]
    return [part[0] for part in parts if is_sequence(part) and part]


@dataclass
class Source(Budget):
    """One file or folder while it is read: what its rows become, and what must agree between its items.

    Attributes:
        dtype: What rows are converted to.
        words: The distinct words met so far.
        widths: Number of columns of each kind of row; 0 while only items without rows were met.
        repaired: How many rows held -inf, inf or nan, by ``split/name``.
    """

    dtype: type[np.floating] = np.float32
    words: Words = field(default_factory=Words)
    widths: dict[str, int] = field(default_factory=dict)
    repaired: dict[str, int] = field(default_factory=dict)

    def named(self, data: object) -> Iterator[tuple[str, str, object]]:
        """Yield (our name, the file's name, content) of each split, in the file's order."""
        if not isinstance(data, dict):
            raise self.error(f"holds {type(data).__name__}, not a dict of splits")
        if not data:
            raise self.error(f"has no splits; known are {', '.join(SPLIT_NAMES)}")
        seen: dict[str, str] = {}
        for name, content in data.items():
            if not isinstance(name, str):
                raise self.error(f"has a split named by {type(name).__name__}; known are {', '.join(SPLIT_NAMES)}")
            ours = split_name(name)
            if ours is None:
                raise self.error(f"has a split {name[:40]!a}; {nearest(name[:40], list(SPLIT_NAMES))}")
            if ours in seen:
                raise self.error(f"has both {seen[ours]!r} and {name!r}, which are one split; keep one")
            seen[ours] = name
            yield ours, name, content

    def splits(self, data: object) -> Iterator[tuple[str, str, Sequence[object]]]:
        """Yield (our name, the file's name, items) of each split, in the file's order."""
        for ours, name, items in self.named(data):
            if not is_sequence(items):
                raise self.error(f"is {type(items).__name__}, not a list of items", name)
            if not items:
                raise self.error("has no items; leave the split out of the file", name)
            self.spend(ITEM_BYTES * len(items), name)
            yield ours, name, items

    def parts(self, value: object, names: tuple[str, ...], place: str) -> Sequence[object]:
        """Return a tuple with one value per name."""
        if is_sequence(value) and len(value) == len(names):
            return value
        found = f"{type(value).__name__} of {len(value)}" if is_sequence(value) else type(value).__name__
        raise self.error(f"is {found}, not ({', '.join(names)})", place)

    def read_words(self, words: object, place: str) -> list[str]:
        """Return the words, or sentences, of one item as text."""
        if isinstance(words, np.ndarray):
            self.spend(words.nbytes, place)
        elif is_sequence(words):
            self.spend(8 * len(words), place)
        try:
            return self.words.read(words)
        except ValueError as error:
            raise self.error(str(error), place) from None

    def matrix(self, value: object, name: str, place: str) -> NDArray[np.generic]:
        """Return the rows of one item as a matrix; an item without rows may have any empty array or list."""
        if is_sequence(value) and not value:
            return np.zeros((0, 0), np.float32)
        if not isinstance(value, np.ndarray):
            raise self.error(f"{name} rows are {type(value).__name__}, not an array (words, columns)", place)
        rows: NDArray[np.generic] = np.asarray(value)
        if rows.dtype.kind not in "fiub":
            raise self.error(f"{name} rows hold {rows.dtype}, not numbers", place)
        if rows.shape == (0,):
            return rows.reshape(0, 0)
        if rows.ndim != 2:
            raise self.error(f"{name} rows have shape {rows.shape}, not (words, columns)", place)
        known, width = self.widths.get(name, 0), rows.shape[1]
        if not width and len(rows):
            raise self.error(f"{name} rows have no columns", place)
        if known and width and width != known:
            raise self.error(f"{name} rows have {width} columns, those before have {known}", place)
        self.widths[name] = known or width
        self.spend(rows.size * np.dtype(self.dtype).itemsize, place)
        return rows

    def stack(
        self, items: Sequence[NDArray[np.generic]], name: str, split: str, columns: list[int] | None = None
    ) -> Ragged:
        """Join the rows of a split's items; -inf, inf and nan become 0 and the rows that held them are counted."""
        width = self.widths.get(name, 0) if columns is None else len(columns)
        if not width:
            raise self.error(f"no item has {name} rows, so their number of columns is unknown; add items with rows")
        nothing = np.zeros((0, width), self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # inf and nan that come of the cast are repaired below
            chosen: list[NDArray[Any]] = [
                (rows if columns is None else rows[:, columns]) if len(rows) else nothing for rows in items
            ]
            ragged = Ragged.stack(chosen, width=width, dtype=self.dtype)
        repaired = sum(_repair(ragged.values[start : start + _CHUNK]) for start in range(0, len(ragged.values), _CHUNK))
        if repaired:
            key = f"{split}/{name}"
            self.repaired[key] = self.repaired.get(key, 0) + repaired
        return ragged

    def label(self, value: object, place: str) -> float:
        """One label as a number; nan if it is missing."""
        if value is None:
            return np.nan
        found = type(value).__name__
        if isinstance(value, int | float | np.number | np.bool_ | np.ndarray):
            array = np.asarray(value)
            found = f"{array.dtype} of shape {array.shape}"
            if array.dtype.kind in "fiub" and array.shape in _LABEL_SHAPES:
                label = float(array.flat[0])
                if abs(label) != np.inf:
                    return label
                found = str(label)
        raise self.error(f"the label is {found}; it must be one finite number", place)

    def identifier(self, value: object, default: str, place: str) -> str:
        """An item's id as text; `default` if it has none."""
        if isinstance(value, np.ndarray) and value.size == 1 and value.nbytes <= 4 * _MAX_ID:
            value = value.item()
        try:
            if value is None or (isinstance(value, str | bytes) and not value):
                return default
            if isinstance(value, str | bytes) and len(value) <= _MAX_ID:
                return to_text(value)
            if isinstance(value, int | float | np.integer | np.floating):
                return str(value)
        except ValueError as error:
            raise self.error(f"the id is not text: {error}", place) from None
        raise self.error(f"the id is {type(value).__name__}; it must be a short text or a number", place)


def _repair(rows: NDArray[np.floating]) -> int:
    """Set -inf, inf and nan to 0 in place; how many rows held them."""
    finite = np.isfinite(rows)
    if finite.all():
        return 0
    rows[~finite] = 0
    return int((~finite.all(axis=1)).sum())
