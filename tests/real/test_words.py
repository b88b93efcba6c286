"""Words of real speech, with real weights: times against those known by hand, and what is no speech gives none."""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mlcl.media.decode import read_sound
from mlcl.media.recording import Sound, Word
from mlcl.media.words import Cue, Transcript, place_words, recognise, refine_words

CLIPS = Path(os.environ.get("MLCL_DATA") or Path(__file__).parents[3] / "shared" / "data") / "clips"
WHISPER = Path(os.environ.get("MLCL_ASSETS") or Path.home() / ".cache" / "mlcl-assets") / "whisper-tiny.en"
# Start of each word in grid_swwp2s.mpg in seconds, as its .align file has them; jfk.flac is Kennedy's best-known line.
GRID = {"set": 0.49, "white": 0.77, "with": 1.09, "p": 1.22, "two": 1.44, "soon": 1.73}
JFK = "And so my fellow Americans ask not what your country can do for you ask what you can do for your country"
needs_whisper = pytest.mark.skipif(not WHISPER.is_dir(), reason=f"{WHISPER} is not here; set MLCL_ASSETS")
hear = partial(recognise, model=WHISPER, threads=1)


def clip(name: str) -> Path:
    pytest.importorskip("av", reason="av is not installed")
    path = CLIPS / name
    if not path.is_file():
        pytest.skip(f"{path} is not here; set MLCL_DATA to the folder with the real files")
    return path


def error(words: list[Word], starts: list[float]) -> float:
    """Median error of the starts, in seconds."""
    return float(np.median(np.abs(np.array([word.start for word in words]) - starts)))


def letters(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalpha() or sign == " ")


def test_given_words_are_placed_within_a_twentieth_of_a_second() -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    words = place_words(list(GRID), read_sound(clip("grid_swwp2s.mpg")))
    starts = list(GRID.values())
    assert {word.time_source for word in words} == {"pocketsphinx"}
    assert error(words, starts) <= 0.05
    assert error(words[1:], starts[:-1]) > 0.15  # shifted by one word


@needs_whisper
@pytest.mark.long
@pytest.mark.parametrize("method", ["whisper", "whisper_matched"])
def test_the_other_methods_are_within_a_tenth(method: str) -> None:
    words = place_words(
        list(GRID), read_sound(clip("grid_swwp2s.mpg")), model=WHISPER, threads=1, order=[method, "letters"]
    )
    assert method in {word.time_source for word in words}
    assert error(words, list(GRID.values())) <= 0.1


@needs_whisper
@pytest.mark.long
@pytest.mark.parametrize("method", ["pocketsphinx", "whisper", "whisper_matched"])
def test_a_wrong_transcript_is_not_placed(method: str) -> None:
    words = place_words(
        "I would like a cup of tea and some biscuits please",
        read_sound(clip("grid_swwp2s.mpg")),
        model=WHISPER,
        threads=1,
        order=[method, "letters"],
    )
    assert {word.time_source for word in words} == {"letters"}


@needs_whisper
@pytest.mark.long
def test_words_are_heard_where_they_are_said() -> None:
    path = clip("grid_swwp2s.mpg")
    heard = hear(read_sound(path))
    said = {word.text.strip(".,").lower(): word for word in heard.words}
    known = [name for name in GRID if name in said]
    assert len(known) >= 4
    assert error([said[name] for name in known], [GRID[name] for name in known]) <= 0.15
    refined = {word.text.strip(".,").lower(): word for word in refine_words(heard, read_sound(path))}
    assert error([refined[name] for name in known], [GRID[name] for name in known]) <= 0.05


@needs_whisper
@pytest.mark.long
def test_a_known_speech_is_heard_word_for_word_and_twice_alike() -> None:
    path = clip("jfk.flac")
    heard = hear(read_sound(path))
    assert letters(" ".join(word.text for word in heard.words)) == letters(JFK)
    assert (heard.language, heard.language_probability, heard.notes) == ("en", 1.0, ())
    assert hear(read_sound(path)) == heard
    given = place_words(JFK, read_sound(path), model=WHISPER, threads=1)
    assert error(list(heard.words), [word.start for word in given]) <= 0.1


@needs_whisper
@pytest.mark.long
def test_a_language_that_the_model_does_not_know_is_said() -> None:
    (note,) = hear(read_sound(clip("chinese_news.wav"))).notes
    assert "English only" in note


@needs_whisper
@pytest.mark.parametrize("kind", ["silence", "tone", "noise", "none"])
def test_what_is_no_speech_gives_no_words(kind: str) -> None:
    time = np.arange(10 * 16_000) / 16_000
    samples = {
        "silence": 0 * time,
        "tone": 0.3 * np.sin(2 * np.pi * 440 * time),
        "noise": 0.1 * np.random.default_rng(0).normal(size=len(time)),
    }.get(kind)
    sound = [] if samples is None else [Sound(samples.astype(np.float32), 16_000, 0.0)]
    heard = hear(sound)
    assert (heard.words, heard.language) == ((), None)


@needs_whisper
@pytest.mark.long
def test_a_longer_talk_is_placed_by_its_text_alone() -> None:
    path = clip("talk_10200.mp4")
    heard = hear(read_sound(path))
    text = [word.text for word in heard.words]
    placed = place_words(text, read_sound(path), model=WHISPER, threads=1)
    assert [word.text for word in placed] == text
    difference = error(placed, [word.start for word in heard.words])
    assert difference <= 0.1
    assert error(placed[1:], [word.start for word in heard.words][:-1]) > difference + 0.1
    assert sum(word.time_source == "letters" for word in placed) <= 0.1 * len(text)


def test_cues_keep_their_words_inside_their_times() -> None:
    path = clip("jfk.flac")
    cues = (Cue("And so my fellow Americans", 0.2, 2.6), Cue("ask not what your country can do for you", 3.0, 8.0))
    words = place_words(Transcript(cues), read_sound(path))
    assert [word.text for word in words] == Transcript(cues).words
    assert all(0.2 <= word.start <= word.end <= 2.6 for word in words[:5])
    assert all(3.0 <= word.start <= word.end <= 8.0 for word in words[5:])
