"""What a transcript says: cues of words, with such times as it gives."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mlcl.errors import DataError

MOST_WORDS = 500_000  # of one transcript; 50 hours of fast speech
MOST_SECONDS = 7 * 24 * 3600.0
# Scripts that put no spaces between words: Thai, Lao, Myanmar, Khmer, kana, bopomofo, Han and its compatibility forms.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf"
_UNSPACED += "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MARK = "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3"
_MARK += "\u3099\u309a"
_SIGN = rf"[^\w\s]|[{_MARK}]|[ーゝゞ々]"


@dataclass(frozen=True)
class TimedWord:
    """A word whose time the transcript gives.

    Attributes:
        text: As written.
        start: In seconds.
        end: In seconds, never before `start`.
        confidence: Probability that a recogniser gave it; None where it does not say.
    """

    text: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True)
class Cue:
    """A piece of a transcript: a subtitle, a segment, an interval, or a line of plain text.

    Attributes:
        text: Its words with single spaces between, without formatting; never empty.
        start: In seconds; None where the transcript does not say.
        end: In seconds, never before `start`; None exactly where `start` is.
        speaker: Who says it; None where the format does not say so.
        words: Times of each word, whose texts together are `text`; None where only the cue has times, if anything has.
    """

    text: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    words: tuple[TimedWord, ...] | None = None


@dataclass(frozen=True)
class Transcript:
    """What was said in a recording.

    Attributes:
        cues: In the order of their starts; as in the file where they have none.
        language: Code of the language, as ``en``; None where the file does not say.
        notes: What a reader of the result should know, one sentence each, as that a sound description was left out.
    """

    cues: tuple[Cue, ...]
    language: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """All words in order."""
        return [word for cue in self.cues for word in words_of(cue)]


def words_of(cue: Cue) -> list[str]:
    """The words of a cue: those that have times, or its text as `split_words` has it."""
    return split_words(cue.text) if cue.words is None else [word.text for word in cue.words]


def split_words(text: str) -> list[str]:
    """Cut a text at its spaces, and texts of scripts without spaces between words at their characters.

    No sign is lost: the words written one after the other are the text without its spaces.
    """
    return [piece for word in text.split() for piece in _characters(word)]


def _characters(word: str) -> list[str]:
    if not re.search(f"[{_UNSPACED}]", word):
        return [word]
    pieces: list[str] = []
    for sign in re.findall(rf"[^{_UNSPACED}]+|[{_UNSPACED}]", word):
        goes_on = bool(re.fullmatch(rf"(?:{_SIGN})+", sign))  # marks and punctuation belong to the sign before
        if goes_on and pieces:
            pieces[-1] += sign
        elif pieces and not re.search(r"\w", pieces[-1]):
            pieces[-1] += sign  # an opening quote belongs to the sign after
        else:
            pieces.append(sign)
    return pieces


def clean_text(text: str) -> str:
    """The text on one line with single spaces, without control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def in_order(cues: Iterable[Cue], path: object) -> tuple[Cue, ...]:
    """Cues by their starts, those without words left out.

    Raises:
        DataError: If there are none, too many words, or a time that cannot be.
    """
    kept = [cue for cue in cues if cue.text]
    if not kept:
        raise DataError("holds no words; name the transcript of the recording", path=str(path))
    if sum(len(words_of(cue)) for cue in kept) > MOST_WORDS:
        raise DataError(f"has more than {MOST_WORDS} words; is it the transcript of one recording?", path=str(path))
    if any(cue.start is None for cue in kept):
        return tuple(kept)
    return tuple(sorted(kept, key=lambda cue: (cue.start or 0.0, cue.end or 0.0)))
