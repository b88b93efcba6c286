"""Written words become words that a dictionary of sounds may know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcl.media.words.spoken import sounds_of, spoken_words

VOWELS = {"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"}
SOUNDS = VOWELS | {"CH", "DH", "HH", "JH", "NG", "SH", "TH", "ZH", *"BDFGKLMNPRSTVWYZ"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Don\u2019t,", "don't"),
        ("well-known", "well known"),
        ("1984", "nineteen eighty four"),
        ("2005", "two thousand five"),
        ("1905", "nineteen oh five"),
        ("1,250", "one thousand two hundred fifty"),
        ("3.50", "three point five zero"),
        ("21st", "twenty first"),
        ("90th", "ninetieth"),
        ("50%", "fifty percent"),
        ("R&B", "r and b"),
        ("007", "zero zero seven"),
        ("na\u00efve", "naive"),
        ("\u2014", ""),
        ("...", ""),
        ("\u4f60", ""),
    ],
)
def test_what_is_said_for_a_written_word(written: str, said: str) -> None:
    assert " ".join(spoken_words(written)) == said


@given(st.text(max_size=40))
def test_spoken_words_are_letters_and_apostrophes(text: str) -> None:
    for word in spoken_words(text):
        assert word
        assert set(word) <= set("abcdefghijklmnopqrstuvwxyz'")


@given(st.text("abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=30))
def test_sounds_are_those_of_the_dictionary(word: str) -> None:
    sounds = sounds_of(word).split()
    assert set(sounds) <= SOUNDS
    assert sounds or not word.strip("'")


def test_sounds_follow_the_letters() -> None:
    assert sounds_of("zash") == "Z AE SH"
    assert sounds_of("mlcl") == "EH M EH L S IY EH L"
