"""Intervals of time: every collapse against a plain loop, and what must not change it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mlcl.intervals import COLLAPSES, find_overlaps

Times = NDArray[np.float64]
TICK = 1 / 64  # so that every sum of times is exact


def shared(first: tuple[float, float], second: tuple[float, float]) -> bool:
    """Whether two half-open intervals share a moment; one without length is the moment of its start."""
    (a, b), (c, d) = first, second
    if a == b and c == d:
        return a == c
    if a == b:
        return c <= a < d
    if c == d:
        return a <= c < b
    return max(a, c) < min(b, d)


def loop(name: str, words: Times, stream: Times, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """One word after the other."""
    result = np.zeros((len(words), values.shape[1]))
    for index, word in enumerate(words):
        under = [row for row, span in enumerate(stream) if shared(tuple(word), tuple(span))]
        under.sort(key=lambda row: (stream[row][0], row))
        if not under:
            continue
        if name == "mean":
            result[index] = sum(values[row] for row in under) / len(under)
        elif name == "first":
            result[index] = values[under[0]]
        else:
            result[index] = values[min(under, key=lambda row: abs(stream[row].mean() - word.mean()))]
    return result


def intervals(draw: st.DrawFn, most: int) -> Times:
    pairs = draw(st.lists(st.tuples(st.integers(-40, 40), st.integers(0, 30)), max_size=most))
    return np.array([(start, start + length) for start, length in pairs], np.float64).reshape(-1, 2) * TICK


@st.composite
def cases(draw: st.DrawFn) -> tuple[Times, Times, NDArray[np.float64]]:
    words, stream = intervals(draw, 7), intervals(draw, 11)
    return words, stream, np.random.default_rng(draw(st.integers(0, 99))).normal(size=(len(stream), 3))


@pytest.mark.parametrize("name", COLLAPSES)
@given(case=cases())
@settings(max_examples=60, deadline=None)
def test_collapse_is_the_plain_loop(name: str, case: tuple[Times, Times, NDArray[np.float64]]) -> None:
    words, stream, values = case
    found = COLLAPSES[name](find_overlaps(words, stream), values)
    np.testing.assert_allclose(found, loop(name, words, stream, values), atol=1e-12)


@pytest.mark.parametrize("name", COLLAPSES)
@given(case=cases(), shift=st.integers(-1000, 1000))
@settings(max_examples=15, deadline=None)
def test_shift_of_all_times_changes_nothing(
    name: str, case: tuple[Times, Times, NDArray[np.float64]], shift: int
) -> None:
    words, stream, values = case
    moved = find_overlaps(words + shift * TICK, stream + shift * TICK)
    np.testing.assert_array_equal(
        COLLAPSES[name](moved, values), COLLAPSES[name](find_overlaps(words, stream), values), strict=True
    )


@given(case=cases(), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_order_of_words_is_theirs(case: tuple[Times, Times, NDArray[np.float64]], seed: int) -> None:
    words, stream, values = case
    order = np.random.default_rng(seed).permutation(len(words))
    for collapse in COLLAPSES.values():
        expected = collapse(find_overlaps(words, stream), values)[order]
        np.testing.assert_array_equal(collapse(find_overlaps(words[order], stream), values), expected)


def test_rows_of_the_words_themselves_stay_as_they_are() -> None:
    """What the SDK calls aligned: one row per word with the word's own times, which touch."""
    times = np.stack([np.arange(5.0), np.arange(5.0) + 1], 1)
    values = np.random.default_rng(0).normal(size=(5, 2))
    for collapse in COLLAPSES.values():
        np.testing.assert_allclose(collapse(find_overlaps(times, times), values), values, rtol=1e-15)


def test_constant_stream_gives_its_constant_whatever_the_collapse() -> None:
    words = np.array([[0.5, 2.5], [3.0, 3.0], [9.0, 9.5]])
    stream = np.stack([np.arange(8.0), np.arange(8.0) + 1], 1)
    for collapse in COLLAPSES.values():
        found = collapse(find_overlaps(words, stream), np.full((8, 1), 7.0))
        np.testing.assert_allclose(found.ravel(), [7, 7, 0], rtol=1e-15)


@pytest.mark.parametrize("bad", [(0, np.nan), (np.inf, np.inf), (2, 1)])
def test_what_is_no_interval_is_an_error(bad: tuple[float, float]) -> None:
    good = np.array([[0.0, 1.0]])
    wrong = np.array([[0.0, 1.0], bad])
    for words, stream in ((good, wrong), (wrong, good)):
        with pytest.raises(ValueError, match="interval 1 goes from"):
            find_overlaps(words, stream)


def test_intervals_that_all_overlap_are_refused_before_they_fill_the_memory() -> None:
    every = np.tile([[0.0, 1.0]], (20_000, 1))
    with pytest.raises(ValueError, match="20000 words and 20000 rows overlap 400000000 times"):
        find_overlaps(every, every)


def test_window_that_slides_is_no_such_case() -> None:
    start = np.arange(0, 60, 0.01)
    words = np.stack([np.arange(180) / 3, np.arange(1, 181) / 3], 1)
    assert find_overlaps(words, np.stack([start, start + 4], 1)).counts.max() > 400
