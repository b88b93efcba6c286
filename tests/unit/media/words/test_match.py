"""Recognised words are laid on given ones in order, as well as can be, and a long text is followed."""

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcl.media.recording import Word
from mlcl.media.words.anchors import cut_at_anchors, match_long
from mlcl.media.words.match import match_words

WORDS = st.lists(st.sampled_from(["a", "b", "c", "movie", "movies", "house"]), max_size=7)


def value(given: list[str], heard: list[str], pairs: list[tuple[int, int]]) -> float:
    """What a pairing is worth, by the definition."""
    likeness = {("movie", "movies"): 10 / 11}
    paired = 0.0
    for row, column in pairs:
        one, other = sorted((given[row], heard[column]))
        score = 1.0 if one == other else likeness.get((one, other), 0.0)
        paired += score if score >= 0.6 else -0.4
    return paired - 0.3 * (len(given) + len(heard) - 2 * len(pairs))


@settings(max_examples=60, deadline=None)
@given(WORDS, WORDS)
def test_no_monotone_pairing_is_better(given: list[str], heard: list[str]) -> None:
    found = [(row, pair[0]) for row, pair in enumerate(match_words(given, heard)) if pair is not None]
    best = max(
        value(given, heard, list(zip(rows, columns, strict=True)))
        for size in range(min(len(given), len(heard)) + 1)
        for rows in combinations(range(len(given)), size)
        for columns in combinations(range(len(heard)), size)
    )
    assert found == sorted(found)
    assert len({column for _, column in found}) == len(found)
    assert value(given, heard, found) == pytest.approx(best)


def test_case_punctuation_and_accents_make_no_difference() -> None:
    assert match_words(["Caf\u00e9,", "OK!"], ["cafe", "ok"]) == [(0, 1.0), (1, 1.0)]


def test_given_words_after_the_end_cost_nothing_where_the_end_is_open() -> None:
    given = ["a", "b", "c", "d", "e", "f", "g", "h"]
    assert match_words(given, ["a", "b"], open_end=True)[:3] == [(0, 1.0), (1, 1.0), None]


def spoken(count: int, seed: int = 0) -> list[Word]:
    draw = random.Random(seed)
    names = [f"w{number}x{number * 7919 % 997}" for number in range(300)]
    return [Word(draw.choice(names), at * 0.4, at * 0.4 + 0.3, "recognised") for at in range(count)]


def test_a_long_text_is_followed_through_errors_and_missing_passages() -> None:
    heard = spoken(2000)
    draw = random.Random(1)
    truth = [at for at in range(2000) if not 700 <= at < 760]  # the transcript lacks a passage
    given = [heard[at].text if draw.random() > 0.1 else "garbled" for at in truth]
    given[1200:1200], truth[1200:1200] = ["unsaid"] * 80, [-1] * 80  # and has one that nobody said
    pairs = match_long(given, heard)
    right = sum(pair == at for pair, at in zip(pairs, truth, strict=True) if at >= 0)
    wrong = sum(pair is not None and pair != at for pair, at in zip(pairs, truth, strict=True))
    assert right >= 0.85 * len(heard)
    assert wrong <= 10
    known = [pair for pair in pairs if pair is not None]
    assert known == sorted(set(known))


def test_pieces_hold_each_word_once_and_meet_at_pauses() -> None:
    heard = spoken(500)
    given = [word.text for word in heard]
    pieces = cut_at_anchors(given, heard, 0.0, 200.0, lambda start, end: (start + end) / 2)
    assert [at for piece in pieces for at in range(piece.first, piece.last)] == list(range(500))
    for piece in pieces:
        assert piece.end - piece.start < 25
        inside = heard[piece.first : piece.last]
        assert piece.start - 0.06 <= inside[0].start
        assert inside[-1].end <= piece.end + 0.06
    assert (pieces[0].start, pieces[-1].end) == (0.0, 200.0)


def test_other_words_are_one_piece() -> None:
    pieces = cut_at_anchors(["unsaid"] * 50, spoken(100), 0.0, 40.0, lambda start, _: start)
    assert [(piece.first, piece.last) for piece in pieces] == [(0, 50)]


def test_no_piece_ends_beside_a_word_that_is_only_given_or_only_heard() -> None:
    heard = spoken(120)
    given = [word.text for word in heard]
    given[40:40] = ["unsaid"]
    del given[25]  # now the heard words beside it are not neighbours, and the time between them is no pause
    pieces = cut_at_anchors(given, heard, 0.0, 48.0, lambda start, end: (start + end) / 2)
    assert len(pieces) > 1
    assert not {piece.first for piece in pieces} & {25, 39, 40}
