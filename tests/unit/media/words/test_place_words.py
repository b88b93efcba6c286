"""Words are placed by the first method that fits, none is lost, and times stay inside the recording.

The methods themselves are tried on real speech, in tests/real/test_words.py.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcl.errors import DataError, EncoderError, UsageError
from mlcl.media.recording import Sound, Word
from mlcl.media.words import (
    Cue,
    Recognised,
    TimedWord,
    Transcript,
    methods,
    place_words,
    recognise,
    refine,
    refine_words,
)
from mlcl.media.words import recognise as recognising
from mlcl.media.words.pocketsphinx_times import PocketsphinxAligner

RATE = 16_000
LETTERS = ["letters"]


def tone(start: float, seconds: float) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    return Sound((0.3 * np.sin(2 * np.pi * 300 * time)).astype(np.float32), RATE, start)


class Evenly:
    """An aligner that spreads words evenly, or refuses what it is told to."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.asked: list[tuple[list[str], float]] = []

    def is_english(self, words: list[str]) -> bool:
        return True

    def times(self, words: list[str], samples: Any) -> list[tuple[float, float]] | None:
        self.asked.append((list(words), len(samples) / RATE))
        if self.refused and self.refused in words:
            return None
        edges = np.linspace(0, len(samples) / RATE, len(words) + 1)
        return list(itertools.pairwise(edges))


@pytest.fixture
def aligner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Evenly]:
    made = Evenly("unsaid")
    monkeypatch.setattr(methods, "PocketsphinxAligner", lambda: made)
    monkeypatch.setattr(refine, "PocketsphinxAligner", lambda: made)
    return made


def test_words_of_cues_are_placed_inside_their_cue_by_the_first_method_that_fits(aligner: Evenly) -> None:
    cues = (Cue("one two", 1.0, 2.0, "A"), Cue("unsaid words", 3.0, 4.0, "B"), Cue("end", 4.0, 5.0))
    words = place_words(Transcript(cues), [tone(0, 6)])
    assert [(word.text, word.time_source, word.speaker) for word in words] == [
        ("one", "pocketsphinx", "A"),
        ("two", "pocketsphinx", "A"),
        ("unsaid", "letters", "B"),
        ("words", "letters", "B"),
        ("end", "pocketsphinx", None),
    ]
    assert [word.start for word in words] == pytest.approx([1.0, 1.5, 3.0, 3.53, 4.0], abs=0.02)
    assert aligner.asked == [(["one", "two"], 1.0), (["unsaid", "words"], 1.0), (["end"], 1.0)]


def test_times_that_the_transcript_gives_are_kept(aligner: Evenly) -> None:
    given = (TimedWord("one", 0.5, 0.7, 0.4), TimedWord("two", 0.7, 1.5))
    words = place_words(Transcript((Cue("one two", 0.2, 1.9, "A", given),)), [tone(0, 3)])
    assert words == [Word("one", 0.5, 0.7, "transcript", 0.4, "A"), Word("two", 0.7, 1.5, "transcript", None, "A")]
    assert aligner.asked == []


def test_given_times_of_two_who_speak_at_once_run_forwards() -> None:
    one = Cue("one two", 0.0, 2.0, "A", (TimedWord("one", 0.0, 1.0), TimedWord("two", 1.0, 2.0)))
    other = Cue("three", 0.5, 1.5, "B", (TimedWord("three", 0.5, 1.5),))
    words = place_words(Transcript((one, other)), [tone(0, 3)], order=LETTERS)
    assert [(word.text, word.start, word.end) for word in words] == [
        ("one", 0.0, 1.0),
        ("two", 1.0, 1.0),
        ("three", 1.0, 2.0),
    ]


def test_plain_text_is_placed_in_the_whole_recording(aligner: Evenly) -> None:
    words = place_words("one two", [tone(5, 2)])
    assert [(word.start, word.end) for word in words] == [(5.0, 6.0), (6.0, 7.0)]


def test_cues_that_overlap_are_placed_together_and_small_overlaps_are_shared(aligner: Evenly) -> None:
    place_words(Transcript((Cue("a", 0.0, 2.0), Cue("b", 0.0, 2.0), Cue("c", 1.8, 3.0))), [tone(0, 4)])
    assert [words for words, _ in aligner.asked] == [["a", "b"], ["c"]]
    assert [seconds for _, seconds in aligner.asked] == pytest.approx([1.9, 1.1])


def test_words_of_a_list_are_kept_as_they_are(aligner: Evenly) -> None:
    assert [word.text for word in place_words(["New York", "is", ""], [tone(0, 2)])] == ["New York", "is", ""]


def test_another_language_is_not_given_to_the_english_method(aligner: Evenly) -> None:
    assert {word.time_source for word in place_words("one two", [tone(0, 2)], language="de")} == {"letters"}
    assert aligner.asked == []


