"""Times of frames, made to run forwards where those in the file do not."""

from collections.abc import Iterable, Iterator
from typing import Any

from mlcl.media.decode.packets import Faults, zero_of

LONGEST = 24 * 3600  # seconds of a recording
_JUMP = 1.0  # seconds; less is not questioned
_LONGEST_HOLE = 3600.0


def timed(frames: Iterable[Any], container: Any, faults: Faults) -> Iterator[tuple[float, Any]]:
    """Each frame with its presentation time in seconds on the recording's clock.

    Packets lost leave a hole, which is believed. A jump that leads past the declared end, over more than an hour or
    backwards by more than a second is a damaged time: where the next frame goes on as if nothing had been, this one
    follows the one before; else the clock was set anew, and what comes is joined to what was.
    """
    clock = _Clock(container, faults)
    before = None
    for frame in frames:
        raw = clock.raw(frame)
        if before is not None:
            yield clock.settle(before[0], raw), before[1]
        before = raw, frame
    if before is not None:
        yield clock.settle(before[0], None), before[1]


class _Clock:
    def __init__(self, container: Any, faults: Faults) -> None:
        self._zero = zero_of(container)
        self._faults = faults
        declared = container.duration
        start = max(0.0, (container.start_time or 0) / 1_000_000 - self._zero)
        self._end = min(LONGEST, start + declared / 1_000_000 + _JUMP) if declared and declared > 0 else LONGEST
        self._shift = 0.0
        self._last: float | None = None  # settled
        self._step = 0.0  # from one frame to the next
        self._last_raw, self._last_dts, self._bad_pts, self._bad_dts = float("-inf"), float("-inf"), 0, 0

    def raw(self, frame: Any) -> float | None:
        """The file's time of a frame.

        Some containers, as AVI, have no presentation times, and what stands there does not run forwards, or less so
        than the times of decoding. ffmpeg's own players choose in the same way.
        """
        base = frame.time_base
        pts = None if frame.pts is None else float(frame.pts * base)
        dts = None if frame.dts is None else float(frame.dts * base)
        if pts is not None:
            self._bad_pts += pts <= self._last_raw
            self._last_raw = pts
        if dts is not None:
            self._bad_dts += dts <= self._last_dts
            self._last_dts = dts
        chosen = pts if dts is None or (pts is not None and self._bad_pts <= self._bad_dts) else dts
        return None if chosen is None else chosen - self._zero

    def settle(self, time: float | None, after: float | None) -> float:
        expected = 0.0 if self._last is None else self._last + self._step
        if time is None:
            settled = expected
        else:
            settled = time + self._shift
            jump = settled - expected
            hole = settled <= self._end and (0 < jump <= _LONGEST_HOLE or (self._last is None and jump > 0))
            goes_on = after is not None and abs(after + self._shift - expected) < _JUMP
            if abs(jump) > _JUMP and (goes_on or not hole):
                self._faults.add(f"a time jumps by {jump:.3g} s")
                settled = expected
                if not goes_on:
                    self._shift -= jump
        if self._last is not None and 0 < settled - self._last < _JUMP:
            self._step = settled - self._last
        self._last = settled
        return settled
