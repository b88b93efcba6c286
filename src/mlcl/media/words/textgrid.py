"""TextGrid files of Praat and of forced aligners, in the long and the short form."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlcl.errors import DataError, nearest
from mlcl.media.words.transcript import MOST_SECONDS, Cue, TimedWord, Transcript, clean_text, in_order

# A TextGrid is its strings, free numbers and flags in order; all else is comment.
_TOKEN = re.compile(
    r'"((?:[^"]|"")*)"|<([^>\s]{1,20})>|(?<!\S)([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d{1,3})?%?)(?!\S)|(")|!([^\n]*)'
)
_WORD_TIERS = ("words", "word", "wrd", "ort", "orthography", "mots", "wort", "palabras")
_TEXT_TIERS = ("utterances", "utterance", "sentences", "sentence", "transcript", "transcription", "text", "phrases")
_NOT_WORDS = re.compile(r"phon|segment|pitch|tobi|tone|gesture|^ipa$|syll", re.IGNORECASE)
_SILENCES = {"", "sil", "sp", "spn", "<sil>", "<eps>", "<p:>", "#", "_", "pau", "<s>", "</s>", "noise", "<unk>"}


@dataclass(frozen=True)
class _Tier:
    name: str
    intervals: list[tuple[float, float, str]]


def read_textgrid(text: str, path: Path, tier: str | None = None) -> Transcript:
    """The words of a TextGrid with their times.

    A tier that is called ``words`` or the like is taken, else one of utterances, else the only tier of intervals that
    has spaces in it or is not one of phones. ``NAME - words`` is the tier of a speaker, as the Montreal Forced Aligner
    writes it; several speakers are read together.

    Raises:
        DataError: If it is no TextGrid, ends early, or it is not clear which tier holds the words.
    """
    tiers = [found for found in _tiers(text, path) if any(_said(label) for _, _, label in found.intervals)]
    chosen = _choose(tiers, tier, path)
    cues: list[Cue] = []
    for found in chosen:
        speaker = found.name.rsplit(" - ", 1)[0].strip() if " - " in found.name else None
        for start, end, label in found.intervals:
            said = _said(label)
            pieces = said.split()
            words = (TimedWord(said, start, end),) if len(pieces) == 1 else None
            cues.append(Cue(said, start, end, speaker, words))
    return Transcript(in_order(cues, path))


def _said(label: str) -> str:
    said = clean_text(label)
    return "" if said.lower() in _SILENCES else said


def _choose(tiers: list[_Tier], name: str | None, path: Path) -> list[_Tier]:
    names = [tier.name for tier in tiers]
    if name is not None:
        if name not in names:
            raise DataError(f"has no tier {name!r} with words; {nearest(name, names)}", path=path)
        return [tier for tier in tiers if tier.name == name]
    for allowed in (_WORD_TIERS, _TEXT_TIERS):
        found = [tier for tier in tiers if tier.name.rsplit(" - ", 1)[-1].strip().lower() in allowed]
        if found:
            return found
    found = [tier for tier in tiers if not _NOT_WORDS.search(tier.name)]
    if len(found) > 1:
        found = [tier for tier in found if any(" " in label.strip() for _, _, label in tier.intervals)]
    if len(found) != 1:
        listed = ", ".join(names) or "none with text"
        raise DataError(f"its tiers are {listed}; call the one that holds the words 'words'", path=path)
    return found


def _tiers(text: str, path: Path) -> Iterator[_Tier]:
    tokens = _Tokens(text, path)
    if "ooTextFile" not in text[:200] or not tokens.string().startswith("ooTextFile") or tokens.string() != "TextGrid":
        raise DataError("is no TextGrid; save it from Praat as text", path=path)
    tokens.number()
    tokens.number()
    if tokens.flag() != "exists":
        raise DataError("has no tiers; annotate the words", path=path)
    for _ in range(tokens.count()):
        kind, name = tokens.string(), clean_text(tokens.string())[:200]
        tokens.number()
        tokens.number()
        intervals: list[tuple[float, float, str]] = []
        for _ in range(tokens.count()):
            start = tokens.number()
            if kind != "IntervalTier":
                tokens.string()
                continue
            end = tokens.number()
            label = tokens.string()
            if end < start or abs(start) > MOST_SECONDS or end > MOST_SECONDS:
                raise DataError(f"an interval from {start} to {end} s cannot be", path=path, place=tokens.place)
            intervals.append((max(start, 0.0), max(end, 0.0), label))
        yield _Tier(name, intervals)


class _Tokens:
    """What a TextGrid holds, one after the other."""

    def __init__(self, text: str, path: Path) -> None:
        self._found = _TOKEN.finditer(text)
        self._text = text
        self._path = path
        self._at = 0

    @property
    def place(self) -> str:
        return f"line {self._text.count(chr(10), 0, self._at) + 1}"

    def _next(self, group: int, what: str) -> str:
        for token in self._found:
            self._at = token.start()
            if token[5] is not None:
                continue  # a comment
            if token[group] is not None:
                return token[group]
            break
        raise DataError(f"{what} is missing; the TextGrid is damaged, save it again", path=self._path, place=self.place)

    def string(self) -> str:
        """The next token as text."""
        return self._next(1, "a text").replace('""', '"')

    def flag(self) -> str:
        """The next token as a flag."""
        return self._next(2, "a flag")

    def number(self) -> float:
        """The next token as a number."""
        return float(self._next(3, "a number").rstrip("%"))

    def count(self) -> int:
        """The next token as a count; each thing counted takes some letters, which bounds it."""
        number = self.number()
        if number != int(number) or not 0 <= number <= len(self._text):
            raise DataError(f"{number} is no count", path=self._path, place=self.place)
        return int(number)