def test_a_long_recording_is_cut_where_its_words_are_heard(aligner: Evenly, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = [Word(f"word{at}", at * 0.5, at * 0.5 + 0.4, "recognised", 0.9) for at in range(400)]
    monkeypatch.setattr(methods, "recognise", lambda *_, **__: Recognised(tuple(truth)))
    whisper = SimpleNamespace(model=SimpleNamespace(is_multilingual=False))
    monkeypatch.setattr(methods, "load_whisper", lambda *_: whisper)
    words = place_words([word.text for word in truth], [tone(0, 200)], model="any")
    assert [word.text for word in words] == [word.text for word in truth]
    assert np.abs(np.array([word.start for word in words]) - [word.start for word in truth]).max() < 0.5
    assert len(aligner.asked) > 5
    assert max(seconds for _, seconds in aligner.asked) < 30


def test_matched_words_have_the_times_of_those_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = (Word("so", 1.0, 1.2, "recognised", 1.0), Word("went", 2.0, 2.4, "recognised", 1.0))
    monkeypatch.setattr(methods, "recognise", lambda *_, **__: Recognised(heard))
    monkeypatch.setattr(
        methods, "load_whisper", lambda *_: SimpleNamespace(model=SimpleNamespace(is_multilingual=False))
    )
    words = place_words("So we went.", [tone(0, 4)], model="any", order=["whisper_matched", "letters"])
    assert [word.time_source for word in words] == ["whisper_matched", "letters", "whisper_matched"]
    assert [word.start for word in words] == pytest.approx([1.0, 1.2, 2.0], abs=0.02)
    words = place_words("something else entirely", [tone(0, 4)], model="any", order=["whisper_matched", "letters"])
    assert {word.time_source for word in words} == {"letters"}


def test_a_transcript_of_another_recording_is_an_error() -> None:
    with pytest.raises(DataError, match=r"after 100\.0 s, and the recording ends at 3\.0 s"):
        place_words(Transcript((Cue("x", 100.0, 101.0),)), [tone(0, 3)])


def test_an_unknown_method_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"unknown method 'leters'.*did you mean 'letters'"):
        place_words("x", [], order=["leters"])


def test_no_words_and_no_sound_are_no_errors() -> None:
    assert place_words("", [tone(0, 1)], order=LETTERS) == []
    assert [(word.start, word.end) for word in place_words("a b", [], order=LETTERS)] == [(0, 0), (0, 0)]
    assert [word.start for word in place_words("a b", [], span=(2, 4), order=LETTERS)] == [2.0, 3.0]


