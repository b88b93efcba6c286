"""What a feature set is, and what it gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mlcl.media.recording import FeatureStream, Picture, Sound
from mlcl.media.specification import ExtractorSpecification

RULES = ("only", "voice", "largest")  # by which a face is chosen, see `Seen`


class AcousticExtractor(Protocol):
    """Turns sound into rows; memory does not grow with the length of the recording but for the rows."""

    @property
    def specification(self) -> ExtractorSpecification:
        """How the rows are made."""

    def extract(self, sound: Iterable[Sound]) -> FeatureStream:
        """Rows of a recording; stretches come in order, at one rate, and may be cut anywhere without changing a row."""


@dataclass(frozen=True, eq=False)
class Loudness:
    """How loud the recording is over time, for choosing who speaks and for cutting at pauses.

    Attributes:
        times: (frames,) middle of each frame in seconds.
        level: (frames,) decibels relative to full scale, at least -100.
    """

    times: NDArray[np.float64]
    level: NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """What one picture showed.

    Attributes:
        time: Of the picture, in seconds.
        faces: How many faces were found.
        box: Left, top, right, bottom of the chosen face, in shares of width and height; None where there is none.
        chosen_by: ``only`` face, ``voice`` (its mouth opens with the sound), or the ``largest``; None without a face.
    """

    time: float
    faces: int
    box: tuple[float, float, float, float] | None = None
    chosen_by: str | None = None


class VisualExtractor(Protocol):
    """Turns pictures into rows; holds a bounded number of pictures at a time."""

    @property
    def specification(self) -> ExtractorSpecification:
        """How the rows are made; its rate is the rate at which pictures are asked for."""

    def extract(self, pictures: Iterable[Picture], loudness: Loudness | None) -> tuple[FeatureStream, list[Seen]]:
        """One row per picture, and what each showed; a picture without a face has a row of zeros."""
