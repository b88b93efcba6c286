"""Words to sub-words to rows, against loops; and the release's last-word rule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunks import Chunks
from mlcl.data.align import align_last_word, align_words
from mlcl.errors import DataError

words = st.text("abcde*", max_size=7)
fast = settings(deadline=None, max_examples=60, derandomize=True)


def as_lists(aligned: object, items: int) -> list[tuple[list[str], list[int]]]:
    return [tuple(part.tolist() for part in aligned[item]) for item in range(items)]  # type: ignore[index]


@fast
@given(st.lists(st.lists(words, max_size=7), max_size=7))
def test_alignment_equals_a_loop_over_words(items: list[list[str]]) -> None:
    tokenizer = Chunks()
    aligned = align_words(items, tokenizer)
    expected = []
    for item in items:
        pieces = [
            (piece, row)
            for row, word in enumerate(item)
            for piece in Chunks.encode(tokenizer, [word])[0] or [Chunks.unknown_id]
        ]
        expected.append(([piece for piece, _ in pieces], [row for _, row in pieces]))
    assert as_lists(aligned, len(items)) == expected
    assert aligned.offsets[0] == 0
    assert aligned.offsets[-1] == len(aligned.ids) == len(aligned.rows)


@fast
@given(st.lists(st.lists(words, max_size=7), min_size=1, max_size=7))
def test_laws_of_alignment(items: list[list[str]]) -> None:
    """Rows never go back, each word has its row, and no other row occurs."""
    tokenizer = Chunks()
    aligned = align_words(items, tokenizer)
    for item, (_, rows) in zip(items, as_lists(aligned, len(items)), strict=True):
        assert rows == sorted(rows)
        assert set(rows) == set(range(len(item)))
    assert aligned.vanished.tolist() == [sum(not word.strip("*") for word in item) for item in items]


def test_each_distinct_word_is_tokenised_once() -> None:
    tokenizer = Chunks()
    align_words([["ab", "cd", "ab"], ["ab"], [], ["ef", "cd"]], tokenizer)
    assert tokenizer.calls == [["ab", "cd", "ef"]]


def test_a_word_without_sub_words_is_the_unknown_token_and_keeps_its_row() -> None:
    aligned = align_words([["abc", "***", "d"], ["*"]], Chunks())
    assert as_lists(aligned, 2) == [([10, 11, Chunks.unknown_id, 12], [0, 0, 1, 2]), ([Chunks.unknown_id], [0])]
    assert aligned.vanished.tolist() == [1, 1]


@fast
@given(st.lists(st.lists(words, max_size=7), max_size=7))
def test_the_releases_leave_such_words_out(items: list[list[str]]) -> None:
    aligned, kept = align_words(items, Chunks(), replace_vanished=False), align_words(items, Chunks())
    for (ids, rows), (all_ids, all_rows) in zip(*(as_lists(a, len(items)) for a in (aligned, kept)), strict=True):
        spelt = [number for number, token in enumerate(all_ids) if token != Chunks.unknown_id]
        assert (ids, rows) == ([all_ids[number] for number in spelt], [all_rows[number] for number in spelt])
    assert not aligned.vanished.any()


@pytest.mark.parametrize("items", [[], [[]], [[], []]])
def test_nothing_to_align_is_empty(items: list[list[str]]) -> None:
    aligned = align_words(items, Chunks())
    assert aligned.ids.dtype == aligned.rows.dtype == aligned.offsets.dtype == np.int64
    assert as_lists(aligned, len(items)) == [([], [])] * len(items)


def last_word(texts: list[str], counts: list[int]) -> list[tuple[list[str], list[int]]]:
    return as_lists(align_last_word(texts, np.array(counts, dtype=np.int64), Chunks()), len(texts))


def test_every_sub_word_gets_the_last_row_of_its_segment() -> None:
    assert [rows for _, rows in last_word(["ab cdef g", "", "a"], [3, 0, 1])] == [[2, 2, 2, 2], [], [0]]


def test_from_the_first_underscore_on_the_row_is_the_count_of_marked_tokens_minus_one() -> None:
    """Tokens: ab c_ de _f; none marked so far is -1, the last of 7 rows; then rows 0, 0 and 1."""
    assert last_word(["ab c_ de _f"], [7]) == [([10, 11, 12, 13], [6, 0, 0, 1])]


def test_whole_texts_are_tokenised_and_not_words() -> None:
    tokenizer = Chunks()
    align_last_word(["ab cd", "ef"], np.array([2, 1]), tokenizer)
    assert tokenizer.calls == [["ab cd", "ef"]]


def test_no_texts_are_legal() -> None:
    aligned = align_last_word([], np.zeros(0, np.int64), Chunks())
    assert aligned.offsets.tolist() == [0]
    assert len(aligned.ids) == len(aligned.rows) == 0


def test_as_many_underscores_as_rows_are_the_most_that_can_be_placed() -> None:
    assert last_word(["a_ b_"], [2]) == [([10, 11], [0, 1])]
    message = r"^item 1 has 3 underscores and 2 rows; alignment last_word cannot place them, use --set data\.alignment="
    with pytest.raises(DataError, match=message):
        last_word(["a_ b_", "a_ b_ c_"], [2, 2])