CUES = st.lists(
    st.builds(
        lambda text, times: Cue(text, *(sorted(times) if times else (None, None))),
        st.sampled_from(["one", "one two", "\u4f60\u597d", "- ...", "a b c d e"]),
        st.none() | st.tuples(st.floats(0, 12), st.floats(0, 12)),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(CUES, st.floats(0, 3), st.floats(0, 8))
def test_every_word_is_placed_once_in_order_inside_the_recording(cues: list[Cue], start: float, seconds: float) -> None:
    transcript = Transcript((*cues, Cue("last")))
    words = place_words(transcript, [tone(start, seconds)], order=LETTERS)
    assert [word.text for word in words] == transcript.words
    assert all(word.start <= word.end for word in words)
    assert all(one.start <= other.start and one.end <= other.end for one, other in itertools.pairwise(words))
    if seconds > 0.001:
        assert start - 1e-3 <= words[0].start
        assert words[-1].end <= start + seconds + 1e-3


def test_pocketsphinx_refuses_silence_tones_and_empty_texts() -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    aligner = PocketsphinxAligner()
    sound = (tone(0, 2).samples * 32767).astype(np.int16)
    assert aligner.times(["set", "white"], sound * 0) is None
    assert aligner.times(["set", "white", "with", "pea", "two", "soon"], sound) is None
    assert aligner.times(["..."], sound) is None
    assert aligner.is_english(["This", "is", "plain", "English,", "is", "it", "not?"])
    assert not aligner.is_english(["Dies", "wäre", "gar", "keine", "englische", "Äußerung", "gewesen"])
    assert not aligner.is_english(["\u4f60", "\u597d"])


def test_a_missing_library_leaves_the_other_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pocketsphinx", None)
    assert {word.time_source for word in place_words("one two", [tone(0, 2)])} == {"letters"}
    monkeypatch.setitem(__import__("sys").modules, "faster_whisper", None)
    with pytest.raises(UsageError, match=r"pip install 'mlcl\[clips\]'"):
        recognise([tone(0, 1)], "a model that nobody loaded before")


def test_missing_weights_are_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EncoderError, match=r"has no model\.bin, config\.json, tokenizer\.json"):
        recognise([], tmp_path)
    with pytest.raises(EncoderError, match="there is no folder"):
        recognise([], tmp_path / "none")
    with pytest.raises(EncoderError, match="HF_HUB_OFFLINE is set"):
        recognise([], "nobody/no-such-whisper")
    (tmp_path / "model.bin").write_bytes(b"x")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(EncoderError, match="no Whisper weights"):
        recognise([], tmp_path)


def test_heard_words_get_better_times_where_the_aligner_agrees(aligner: Evenly) -> None:
    words = tuple(Word(text, at, at + 0.5, "recognised", 0.8) for at, text in enumerate(["a", "b", "c", "unsaid"]))
    heard = Recognised(words, ((0.0, 2.5), (3.0, 3.5)), "en", 1.0)
    made = refine_words(heard, [tone(0, 4)])
    assert [(word.text, word.confidence) for word in made] == [(word.text, 0.8) for word in words]
    assert [word.time_source for word in made] == ["pocketsphinx"] * 3 + ["recognised"]
    assert made[3].start == 3.0
    assert refine_words(Recognised(words, heard.phrases, "de", 1.0), [tone(0, 4)]) == list(words)


class Whisper:
    """A recogniser that gives the same segments for each block."""

    def __init__(self, *segments: Any, multilingual: bool = True) -> None:
        self.model = SimpleNamespace(is_multilingual=multilingual)
        self.supported_languages = ["en", "de"] if multilingual else ["en"]
        self.segments = segments
        self.languages: list[str | None] = []

    def transcribe(self, _: Any, language: str | None = None, **__: Any) -> tuple[Any, Any]:
        self.languages.append(language)
        return iter(self.segments), SimpleNamespace(language=language or "de", language_probability=0.7)


def segment(*words: tuple[str, float], no_speech: float = 0.0, ratio: float = 1.0) -> Any:
    made = [SimpleNamespace(word=text, probability=p, start=1 + at, end=2 + at) for at, (text, p) in enumerate(words)]
    return SimpleNamespace(words=made, no_speech_prob=no_speech, compression_ratio=ratio)


@pytest.fixture
def hearing(monkeypatch: pytest.MonkeyPatch) -> Any:
    vad = pytest.importorskip("faster_whisper.vad", reason="faster-whisper is not installed")
    monkeypatch.setattr(vad, "get_speech_timestamps", lambda samples, _: [{"start": 0, "end": len(samples)}])

    def hear(whisper: Whisper, seconds: float = 10.0, **options: Any) -> Recognised:
        monkeypatch.setattr(__import__("sys").modules[recognising.__module__], "load_whisper", lambda *_: whisper)
        return recognise([tone(3.0, seconds)], "any", **options)

    return hear


def test_unlikely_words_where_nobody_may_speak_and_loops_are_left_out(hearing: Any) -> None:
    heard = hearing(
        Whisper(
            segment((" sure", 0.9), (" thing", 0.2)),
            segment((" yes", 0.9), (" hm", 0.2), no_speech=0.9),
            segment((" bye", 0.9), (" bye", 0.9), ratio=3.0),
        )
    )
    assert [word.text for word in heard.words] == ["sure", "thing", "yes"]
    assert heard.notes[0].startswith("3 recognised words were left out")
    assert (heard.language, heard.language_probability, heard.speech_seconds) == ("de", 0.7, 10.0)
    assert {word.time_source for word in heard.words} == {"recognised"}


def test_the_language_is_found_once_and_times_go_on_from_block_to_block(hearing: Any) -> None:
    whisper = Whisper(segment((" one", 0.9), ("-two", 0.8), (" three", 0.7)))
    heard = hearing(whisper, seconds=250.0)
    assert whisper.languages == [None, "de", "de"]
    assert [word.text for word in heard.words] == ["one-two", "three"] * 3
    starts = [word.start for word in heard.words]
    assert starts == sorted(starts)
    assert heard.words[0].confidence == 0.8


def test_an_unsure_recogniser_is_one_note(hearing: Any) -> None:
    (note,) = hearing(Whisper(segment((" da", 0.3)), multilingual=False)).notes
    assert "mean probability of 0.30" in note
    assert "English only" in note
    assert hearing(Whisper(segment((" yes", 0.9)))).notes == ()


def test_nothing_but_a_loop_is_no_words_and_the_same_note(hearing: Any) -> None:
    heard = hearing(Whisper(segment((" bye", 0.9), (" bye", 0.9), ratio=3.0), multilingual=False))
    assert heard.words == ()
    (note,) = heard.notes
    assert "2 recognised words were left out" in note
    assert "English only" in note


def test_a_language_that_the_model_does_not_know_is_an_error(hearing: Any) -> None:
    with pytest.raises(UsageError, match="does not know the language 'zh'; it knows en"):
        hearing(Whisper(multilingual=False), language="zh")
