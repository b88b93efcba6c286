"""Which sub-words are a word's, found without the vocabulary: never wrong, and mostly found."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcl.data.formats.mmsa.subwords import BEYOND, Spoken, first_tokens, run_ends

fast = settings(deadline=None, max_examples=300, derandomize=True)
PIECES = {"a": 1, "b": 1, "c": 2, "d": 3, "e": 4}


def spoken(words: list[str], rows: list[int], most: int = 99) -> tuple[Spoken, list[int]]:
    """An item as a tokenizer makes it, cut off after `most` sub-words; and the word of each sub-word."""
    owners = [index for index, word in enumerate(words) for _ in range(PIECES[word])]
    cut = len(owners) >= most
    owners = owners[:most]
    return Spoken(words, run_ends(np.array([[rows[owner]] for owner in owners]).reshape(-1, 1)), cut), owners


items = st.lists(
    st.lists(st.tuples(st.sampled_from(sorted(PIECES)), st.integers(0, 2)), max_size=6), min_size=1, max_size=5
)


@fast
@given(items, st.integers(1, 12))
def test_a_word_that_is_placed_has_its_own_row(drawn: list[list[tuple[str, int]]], most: int) -> None:
    made = []
    for item in drawn:
        words, rows = [word for word, _ in item], [row for _, row in item]
        made.append((rows, *spoken(words, rows, most)))
    found = first_tokens([item for _, item, _ in made])
    assert found is not None
    for tokens, (rows, item, owners) in zip(found, made, strict=True):
        assert len(tokens) == len(item.words)
        for word, token in enumerate(tokens):
            if token == BEYOND:
                assert word not in owners
            elif token is not None and word in owners:
                assert rows[owners[token]] == rows[word]


@fast
@given(st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=9))
def test_every_word_is_placed_where_each_row_differs_from_the_last(words: list[str]) -> None:
    item, owners = spoken(words, list(range(len(words))))
    (tokens,) = first_tokens([item]) or []
    assert [owners[token] for token in tokens if token is not None] == list(range(len(words)))


def test_words_in_one_run_have_its_row_wherever_they_part() -> None:
    assert first_tokens([Spoken(["x", "y"], [4], False)]) == [[0, 1]]


def test_one_item_settles_another() -> None:
    unclear = Spoken(["x", "d", "y"], [2, 6], False)  # x and d in the first run, or d and y in the second
    assert first_tokens([unclear]) == [[0, None, 2]]
    clear = Spoken(["z", "d"], [1, 4], False)  # d has three sub-words
    assert first_tokens([clear, unclear]) == [[0, 1], [0, 2, 5]]
    assert first_tokens([unclear, clear]) == [[0, 2, 5], [0, 1]]


def test_a_word_that_was_cut_off_settles_nothing() -> None:
    cut, whole = Spoken(["x", "d"], [1, 3], True), Spoken(["y", "d"], [1, 4], False)
    assert first_tokens([cut, whole]) == [[0, 1], [0, 1]]


def test_the_first_word_may_be_split_in_another_way() -> None:
    assert first_tokens([Spoken(["a", "a"], [2, 3], False)]) == [[0, 2]]
    assert first_tokens([Spoken(["a", "b"], [2, 3], False), Spoken(["b", "a"], [1, 2], False)]) == [[0, 2], [0, 1]]


@pytest.mark.parametrize(
    "items",
    [
        [Spoken(["a"], [1, 2], False)],
        [Spoken(["a", "b"], [1], False)],
        [Spoken([], [1], False)],
        [Spoken(["a"], [], False)],
        [Spoken(["a"], [2], False), Spoken(["a"], [3], False)],
        [Spoken(["x", "a"], [1, 3], False), Spoken(["y", "a"], [1, 4], False)],
    ],
    ids=str,
)
def test_what_cannot_be_cut_is_no_copy(items: list[Spoken]) -> None:
    assert first_tokens(items) is None


def test_nothing_is_nothing() -> None:
    assert first_tokens([]) == []
    assert first_tokens([Spoken([], [], False), Spoken(["a"], [], True)]) == [[], [BEYOND]]


@pytest.mark.parametrize("value", [np.nan, -np.inf, 2.0])
def test_runs_end_where_a_row_changes(value: float) -> None:
    assert run_ends(np.array([[1, value], [1, value], [0, value], [0, 1.0]])) == [2, 3, 4]
    assert run_ends(np.zeros((0, 2))) == []
    assert run_ends(np.ones((3, 2), bool)) == [3]


@pytest.mark.parametrize("runs", [1, 8, 60, 120])
def test_long_items_take_little_of_the_processor(runs: int) -> None:
    words = [f"w{index}" for index in range(60 + runs // 2)]
    ends = np.linspace(0, 120, runs + 1).astype(int)[1:].tolist()
    started = time.process_time()
    assert first_tokens([Spoken(words, ends, True)] * 100) is not None
    assert time.process_time() - started < 5  # 0.3 s on an idle core


def test_very_long_items_are_left_open() -> None:
    assert first_tokens([Spoken(["a", "b"], [300, 600], False)]) == [[None, None]]
