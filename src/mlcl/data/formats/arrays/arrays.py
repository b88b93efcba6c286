"""What the readers of array files share: a split as a dict of arrays with one entry per item each."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcl.data.formats.shared.builder import SplitBuilder
from mlcl.data.formats.shared.source import ITEM_BYTES, Source, split_name
from mlcl.data.formats.shared.words import is_sequence

AUDIO_AND_VISION = {"acoustic": "audio", "visual": "vision"}
_MAX_PARTS = 8  # of an id: MulT's are (segment, start, end)


def keys_of_splits(data: object) -> set[str]:
    """The keys of every split of an object that may be anything; empty unless its splits are dicts; for `sniff`."""
    if not isinstance(data, dict):
        return set()
    parts = [part for name, part in data.items() if split_name(name)]
    return {key for part in parts if isinstance(part, dict) for key in part if isinstance(key, str)}


def array_splits(source: Source, data: object, sizes: Sequence[str]) -> list["ArraySplit"]:
    """The splits of a file of arrays; of the keys in `sizes` the first that is there tells how many items each has."""
    return [_array_split(source, ours, name, arrays, sizes) for ours, name, arrays in source.named(data)]


def _array_split(source: Source, ours: str, name: str, arrays: object, sizes: Sequence[str]) -> "ArraySplit":
    if not isinstance(arrays, dict):
        raise source.error(f"is {type(arrays).__name__}, not a dict of arrays", name)
    key = next((key for key in sizes if key in arrays), None)
    if key is None:
        raise source.error(f"has none of {', '.join(sizes)}", name)
    split = ArraySplit(source, ours, name, arrays, 0)
    split = ArraySplit(source, ours, name, arrays, len(split.entries(key, counted=False)))
    if not len(split):
        raise source.error("has no items; leave the split out of the file", name)
    source.spend(ITEM_BYTES * len(split), name)
    return split


@dataclass(frozen=True)
class ArraySplit:
    """One split of a file of arrays: its dict, and how many items it has."""

    source: Source
    name: str
    file_name: str
    arrays: dict[object, object]
    count: int

    def __len__(self) -> int:
        return self.count

    def __contains__(self, key: str) -> bool:
        return key in self.arrays

    def place(self, key: str, index: int | None = None) -> str:
        """Where something stands, for errors."""
        return f"{self.file_name} {key}" if index is None else f"{self.file_name} {key}[{index}]"

    def entries(self, key: str, *, counted: bool = True) -> Sequence[object] | NDArray[np.generic]:
        """Return what stands under a key, one entry per item."""
        value = self.arrays[key]
        if not is_sequence(value) and not (isinstance(value, np.ndarray) and value.ndim):
            raise self.source.error(f"is {type(value).__name__}, not an array with one entry per item", self.place(key))
        if counted and len(value) != self.count:
            raise self.source.error(f"has {len(value)} entries for {self.count} items", self.place(key))
        return value

    def matrices(self, key: str, name: str) -> list[NDArray[np.generic]]:
        """Return the (steps, columns) matrix of each item, padding included, without copying it."""
        entries = self.entries(key)
        if isinstance(entries, np.ndarray) and entries.ndim != 3:
            raise self.source.error(f"has shape {entries.shape}, not (items, steps, columns)", self.place(key))
        return [self.source.matrix(entry, name, self.place(key, index)) for index, entry in enumerate(entries)]

    def lengths(self, key: str, steps: Sequence[int]) -> list[int] | None:
        """Return how many rows of each item the file says are real; None where it says nothing."""
        if key not in self.arrays:
            return None
        values = self.numbers(key)
        for index, (value, most) in enumerate(zip(values, steps, strict=True)):
            if not (0 <= value <= most and value == math.floor(value)):
                message = f"the length is {value:g}; it must be a whole number from 0 to {most}, the item's rows"
                raise self.source.error(message, self.place(key, index))
        return [int(value) for value in values]

    def numbers(self, key: str) -> NDArray[np.float64]:
        """(items,) one number per item; nan where it is missing."""
        return np.array(
            [self.source.label(value, self.place(key, index)) for index, value in enumerate(self.entries(key))],
            dtype=np.float64,
        )

    def builder(
        self,
        words: list[list[str]],
        rows: dict[str, list[NDArray[np.generic]]],
        labels: NDArray[np.float64],
        columns: Mapping[str, NDArray[np.float64]],
    ) -> SplitBuilder:
        """The split with what was read of it: words and rows of each item, the chosen label and all that have names."""
        made = SplitBuilder(self.source, self.name, self.file_name)
        made.main.words, made.main.rows, made.ids = words, rows, list(self.ids())
        made.labels, made.columns = labels.tolist(), {name: values.tolist() for name, values in columns.items()}
        return made

    def ids(self) -> Iterator[str]:
        """The id of each item: as the file has it, its parts joined by ``_``, or the item's place."""
        entries = self.entries("id") if "id" in self else [None] * self.count
        for index, value in enumerate(entries):
            parts = value if is_sequence(value) or (isinstance(value, np.ndarray) and value.ndim == 1) else [value]
            if not 1 <= len(parts) <= _MAX_PARTS:
                message = f"the id has {len(parts)} parts; it must have 1 to {_MAX_PARTS}"
                raise self.source.error(message, self.place("id", index))
            default, place = f"{self.name}[{index}]", self.place("id", index)
            yield "_".join(self.source.identifier(part, default, place) for part in parts)
