"""The pictures of a recording, on the recording's clock."""

from collections.abc import Callable, Iterable, Iterator
from math import ceil, inf
from pathlib import Path
from typing import Any

import numpy as np

from mlcl.errors import DataError, UsageError, reason
from mlcl.media.decode.packets import Faults, check, decoded, opened, stream_of, zero_of
from mlcl.media.decode.times import LONGEST, timed
from mlcl.media.recording import Picture

MOST_PIXELS_A_SIDE = 1280
_SEEK = 20.0  # seconds; what lies nearer is decoded through
_THREADS = 2  # of ffmpeg: one decodes ahead while a picture is looked at; each holds pictures of its own
_LEAD = 5.0  # seconds before the first picture asked for at which decoding begins


def read_pictures(
    path: str | Path,
    *,
    rate: float,
    start: float | None = None,
    end: float | None = None,
    faults: Faults | None = None,
    tell: Callable[[float], None] | None = None,
) -> Iterator[Picture]:
    """Pictures at most `rate` times a second; none where the recording has no moving pictures.

    The clock ticks at 0, 1 / `rate`, 2 / `rate` and so on. The picture nearest to each tick is given, once, with its
    own time. Pictures stand upright, with square pixels, and are scaled down so that no side is longer
    than 1280 pixels. All have one size, that of the first. A few are held at a time.

    Args:
        path: A regular file.
        rate: Pictures a second, above 0.
        start: Time of the earliest picture; None for all from the beginning.
        end: Pictures at this time and later are left out; None for all to the end.
        faults: Counts what could not be decoded.
        tell: Is called with the time, in seconds, of each packet that is being decoded.

    Raises:
        DataError: If the file is no recording, its pictures are larger than 8192 x 8192, or last longer than 24 hours.
        UsageError: If the rate is not above 0, or the package that decodes is not installed.
    """
    if not 0 < rate < inf:
        raise UsageError(f"rate is {rate!r}; it must be a number of pictures a second above 0")
    faults = faults if faults is not None else Faults()
    path = Path(path)
    first, last = -inf if start is None else start, inf if end is None else end
    for seek in (first >= _SEEK, False):
        with opened(path) as container:
            stream = stream_of(container, "video")
            if stream is None:
                return
            check(stream.codec_context, path)
            if seek and not _sought(container, stream, first - _LEAD):
                continue
            stream.codec_context.thread_count, stream.codec_context.thread_type = _THREADS, "AUTO"
            frames = timed(decoded(container, stream, path, faults, tell), container, faults)
            yield from _pictures(_on_the_clock(frames, rate, path), stream, first, last, faults)
            return


def _pictures(
    frames: Iterable[tuple[float, Any]], stream: Any, first: float, last: float, faults: Faults
) -> Iterator[Picture]:
    upright: Upright | None = None
    for time, frame in frames:
        if time >= last:
            return
        if time < first:
            continue
        upright = upright or Upright(frame, stream)
        try:
            image = upright(frame)
        except (ValueError, OSError) as error:  # ffmpeg's errors are among them
            faults.add(f"a picture cannot be converted ({reason(error, 80)})")
            continue
        yield Picture(time, image)


def _on_the_clock(frames: Iterable[tuple[float, Any]], rate: float, path: Path) -> Iterator[tuple[float, Any]]:
    """The frames that are nearest to a tick: of a frame are all ticks up to half the way to its neighbours."""
    held: tuple[float, Any] | None = None
    since = -inf  # half the way from the frame before the held one
    for time, frame in frames:
        if time > LONGEST:
            raise DataError("lasts longer than 24 hours; cut it into shorter recordings", path=path)
        if held is not None:
            if time <= held[0]:
                continue
            until = (held[0] + time) / 2
            if since == -inf or ceil(until * rate) > ceil(since * rate):
                yield held
            since = until
        held = time, frame
    if held is not None and (since == -inf or ceil((2 * held[0] - since) * rate) > ceil(since * rate)):
        yield held


class Upright:
    """Turns frames upright, makes their pixels square and scales them down; the first frame sets the size.

    Attributes:
        size: Width and height of the upright picture before it is scaled down.
    """

    def __init__(self, frame: Any, stream: Any) -> None:
        width, height = frame.width, frame.height
        aspect = float(stream.sample_aspect_ratio or 1)
        if 0.25 <= aspect <= 4:  # others are damage
            width, height = (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))
        scale = min(1.0, MOST_PIXELS_A_SIDE / max(width, height))
        self._stored = max(1, round(width * scale)), max(1, round(height * scale))
        self._turns = round((frame.rotation or 0) / 90) % 4
        self.size = (height, width) if self._turns % 2 else (width, height)

    def __call__(self, frame: Any) -> Any:
        """The picture of a frame, (height, width, 3)."""
        width, height = self._stored
        image = frame.to_ndarray(format="rgb24", width=width, height=height)
        return np.ascontiguousarray(np.rot90(image, self._turns))


def _sought(container: Any, stream: Any, time: float) -> bool:
    """Whether the file could be wound to a picture that is not later than `time` and needs none before it."""
    target = int((time + zero_of(container)) * 1_000_000)
    try:
        container.seek(target)
        packet = next(container.demux(stream))
        if packet.pts is None or not packet.is_keyframe or packet.pts * packet.time_base * 1_000_000 > target:
            return False
        container.seek(target)
    except (OSError, ValueError, StopIteration):  # ffmpeg's errors are among them
        return False
    return True
