"""The methods that find when given words are said, and the order in which they are tried."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.media.recording import Word
from mlcl.media.words import pocketsphinx_times, whisper_times
from mlcl.media.words.anchors import cut_at_anchors
from mlcl.media.words.letters import spread_by_letters
from mlcl.media.words.loud import are_loud, frame_levels
from mlcl.media.words.match import LIKE, match_words
from mlcl.media.words.pocketsphinx_times import PocketsphinxAligner
from mlcl.media.words.recognise import recognise
from mlcl.media.words.speech_sound import RATE, SpeechSound, as_float
from mlcl.media.words.whisper_model import load_whisper

METHODS = ("pocketsphinx", "whisper", "whisper_matched", "letters")
_LONG = 30.0  # seconds from which a stretch is cut where Whisper hears its words
_LEAST_MATCHED = 0.3  # share of the given words that were heard
Times = list[tuple[float, float, str]]  # start, end and method of each word


class Placer:
    """Places words in stretches of one recording.

    Args:
        speech: The sound.
        words: All words of the recording, which tell whether it is English.
        model: Folder or name of Whisper's weights; None to do without.
        language: Code as ``en``; None to find it.
        threads: Of the CPU.
        order: Methods that may be used, in this order.
    """

    def __init__(
        self,
        speech: SpeechSound,
        words: Sequence[str],
        model: str | Path | None,
        language: str | None,
        threads: int,
        order: Sequence[str],
    ) -> None:
        self._speech = speech
        self._model, self._threads = model, threads
        self._order = order
        self._aligner = _english_aligner(words, language) if "pocketsphinx" in order else None
        needed = model is not None and any(method.startswith("whisper") for method in order)
        self._whisper: Any = load_whisper(model, threads) if needed and model is not None else None
        self._language = language
        if (self._whisper is not None and not self._whisper.model.is_multilingual) or (
            language is None and self._aligner is not None
        ):
            self._language = "en"

    def place(self, words: Sequence[str], start: float, end: float) -> Times:
        """Start, end and method of each word between two moments."""
        if not words:
            return []
        if end - start > _LONG and self._whisper is not None:
            return self._place_long(words, start, end)
        return self._place_short(words, start, end, None)

    def _place_long(self, words: Sequence[str], start: float, end: float) -> Times:
        heard = self._heard(start, end)
        placed: Times = []
        for piece in cut_at_anchors(words, heard, start, end, self._quiet):
            inside = [word for word in heard if word.start < piece.end and word.end > piece.start]
            placed += self._place_short(words[piece.first : piece.last], piece.start, piece.end, inside)
        return placed

    def _place_short(self, words: Sequence[str], start: float, end: float, heard: list[Word] | None) -> Times:
        for method in self._order:
            if method == "letters":
                break
            if method == "whisper_matched":
                found = self._matched(words, start, end, heard)
                if found is not None:
                    return found
            elif (aligned := self._aligned(method, words, start, end)) is not None:
                return [(begin, finish, method) for begin, finish in aligned]
        return self._by_letters(words, start, end)

    def _aligned(self, method: str, words: Sequence[str], start: float, end: float) -> list[tuple[float, float]] | None:
        begin = max(start, self._speech.start)
        times = None
        if method == "pocketsphinx" and self._aligner and end - start <= pocketsphinx_times.MOST_SECONDS:
            times = self._aligner.times(words, self._speech.between(begin, end))
        elif method == "whisper" and self._whisper and end - start <= whisper_times.MOST_SECONDS:
            samples = as_float(self._speech.between(begin, end))
            times = whisper_times.whisper_times(self._whisper, words, samples, self._spoken_language(samples))
        if times is None:
            return None
        return [(min(begin + first, end), min(begin + last, end)) for first, last in times]

    def _spoken_language(self, samples: NDArray[np.float32]) -> str:
        if self._language is None:
            self._language = str(self._whisper.detect_language(samples)[0])
        return self._language

    def _matched(self, words: Sequence[str], start: float, end: float, heard: list[Word] | None) -> Times | None:
        if self._whisper is None:
            return None
        heard = self._heard(start, end) if heard is None else heard
        if not heard or len(words) * len(heard) > 4_000_000:
            return None
        pairs = match_words(words, [word.text for word in heard])
        found: list[tuple[float, float] | None] = []
        for pair in pairs:
            good = pair is not None and pair[1] >= LIKE
            word = heard[pair[0]] if pair is not None and good else None
            found.append(None if word is None else (max(word.start, start), min(max(word.end, start), end)))
        if sum(part is not None for part in found) < _LEAST_MATCHED * len(words):
            return None
        placed: Times = []
        at = 0
        while at < len(words):
            here = found[at]
            if here is not None:
                placed.append((*here, "whisper_matched"))
                at += 1
                continue
            last = next((later for later in range(at, len(words)) if found[later] is not None), len(words))
            after = found[last] if last < len(words) else None
            begin = placed[-1][1] if placed else start
            placed += self._by_letters(words[at:last], begin, max(after[0] if after else end, begin))
            at = last
        return placed

    def _by_letters(self, words: Sequence[str], start: float, end: float) -> Times:
        begin = min(max(start, self._speech.start), end)
        levels = [frame_levels(piece.samples) for piece in self._speech.pieces(begin, end)]
        loud = are_loud(np.concatenate(levels)) if levels else np.zeros(0, bool)
        return [(first, last, "letters") for first, last in spread_by_letters(words, loud, begin, end)]

    def _heard(self, start: float, end: float) -> list[Word]:
        pieces = self._speech.pieces(start, end)
        return list(recognise(pieces, self._model or "", self._language, threads=self._threads).words)

    def _quiet(self, start: float, end: float) -> float:
        """The quietest moment between two moments."""
        begin = max(start, self._speech.start)
        samples = self._speech.between(begin, end).astype(np.float32)
        frame, width = RATE // 100, 5
        if len(samples) < frame * width:
            return (start + end) / 2
        power = np.square(samples[: len(samples) // frame * frame].reshape(-1, frame)).mean(1)
        smooth = np.convolve(power, np.ones(width), "valid")
        return begin + (int(smooth.argmin()) + width / 2) / 100


def _english_aligner(words: Sequence[str], language: str | None) -> PocketsphinxAligner | None:
    if language is not None and not language.lower().startswith("en"):
        return None
    try:
        aligner = PocketsphinxAligner()
    except ImportError:
        return None
    return aligner if aligner.is_english(words) else None
