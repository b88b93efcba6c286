"""A recording cut into sentences, each of which is scored as one item."""

import re
from collections.abc import Sequence

from mlcl.media.recording import Sentence, Word
from mlcl.media.specification import SentenceBounds

_CLOSING = "\"')]}\u00bb\u201d\u2019\u203a\u300d\u300f\uff09\u3011\u300b"
_OPENING = "\"'([{\u00ab\u201c\u2018\u2039\u300c\u300e\uff08\u3010\u300a"
_ENDS = re.compile(r"[.!?\u2026\u3002\uff01\uff1f\uff0e\uff61\u0964\u0965\u061f\u06d4\u203c-\u2049\u1362\u104b]$")
_ELLIPSIS = re.compile(r"(?:\.\s?\.|\u2026)$")
_ABBREVIATION = re.compile(r"(?:[^\W\d_]\.)+")  # initials: J. and U.S., and also e.g.
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "mx",
        "dr",
        "prof",
        "sr",
        "jr",
        "st",
        "mt",
        "ft",
        "rev",
        "hon",
        "gen",
        "col",
        "sgt",
        "capt",
        "lt",
        "gov",
        "sen",
        "rep",
        "pres",
        "messrs",
        "mme",
        "mlle",
        "vs",
        "etc",
        "approx",
        "dept",
        "est",
        "inc",
        "ltd",
        "co",
        "corp",
        "ave",
        "blvd",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sept",
        "sep",
        "oct",
        "nov",
        "dec",
        "fig",
        "vol",
        "pp",
        "cf",
        "al",
        "bzw",
        "usw",
        "ca",
        "nr",
        "hr",
        "fr",
        "evtl",
        "ggf",
        "bspw",
        "sog",
        "zb",
        "sra",
        "srta",
        "ud",
        "uds",
        "av",
    ]
)
_BEFORE_NUMBERS = frozenset(
    ["no", "nos", "nr", "p", "pp", "vol", "fig", "ch", "sec", "art"]
)  # "No. 5", but "I said no."
_BREATH = 0.35  # seconds after an abbreviation that make it the end of a sentence


def cut_sentences(words: Sequence[Word], bounds: SentenceBounds | None = None) -> list[Sentence]:
    """Cut words into sentences.

    A sentence ends at its punctuation (not at abbreviations, initials, or an ellipsis in the middle), at a pause, and
    where another speaker begins. One that is still too long is cut at the longest pause in it, near its middle where
    all pauses are alike.

    Args:
        words: In order of their starts.
        bounds: How long a sentence and how short a pause may be; the usual ones if None.

    Returns:
        Sentences in order; each word is in exactly one. One is longer than `bounds` allow only if it is a single word.
    """
    bounds = bounds or SentenceBounds()
    sentences: list[Sentence] = []
    first = 0
    for at in range(1, len(words) + 1):
        if at == len(words) or _ends(words[at - 1], words[at], bounds.pause):
            sentences += _bounded(words[first:at], bounds)
            first = at
    return sentences


def _ends(word: Word, after: Word, pause: float) -> bool:
    gap = after.start - word.end
    if gap >= pause or word.speaker != after.speaker:
        return True
    text = word.text.rstrip(_CLOSING)
    if not _ENDS.search(text):
        return False
    quoted = len(text) < len(word.text)
    goes_on = after.text.lstrip(_OPENING).strip()[:1].islower()
    if _ELLIPSIS.search(text) or (quoted and text[-1] in "!?"):
        return not goes_on
    if not text.endswith("."):
        return True
    plain = text.rstrip(".").lstrip(_OPENING).casefold()
    if plain in _BEFORE_NUMBERS:
        return not after.text[:1].isdigit()
    if plain in _ABBREVIATIONS or (_ABBREVIATION.fullmatch(text.lstrip(_OPENING)) and plain != "i"):
        return gap >= _BREATH
    return any(map(str.isalnum, plain))


def _bounded(words: Sequence[Word], bounds: SentenceBounds) -> list[Sentence]:
    """Sentences within the bounds."""
    made: list[Sentence] = []
    while words:
        fits = 1
        end = words[0].end
        while fits < len(words) and fits < bounds.most_words:
            end = max(end, words[fits].end)
            if end - words[0].start > bounds.most_seconds:
                break
            fits += 1
        if fits < len(words):
            fits = _best_cut(words, fits)
        part = tuple(words[:fits])
        made.append(Sentence(part, part[0].start, max(word.end for word in part)))
        words = words[fits:]
    return made


def _best_cut(words: Sequence[Word], most: int) -> int:
    """How many words to take, at most `most`: up to the longest pause, else to a comma, else to the middle."""
    wanted = min(most, len(words) // 2)

    def quality(count: int) -> tuple[float, bool, int]:
        gap = words[count].start - words[count - 1].end
        return (
            round(max(gap, 0.0), 2),
            words[count - 1].text[-1:] in ",;:\u2014\uff0c\u3001\uff1b",
            -abs(count - wanted),
        )

    return max(range(max(most // 3, 1), most + 1), key=quality)
