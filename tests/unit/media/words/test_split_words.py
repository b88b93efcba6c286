"""Texts become words without losing a sign."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcl.media.words.transcript import split_words


@given(st.text())
def test_the_words_together_are_the_text_without_its_spaces(text: str) -> None:
    words = split_words(text)
    assert "".join(words) == "".join(text.split())
    assert all(words)


@given(st.text(st.characters(max_codepoint=0x24F)))
def test_scripts_with_spaces_are_cut_at_spaces_only(text: str) -> None:
    assert split_words(text) == text.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\u6211\u53bb\u5317\u4eac\u3002\u597d!", ["\u6211", "\u53bb", "\u5317", "\u4eac\u3002", "\u597d!"]),
        ("Hello \u4e16\u754c", ["Hello", "\u4e16", "\u754c"]),
        ("\u300c\u306f\u3044\u300d", ["\u300c\u306f", "\u3044\u300d"]),
    ],
)
def test_scripts_without_spaces_are_cut_at_characters_with_their_marks(text: str, words: list[str]) -> None:
    assert split_words(text) == words
