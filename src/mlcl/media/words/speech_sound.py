"""Sound as speech recognisers take it: 16,000 samples a second, a stretch at a time, in bounded memory."""

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import DataError, UsageError
from mlcl.media.recording import Sound

RATE = 16_000
_MOST_SECONDS = 48 * 3600  # between the first sound and the last; more is a damaged clock
_STILL = 0.3  # seconds of the quiet stretch in whose middle a block ends
_PIECE = 10 * RATE


def at_speech_rate(sound: Iterable[Sound]) -> Iterator[Sound]:
    """The same sound at 16,000 samples a second; stretches that follow each other without a gap stay so.

    Raises:
        UsageError: If the sound has another rate and the library that changes it is missing.
        DataError: If stretches go back in time or lie more than two days apart.
    """
    converter: _Converter | None = None
    end = first = None
    for stretch in sound:
        if len(stretch.samples) == 0:
            continue
        first = stretch.start if first is None else first
        if end is not None and (stretch.start < end - 0.5 or stretch.end - first > _MOST_SECONDS):
            raise DataError(f"its sound jumps from {end:.1f} to {stretch.start:.1f} s; get the recording again")
        joined = end is not None and abs(stretch.start - end) < 1.5 / stretch.rate
        if converter is None or not joined or converter.rate != stretch.rate:
            if converter is not None:
                yield from converter.rest()
            converter = _Converter(stretch.rate, stretch.start)
        for at in range(0, len(stretch.samples), _PIECE):
            yield from converter.add(stretch.samples[at : at + _PIECE])
        end = stretch.end
    if converter is not None:
        yield from converter.rest()


class _Converter:
    """Changes the rate of one stretch without a gap."""

    def __init__(self, rate: int, start: float) -> None:
        self.rate = rate
        self._start = start
        self._given = 0
        self._taken = 0
        self._resampler: Any = None
        if rate != RATE:
            try:
                from av import AudioResampler
            except ImportError:
                raise UsageError(
                    f"sound of {rate} Hz needs av to become {RATE} Hz; pip install 'mlcl[clips]'"
                ) from None
            self._resampler = AudioResampler(format="flt", layout="mono", rate=RATE)

    def add(self, samples: NDArray[np.float32]) -> Iterator[Sound]:
        self._taken += len(samples)
        if self._resampler is None:
            yield self._sound(samples)
            return
        from av import AudioFrame

        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.float32)[None], format="flt", layout="mono")
        frame.sample_rate = self.rate
        frame.pts = None
        for made in self._resampler.resample(frame):
            yield self._sound(made.to_ndarray()[0])

    def rest(self) -> Iterator[Sound]:
        if self._resampler is not None:
            room = round(self._taken * RATE / self.rate) - self._given
            for made in self._resampler.resample(None):
                yield self._sound(made.to_ndarray()[0][: max(room, 0)])

    def _sound(self, samples: NDArray[np.float32]) -> Sound:
        start = self._start + self._given / RATE
        self._given += len(samples)
        return Sound(samples, RATE, start)


def speech_blocks(sound: Iterable[Sound], most_seconds: float = 120.0) -> Iterator[Sound]:
    """Blocks of at most so many seconds at 16,000 samples a second, cut at the quietest moment of their last quarter.

    Gaps of up to a second within a block are silence; a longer one ends the block.
    """
    most = int(most_seconds * RATE)
    parts: list[NDArray[np.float32]] = []
    start, length = 0.0, 0
    for stretch in at_speech_rate(sound):
        gap = round((stretch.start - start) * RATE) - length
        if length and not 0 <= gap <= RATE:
            if gap > RATE:
                yield Sound(np.concatenate(parts), RATE, start)
                parts, length = [], 0
        elif length and gap:
            parts.append(np.zeros(gap, np.float32))
            length += gap
        if not length:
            start = stretch.start
        parts.append(stretch.samples)
        length += len(stretch.samples)
        while length > most:
            whole = np.concatenate(parts)
            cut = _quiet_moment(whole[most * 3 // 4 : most]) + most * 3 // 4
            yield Sound(whole[:cut], RATE, start)
            parts, start, length = [whole[cut:]], start + cut / RATE, length - cut
    if length:
        yield Sound(np.concatenate(parts), RATE, start)


def _quiet_moment(samples: NDArray[np.float32]) -> int:
    """Index in the middle of the quietest short stretch."""
    frame = RATE // 100
    power = np.square(samples[: len(samples) // frame * frame].reshape(-1, frame)).mean(1)
    width = min(int(_STILL * 100), len(power))
    if width == 0:
        return len(samples)
    smooth = np.convolve(power, np.ones(width), "valid")
    return int(smooth.argmin() + width // 2) * frame


class SpeechSound:
    """The sound of a recording at 16,000 samples a second, kept on the disk so that any stretch can be had.

    It takes 115 MB of the temporary folder an hour. Use it in a ``with`` statement, which removes it.

    Args:
        sound: The sound of the recording, read once.

    Attributes:
        start: When the sound begins, in seconds; 0 where there is none.
        end: When it ends.
    """

    def __init__(self, sound: Iterable[Sound]) -> None:
        self._file = tempfile.TemporaryFile(prefix="mlcl-sound-")  # noqa: SIM115 - closed by __exit__
        self.start = self.end = 0.0
        first = True
        try:
            for stretch in at_speech_rate(sound):
                if first:
                    self.start, first = stretch.start, False
                self._file.seek(max(round((stretch.start - self.start) * RATE), 0) * 2)
                whole = np.clip(np.nan_to_num(stretch.samples), -1, 1) * 32767
                self._file.write(whole.astype("<i2").tobytes())
                self.end = max(self.end, stretch.end)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def between(self, start: float, end: float) -> NDArray[np.int16]:
        """Samples from one moment to another; fewer where the sound begins or ends between."""
        first = max(round((start - self.start) * RATE), 0)
        last = max(round((min(end, self.end) - self.start) * RATE), first)
        self._file.seek(first * 2)
        return np.frombuffer(self._file.read((last - first) * 2), "<i2")

    def pieces(self, start: float, end: float) -> Iterator[Sound]:
        """The sound from one moment to another, ten seconds at a time."""
        start = max(start, self.start)
        for at in range(round((min(end, self.end) - start) * RATE) // _PIECE + 1):
            begin = start + at * _PIECE / RATE
            samples = self.between(begin, min(begin + _PIECE / RATE, end))
            if len(samples):
                yield Sound(as_float(samples), RATE, begin)


def as_float(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Samples of sixteen bits as numbers in [-1, 1)."""
    return samples.astype(np.float32) / np.float32(32768)
