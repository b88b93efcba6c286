"""Speech recognition: the words that are heard in a recording, each with its time."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import UsageError
from mlcl.media.recording import Sound, Word
from mlcl.media.words.loud import trim_to_loud
from mlcl.media.words.speech_sound import RATE, speech_blocks
from mlcl.media.words.whisper_model import load_whisper
from mlcl.media.words.whisper_times import LAG

_LOOP = 2.4  # ratio by which text compresses where the recogniser repeats itself; Whisper's own threshold
_NO_SPEECH = 0.6  # Whisper's probability that nothing is said
_UNSURE_WORD = 0.5  # least probability of a word where Whisper doubts that anything is said
_DOUBTFUL = 0.65  # mean probability of words; speech that the model knows has .75 and more
_STEP = 10 * RATE
_LEAST_PEAK = 1e-3  # of full scale; quieter sound is silence, -60 dB


@dataclass(frozen=True)
class Recognised:
    """What was heard.

    Attributes:
        words: With ``time_source`` ``recognised`` and a confidence; none where nobody speaks.
        phrases: Start and end of each stretch that the recogniser wrote in one go, in seconds.
        language: Code of the language, as ``en``; None where nobody speaks.
        language_probability: That it is this language, in [0, 1]; 1 where it was given or the model knows but one.
        speech_seconds: How long somebody speaks, by the detector of speech.
        notes: What a reader of the result should know, one sentence each.
    """

    words: tuple[Word, ...]
    phrases: tuple[tuple[float, float], ...] = ()
    language: str | None = None
    language_probability: float | None = None
    speech_seconds: float = 0.0
    notes: tuple[str, ...] = ()


def recognise(
    sound: Iterable[Sound],
    model: str | Path,
    language: str | None = None,
    *,
    threads: int = 0,
    beam_size: int = 5,
    seed: int = 0,
) -> Recognised:
    """The words of a recording by Whisper, in blocks of two minutes that are cut where it is quiet.

    The same sound gives the same words: no sampling. Only stretches that a detector takes for speech are heard.
    Repetitions without end, and unlikely words where Whisper itself doubts that anybody speaks, are left out.

    Args:
        sound: Of the whole recording, at any rate; read once, a block at a time.
        model: Folder or name of the weights, see `load_whisper`.
        language: Code as ``en``; None to find it in the first block in which somebody speaks.
        threads: Of the CPU; 0 lets the library choose.
        beam_size: How many texts are followed at a time; 1 is faster and makes more errors.
        seed: Of the library's random numbers.

    Returns:
        Words in order; none, and no error, without sound or speech.

    Raises:
        UsageError: If the library is missing, or the model does not know the language.
        EncoderError: If there are no such weights.
    """
    whisper = load_whisper(model, threads)
    import ctranslate2

    ctranslate2.set_random_seed(seed)
    heard = _Heard(whisper, _checked_language(whisper, language), beam_size)
    for block in speech_blocks(sound):
        heard.add(block)
    return heard.result()


def _checked_language(whisper: Any, language: str | None) -> str | None:
    if language is None:
        return None if whisper.model.is_multilingual else "en"
    known = sorted(whisper.supported_languages)
    if language not in known:
        raise UsageError(f"the model does not know the language {language!r}; it knows {', '.join(known)}")
    return language


class _Heard:
    """The words of the blocks so far."""

    def __init__(self, whisper: Any, language: str | None, beam_size: int) -> None:
        self._whisper = whisper
        self._language = language
        self._probability = None if language is None else 1.0
        self._beam_size = beam_size
        self._words: list[Word] = []
        self._phrases: list[tuple[float, float]] = []
        self._speech = 0.0
        self._left_out = 0

    def add(self, block: Sound) -> None:
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        # Few lengths: the detector's runtime keeps memory for each length that it has seen.
        samples = np.zeros(-(-len(block.samples) // _STEP) * _STEP, np.float32)
        samples[: len(block.samples)] = np.nan_to_num(block.samples)
        if np.abs(samples).max(initial=0) < _LEAST_PEAK:
            return
        spoken = get_speech_timestamps(samples, VadOptions(min_silence_duration_ms=1000))
        if not spoken:
            return
        self._speech += sum(part["end"] - part["start"] for part in spoken) / RATE
        segments, facts = self._whisper.transcribe(
            samples,
            language=self._language,
            beam_size=self._beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=True,
            vad_parameters=VadOptions(min_silence_duration_ms=1000),
        )
        if self._language is None:
            self._language, self._probability = facts.language, float(facts.language_probability)
        for segment in segments:
            self._keep(segment, block, samples)

    def _keep(self, segment: Any, block: Sound, samples: NDArray[np.float32]) -> None:
        words = [word for word in segment.words or () if word.word.strip()]
        doubted = segment.no_speech_prob > _NO_SPEECH
        kept = [word for word in words if not (doubted and word.probability < _UNSURE_WORD)]
        if segment.compression_ratio > _LOOP:
            kept = []
        self._left_out += len(words) - len(kept)
        before = len(self._words)
        times = trim_to_loud([(max(float(word.start) - LAG, 0), float(word.end) - LAG) for word in kept], samples)
        for word, (begin, finish) in zip(kept, times, strict=True):
            last = self._words[-1].start if self._words else block.start
            start = min(max(block.start + begin, last), block.end)
            end = min(max(block.start + finish, start), block.end)
            confidence = min(max(float(word.probability), 0.0), 1.0)
            if self._words and self._words[-1].end > start:
                self._words[-1] = replace(self._words[-1], end=start)
            if not word.word.startswith(" ") and len(self._words) > before and _joins(self._words[-1], word.word):
                joined = self._words.pop()
                confidence = min(confidence, joined.confidence or 0.0)
                self._words.append(Word(joined.text + word.word.strip(), joined.start, end, "recognised", confidence))
            else:
                self._words.append(Word(word.word.strip(), start, end, "recognised", confidence))
        if len(self._words) > before:
            self._phrases.append((self._words[before].start, self._words[-1].end))

    def result(self) -> Recognised:
        if not self._words:
            return Recognised((), speech_seconds=self._speech, notes=self._notes())
        return Recognised(
            tuple(self._words), tuple(self._phrases), self._language, self._probability, self._speech, self._notes()
        )

    def _notes(self) -> tuple[str, ...]:
        left_out = f"{self._left_out} recognised words were left out: the recogniser repeated itself or heard noise"
        mean = float(np.mean([word.confidence for word in self._words])) if self._words else 1.0
        if mean >= _DOUBTFUL and self._left_out <= len(self._words):
            return (left_out,) if self._left_out else ()
        why = left_out if self._left_out > len(self._words) else f"its words have a mean probability of {mean:.2f}"
        knows = "many languages" if self._whisper.model.is_multilingual else "English only"
        return (
            f"do not rely on the recognised text, {why}; its model knows {knows}, and this was taken for"
            f" {self._language!r}: name the language, or a larger or multilingual model",
        )


def _joins(before: Word, text: str) -> bool:
    """Whether a piece without a space before it goes on with the word before, as ``-year`` does, in Latin script."""
    return text[:1].isascii() and before.text[-1:].isascii()
