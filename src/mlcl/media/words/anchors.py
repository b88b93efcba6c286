"""A long stretch cut into short ones, where recognised words show which of the given words are said when."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlcl.media.recording import Word
from mlcl.media.words.match import LIKE, match_words

_HEARD_AT_ONCE = 200  # words
_AHEAD = 2  # how many times as many given words are looked at
_AGAIN = 20  # heard words that are matched anew, since the end of a piece matches badly
_LEAST_SECONDS, _MOST_SECONDS = 4.0, 24.0  # of a piece


@dataclass(frozen=True)
class Piece:
    """Given words that are said between two moments.

    Attributes:
        first: Index of the first given word.
        last: Index after the last one.
        start: In seconds.
        end: In seconds.
    """

    first: int
    last: int
    start: float
    end: float


def match_long(given: Sequence[str], heard: Sequence[Word]) -> list[int | None]:
    """For each given word the index of the heard word that is the same, but for case and punctuation.

    Memory does not grow with the text, since some hundred words are matched at a time.
    """
    pairs: list[int | None] = [None] * len(given)
    at = begin = 0
    ahead = _AHEAD
    while begin < len(heard) and at < len(given):
        end = min(begin + _HEARD_AT_ONCE, len(heard))
        texts = [word.text for word in heard[begin:end]]
        part = given[at : at + ahead * _HEARD_AT_ONCE]
        found = match_words(part, texts, same_only=True, open_end=True)
        good = [(row, pair[0]) for row, pair in enumerate(found) if pair is not None and pair[1] >= LIKE]
        if end < len(heard):
            good = [(row, column) for row, column in good if column < len(texts) - _AGAIN]
        if len(good) < 0.2 * len(texts) and ahead < 4 * _AHEAD and at + len(part) < len(given):
            ahead *= 2  # a passage of the transcript is not in the recording: look further
            continue
        ahead = _AHEAD
        for row, column in good:
            pairs[at + row] = begin + column
        begin += max((good[-1][1] + 1) if good else len(texts), _HEARD_AT_ONCE // 4)
        at += (good[-1][0] + 1) if good else 0
    return pairs


def cut_at_anchors(
    given: Sequence[str],
    heard: Sequence[Word],
    start: float,
    end: float,
    quiet: Callable[[float, float], float],
) -> list[Piece]:
    """Pieces of 4 to 24 seconds, cut between two words that were both heard, where the pause is longest.

    Args:
        given: Words of the stretch.
        heard: Recognised words of the stretch, with their times.
        start: Of the stretch, in seconds.
        end: Of the stretch.
        quiet: Gives the quietest moment between two moments.

    Returns:
        Pieces that hold each given word once, in order, from `start` to `end`; longer where little was heard.
    """
    pairs = match_long(given, heard)
    cuts: list[tuple[int, float, float]] = []  # given words before it, end of the word before, start of the word after
    for row in range(1, len(given)):
        before, after = pairs[row - 1], pairs[row]
        if before is not None and after == before + 1:
            cuts.append((row, heard[before].end, heard[after].start))
    pieces: list[Piece] = []
    first, begin, at = 0, start, 0
    while at < len(cuts) and end - begin > _MOST_SECONDS:
        while at < len(cuts) and cuts[at][2] < begin + _LEAST_SECONDS:
            at += 1
        last = at
        while last < len(cuts) and cuts[last][1] <= begin + _MOST_SECONDS:
            last += 1
        choice = range(at, max(last, at + 1))
        if at >= len(cuts):
            break
        best = max(choice, key=lambda cut: cuts[cut][2] - cuts[cut][1])
        row, finish, again = cuts[best]
        moment = min(max(quiet(finish - 0.15, max(again, finish) + 0.15), begin), end)
        pieces.append(Piece(first, row, begin, moment))
        first, begin, at = row, moment, best + 1
    pieces.append(Piece(first, len(given), begin, end))
    return pieces
