"""The timeline of a recording says what the run predicts, what it rests on, and how the whole was formed."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from command import SMALL, TINY, succeed
from extractions import extraction, specification, utterance
from mlcl import TrainedRun
from mlcl.data.formats.own.folder_writer import write
from mlcl.data.recordings import corpus_of
from mlcl.errors import DataError, UsageError
from mlcl.media.extraction import Extraction
from mlcl.media.extractor import Seen
from mlcl.media.recording import FeatureStream, Word
from mlcl.media.specification import FeatureSpecification
from mlcl.runs.recordings import features_of, page_names, score_text, write_timelines
from mlcl.runs.timeline import score_recording
from timelines import classes, timeline

TEXTS = ("well that went", "brilliantly", "but nobody laughed again", "well again", "that went again")
TALK = [utterance(f"talk_{number}", text, 0.1 + 1.2 * number) for number, text in enumerate(TEXTS, 0)]
WHOLE = extraction(TALK, notes=("it has no picture",))


def train(folder: Path, recipe: str, labels: list[str], features: FeatureSpecification, context: int = 0) -> Path:
    items = [utterance(f"item_{number}", TEXTS[number % 5], 0.1 + 0.8 * (number % 6)) for number in range(12)]
    cells = {
        one.id: {"label": labels[number % len(labels)], "split": ("train", "train", "dev", "test")[number % 4]}
        for number, one in enumerate(items)
    }
    parts = [extraction([one], name=f"{one.id}.mp4") for one in items]
    write(corpus_of(parts, features, labels=cells, context=context), folder / "data")
    succeed("train", recipe, "--data", folder / "data", *TINY, *SMALL, "--output", folder / "run", "--quiet")
    return folder / "run"


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    folder = tmp_path_factory.mktemp("scores")
    return TrainedRun.load(train(folder, "mosi", ["-2", "1.5", "0.5", "3"], specification()))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    folder = tmp_path_factory.mktemp("three")
    return TrainedRun.load(train(folder, "mosi", ["sad", "glad", "mad"], specification("stream")))


def test_scores_are_those_of_the_same_items_as_a_data_set(scores: TrainedRun) -> None:
    table = scores.predict(corpus_of([WHOLE], specification()))
    found = score_recording(scores, WHOLE, specification())
    assert [one.id for one in found.sentences] == [one.id for one in TALK]
    for one in found.sentences:
        assert one.score == pytest.approx(table.loc[one.id, "prediction"], abs=1e-6)
    assert found.modalities == ("text", "acoustic", "visual")
    assert found.notes == ("it has no picture",)
    assert found.run == "run"


def test_the_whole_is_the_mean_weighted_by_duration(scores: TrainedRun) -> None:
    found = score_recording(scores, WHOLE, specification())
    total = sum((one.score or 0.0) * (one.end - one.start) for one in found.sentences)
    assert found.summary["score"] == pytest.approx(total / sum(one.end - one.start for one in found.sentences))
    assert found.summary["how"] == "mean score of 5 sentences, weighted by duration"
    plain = np.mean([one.score for one in found.sentences])
    assert found.summary["score"] != pytest.approx(plain, abs=1e-9), "lengths differ"


def test_classes_have_probabilities_that_add_up_and_a_likeliest(three: TrainedRun) -> None:
    found = score_recording(three, WHOLE, specification("stream"))
    assert found.classes == three.processor.target.class_names
    for one in found.sentences:
        assert one.score is None
        assert sum(one.probabilities) == pytest.approx(1, abs=1e-5)
        assert one.chosen == found.classes[int(np.argmax(one.probabilities))]
    lengths = [one.end - one.start for one in found.sentences]
    shares = np.average([one.probabilities for one in found.sentences], axis=0, weights=lengths)
    assert found.summary["probabilities"] == pytest.approx(shares.tolist())
    assert found.summary["chosen"] == found.classes[int(shares.argmax())]


def test_sentences_come_in_the_order_of_time_whatever_that_of_the_labels(scores: TrainedRun) -> None:
    backwards = Extraction(
        replace(WHOLE.description, utterances=tuple(reversed(TALK))), WHOLE.streams, WHOLE.loudness, WHOLE.seen
    )
    assert score_recording(scores, backwards, specification()) == score_recording(scores, WHOLE, specification())


def test_what_was_heard_and_seen_is_told_of_each_sentence(scores: TrainedRun) -> None:
    level = np.full(300, -20, np.float32)
    level[100:150] = -80  # silence from 2 to 3 s
    assert WHOLE.loudness is not None
    seen = tuple(
        Seen(at / 10, 2, (0, 0, 1, 1), "voice" if at < 30 else "largest") if at % 4 else Seen(at / 10, 0)
        for at in range(60)
    )
    parts = [utterance("a", "well that", 2.0), utterance("b", "but", 4.0, 1.0), utterance("c", "again", 1.7)]
    one = parts[0]
    unsure = replace(one, words=tuple(replace(word, confidence=0.49) for word in one.words))
    whole = Extraction(
        replace(WHOLE.description, utterances=(unsure, *parts[1:])),
        WHOLE.streams,
        replace(WHOLE.loudness, level=level),
        seen,
    )
    third, first, second = score_recording(scores, whole, specification()).sentences
    assert (first.id, second.id, third.id) == ("a", "b", "c")
    assert (first.sound_share, second.sound_share) == (0.0, 1.0)
    assert third.sound_share == 1.0
    assert first.face_share == pytest.approx(4 / 6, abs=0.2)
    assert second.face_share == pytest.approx(0.7, abs=0.1)
    assert (first.face_chosen_by, second.face_chosen_by) == ("voice", "largest")
    assert (first.unsure_words, second.unsure_words) == (2, 0)


def without(*kinds: str, seen: bool = True) -> Extraction:
    streams = {name: stream for name, stream in WHOLE.streams.items() if name not in kinds}
    return Extraction(WHOLE.description, streams, None if "acoustic" in kinds else WHOLE.loudness, WHOLE.seen * seen)


def test_a_modality_that_is_absent_is_said_to_be(scores: TrainedRun) -> None:
    found = score_recording(scores, without("visual", seen=False), specification())
    assert found.modalities == ("text", "acoustic")
    assert {one.missing for one in found.sentences} == {("visual",)}
    assert {one.face_share for one in found.sentences} == {None}
    found = score_recording(scores, without("acoustic"), specification())
    assert found.modalities == ("text", "visual")
    assert {one.sound_share for one in found.sentences} == {None}


def test_a_stream_of_zeros_is_absent_and_scores_as_if_it_were(scores: TrainedRun) -> None:
    visual = WHOLE.streams["visual"]
    zeros = FeatureStream(visual.times, np.zeros_like(visual.values))
    blank = Extraction(WHOLE.description, {**WHOLE.streams, "visual": zeros}, WHOLE.loudness, ())
    found = score_recording(scores, blank, specification())
    assert "visual" not in found.modalities
    absent = score_recording(scores, without("visual", seen=False), specification())
    assert [one.score for one in found.sentences] == [one.score for one in absent.sentences]


def test_nothing_that_the_run_reads_is_an_error_with_the_next_step(scores: TrainedRun) -> None:
    silent = replace(WHOLE.description, utterances=(utterance("talk", "", 0.0),))
    with pytest.raises(DataError, match=r"talk\.mp4: has nothing of what this run reads .*; it has no words: give"):
        score_recording(scores, Extraction(silent, WHOLE.streams, WHOLE.loudness), specification())
    with pytest.raises(DataError, match="has no sentence"):
        score_recording(
            scores, Extraction(replace(silent, utterances=()), WHOLE.streams, WHOLE.loudness), specification()
        )


def test_rows_on_their_own_clock_are_scored_without_words(three: TrainedRun) -> None:
    silent = replace(WHOLE.description, utterances=(utterance("talk", "", 0.0, 5.0),), words_from="")
    found = score_recording(three, Extraction(silent, WHOLE.streams, WHOLE.loudness), specification("stream"))
    assert found.modalities == ("acoustic", "visual")
    assert found.sentences[0].missing == ("text",)


def test_context_is_as_long_as_in_training(tmp_path: Path) -> None:
    features = specification(context=2)
    run = TrainedRun.load(train(tmp_path, "ur_funny", ["0", "1"], features, context=2))
    found = score_recording(run, WHOLE, features)
    table = run.predict(corpus_of([WHOLE], features, context=2))
    other = run.predict(corpus_of([WHOLE], features, context=1))
    expected = [table.loc[one.id, "probability"] for one in found.sentences]
    assert [one.score for one in found.sentences] == pytest.approx(expected, abs=1e-6)
    assert expected != pytest.approx(other["probability"].tolist(), abs=1e-9)


def test_a_text_is_scored_alone(scores: TrainedRun, three: TrainedRun) -> None:
    assert score_text(scores, "well, that went brilliantly").score.shape == (1,)
    assert score_text(three, "well").score.shape == (1, 3)
    with pytest.raises(UsageError, match="--text: has no words"):
        score_text(scores, "  \n ")


def test_a_feature_set_that_is_not_here_is_refused_by_name(scores: TrainedRun) -> None:
    with pytest.raises(UsageError, match="made"):
        features_of(scores, {})


def test_tables_and_json_carry_the_same_numbers(tmp_path: Path) -> None:
    shown = [timeline(), timeline(recording="other/talk.mp4")]
    write_timelines(shown, tmp_path)
    table = pd.read_csv(tmp_path / "scores.csv")
    words = pd.read_csv(tmp_path / "words.csv")
    assert len(table) == sum(len(one.sentences) for one in shown)
    assert len(words) == sum(len(part.words) for one in shown for part in one.sentences)
    for one, name in zip(shown, page_names(shown), strict=True):
        told = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert told == json.loads(json.dumps(asdict(one)))
        mine = table[table["recording"] == one.recording]
        assert mine["prediction"].tolist() == [part["score"] for part in told["sentences"]]
        assert mine["start"].tolist() == [part["start"] for part in told["sentences"]]


def test_classes_have_a_column_each(tmp_path: Path) -> None:
    write_timelines([classes(("no", "yes", "=1+1"))], tmp_path)
    table = pd.read_csv(tmp_path / "scores.csv")
    assert {"probability_no", "probability_yes"} <= set(table.columns)
    assert table["prediction"].tolist() == ["'=1+1"] * 3


def test_every_recording_has_files_of_its_own() -> None:
    names = [
        "a.mp4",
        "a.wav",
        "x/b.mp4",
        "y/b.mp4",
        "c.mp4",
        "语" * 90 + "1.mp4",
        "语" * 90 + "2.mp4",
        ".mp4",
        "a b.wav",
    ]
    made = page_names([timeline(recording=name) for name in names])
    assert made[:5] == ["a.mp4", "a.wav", "x-b.mp4", "y-b.mp4", "c"]
    assert len(set(made)) == len(names)
    assert all("/" not in name and len(f".{name}.html.tmp".encode()) < 255 for name in made)


def test_a_word_has_its_times_and_their_source(scores: TrainedRun) -> None:
    found = score_recording(scores, WHOLE, specification())
    words = [word for one in WHOLE.description.utterances for word in one.words]
    shown = [Word(w.text, w.start, w.end, w.time_source, w.confidence) for one in found.sentences for w in one.words]
    assert shown == words
