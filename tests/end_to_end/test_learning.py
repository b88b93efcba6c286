"""Training learns what is there to be learnt, and nothing else; seeds decide everything that is random."""

import json
import pickle
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command import SMALL, TINY, files, settings, succeed
from comparison import content, differences
from planted import write_planted
from tables import read_csv

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("workplace")]
RATES = settings(train__encoder_learning_rate=2e-3, train__learning_rate=2e-3, train__batch_size=32)
NO_DROPOUT = settings(
    **{
        f"model__{part}_dropout": 0
        for part in ("view", "attention", "relu", "residual", "embedding", "fusion", "modality")
    }
)
BUDGET = {"train": 400, "dev": 200, "test": 100}


def train(folder: str, *options: str, shuffled: Collection[str] = (), **sizes: int) -> list[Any]:
    """Train on the planted corpus; return the history."""
    data = write_planted(Path("data.pkl"), shuffled=shuffled, **sizes)
    succeed("train", "mosi", "--data", data, *TINY, *SMALL, *RATES, *options, "--quiet", "--output", folder)
    return [json.loads(line) for line in Path(folder, "history.jsonl").read_text(encoding="utf-8").splitlines()]


def constant_error(folder: str) -> float:
    """Mean absolute error on dev of the best constant, which knows the dev labels themselves."""
    labels = read_csv(Path(folder, "predictions/dev.csv"))["label"].to_numpy()
    return float(np.abs(labels - np.median(labels)).mean())


def test_dev_error_falls_on_the_planted_corpus() -> None:
    errors = [record["dev"]["mae"] for record in train("run", *settings(train__epochs=5), **BUDGET)]
    assert errors[-1] < errors[0]
    assert min(errors) < 0.9 * constant_error("run")  # the first cue, of weight 0.8, is worth far more
    assert json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))["test"]["corr"] > 0.4


def test_dev_error_stays_at_chance_with_shuffled_labels() -> None:
    """Negative control: the same items and the same set of labels, in another order."""
    history = train("run", *settings(train__epochs=5), shuffled=BUDGET, **BUDGET)
    errors = [record["dev"]["mae"] for record in history]
    assert min(errors) > 0.97 * constant_error("run")
    assert max(abs(record["dev"]["corr"] or 0) for record in history) < 0.2  # 200 items: two deviations are 0.14


def test_a_handful_of_items_is_learnt_by_heart() -> None:
    """Every part of the gradient path works: training error falls below a tenth of the labels' spread."""
    options = settings(train__epochs=60, train__batch_size=16)
    history = train("run", *options, *NO_DROPOUT, train=32, dev=8)
    labels = [label for _, label, _ in pickle.loads(Path("data.pkl").read_bytes())["train"]]
    assert history[0]["train"]["task"] > 0.8 * np.abs(labels).mean()
    assert history[-1]["train"]["task"] < 0.1 * np.std(labels)


@pytest.mark.parametrize("profile", ["default", "release"])
def test_one_seed_repeats_bit_for_bit_and_another_differs(profile: str) -> None:
    options = ("--profile", profile)
    for folder, seed in (("first", 1), ("again", 1), ("other", 2)):
        train(folder, *options, "--seed", str(seed), train=20, dev=5)
    assert differences(Path("first"), Path("again")) == []
    one, other = content(Path("first")), content(Path("other"))
    assert one["model/model.safetensors"] != other["model/model.safetensors"]
    assert one["history.jsonl"] != other["history.jsonl"]
    assert one["processor/tokenizer.json"] == other["processor/tokenizer.json"]


def test_test_labels_play_no_part_until_the_end() -> None:
    """With corrupted test labels everything is the same but the numbers of test itself."""
    train("right", train=20, dev=5, test=20)
    train("wrong", train=20, dev=5, test=20, shuffled=["test"])
    changed = differences(Path("right"), Path("wrong"))
    named = ["README.md", "model/README.md", "run.json"]  # they have the file's hash
    assert changed == sorted(["digests.json", "metrics.json", "predictions/test.csv", *named])
    right, wrong = (json.loads(Path(run, "metrics.json").read_text(encoding="utf-8")) for run in ("right", "wrong"))
    assert right["dev"] == wrong["dev"]
    assert right["test"] != wrong["test"]
    tables = [read_csv(Path(run, "predictions/test.csv")) for run in ("right", "wrong")]
    assert tables[0]["prediction"].equals(tables[1]["prediction"])
    assert not tables[0]["label"].equals(tables[1]["label"])


def test_dev_labels_choose_the_epoch_and_nothing_else() -> None:
    train("right", *settings(train__epochs=4), train=20, dev=9)
    train("wrong", *settings(train__epochs=4), train=20, dev=9, shuffled=["dev"])
    right, wrong = (content(Path(run)) for run in ("right", "wrong"))
    assert right["checkpoint.pt"]["model"] == wrong["checkpoint.pt"]["model"]
    assert [r["train"] for r in right["history.jsonl"]] == [r["train"] for r in wrong["history.jsonl"]]
    assert [r["dev"] for r in right["history.jsonl"]] != [r["dev"] for r in wrong["history.jsonl"]]


def test_patience_stops_after_that_many_epochs_without_improvement() -> None:
    options = settings(train__epochs=30, train__patience=2, train__learning_rate=0.05, train__schedule="constant")
    history = train("run", *options, train=20, dev=9)
    best = max(record["epoch"] for record in history if record["best"])
    assert len(history) == best + 2 < 30
    assert files(Path("run"))["model/model.safetensors"]


def test_the_demo_runs_on_the_embedded_corpus_and_beats_the_constant() -> None:
    """The real demo at its own size of data, for one of its epochs and at a smaller model."""
    small = settings(train__epochs=1, model__d_model=16, data__max_length=24)
    out = succeed("train", "demo", *small, "--output", "demo", "--quiet")
    rows = dict(line.replace(" ", "").strip("│").split("│", 1) for line in out.splitlines() if line.startswith("│"))
    dev, test, constant, *_ = (float(cell) for cell in rows["mae"].split("│") if cell)
    assert max(dev, test) < 0.95 * constant
