"""Which rows go under which words, against a plain loop; and which utterances are the context of which."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from extractions import extraction, specification, stream, utterance
from mlcl.data.formats.own.facts import Facts
from mlcl.data.recordings import check_labels, corpus_of, word_rows
from mlcl.errors import DataError
from mlcl.media.extraction import Extraction, Utterance
from mlcl.media.recording import FeatureStream

TALK = [
    utterance("talk_1", "well that went", 0.5),
    utterance("talk_2", "brilliantly", 2.0, speaker="Ann"),
    utterance("talk_3", "but nobody laughed", 4.0),
]


def plain_rows(rows: FeatureStream, words: NDArray[np.float64]) -> NDArray[np.float64]:
    """What `word_rows` says, as a loop over everything."""
    made = np.zeros((len(words), rows.values.shape[1]))
    real = [at for at in range(len(rows)) if rows.values[at].any()]
    for number, (start, end) in enumerate(words):
        last = max(end, np.nextafter(start, np.inf))
        inside = [
            at
            for at in real
            if rows.times[at, 0] < last and max(rows.times[at, 1], np.nextafter(rows.times[at, 0], np.inf)) > start
        ]
        if inside:
            made[number] = np.mean([rows.values[at] for at in inside], axis=0, dtype=np.float64)
            continue
        distances = [(abs(rows.times[at].mean() - (start + end) / 2), at) for at in real]
        if distances and min(distances)[0] <= (end - start) / 2 + 0.2:
            made[number] = rows.values[min(distances)[1]]
    return made


@st.composite
def problems(draw: st.DrawFn) -> tuple[FeatureStream, NDArray[np.float64]]:
    """Rows with gaps and zeros, and words in any order; times on a grid of 1/64 s, so that sums are exact."""
    count = draw(st.integers(0, 12))
    starts = sorted(draw(st.lists(st.integers(0, 256), min_size=count, max_size=count, unique=True)))
    lengths = draw(st.lists(st.integers(0, 40), min_size=count, max_size=count))
    times = np.array([(start / 64, (start + length) / 64) for start, length in zip(starts, lengths, strict=True)])
    values = np.array(
        draw(st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=count, max_size=count)), np.float32
    ).reshape(-1, 2)
    spoken = draw(st.lists(st.tuples(st.integers(0, 280), st.integers(0, 60)), max_size=6))
    words = np.array([(start / 64, (start + length) / 64) for start, length in spoken]).reshape(-1, 2)
    return FeatureStream(times.reshape(-1, 2), values), words


@given(problems())
def test_rows_of_words_are_those_of_a_plain_loop(problem: tuple[FeatureStream, NDArray[np.float64]]) -> None:
    rows, words = problem
    found, expected = word_rows(rows, words), plain_rows(rows, words)
    middles = [row.mean() for row, value in zip(rows.times, rows.values, strict=True) if value.any()]
    for number, (start, end) in enumerate(words):
        near = sorted(abs(middle - (start + end) / 2) for middle in middles)[:2]
        if len(near) == 2 and near[0] == near[1]:
            continue  # of two as near, either
        assert np.allclose(found[number], expected[number], atol=1e-6)


def moments(times: list[float]) -> NDArray[np.float64]:
    return np.array([(time, time) for time in times])


def test_a_row_of_zeros_does_not_count() -> None:
    rows = FeatureStream(moments([1.0, 1.1, 1.2]), np.array([[4.0], [0.0], [2.0]], np.float32))
    assert word_rows(rows, np.array([[0.95, 1.25]])).tolist() == [[3.0]]
    only = FeatureStream(moments([1.0, 1.1]), np.zeros((2, 1), np.float32))
    assert word_rows(only, np.array([[0.9, 1.2]])).tolist() == [[0.0]]


@pytest.mark.parametrize(("away", "row"), [(0.15, 5.0), (0.19, 5.0), (0.21, 0.0), (3.0, 0.0)])
def test_a_word_between_two_rows_has_one_that_is_within_a_fifth_of_a_second(away: float, row: float) -> None:
    rows = FeatureStream(moments([2.0]), np.array([[5.0]], np.float32))
    before, after = np.array([[1.0 - away, 2.0 - away]]), np.array([[2.0 + away, 3.0 + away]])
    assert word_rows(rows, before).tolist() == word_rows(rows, after).tolist() == [[row]]


def test_words_shifted_by_one_have_other_rows() -> None:
    """The negative control: a time axis that is off by a word is seen in the rows."""
    rows = stream(4.0, 64, 3)
    words = np.array([(at * 0.375, at * 0.375 + 0.375) for at in range(9)])
    right, shifted = word_rows(rows, words), word_rows(rows, words + 0.375)
    assert np.allclose(right[1:], shifted[:-1], atol=1e-6)
    assert not np.isclose(right[:-1], shifted[:-1]).any(axis=1).any()


def test_items_have_their_words_and_one_row_for_each() -> None:
    corpus = corpus_of([extraction(TALK)], specification())
    split = corpus.splits["train"]
    assert split.ids == ["talk_1", "talk_2", "talk_3"]
    assert [list(words) for words in split.main.words] == [one.text.split() for one in TALK]
    assert corpus.word_aligned
    assert corpus.features == specification()
    whole = extraction(TALK)
    for number, one in enumerate(TALK):
        spans = np.array([(word.start, word.end) for word in one.words])
        for kind in ("acoustic", "visual"):
            assert np.allclose(split.main.rows[kind][number], plain_rows(whole.streams[kind], spans), atol=1e-6)


def test_rows_on_their_own_clock_are_those_whose_middle_is_inside() -> None:
    whole = extraction(TALK)
    corpus = corpus_of([whole], specification("stream"))
    assert not corpus.word_aligned
    for kind in ("acoustic", "visual"):
        times, values = whole.streams[kind].times, whole.streams[kind].values
        for number, one in enumerate(TALK):
            inside = [
                row for (a, b), row in zip(times.tolist(), values, strict=True) if one.start <= (a + b) / 2 < one.end
            ]
            assert np.array_equal(corpus.splits["train"].main.rows[kind][number], np.array(inside))


def test_items_that_follow_one_another_share_out_the_rows_of_the_recording() -> None:
    parts = [Utterance(str(at), at * 0.77, (at + 1) * 0.77, ()) for at in range(8)]
    whole = extraction(parts)
    rows = corpus_of([whole], specification("stream")).splits["train"].main.rows["acoustic"]
    assert np.array_equal(np.concatenate([rows[at] for at in range(8)]), whole.streams["acoustic"].values)


@pytest.mark.parametrize("align", ["words", "stream"])
def test_a_recording_without_a_stream_lacks_that_modality(align: str) -> None:
    whole = extraction(TALK)
    mute = Extraction(whole.description, {"visual": whole.streams["visual"]}, None, whole.seen)
    split = corpus_of([mute], specification(align)).splits["train"]
    assert not np.asarray(split.main.rows["acoustic"].values).any()
    assert split.main.rows["acoustic"].width == 3
    assert np.asarray(split.main.rows["visual"].values).any()


def test_what_ended_before_is_the_context() -> None:
    overlapping = utterance("talk_4", "meanwhile", 4.2)
    later = utterance("talk_5", "again", 5.5)
    corpus = corpus_of([extraction([later, *TALK, overlapping])], specification(), context=2)
    split = corpus.splits["train"]
    assert split.context is not None
    said = dict(zip(split.ids, (" ".join(words) for words in split.context.words), strict=True))
    assert said == {
        **{"talk_1": "", "talk_2": "well that went", "talk_3": "well that went brilliantly"},
        **{"talk_4": "well that went brilliantly", "talk_5": "meanwhile but nobody laughed"},
    }
    lengths = [len(words) for words in split.context.words]
    assert split.context.rows["acoustic"].lengths.tolist() == lengths


def test_the_context_of_one_recording_is_none_of_another() -> None:
    other = extraction([utterance("other_1", "nothing before", 5.0)], name="other.mp4")
    split = corpus_of([extraction(TALK), other], specification(), context=3).splits["train"]
    assert split.context is not None
    assert list(split.context.words[split.ids.index("other_1")]) == []


def test_labelled_items_only_and_in_the_order_of_the_labels() -> None:
    labels = {
        "talk_3": {"label": "1.5", "split": "test", "speaker": "Bo"},
        "talk_1": {"label": "", "split": "train", "speaker": ""},
        "talk_2": {"label": "-2", "split": "test", "speaker": "Cy"},
    }
    corpus = corpus_of([extraction(TALK)], specification(), labels=labels, context=1)
    assert {name: list(split.ids) for name, split in corpus.splits.items()} == {
        "train": ["talk_1"],
        "test": ["talk_3", "talk_2"],
    }
    test = corpus.splits["test"]
    assert test.labels is not None
    assert test.labels.tolist() == [1.5, -2.0]
    assert test.context is not None
    assert [list(words) for words in test.context.words] == [["brilliantly"], ["well", "that", "went"]]
    shared = corpus_of([extraction(TALK)], specification()).splits["train"].main.rows["acoustic"]
    assert np.array_equal(test.main.rows["acoustic"][0], shared[2])


def test_an_unlabelled_utterance_is_context_all_the_same() -> None:
    corpus = corpus_of([extraction(TALK)], specification(), labels={"talk_3": {"label": "1"}}, context=1)
    split = corpus.splits["train"]
    assert split.context is not None
    assert list(split.context.words[0]) == ["brilliantly"]


def test_two_recordings_with_one_item_are_an_error_and_none_is_lost_in_silence() -> None:
    other = extraction([utterance("talk_2", "mine too", 1.0)], name="talk_2.mp4")
    with pytest.raises(DataError, match=r"talk_2\.mp4: has another item called 'talk_2' already; rename"):
        corpus_of([extraction(TALK), other], specification())


def test_speakers_are_kept_where_anyone_is_known() -> None:
    assert corpus_of([extraction(TALK)], specification()).splits["train"].speakers == ["", "Ann", ""]
    silent = [utterance("a", "well", 1.0)]
    assert not corpus_of([extraction(silent)], specification()).splits["train"].speakers


CELLS = {"id": ["a", "b", "c"], "label": ["1", "2", ""], "split": ["train", "dev", "test"]}
WRONG = {
    "split": (["train", "valley", "test"], "row 3.*valley"),
    "label": (["1", "inf", ""], "row 3.*inf"),
}


def row(index: int) -> str:
    return f"row {index + 2}"


def test_good_labels_are_labels() -> None:
    check_labels(CELLS, Facts(), "labels.csv", row)
    check_labels({**CELLS, "label": ["happy", "sad", ""]}, Facts(), "labels.csv", row)


@pytest.mark.parametrize("name", WRONG)
def test_labels_that_no_data_set_can_have_are_refused_with_their_row(name: str) -> None:
    cells, message = WRONG[name]
    with pytest.raises(DataError, match=message) as caught:
        check_labels({**CELLS, name: cells}, Facts(), "labels.csv", row)
    assert str(caught.value).startswith("labels.csv")
