"""The sound of a recording, on the recording's clock."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import DataError, UsageError, reason
from mlcl.media.decode.packets import RATES, Faults, check, decoded, opened, require_av, stream_of
from mlcl.media.decode.times import LONGEST, timed
from mlcl.media.recording import Sound

BLOCK = 10  # seconds of sound in a block, at most
_JITTER = 0.01  # seconds by which times may differ from the count of samples: containers round to milliseconds

Samples = NDArray[np.float32]


def read_sound(
    path: str | Path,
    *,
    rate: int | None = None,
    faults: Faults | None = None,
    tell: Callable[[float], None] | None = None,
) -> Iterator[Sound]:
    """Blocks of sound, each beginning where the one before ends; none where the recording has no sound.

    Samples lie where their presentation times put them: what is lost in between is silence, and what comes twice comes
    once. The first block starts when the sound does, which need not be 0. Memory does not grow with the length.

    Args:
        path: A regular file.
        rate: Samples a second, 1000 to 768000; None for the recording's own.
        faults: Counts what could not be decoded.
        tell: Is called with the time, in seconds, of each packet that is being decoded.

    Raises:
        DataError: If the file is no recording, or its sound lasts longer than 24 hours.
        UsageError: If no sound has such a rate, or the package that decodes is not installed.
    """
    if rate is not None and not RATES[0] <= rate <= RATES[1]:
        raise UsageError(f"rate is {rate!r}; allowed: {RATES[0]} to {RATES[1]} samples a second")
    faults = faults if faults is not None else Faults()
    with opened(path) as container:
        stream = stream_of(container, "audio")
        if stream is None:
            return
        check(stream.codec_context, Path(path))
        frames = decoded(container, stream, Path(path), faults, tell)
        blocks = _blocks(timed(frames, container, faults), Path(path), faults)
        yield from blocks if rate is None else _resampled(blocks, rate)


def _blocks(frames: Iterable[tuple[float, Any]], path: Path, faults: Faults) -> Iterator[Sound]:
    track: _Track | None = None
    mono = _Mono()
    for time, frame in frames:
        track = track or _Track(frame.sample_rate, time)
        if track.end - track.start > LONGEST:
            raise DataError("lasts longer than 24 hours; cut it into shorter recordings", path=path)
        try:
            samples = mono(frame, track.rate)
        except (ValueError, OSError) as error:  # ffmpeg's errors are among them
            faults.add(f"sound cannot be mixed to one channel ({reason(error, 80)})")
            continue
        yield from track.place(samples, time)
    if track is not None:
        yield from track.rest()


class _Track:
    """Samples on their way to blocks."""

    def __init__(self, rate: int, start: float) -> None:
        self.rate = rate
        self.start = start
        self._given = 0  # samples that have left in blocks
        self._held: list[Samples] = []
        self._count = 0  # samples that are held

    @property
    def end(self) -> float:
        return self.start + (self._given + self._count) / self.rate

    def place(self, samples: Samples, time: float) -> Iterator[Sound]:
        ahead = time - self.end
        if ahead < -_JITTER:
            samples = samples[round(-ahead * self.rate) :]
        silence = round(ahead * self.rate) if ahead > _JITTER else 0
        while silence > 0:
            piece = min(silence, self.rate)
            yield from self._add(np.zeros(piece, np.float32))
            silence -= piece
        yield from self._add(samples)

    def rest(self) -> Iterator[Sound]:
        if self._count:
            yield self._block(self._count)

    def _add(self, samples: Samples) -> Iterator[Sound]:
        self._held.append(samples)
        self._count += len(samples)
        while self._count >= BLOCK * self.rate:
            yield self._block(BLOCK * self.rate)

    def _block(self, size: int) -> Sound:
        joined = np.concatenate(self._held)
        block = Sound(_clean(joined[:size].copy()), self.rate, self.start + self._given / self.rate)
        self._held, self._count = [joined[size:]], len(joined) - size
        self._given += size
        return block


class _Mono:
    """Frames as samples of one channel; their form may change on the way."""

    def __init__(self) -> None:
        self._form: Any = None
        self._resampler: Any = None

    def __call__(self, frame: Any, rate: int) -> Samples:
        form = frame.format.name, frame.layout.name, frame.sample_rate
        if frame.layout.nb_channels == 1 and form[0] in {"flt", "fltp"} and form[2] == rate:
            return _joined([frame])  # nothing to do, which takes ffmpeg's graph of filters long
        if form != self._form:
            self._form, self._resampler = form, require_av().AudioResampler(format="flt", layout="mono", rate=rate)
        frames = self._resampler.resample(frame)
        return _joined(frames)


def _joined(frames: Iterable[Any]) -> Samples:
    parts = [frame.to_ndarray().reshape(-1) for frame in frames if frame is not None]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _clean(samples: Samples) -> Samples:
    return np.clip(np.nan_to_num(samples, copy=False, nan=0.0), -1, 1)


def _resampled(blocks: Iterable[Sound], rate: int) -> Iterator[Sound]:
    """The same sound at another rate; the filter runs on across the blocks."""
    av = require_av()
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    start, given, taken = 0.0, 0, 0
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.samples[None]), format="flt", layout="mono")
        frame.sample_rate, frame.pts = block.rate, taken
        start = start if taken else block.start
        taken += len(block.samples)
        samples = _clean(_joined(resampler.resample(frame)))
        if len(samples):
            yield Sound(samples, rate, start + given / rate)
        given += len(samples)
    samples = _clean(_joined(resampler.resample(None)))
    if len(samples):
        yield Sound(samples, rate, start + given / rate)
