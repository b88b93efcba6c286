"""Padding: which rows of a block are real."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcl.data.formats.arrays.padding import filled, is_front_padded, joined, real_rows

fast = settings(deadline=None, max_examples=200, derandomize=True)
rows = st.lists(st.booleans(), max_size=6)


@fast
@given(rows)
def test_span_is_the_shortest_that_holds_every_filled_row(real: list[bool]) -> None:
    block = np.array(real, dtype=float)[:, None] * [0, 2]
    start, stop = filled(block)
    assert not any(real[:start])
    assert not any(real[stop:])
    assert (stop == 0) == (not any(real))
    assert not any(real) or (real[start] and real[stop - 1])


@pytest.mark.parametrize("value", [np.nan, -np.inf, 1e-30])
def test_what_is_not_a_number_is_filled(value: float) -> None:
    assert filled(np.array([[0, 0], [0, value], [0, 0]])) == (1, 2)


def test_rows_without_columns_or_steps_are_empty() -> None:
    assert filled(np.zeros((3, 0))) == filled(np.zeros((0, 3))) == (0, 0)


def test_joint_span_holds_all_and_leaves_out_those_without_rows() -> None:
    assert joined([(2, 5), (0, 0), (3, 7)]) == (2, 7)
    assert joined([(0, 0), (0, 0)]) == joined([]) == (0, 0)


@fast
@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=5), st.booleans())
def test_real_rows_come_back_from_either_end(items: list[tuple[int, bool]], front: bool) -> None:
    steps = 8  # more than any item has, so that every item shows where its padding is
    blocks = []
    for length, gap in items:
        block = np.ones((length, 1))
        block[1:-1] = 0 if gap else 1  # a row of zeros inside is no padding
        blocks.append(np.pad(block, ((steps - length, 0) if front else (0, steps - length), (0, 0))))
    spans = [filled(block) for block in blocks]
    lengths = [length for length, _ in items]
    for known in (None, lengths):
        assert is_front_padded(spans, [steps] * len(spans), known) is front
        for index, (span, block) in enumerate(zip(spans, blocks, strict=True)):
            length = None if known is None else known[index]
            cut = block[real_rows(span, steps, front=front, length=length)]
            assert len(cut) == lengths[index]
            assert cut[0]
            assert cut[-1]


def test_lengths_keep_rows_of_zeros_at_the_ends() -> None:
    spans = [(1, 3), (2, 4)]  # of 4 and 5 real rows in 8 steps, padded behind
    assert not is_front_padded(spans, [8, 8], [4, 5])
    assert [real_rows(span, 8, front=False, length=length) for span, length in zip(spans, (4, 5), strict=True)] == [
        slice(0, 4),
        slice(0, 5),
    ]
    spans = [(5, 7), (4, 8)]  # the same, padded before
    assert is_front_padded(spans, [8, 8], [4, 5])
    assert real_rows(spans[0], 8, front=True, length=4) == slice(4, 8)
    assert real_rows(spans[1], 8, front=True, length=5) == slice(3, 8)


def test_lengths_tell_the_end_where_zeros_do_not() -> None:
    assert is_front_padded([(2, 3)], [4], [2])
    assert not is_front_padded([(2, 3)], [4], [3])
    assert not is_front_padded([(2, 3)], [4])


def test_lengths_that_stop_at_the_first_zeros_say_nothing_of_padding_before() -> None:
    spans = [(5, 8), (3, 8), (0, 8)]
    lengths = [1, 1, 8]  # as a search for the first row of zeros gives them, 0 made 1
    assert is_front_padded(spans, [8] * 3, lengths)
    assert real_rows(spans[0], 8, front=True, length=1) == slice(5, 8)


def test_a_length_of_nothing() -> None:
    assert real_rows((0, 0), 8, front=False, length=0) == slice(0, 0)
    assert real_rows((0, 1), 8, front=False, length=0) == slice(0, 1)
    assert real_rows((0, 0), 8, front=False, length=3) == slice(0, 3)
    assert real_rows((0, 0), 8, front=True, length=3) == slice(5, 8)
    assert real_rows((0, 0), 8, front=True) == real_rows((0, 0), 8, front=False) == slice(0, 0)
    assert not is_front_padded([(0, 1)], [8], [0])


@pytest.mark.parametrize("usual", [True, False])
def test_no_padding_at_all_is_as_usual(usual: bool) -> None:
    assert is_front_padded([(0, 8), (0, 0), (2, 4)], [8, 8, 8], usual=usual) is usual
    assert is_front_padded([(2, 8), (0, 8)], [8, 8], usual=usual) is True
    assert is_front_padded([(0, 6), (0, 8)], [8, 8], usual=usual) is False
