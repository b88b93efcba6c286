"""Sentences hold every word once, end where a reader would end them, and keep to their bounds."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcl.media.recording import Word
from mlcl.media.specification import SentenceBounds
from mlcl.media.words import cut_sentences

TEXTS = ["well", "no.", "Dr.", "3.5", "wait...", "Why?", "so,", "\u597d\u3002", '"Stop!"', "-", "U.S.", "ok"]


def said(text: str, gap: float = 0.05, length: float = 0.3) -> list[Word]:
    """The words of a text, one after the other; ``|`` is a pause of a second."""
    words: list[Word] = []
    at = 0.0
    for part in text.split():
        if part == "|":
            at += 1.0
            continue
        words.append(Word(part, at, at + length, "transcript"))
        at += length + gap
    return words


def texts(words: list[Word], bounds: SentenceBounds | None = None) -> list[str]:
    return [sentence.text for sentence in cut_sentences(words, bounds)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["I like it.", "You do not!", "Really?"],
        ["Dr. Smith paid 3.50 to Mr. J. R. Jones.", "He left."],
        ["Well... maybe not.", "Wait...", "What?"],
        ["I said no.", "Take No. 5 please."],
        ["This is it, e.g. in the U.S. army.", "Right."],
        ['"Really?" he asked.', '"Yes!"', "She left."],
        ["\u4f60\u597d\u3002", "\u597d\uff01"],
        ["Version 2.0 came in 1984.", "Then 3 followed."],
    ],
)
def test_a_sentence_ends_where_a_reader_ends_it(sentences: list[str]) -> None:
    assert texts(said(" ".join(sentences))) == sentences


def test_a_pause_and_another_speaker_end_a_sentence() -> None:
    assert texts(said("so we | went home")) == ["so we", "went home"]
    words = said("yes no")
    words[1] = Word("no", words[1].start, words[1].end, "transcript", None, "B")
    assert texts(words) == ["yes", "no"]


def test_a_long_sentence_is_cut_at_its_longest_pause() -> None:
    words = said("a b c d e f g h")
    late = [
        Word(word.text, word.start + 0.5 * (at >= 5), word.end + 0.5 * (at >= 5), "x") for at, word in enumerate(words)
    ]
    assert texts(late, SentenceBounds(most_words=6)) == ["a b c d e", "f g h"]
    assert texts(words, SentenceBounds(most_words=6)) == ["a b c d", "e f g h"]  # no pause: in the middle
    assert texts(said("a b c, d e f g h"), SentenceBounds(most_words=6)) == ["a b c,", "d e f g h"]


def test_no_words_are_no_sentences() -> None:
    assert cut_sentences([]) == []


@st.composite
def recordings(draw: st.DrawFn) -> list[Word]:
    parts = draw(
        st.lists(
            st.tuples(
                st.sampled_from(TEXTS), st.floats(0, 2), st.floats(0, 3), st.sampled_from([None, "A", "B"]) | st.none()
            ),
            max_size=80,
        )
    )
    at, words = 0.0, []
    for text, gap, length, speaker in parts:
        at += gap
        words.append(Word(text, at, at + length, "transcript", None, speaker))
        at += length
    return words


@settings(deadline=None)
@given(recordings(), st.integers(1, 20), st.floats(0.5, 30), st.floats(0.1, 3))
def test_every_word_is_in_exactly_one_sentence_within_the_bounds(
    words: list[Word], most_words: int, most_seconds: float, pause: float
) -> None:
    bounds = SentenceBounds(most_words=most_words, most_seconds=most_seconds, pause=pause)
    sentences = cut_sentences(words, bounds)
    assert [word for sentence in sentences for word in sentence.words] == words
    for sentence in sentences:
        assert sentence.words
        assert (sentence.start, sentence.end) == (sentence.words[0].start, sentence.words[-1].end)
        assert len(sentence.words) <= most_words
        assert sentence.end - sentence.start <= most_seconds or len(sentence.words) == 1
        for before, after in pairwise(sentence.words):
            assert after.start - before.end < pause
            assert before.speaker == after.speaker
