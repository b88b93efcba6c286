"""Files of several labels, of classes, and of word vectors through the command line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from command import SMALL, TINY, invoke, refuse, settings, succeed
from comparison import differences
from label_corpora import SIZES, labelled, planted_classes, serve, small, text_only, vector_corpus
from tables import read_csv, read_jsonl

PREDICT = ["predict", "run", "--output", "no.csv", "--data"]
LITTLE = settings(data__max_length=24, train__epochs=1, train__batch_size=4)


@pytest.fixture(autouse=True)
def _files(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = labelled(small(), seed=1)
    for split in without.splits.values():
        split.columns.pop("mood")
    serve(
        monkeypatch,
        {
            "labelled.pkl": labelled(small()),
            "later.pkl": replace(labelled(small(), seed=1), label="rating", task="regression", label_range=None),
            "no mood.pkl": without,
            "other classes.pkl": replace(
                labelled(small()), label_classes={"mood": ("glad", "calm", "sad")}, sha256="other"
            ),
            "vectors.pkl": vector_corpus(small()),
            "vectors of classes.pkl": vector_corpus(planted_classes(train=12, dev=5)),
            "words.pkl": small(),
            "text only.pkl": text_only(small()),
        },
    )


def train(data: str, *options: str, model: str = "late_fusion", encoder: list[str] = TINY) -> None:
    succeed(
        "train", "mosi", "--model", model, "--data", data, *encoder, *LITTLE, *options, "--quiet", "--output", "run"
    )


def card() -> str:
    return Path("run/README.md").read_text(encoding="utf-8")


def facts() -> dict[str, object]:
    found: dict[str, object] = json.loads(Path("run/run.json").read_text(encoding="utf-8"))["data"]
    return found


def test_the_label_is_chosen_and_kept_from_training_to_prediction() -> None:
    train("labelled.pkl", "--label", "mood")
    assert (facts()["label"], facts()["num_classes"], facts()["classes"]) == ("mood", 3, ["sad", "calm", "glad"])
    assert "| labels | `mood`, 3 classes: sad, calm, glad |" in card()
    assert "never trained it for more than two classes" in card()
    metrics = json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))
    assert list(metrics["test"]) == ["cross_entropy", "accuracy", "f1_weighted", "f1_macro", "auroc", "ece"]
    table = read_csv(Path("run/predictions/test.csv"))
    probabilities = [f"probability_{number}" for number in range(3)]
    assert list(table) == ["id", "split", "prediction", "class", *probabilities, "label"]
    assert table["label"].tolist() == [0, 1, 2, 0]
    assert table["class"].tolist() == [("sad", "calm", "glad")[number] for number in table["prediction"]]
    assert (table[probabilities].to_numpy().argmax(axis=1) == table["prediction"]).all()
    np.testing.assert_allclose(table[probabilities].sum(axis=1), 1, atol=1e-6)
    # A later file whose own label is another: the run's label is read, and scored.
    assert json.loads(succeed("evaluate", "run", "--json"))["test"] == pytest.approx(metrics["test"], abs=1e-6)
    succeed("predict", "run", "--data", "later.pkl", "--split", "test", "--output", "out.csv")
    assert read_csv(Path("out.csv"))["label"].tolist() == [0, 1, 2, 0]
    succeed("predict", "run", "--data", "no mood.pkl", "--split", "test", "--output", "out.csv")
    assert "label" not in read_csv(Path("out.csv"))
    assert "has no labels to score" in invoke("evaluate", "run", "--data", "no mood.pkl").err
    message = refuse(1, *PREDICT, "other classes.pkl")
    assert "the file's classes are glad, calm, sad; this run's are sad, calm, glad" in message


def test_scores_of_one_to_each_side_have_their_own_metrics() -> None:
    train("labelled.pkl")
    metrics = json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))["test"]
    assert {"acc2_sims", "acc3_sims", "acc5_sims", "f1_sims"} <= set(metrics)
    assert not {"acc7", "acc5"} & set(metrics)
    assert "| labels | `score`, scores in [-1, 1] |" in card()
    options = settings(train__select_on="acc7")
    assert "no regression metric" in refuse(2, "train", "mosi", "--data", "labelled.pkl", *TINY, *SMALL, *options)


def test_items_without_the_label_are_refused_or_left_out() -> None:
    command = ["train", "mosi", "--data", "labelled.pkl", *TINY, *SMALL, "--label", "rating"]
    message = refuse(1, *command)
    assert message.startswith("labelled.pkl, train: 1 of 11 items have no label 'rating'")
    train("labelled.pkl", "--label", "rating", *settings(data__unlabelled="drop"))
    assert facts()["items"] == {name: size - 1 for name, size in SIZES.items()}
    assert list(json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))["test"]) == ["mse", "mae", "corr"]
    scored = json.loads(succeed("evaluate", "run", "--json"))["test"]
    assert scored == pytest.approx(json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))["test"], rel=1e-3)
    assert "test, 3 items" in succeed("evaluate", "run")
    succeed("predict", "run", "--data", "labelled.pkl", "--split", "test", "--output", "out.jsonl")
    labels = read_jsonl(Path("out.jsonl"))["label"]
    assert labels.isna().tolist() == [False, True, False, False]
    for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_wrong_labels_are_wrong_usage() -> None:
    command = ["train", "mosi", *TINY, *SMALL, "--data"]
    assert "unknown label 'moods'; did you mean 'mood'?" in refuse(2, *command, "labelled.pkl", "--label", "moods")
    assert "leave --label out" in refuse(2, *command, "words.pkl", "--label", "mood")
    assert "--label is empty" in refuse(2, *command, "labelled.pkl", "--label", "")
    train("labelled.pkl", "--label", "mood")
    assert "--resume goes on with a run as it is" in refuse(2, "train", "--resume", "run", "--label", "score")
    message = refuse(2, "train", "--resume", "run", "--set", "data.label=score")
    assert "--resume cannot change data.label" in message


def test_a_planted_signal_of_three_classes_is_learnt_and_shuffled_labels_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Text alone tells the outer classes apart; its best accuracy is .56, the share of the largest class .40."""
    accuracy = {}
    for shuffled in (False, True):
        serve(monkeypatch, {"planted.pkl": planted_classes(train=500, dev=200, shuffled=shuffled)})
        changes = settings(train__epochs=5, train__learning_rate=2e-3, train__encoder_learning_rate=2e-3)
        output = f"shuffled {shuffled}"
        succeed(
            *("train", "mosi", "--model", "text", "--data", "planted.pkl", *TINY, "--quiet", "--output", output),
            *settings(data__max_length=24, train__batch_size=32, model__pooling="mean"),
            *changes,
        )
        metrics = json.loads((Path(output) / "metrics.json").read_text(encoding="utf-8"))
        accuracy[shuffled] = metrics["test"]["accuracy"], metrics["test"]["auroc"]
    assert accuracy[False][0] > 0.5
    assert accuracy[False][1] > 0.67
    assert accuracy[True][0] < 0.47
    assert accuracy[True][1] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("given", "data"), [(True, "vectors.pkl"), (False, "vectors of classes.pkl")])
