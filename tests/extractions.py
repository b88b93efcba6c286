"""Extractions without a recording: rows whose values tell when they are, under words whose times are known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.media.extraction import Description, Extraction, Utterance
from mlcl.media.extractor import Loudness, Seen
from mlcl.media.recording import FeatureStream, Word
from mlcl.media.specification import ExtractorSpecification, FeatureSpecification, SentenceBounds

ACOUSTIC_COLUMNS, VISUAL_COLUMNS = ("early", "late", "one"), ("left", "right")


def specification(align: str = "words", **sentences: Any) -> FeatureSpecification:
    """Three acoustic columns at 10 rows a second and two visual ones at 5."""
    return FeatureSpecification.model_validate(
        {
            "align": align,
            "acoustic": ExtractorSpecification(extractor="made", version=1, columns=ACOUSTIC_COLUMNS, rate=10.0),
            "visual": ExtractorSpecification(extractor="drawn", version=1, columns=VISUAL_COLUMNS, rate=5.0),
            "sentences": SentenceBounds.model_validate(sentences),
        }
    )


def stream(seconds: float, rate: float, columns: int, seed: int = 0) -> FeatureStream:
    """Rows one after the other."""
    rng = np.random.default_rng(seed)
    starts = np.arange(round(seconds * rate)) / rate
    values = rng.normal(size=(len(starts), columns)).astype(np.float32)
    return FeatureStream(np.stack([starts, starts + 1 / rate], axis=1), values)


def words(texts: Sequence[str], start: float, length: float = 0.3, **more: Any) -> tuple[Word, ...]:
    """Words one after the other."""
    return tuple(
        Word(text, start + at * length, start + (at + 1) * length, "letters", **more) for at, text in enumerate(texts)
    )


def utterance(identifier: str, text: str, start: float, length: float = 0.3, **more: Any) -> Utterance:
    """A stretch that ends with its last word."""
    said = words(text.split(), start, length)
    return Utterance(identifier, start, start + max(len(said), 1) * length, said, **more)


def extraction(
    utterances: Sequence[Utterance], *, name: str = "talk.mp4", seconds: float = 6.0, seen: bool = True, **more: Any
) -> Extraction:
    """A recording with both streams, sound that is loud throughout, and a face in every second picture."""
    described = Description(
        recording=name,
        made_of="0" * 64,
        duration=seconds,
        size=(640, 480),
        words_from="talk.srt",
        language="en",
        utterances=tuple(utterances),
        **more,
    )
    level: NDArray[np.float32] = np.full(round(seconds * 50), -20, np.float32)
    pictures = tuple(
        Seen(at / 5, 1, (0.25, 0.25, 0.5, 0.5), "only") if at % 2 else Seen(at / 5, 0)
        for at in range(round(seconds * 5))
    )
    return Extraction(
        described,
        {"acoustic": stream(seconds, 10, 3), "visual": stream(seconds, 5, 2, seed=1)},
        Loudness(np.arange(len(level)) / 50 + 0.01, level),
        pictures if seen else (),
    )
