"""Which words belong to which item, and who was asked for them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mlcl.errors import DataError
from mlcl.media.extraction import Utterance
from mlcl.media.jobs import Job, Stretch
from mlcl.media.recording import Sound
from mlcl.media.specification import SentenceBounds
from mlcl.media.utterances import Hearing, find_utterances
from spoken_recordings import RATE, WORDS, spoken, subtitles

SAID = list(WORDS[:6])
SAMPLES, TIMES = spoken(SAID)
SPAN = (0.0, len(SAMPLES) / RATE)
BOUNDS = SentenceBounds()
NOTHING = Hearing(None)


def sound() -> Iterator[Sound]:
    yield Sound(SAMPLES, RATE, 0.0)


@pytest.fixture
def job(workplace: Path) -> Job:
    Path("talk.srt").write_text(subtitles(TIMES), encoding="utf-8")
    return Job(Path("talk.wav"), "talk.wav", "talk", Path("talk.srt"))


def texts(utterances: tuple[Utterance, ...]) -> list[str]:
    return [one.text for one in utterances]


def cut(job: Job, *stretches: Stretch, hearing: Hearing = NOTHING) -> tuple[Utterance, ...]:
    return find_utterances(replace(job, stretches=stretches), sound, SPAN, hearing, BOUNDS).utterances


def test_without_words_the_whole_recording_is_one_item() -> None:
    job = Job(Path("talk.wav"), "talk.wav", "talk")
    found = find_utterances(job, sound, SPAN, NOTHING, BOUNDS)
    assert found.utterances == (Utterance("talk", *SPAN, ()),)
    assert found.words_from == ""


def test_words_of_a_transcript_are_cut_into_numbered_sentences(job: Job) -> None:
    found = find_utterances(job, sound, SPAN, NOTHING, replace_bounds(most_words=2))
    assert " ".join(texts(found.utterances)).split() == SAID
    assert all(1 <= len(one.words) <= 2 for one in found.utterances)
    assert [one.id for one in found.utterances] == [f"talk_{at}" for at in range(1, len(found.utterances) + 1)]
    assert found.words_from == "talk.srt"
    assert all(one.start < one.end <= SPAN[1] for one in found.utterances)
    starts = [one.start for one in found.utterances]
    assert starts == sorted(starts)


def replace_bounds(**values: float) -> SentenceBounds:
    return SentenceBounds.model_validate(values)


def test_words_have_the_times_of_the_transcript_within_their_cue(job: Job) -> None:
    found = find_utterances(job, sound, SPAN, NOTHING, BOUNDS).utterances
    words = [word for one in found for word in one.words]
    for word, (text, start, end) in zip(words, TIMES, strict=True):
        assert word.text == text
        assert start - 0.002 <= word.start <= word.end <= end + 0.002


def test_a_stretch_has_the_words_whose_middle_is_inside(job: Job) -> None:
    middle = [(start + end) / 2 for _, start, end in TIMES]
    first, second = cut(job, Stretch("a", 0.0, middle[2] - 0.01), Stretch("b", middle[2] - 0.01, None))
    assert (first.text, second.text) == (" ".join(SAID[:2]), " ".join(SAID[2:]))
    assert (first.start, second.end) == (0.0, SPAN[1])


def test_every_word_is_in_exactly_one_of_stretches_that_follow_one_another(job: Job) -> None:
    parts = [Stretch(str(at), at * 0.37, (at + 1) * 0.37) for at in range(8)]
    found = cut(job, *parts)
    assert [word.text for one in found for word in one.words] == SAID


def test_the_text_of_a_stretch_goes_before_the_transcript_and_stands_inside_the_stretch(job: Job) -> None:
    given, heard = cut(job, Stretch("a", 0.0, 1.0, "quite other words"), Stretch("b", 1.0, None))
    assert given.text == "quite other words"
    assert all(0.0 <= word.start <= word.end <= 1.0 for word in given.words)
    assert heard.text == "went brilliantly but nobody"
    found = find_utterances(
        replace(job, stretches=(Stretch("a", 0.0, 1.0, "quite"), Stretch("b"))), sound, SPAN, NOTHING, BOUNDS
    )
    assert found.words_from == "the table of labels and talk.srt"


def test_items_keep_the_order_of_the_table_and_their_own_texts(job: Job) -> None:
    later, earlier = cut(job, Stretch("b", 2.0, 3.0, "then this"), Stretch("a", 0.0, 1.0, "first that was said"))
    assert (later.id, later.text, earlier.text) == ("b", "then this", "first that was said")
    assert later.words[0].start >= earlier.words[-1].end


def test_two_who_speak_at_once_keep_their_own_words(job: Job) -> None:
    one, two = cut(
        job,
        Stretch("a", 0.0, 3.0, "one two three four", speaker="Ann"),
        Stretch("b", 0.5, 2.5, "five six seven", speaker="Bo"),
    )
    assert (one.text, two.text) == ("one two three four", "five six seven")
    assert (one.speaker, two.speaker) == ("Ann", "Bo")


@pytest.mark.parametrize(
    "text", ["  two   spaces ", "[laughs] (sighs) <i>hm</i>", "Ann: hello there", "你好吗", "-- ... !"]
)
def test_a_text_is_kept_as_it_was_written(job: Job, text: str) -> None:
    (one,) = cut(job, Stretch("a", 0.0, 2.0, text))
    assert one.text.replace(" ", "") == text.replace(" ", "")


def test_a_stretch_without_any_words_is_an_item_without_words(job: Job) -> None:
    empty, blank = cut(job, Stretch("a", SPAN[1] - 0.05, SPAN[1]), Stretch("b", 0.0, 1.0, "   "))
    assert empty.words == blank.words == ()


def test_a_stretch_after_the_recording_is_an_error_that_names_it(job: Job) -> None:
    with pytest.raises(DataError, match=r"the item late begins at 99 s, and its recording ends at 3\.3 s; correct"):
        cut(job, Stretch("late", 99.0, 120.0))
    (one,) = cut(job, Stretch("long", 1.0, 120.0))
    assert one.text == " ".join(SAID[2:])


def test_the_transcript_of_another_recording_is_an_error(job: Job) -> None:
    Path("talk.srt").write_text(subtitles([(word, start + 500, end + 500) for word, start, end in TIMES]))
    with pytest.raises(DataError, match="give the transcript of this recording"):
        find_utterances(job, sound, SPAN, NOTHING, BOUNDS)


def test_nobody_is_asked_to_hear_what_the_table_says(job: Job) -> None:
    """A recogniser that is not there is not looked for where every stretch has a text and times of its own."""
    silent = replace(job, transcript=None)
    found = cut(silent, Stretch("a", 0.0, 1.0, "well that"), Stretch("b", 1.0, 2.0, "went"))
    assert [one.text for one in found] == ["well that", "went"]
