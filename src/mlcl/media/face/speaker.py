"""Who speaks, where several faces are seen: the one whose mouth opens with the sound."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.media.extractor import Loudness
from mlcl.media.face.detector import overlap

WINDOW = 4.0  # seconds before and after a picture whose mouths are compared with the sound
_LAGS = np.arange(7) * 0.04  # seconds by which the sound may follow the mouth
_SLOW = 0.6  # seconds; mouth and sound are compared without changes slower than this
_LEAST_PICTURES = 10
_LEAST_CORRELATION = 0.25
_LEAST_LEAD = 0.05  # before the second best
_SAME = 0.2  # of the union; boxes of consecutive pictures that share more are one person
_FORGOTTEN = 1.0  # seconds


@dataclass(frozen=True, eq=False)
class Candidate:
    """A face that may be the speaker's.

    Attributes:
        box: Left, top, right, bottom in pixels.
        opening: Of the mouth and jaw.
        content: What is kept of the face.
        track: Number of the person, the same while the face is followed; given by `Speakers`.
    """

    box: NDArray[np.float64]
    opening: float
    content: Any
    track: int = field(default=-1)


@dataclass(frozen=True, eq=False)
class Choice:
    """The chosen face of a picture.

    Attributes:
        time: Of the picture, in seconds.
        size: Width and height of the picture.
        faces: How many there were.
        face: The chosen one; None where there is none.
        rule: ``only``, ``voice`` or ``largest``; None where there is no face.
    """

    time: float
    size: tuple[int, int]
    faces: int
    face: Candidate | None
    rule: str | None


class Speakers:
    """Chooses a face in each picture; remembers what was seen in 4 s before and waits for what is seen in 4 s after.

    Args:
        loudness: Of the recording; without it the largest face is chosen.
    """

    def __init__(self, loudness: Loudness | None) -> None:
        self._loudness = loudness if loudness is not None and len(loudness.times) > 1 else None
        self._seen: deque[tuple[float, tuple[int, int], list[Candidate]]] = deque()
        self._next = 0  # of `_seen`, to be chosen from
        self._last: dict[int, tuple[float, NDArray[np.float64]]] = {}
        self._tracks = 0

    def add(self, time: float, size: tuple[int, int], faces: list[Candidate]) -> Iterator[Choice]:
        """Take a picture's faces, and give the choices that can be made now."""
        self._seen.append((time, size, self._follow(time, faces)))
        yield from self._choose(time - WINDOW)

    def finish(self) -> Iterator[Choice]:
        """The choices of the last pictures."""
        yield from self._choose(np.inf)

    def _follow(self, time: float, faces: list[Candidate]) -> list[Candidate]:
        self._last = {track: seen for track, seen in self._last.items() if time - seen[0] <= _FORGOTTEN}
        free = dict(self._last)
        followed = []
        for face in faces:
            track = max(free, key=lambda track: overlap(free[track][1], face.box), default=None)
            if track is None or overlap(free[track][1], face.box) < _SAME:
                track, self._tracks = self._tracks, self._tracks + 1
            free.pop(track, None)
            self._last[track] = (time, face.box)
            followed.append(Candidate(face.box, face.opening, face.content, track))
        return followed

    def _choose(self, until: float) -> Iterator[Choice]:
        while self._next < len(self._seen) and self._seen[self._next][0] <= until:
            time, size, faces = self._seen[self._next]
            while self._seen[0][0] < time - WINDOW:
                self._seen.popleft()
                self._next -= 1
            yield Choice(time, size, len(faces), *self._of(time, faces))
            self._next += 1

    def _of(self, time: float, faces: list[Candidate]) -> tuple[Candidate | None, str | None]:
        if len(faces) < 2:
            return (faces[0], "only") if faces else (None, None)
        heard = sorted(((self._agreement(time, face.track), face) for face in faces), key=lambda pair: -pair[0])
        if heard[0][0] >= _LEAST_CORRELATION and heard[0][0] - max(heard[1][0], 0.0) >= _LEAST_LEAD:
            return heard[0][1], "voice"
        return max(faces, key=lambda face: float(np.prod(face.box[2:] - face.box[:2]))), "largest"

    def _agreement(self, time: float, track: int) -> float:
        """Best correlation of a mouth with the sound that follows it; -1 where too little was seen."""
        if self._loudness is None:
            return -1.0
        seen = [
            (at, face.opening)
            for at, _, faces in self._seen
            if abs(at - time) <= WINDOW
            for face in faces
            if face.track == track
        ]
        if len(seen) < _LEAST_PICTURES:
            return -1.0
        times, openings = np.array(seen).T
        return best_correlation(times, openings, self._loudness)


def best_correlation(times: NDArray[np.float64], openings: NDArray[np.float64], loudness: Loudness) -> float:
    """Largest correlation of a mouth with the sound up to 0.24 s later; 0 where one of them is constant.

    Both are compared without their slow changes: that one person speaks for seconds moves nobody else's lips, but that
    two begin and end together does not make them one.

    Args:
        times: Of the pictures.
        openings: How open the mouth is in each.
        loudness: Of the recording.
    """
    heard = 10 ** (0.03 * loudness.level.astype(np.float64))  # power to the 0.3, about as loud as it seems
    levels = _quick(np.interp(times + _LAGS[:, None], loudness.times, heard), times)
    mouth = _quick(openings[None], times)[0]
    scale = np.linalg.norm(levels, axis=1) * np.linalg.norm(mouth)
    return float(np.max((levels @ mouth) / np.where(scale > 1e-9, scale, np.inf)))


def _quick(values: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, pictures) without the mean of the 0.6 s around each picture, and without their mean."""
    near = (np.abs(times - times[:, None]) <= _SLOW / 2).astype(np.float64)
    quick = values - values @ (near / near.sum(axis=0))
    return quick - quick.mean(axis=1, keepdims=True)
