"""Which sub-words are a word's, in files that give each sub-word a copy of its word's row and no more.

Two facts are enough, and neither needs the vocabulary. Where the row changes, a word ends. And a word has as many
sub-words wherever it stands, so that what one item shows settles others. Every way to cut the sub-words of an item into
its words that agrees with both is kept; a word is placed only if all of them place it in one run of equal rows.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BEYOND = -1  # the sub-words were cut off before this word
Pieces = dict[tuple[str, bool], int]  # how many sub-words a word has
_PASSES = 3
_MAX_TOKENS = 128
_VISITS_PER_WORD, _VISITS_MORE = 16, 100  # runs looked at; an item that needs more is left open


@dataclass(frozen=True)
class Spoken:
    """The sub-words of one item.

    Attributes:
        words: Its words.
        ends: Behind which sub-word each run of equal rows ends; the last is their number.
        cut: Whether sub-words may have been cut off at the end.
    """

    words: Sequence[str]
    ends: Sequence[int]
    cut: bool

    @property
    def size(self) -> int:
        """Number of sub-words."""
        return self.ends[-1] if self.ends else 0


def run_ends(rows: NDArray[np.generic]) -> list[int]:
    """Return behind which row each run of equal rows ends; nan equals nan."""
    before, after = rows[:-1], rows[1:]
    equal = (before == after) | (np.isnan(before) & np.isnan(after))
    return [*(np.flatnonzero(~equal.all(axis=1)) + 1).tolist(), len(rows)] if len(rows) else []


def first_tokens(items: Sequence[Spoken]) -> list[list[int | None]] | None:
    """Return a sub-word of each word of each item; None where it cannot be told, `BEYOND` where it was cut off.

    Returns None instead if an item cannot be cut into its words at all: then its rows are no copies of words' rows.
    """
    pieces: Pieces = {}
    found: list[list[int | None]] = [[] for _ in items]
    open_items = list(range(len(items)))
    for _ in range(_PASSES):
        known = len(pieces)
        still_open = []
        for index in open_items:
            item = items[index]
            bounds = _Cuts(item).solve(pieces)
            if bounds is None:
                return None
            found[index] = [_place(item, alive) for alive in bounds[:-1]]
            for key, start, stop in zip(_keys(item), bounds, bounds[1:], strict=False):
                if _single(start) and _single(stop) and start < stop and not (item.cut and _low(stop) == item.size):
                    pieces.setdefault(key, _low(stop) - _low(start))
            if not all(map(_single, bounds)):
                still_open.append(index)
        open_items = still_open
        if not open_items or len(pieces) == known:
            break
    return found


def _keys(item: Spoken) -> list[tuple[str, bool]]:
    """Each word, and whether it is the first: some tokenizers split that one in another way."""
    return [(word, index == 0) for index, word in enumerate(item.words)]


def _place(item: Spoken, alive: int) -> int | None:
    """A sub-word in the one run where a word can begin."""
    low, high = _low(alive), alive.bit_length() - 1
    if low == item.size:
        return BEYOND
    return low if bisect_right(item.ends, low) == bisect_right(item.ends, high) else None


def _single(mask: int) -> bool:
    return mask & (mask - 1) == 0


def _low(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _between(first: int, last: int) -> int:
    """The set of positions from `first` to `last`, both included; empty if there is none."""
    return (1 << (last + 1)) - (1 << first) if first <= last else 0


class _Cuts:
    """Every way to cut one item; sets of positions are the bits of an integer."""

    def __init__(self, item: Spoken) -> None:
        self.item = item
        self.runs = list(zip([0, *item.ends[:-1]], item.ends, strict=True)) if item.ends else []
        self.size = item.size
        self.visits = _VISITS_PER_WORD * len(item.words) + _VISITS_MORE

    def solve(self, pieces: Pieces) -> list[int] | None:
        """Where each word can begin, and the last one end; None if there is no way."""
        counts = [pieces.get(key) for key in _keys(self.item)]
        if self.size > _MAX_TOKENS:
            return [_between(0, self.size)] * (len(counts) + 1)
        ahead = [1]
        for count in counts:
            ahead.append(self.step(ahead[-1], count))
        back = [1 << self.size]
        for count in reversed(counts):
            back.append(self.step_back(back[-1], count))
        alive = [a & b for a, b in zip(ahead, reversed(back), strict=True)]
        if self.visits < 0:
            return [_between(0, self.size)] * (len(counts) + 1)
        return alive if all(alive) else None

    def step(self, mask: int, count: int | None) -> int:
        """Where a word ends that begins at one of the positions."""
        reached = mask & (1 << self.size) if self.item.cut else 0
        for first, end in self.near(mask, bisect_right):
            starts = mask & _between(first, end - 1)
            if not starts:
                continue
            if count is None:
                reached |= _between(_low(starts) + 1, end)
            else:
                reached |= (starts << count) & _between(first + 1, end)
                if self.item.cut and end == self.size and starts & _between(max(first, end - count + 1), end - 1):
                    reached |= 1 << end
        return reached

    def step_back(self, mask: int, count: int | None) -> int:
        """Where a word begins that ends at one of the positions."""
        reached = mask & (1 << self.size) if self.item.cut else 0
        for first, end in self.near(mask, bisect_left):
            stops = mask & _between(first + 1, end)
            if not stops:
                continue
            if count is None:
                reached |= _between(first, stops.bit_length() - 2)
            else:
                reached |= (stops >> count) & _between(first, end - 1)
                if self.item.cut and end == self.size and stops >> end:
                    reached |= _between(max(first, end - count + 1), end - 1)
        return reached

    def near(self, mask: int, side: Callable[[Sequence[int], int], int]) -> Sequence[tuple[int, int]]:
        """The runs in which the positions are."""
        if not mask or self.visits < 0:
            return []
        near = self.runs[side(self.item.ends, _low(mask)) : side(self.item.ends, mask.bit_length() - 1) + 1]
        self.visits -= len(near)
        return near
