"""One token sequence per item: special tokens, segments, truncation, and the row under each token."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunks import Chunks
from mlcl.data.corpus import Ragged, Segment, Split
from mlcl.data.layout import TokenSequences, lay_out, row_counts

CLS, SEP = Chunks.cls_id, Chunks.sep_id
sentences = st.lists(st.sampled_from(["ab", "abc", "abcde", "x.", "*"]), max_size=7)
fast = settings(deadline=None, max_examples=80, derandomize=True)


def segment(words: list[list[str]], *, split_up: bool = False) -> Segment:
    """One row per word; with `split_up` each word is a sentence of its own."""
    rows = Ragged.stack([np.ones((len(item), 3)) for item in words], width=3)
    return Segment(words, {"acoustic": rows}, words if split_up else None)


def split(main: list[list[str]], context: list[list[str]] | None = None) -> Split:
    ids = [str(index) for index in range(len(main))]
    return Split(ids, segment(main), None if context is None else segment(context))


def sequences(data: Split, max_length: int = 99, **options: Any) -> tuple[TokenSequences, list[dict[str, list[int]]]]:
    settings = {"alignment": "word", "lower_case": False, **options}
    found = lay_out(data, Chunks(), max_length=max_length, **settings)
    items = []
    for start, stop in zip(found.offsets[:-1], found.offsets[1:], strict=True):
        items.append({name: getattr(found, name)[start:stop].tolist() for name in ("ids", "types", "rows")})
    return found, items


def test_a_single_segment_stands_between_special_tokens() -> None:
    unknown = Chunks.unknown_id
    found, items = sequences(split([["abc", "d"], [], ["*"]]))
    assert items[0] == {"ids": [CLS, 10, 11, 12, SEP], "types": [0, 0, 0, 0, 0], "rows": [-1, 0, 0, 1, -1]}
    assert items[1] == {"ids": [CLS, SEP], "types": [0, 0], "rows": [-1, -1]}
    assert items[2] == {"ids": [CLS, unknown, SEP], "types": [0, 0, 0], "rows": [-1, 0, -1]}
    assert found.vanished == 1
    assert found.spoken.tolist() == [True, False, False]


def test_a_pair_has_the_context_first_and_rows_counted_over_both() -> None:
    found, items = sequences(split([["ab"], ["ab"], [], []], [["abc", "ab"], [], ["ab"], []]))
    assert items[0] == {
        "ids": [CLS, 10, 11, 10, SEP, 10, SEP],
        "types": [0, 0, 0, 0, 0, 1, 1],
        "rows": [-1, 0, 0, 1, -1, 2, -1],
    }
    assert items[1] == {"ids": [CLS, SEP, 10, SEP], "types": [0, 0, 1, 1], "rows": [-1, -1, 0, -1]}
    assert items[2] == {"ids": [CLS, 10, SEP, SEP], "types": [0, 0, 0, 1], "rows": [-1, 0, -1, -1]}
    assert items[3] == {"ids": [CLS, SEP, SEP], "types": [0, 0, 1], "rows": [-1, -1, -1]}
    assert found.spoken.tolist() == [True, True, True, False]


class Backward(Chunks):
    """The same with [CLS] at the end."""

    cls_last, cls_type = True, 2


@fast
@given(
    st.lists(st.tuples(sentences, sentences), min_size=1, max_size=5),
    st.integers(8, 17),
    st.sampled_from([True, False]),
)
def test_a_class_token_that_comes_last_has_a_segment_of_its_own_and_moves_nothing_else(
    items: list[tuple[list[str], list[str]]], max_length: int, pair: bool
) -> None:
    data = split([main for main, _ in items], [context for _, context in items] if pair else None)
    options: dict[str, Any] = {"alignment": "word", "lower_case": False, "max_length": max_length}
    first, last = lay_out(data, Chunks(), **options), lay_out(data, Backward(), **options)
    assert first.offsets.tolist() == last.offsets.tolist()
    assert first.spoken.tolist() == last.spoken.tolist()
    for start, stop in zip(first.offsets[:-1], first.offsets[1:], strict=True):
        assert last.ids[start:stop].tolist() == [*first.ids[start + 1 : stop], CLS]
        assert last.rows[start:stop].tolist() == [*first.rows[start + 1 : stop], -1]
        assert last.types[start:stop].tolist() == [*first.types[start + 1 : stop], 2]


def truncate(context: list[Any], main: list[Any], room: int) -> tuple[list[Any], list[Any]]:
    """The rule of HKT and of the release, token by token."""
    context, main = list(context), list(main)
    while len(context) + len(main) > room:
        if context:
            context.pop(0)
        else:
            main.pop()
    return context, main


@fast
@given(st.lists(st.tuples(sentences, sentences), min_size=1, max_size=5), st.integers(8, 17))
def test_a_pair_that_is_too_long_loses_the_context_s_front_then_the_punchline_s_end(
    items: list[tuple[list[str], list[str]]], max_length: int
) -> None:
    data = split([main for main, _ in items], [context for _, context in items])
    whole, cut = sequences(data)[1], sequences(data, max_length)[1]
    for full, short in zip(whole, cut, strict=True):
        tokens = list(zip(full["ids"], full["rows"], strict=True))
        middle = full["types"].count(0) - 1
        context, main = truncate(tokens[1:middle], tokens[middle + 1 : -1], max_length - 3)
        expected = [(CLS, -1), *context, (SEP, -1), *main, (SEP, -1)]
        assert list(zip(short["ids"], short["rows"], strict=True)) == expected
        assert short["types"] == (len(context) + 2) * [0] + (len(main) + 1) * [1]


@fast
@given(st.lists(sentences, min_size=1, max_size=5), st.integers(8, 17))
def test_a_single_segment_that_is_too_long_loses_its_end(items: list[list[str]], max_length: int) -> None:
    whole, cut = sequences(split(items))[1], sequences(split(items), max_length)[1]
    for full, short in zip(whole, cut, strict=True):
        kept = min(len(full["ids"]), max_length) - 1
        assert short["ids"] == [*full["ids"][:kept], SEP]
        assert short["rows"] == [*full["rows"][:kept], -1]
        assert len(short["ids"]) == len(short["types"]) <= max_length


def test_cutting_one_item_does_not_touch_the_others() -> None:
    alone, both = split([["ab"]]), split([["ab"], 50 * ["ab"]])
    assert sequences(both, 8)[1][0] == sequences(alone, 8)[1][0]


def with_sentences(words: list[str]) -> Split:
    """One item whose main segment keeps its sentences."""
    spoken = [word for sentence in words for word in sentence.split()]
    rows = Ragged.stack([np.ones((len(spoken), 3))], width=3)
    return Split(["0"], Segment([spoken], {"acoustic": rows}, [words]))


@pytest.mark.parametrize("mark", list(".,;:!?"))
def test_a_sentence_with_a_mark_of_its_own_stays_as_it_is(mark: str) -> None:
    data, tokenizer = with_sentences([f"ab{mark}"]), Chunks()
    lay_out(data, tokenizer, alignment="word", max_length=99, lower_case=False)
    assert tokenizer.calls == [[f"ab{mark}"]]


def test_a_sentence_without_a_mark_of_its_own_ends_with_a_full_stop_of_its_last_word_s_row() -> None:
    found = lay_out(
        with_sentences(["ab cd", "e!", "", "fg"]),
        tokenizer := Chunks(),
        alignment="word",
        max_length=99,
        lower_case=False,
    )
    assert tokenizer.tokens(found.ids[1:-1].tolist()) == ["ab", "cd", ".", "e!", "fg", "."]
    assert found.rows.tolist() == [-1, 0, 1, 1, 2, 3, 3, -1]


@pytest.mark.parametrize("alignment", ["word", "last_word"])
def test_lower_case_reaches_the_tokenizer_in_every_alignment(alignment: str) -> None:
    for lower, seen in ((True, "ab"), (False, "AB")):
        tokenizer = Chunks()
        lay_out(split([["AB"]]), tokenizer, alignment=alignment, max_length=9, lower_case=lower)
        assert tokenizer.calls == [[seen]]


def test_last_word_alignment_gives_each_segment_its_last_row() -> None:
    data = split([["ab", "c"], ["a"]], [["ab", "cd", "ef"], []])
    _, items = sequences(data, alignment="last_word")
    assert items[0]["rows"] == [-1, 2, 2, 2, -1, 4, 4, -1]
    assert items[1]["rows"] == [-1, -1, 0, -1]


def test_last_word_alignment_adds_nothing_to_words_that_are_no_sentences() -> None:
    for data in (split([["ab", "cd"]]), split([["ab", "cd"]], [["ab", "cd"]])):
        tokenizer = Chunks()
        lay_out(data, tokenizer, alignment="last_word", max_length=99, lower_case=False)
        assert {text for call in tokenizer.calls for text in call} == {"ab cd"}


def test_last_word_alignment_joins_context_by_full_stops_and_ends_the_punchline_with_one() -> None:
    """The texts of the release: ``". ".join(context)`` and ``punchline + "."``."""
    data = replace(with_sentences(["ab cd"]), context=with_sentences(["ef", "gh ij"]).main)
    tokenizer = Chunks()
    lay_out(data, tokenizer, alignment="last_word", max_length=99, lower_case=False)
    assert sorted(tokenizer.calls) == [["ab cd."], ["ef. gh ij"]]


@pytest.mark.parametrize("alignment", ["word", "last_word"])
@pytest.mark.parametrize("pair", [True, False])
def test_without_text_only_special_tokens_remain(alignment: str, pair: bool) -> None:
    data = split([["ab"], []], [["ab", "cd"], []] if pair else None)
    found, items = sequences(data, alignment=alignment, use_text=False)
    assert [item["ids"] for item in items] == 2 * [[CLS, SEP, SEP] if pair else [CLS, SEP]]
    assert set(found.rows.tolist()) == {-1}
    assert not found.spoken.any()


def test_rows_are_counted_by_item_and_are_none_for_a_segment_without_rows() -> None:
    assert row_counts(segment([["a", "b"], [], ["c"]])).tolist() == [2, 0, 1]
    assert row_counts(Segment([["a"], ["b"]])).tolist() == [0, 0]