def test_word_vectors_train_without_a_language_model(given: bool, data: str, caplog: pytest.LogCaptureFixture) -> None:
    """Where the text encoder is not named the recipe's, which is not here, gives way, and a note says so."""
    command = ["train", "mosi", "--model", "mlcl", "--data", data, *SMALL, "--quiet", "--output", "run"]
    outcome = invoke(*command, *(["--text-encoder", "vectors"] if given else []))
    assert outcome.code == 0, outcome.err
    notes = [message for message in caplog.messages if message.startswith("note: ")]
    assert len(notes) == (not given)
    assert all(f"{data} has no words, only word vectors" in note for note in notes)
    run = json.loads(Path("run/run.json").read_text(encoding="utf-8"))
    assert run["text_encoder"]["name"] == "vectors"
    assert run["text_encoder"]["parameters"] > 0
    assert run["data"]["widths"]["text"] == 11
    assert "| text encoder | `vectors`, " in card()
    config = yaml.safe_load(Path("run/config.yaml").read_text(encoding="utf-8"))
    assert config["text_encoder"] == "vectors"
    assert config["train"]["encoder_learning_rate"] == config["train"]["learning_rate"]
    metrics = json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))
    assert json.loads(succeed("evaluate", "run", "--json"))["test"] == pytest.approx(metrics["test"], abs=1e-6)
    succeed("predict", "run", "--data", data, "--split", "test", "--output", "out.csv")
    assert read_csv(Path("out.csv")).equals(read_csv(Path("run/predictions/test.csv")))
    if given:
        assert "has no text vectors; name a language model" in refuse(1, *PREDICT, "words.pkl")


