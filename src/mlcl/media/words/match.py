"""Recognised words laid on given ones, so that the given ones get their times."""

import unicodedata
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

import numpy as np

EXACT, LIKE = 1.0, 0.6  # likeness of two words; from LIKE on they may be one word heard differently
_GAP = -0.3  # of leaving a word alone, given or heard
_OTHER = -0.4  # of pairing two words that are not alike


def match_words(
    given: Sequence[str], heard: Sequence[str], *, same_only: bool = False, open_end: bool = False
) -> list[tuple[int, float] | None]:
    """For each given word the index of the heard word that is laid on it, and how alike they are in [0, 1].

    The pairing is monotone and the best by dynamic programming: alike words attract, others may stand for each other.

    Args:
        given: Words of the transcript.
        heard: Words of the recogniser.
        same_only: Whether only the same words are alike, which is much faster for many.
        open_end: Whether given words after the last one heard cost nothing: they may come later.
    """
    plain_given, plain_heard = [_plain(word) for word in given], [_plain(word) for word in heard]
    rows, columns = len(given), len(heard)
    scores = _likeness(plain_given, plain_heard, _same if same_only else _alike)
    gain = np.where(scores >= LIKE, scores, _OTHER)
    best = np.zeros((rows + 1, columns + 1))
    best[0] = np.arange(columns + 1) * _GAP
    best[:, 0] = np.arange(rows + 1) * _GAP
    step = np.zeros((rows + 1, columns + 1), np.int8)  # 0 both, 1 given alone, 2 heard alone
    falls = np.arange(columns + 1) * _GAP
    for row in range(1, rows + 1):
        both = best[row - 1, :-1] + gain[row - 1]
        alone = best[row - 1] + _GAP
        line = alone.copy()
        line[1:] = np.maximum(line[1:], both)
        best[row] = np.maximum.accumulate(line - falls) + falls  # heard words left alone in between
        step[row] = 2
        step[row][best[row] <= alone + 1e-9] = 1
        step[row, 1:][best[row, 1:] <= both + 1e-9] = 0
        step[row, 0] = 1
    row = int(best[:, columns].argmax()) if open_end else rows
    column = columns
    pairs: list[tuple[int, float] | None] = [None] * rows
    while row and column:
        if step[row, column] == 0:
            pairs[row - 1] = (column - 1, float(scores[row - 1, column - 1]))
            row, column = row - 1, column - 1
        elif step[row, column] == 1:
            row -= 1
        else:
            column -= 1
    return pairs


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKD", word).casefold()
    return "".join(sign for sign in folded if sign.isalnum()) or word


def _likeness(
    given: list[str], heard: list[str], alike: Callable[[str, str], float]
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """(given, heard) likeness; computed once for each pair of distinct words of like length."""
    scores = np.zeros((len(given), len(heard)))
    columns: dict[str, list[int]] = {}
    for at, word in enumerate(heard):
        columns.setdefault(word, []).append(at)
    known: dict[str, list[tuple[list[int], float]]] = {}
    for row, word in enumerate(given):
        if word not in known:
            known[word] = [(places, score) for other, places in columns.items() if (score := alike(word, other))]
        for places, score in known[word]:
            scores[row, places] = score
    return scores


def _same(one: str, other: str) -> float:
    return EXACT if one == other else 0.0


def _alike(one: str, other: str) -> float:
    if one == other:
        return EXACT
    short, long = sorted((len(one), len(other)))
    if short < 3 or 2 * short < LIKE * (short + long):
        return 0.0
    matcher = SequenceMatcher(None, one[:40], other[:40], autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= LIKE else 0.0
