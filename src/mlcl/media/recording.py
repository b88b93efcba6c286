"""What a recording is once decoded: sound and pictures on one clock.

All times are seconds on the container's clock, on which sound and picture meet. Its zero is where the file's clock has
it; neither stream need begin there.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RecordingFacts:
    """What the file says of itself before anything is decoded.

    Attributes:
        path: The file.
        duration: Seconds from the first moment of any stream to the last, as declared; None where it is not.
        sample_rate: Native rate of the sound in Hz; None where there is no sound.
        size: Width and height of an upright picture in pixels; None where there is no picture.
    """

    path: Path
    duration: float | None
    sample_rate: int | None
    size: tuple[int, int] | None


@dataclass(frozen=True, eq=False)
class Sound:
    """A stretch of sound without a gap.

    Attributes:
        samples: (samples,) float32, mono, in [-1, 1]; what a damaged file lacks is silence.
        rate: Samples a second.
        start: Time of the first sample.
    """

    samples: NDArray[np.float32]
    rate: int
    start: float

    @property
    def end(self) -> float:
        """Time after the last sample."""
        return self.start + len(self.samples) / self.rate


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture.

    Attributes:
        time: When it is shown.
        image: (height, width, 3) uint8, red, green, blue; upright.
    """

    time: float
    image: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class FeatureStream:
    """Feature rows on their own clock.

    Attributes:
        times: (rows, 2) start and end of each row.
        values: (rows, columns) float32; a row of zeros where there was nothing to measure, as a picture without a face.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Word:
    """A word that was said.

    Attributes:
        text: As written, with its punctuation.
        start: In seconds.
        end: In seconds, never before `start`.
        time_source: Where the times come from: ``transcript`` (given for the word), ``pocketsphinx``, ``whisper``
            (forced on the given words), ``whisper_matched`` (recognised words laid on the given ones), ``recognised``
            (nobody gave the words), ``letters`` (spread over the stretch by length).
        confidence: Probability that the recogniser gave the word, in [0, 1]; None where the words were given.
        speaker: Who says it, where the transcript tells.
    """

    text: str
    start: float
    end: float
    time_source: str
    confidence: float | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class Sentence:
    """A stretch of words that is scored as one item.

    Attributes:
        words: Its words in order, at least one; none for a stretch that is scored without text.
        start: In seconds.
        end: In seconds.
    """

    words: tuple[Word, ...]
    start: float
    end: float

    @property
    def text(self) -> str:
        """The words with spaces between."""
        return " ".join(word.text for word in self.words)
