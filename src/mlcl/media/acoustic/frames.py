"""Sound cut into overlapping windows on a fixed grid of rows, a bounded number at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcl.media.recording import Sound

ROW_SECONDS = 0.01
WINDOW_SECONDS = 0.025
_HALVES = 200  # half rows a second: whole numbers, so that no rounding depends on where sound is cut
_ROWS_AT_ONCE = 200
_TOUCHING = 1.5  # samples between the end of one stretch and the start of the next that are no gap but rounding


@dataclass(frozen=True, eq=False)
class Windows:
    """Consecutive rows' windows of sound.

    Attributes:
        times: (rows, 2) start and end of each row in seconds; each lasts 10 ms.
        samples: (rows, window) float32, the 25 ms around each row's middle; silence beyond the ends of the sound.
        rate: Samples a second.
        continues: Whether the first row follows the last row of the windows before it without a gap.
    """

    times: NDArray[np.float64]
    samples: NDArray[np.float32]
    rate: int
    continues: bool


def windows_of(sound: Iterable[Sound]) -> Iterator[Windows]:
    """Windows of 25 ms, one every 10 ms, each centred on its row.

    Rows begin with the sound, and anew after a gap. A row exists where its middle lies inside the sound. Where
    stretches are cut changes no window.

    Raises:
        ValueError: If the rate changes or a stretch begins before the last one ended.
    """
    for start, rate, parts in runs_without_gaps(sound):
        yield from _windows(start, rate, parts)


def runs_without_gaps(sound: Iterable[Sound]) -> Iterator[tuple[float, int, Iterator[NDArray[np.float32]]]]:
    """Start, rate and samples of each run of stretches that touch; each run's samples are to be used up in turn."""
    stretches = iter(sound)
    waiting = next(stretches, None)
    first_rate = waiting.rate if waiting else 0

    def run(stretch: Sound) -> Iterator[NDArray[np.float32]]:
        nonlocal waiting
        start, counted = stretch.start, 0
        while True:
            counted += len(stretch.samples)
            yield stretch.samples
            waiting = next(stretches, None)
            if waiting is None:
                return
            if waiting.rate != first_rate:
                raise ValueError(f"the rate changes from {first_rate} to {waiting.rate}")
            gap = (waiting.start - start) * waiting.rate - counted
            if gap < -_TOUCHING:
                raise ValueError(f"sound at {waiting.start} s begins before the stretch before it has ended")
            if gap > _TOUCHING:
                return
            stretch = waiting

    while waiting is not None:
        yield waiting.start, waiting.rate, run(waiting)


def _windows(start: float, rate: int, parts: Iterator[NDArray[np.float32]]) -> Iterator[Windows]:
    length = round(WINDOW_SECONDS * rate)
    before = length // 2
    held = np.zeros(before, np.float32)  # samples from position `origin` on; silence before the first
    origin, row, whole = -before, 0, 0
    for part in parts:
        whole += len(part)
        held = np.concatenate([held, part])
        while (ready := _rows_before(origin + len(held) - length + before + 1, rate)) - row >= _ROWS_AT_ONCE:
            ready = row + _ROWS_AT_ONCE  # always as many, so that no sum depends on where sound is cut
            yield _cut(held, origin, row, ready, start, rate, length)
            row = ready
            drop = max(0, _middle(row, rate) - before - origin)
            held, origin = held[drop:], origin + drop
    last = _rows_before(whole, rate)
    held = np.concatenate([held, np.zeros(length, np.float32)])
    for first in range(row, last, _ROWS_AT_ONCE):
        yield _cut(held, origin, first, min(first + _ROWS_AT_ONCE, last), start, rate, length)


def _cut(
    held: NDArray[np.float32], origin: int, first: int, last: int, start: float, rate: int, length: int
) -> Windows:
    rows = np.arange(first, last)
    begin = (2 * rows + 1) * rate // _HALVES - length // 2 - origin
    times = start + np.stack([rows, rows + 1], axis=1) / np.float64(_HALVES / 2)
    views = np.lib.stride_tricks.sliding_window_view(held, length)
    return Windows(times, views[begin], rate, continues=first > 0)


def _middle(row: int, rate: int) -> int:
    """Sample at the middle of a row."""
    return (2 * row + 1) * rate // _HALVES


def _rows_before(position: int, rate: int) -> int:
    """How many rows have their middle before a sample."""
    return max(0, ((_HALVES * position - 1) // rate + 1) // 2)
