"""Which rows of a feature stream belong to which words: intervals of time that overlap, and one row per word of them.

All times are seconds. An interval is half-open, from its start up to but without its end; one without length is the
moment of its start. Two intervals overlap when they share a moment; those that only touch do not.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Times = NDArray[np.float64]
_PAIRS_PER_INTERVAL = 64  # at most so many overlaps per interval on average; a window of 4 s each 10 ms stays below
_PAIRS_MORE = 2**20


@dataclass(frozen=True, eq=False)
class Overlaps:
    """The rows under each word.

    Attributes:
        offsets: (words + 1,) int64; word ``i`` has ``rows[offsets[i]:offsets[i + 1]]``.
        rows: Row numbers, per word in the order of the rows' starts.
        words: (words, 2) start and end of each word.
        stream: (rows of the stream, 2) start and end of each row.
    """

    offsets: NDArray[np.int64]
    rows: NDArray[np.int64]
    words: Times
    stream: Times

    @property
    def counts(self) -> NDArray[np.int64]:
        """(words,) number of rows under each word."""
        return np.diff(self.offsets)


def find_overlaps(words: Times, stream: Times) -> Overlaps:
    """Return the rows of a stream that overlap each word.

    Args:
        words: (words, 2) start and end of each word, in any order.
        stream: (rows, 2) start and end of each row, in any order.

    Raises:
        ValueError: If a time is not finite, an interval ends before it starts, or far more intervals overlap than those
            of words and features do.
    """
    check_intervals(words)
    check_intervals(stream)
    order = np.argsort(stream[:, 0], kind="stable")
    begin, end = stream[order, 0], _end(stream[order])
    latest = np.maximum.accumulate(end) if len(end) else end  # rows before the first that lasts long enough are over
    first = np.searchsorted(latest, words[:, 0], side="right")
    last = np.maximum(np.searchsorted(begin, _end(words), side="left"), first)
    counts = last - first
    if counts.sum() > _PAIRS_PER_INTERVAL * (len(words) + len(stream)) + _PAIRS_MORE:
        raise ValueError(f"{len(words)} words and {len(stream)} rows overlap {counts.sum()} times")
    word = np.repeat(np.arange(len(words)), counts)
    row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    kept = end[row] > words[word, 0]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(word[kept], minlength=len(words)))])
    return Overlaps(offsets.astype(np.int64), order[row[kept]].astype(np.int64), words, stream)


def check_intervals(intervals: Times) -> None:
    """Raise a ValueError that says which interval is none."""
    wrong = ~(np.isfinite(intervals).all(axis=1) & (intervals[:, 1] >= intervals[:, 0]))
    if wrong.any():
        place = int(wrong.argmax())
        raise ValueError(f"interval {place} goes from {intervals[place, 0]:g} to {intervals[place, 1]:g} seconds")


def midpoints(intervals: Times) -> Times:
    """(n,) the middle of each interval."""
    return intervals[:, 0] + (intervals[:, 1] - intervals[:, 0]) / 2


def mean(overlaps: Overlaps, values: NDArray[np.floating]) -> NDArray[np.floating]:
    """The plain mean of the rows under each word, in float64."""
    weights = np.repeat(1 / np.maximum(overlaps.counts, 1), overlaps.counts)
    shape = (len(overlaps.words), len(overlaps.stream))
    return np.asarray(csr_array((weights, overlaps.rows, overlaps.offsets), shape=shape) @ values)


def first(overlaps: Overlaps, values: NDArray[np.floating]) -> NDArray[np.floating]:
    """The row under each word that starts first."""
    return _first_of_each(overlaps.offsets, overlaps.rows, values)


def nearest(overlaps: Overlaps, values: NDArray[np.floating]) -> NDArray[np.floating]:
    """The row under each word whose middle is nearest to the word's; of two as near, the one that starts first."""
    word = np.repeat(np.arange(len(overlaps.words)), overlaps.counts)
    distance = np.abs(midpoints(overlaps.stream)[overlaps.rows] - midpoints(overlaps.words)[word])
    return _first_of_each(overlaps.offsets, overlaps.rows[np.lexsort((distance, word))], values)  # lexsort is stable


Collapse = Callable[[Overlaps, NDArray[np.floating]], NDArray[np.floating]]
COLLAPSES: dict[str, Collapse] = {"mean": mean, "first": first, "nearest": nearest}


def _end(intervals: Times) -> Times:
    """The ends; of an interval without length the next number after its start, so that it is the moment itself."""
    return np.maximum(intervals[:, 1], np.nextafter(intervals[:, 0], np.inf))


def _first_of_each(
    offsets: NDArray[np.int64], rows: NDArray[np.int64], values: NDArray[np.floating]
) -> NDArray[np.floating]:
    """The first row of each word that has any; zeros for the others."""
    picked = np.zeros((len(offsets) - 1, values.shape[1]), values.dtype)
    has_rows = np.diff(offsets) > 0
    picked[has_rows] = values[rows[offsets[:-1][has_rows]]]
    return picked