def test_training_over_word_vectors_goes_on_as_if_never_stopped_with_or_without_the_cache() -> None:
    steady = settings(train__schedule="constant", train__warmup=0)
    base = ["train", "mosi", "--data", "vectors.pkl", "--text-encoder", "vectors", *SMALL, *steady, "--quiet"]
    succeed(*base, *settings(train__epochs=3), "--output", "long")
    succeed(*base, *settings(train__epochs=1, data__cache="false"), "--output", "short")
    succeed("train", "--resume", "short", "--set", "train.epochs=3", "--quiet")
    assert "model/model.safetensors" not in differences(Path("long"), Path("short"))


def test_a_rate_of_the_vector_encoder_that_is_given_is_kept() -> None:
    train("vectors.pkl", *settings(train__encoder_learning_rate=0.01), encoder=["--text-encoder", "vectors"])
    config = yaml.safe_load(Path("run/config.yaml").read_text(encoding="utf-8"))
    assert config["train"]["encoder_learning_rate"] == 0.01


def test_what_cannot_read_vectors_or_words_says_so() -> None:
    command = ["train", "mosi", *SMALL, "--data"]
    vectors = ["--text-encoder", "vectors"]
    assert "no text vectors; name a language model" in refuse(1, *command, "words.pkl", *vectors)
    message = refuse(2, "train", "mosi", "--data", "vectors.pkl", "--profile", "release", *vectors)
    assert "for word vectors use --profile default" in message
    train("words.pkl")
    assert "train with --text-encoder vectors" in refuse(1, *PREDICT, "vectors.pkl")
    sounds = settings(data__modalities="[acoustic, visual]")
    succeed(*command, "vectors.pkl", *TINY, *sounds, "--quiet", "--output", "sounds")  # nobody asks for the text
    succeed("evaluate", "sounds")


@pytest.mark.parametrize("model", ["mlcl", "mag", "hkt"])
def test_a_file_of_text_alone_trains_as_text_does_among_absent_modalities(model: str) -> None:
    train("text only.pkl", model=model)
    alone = json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))
    assert np.isfinite([alone["dev"]["mae"], alone["test"]["mae"]]).all()
    assert facts()["widths"] == {}
    succeed("predict", "run", "--data", "text only.pkl", "--split", "test", "--output", "alone.csv")
    assert read_csv(Path("alone.csv")).equals(read_csv(Path("run/predictions/test.csv")))


def test_a_whole_file_is_predicted_without_its_rows_by_a_model_of_text_alone() -> None:
    """The rows that the run was never given make no difference: it has no use for their columns."""
    train("words.pkl", *settings(data__modalities="[text]"))
    succeed("predict", "run", "--data", "words.pkl", "--split", "test", "--output", "whole.csv")
    succeed("predict", "run", "--data", "text only.pkl", "--split", "test", "--output", "alone.csv")
    whole, alone = (read_csv(Path(name))["prediction"] for name in ("whole.csv", "alone.csv"))
    assert alone.tolist() == pytest.approx(whole.tolist(), abs=1e-6)
