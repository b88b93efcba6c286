"""What a user is told beside the result: nothing to contrast with, rows on another clock, items in two splits."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from command import SMALL, TINY, invoke, settings, succeed
from mlcl.data.formats import read_corpus
from mlcl.data.formats.own.folder_writer import write
from mlcl.recipe import resolve
from mlcl.studies.folder import Study
from planted import write_planted

pytestmark = pytest.mark.usefixtures("workplace")
TRAIN = ["train", "mosi", "--data", "planted.pkl", *TINY, *SMALL, "--quiet", "--output"]


@pytest.fixture(autouse=True)
def data(workplace: Path) -> None:
    write_planted(workplace / "planted.pkl", train=9, dev=5, test=5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"train__batch_size": 1}, True),
        ({"train__batch_size": 4, "train__accumulate": 4}, True),
        ({"train__batch_size": 4, "train__accumulate": 2}, False),
        ({"train__batch_size": 1, "model__umcl_weight": 0, "model__bmcl_weight": 0, "model__tmcl_weight": 0}, False),
    ],
)
def test_a_batch_without_negatives_is_said(options: dict[str, object], said: bool) -> None:
    outcome = invoke(*TRAIN, "run", *settings(**options, train__epochs=1))
    assert outcome.code == 0, outcome.err
    assert ("has no negatives" in outcome.err) == said


def test_items_in_two_splits_are_said_by_every_training_and_in_the_card() -> None:
    content = pickle.loads(Path("planted.pkl").read_bytes())
    content["test"][1] = content["train"][3]
    Path("planted.pkl").write_bytes(pickle.dumps(content))
    for name in ("first", "second"):  # the second takes its data from the cache, where there is one
        assert "1 items of test are in train too, text and rows" in invoke(*TRAIN, name).err
    assert "1 items of test are in train too" in Path("first/README.md").read_text(encoding="utf-8")


def test_rows_on_another_clock_than_in_training_are_said() -> None:
    succeed(*TRAIN, "run")
    corpus = read_corpus("planted.pkl")
    write(replace(corpus, word_aligned=False), Path("streams"))
    told = invoke("predict", "run", "--data", "streams", "--output", "p.csv")
    assert told.code == 0, told.err
    assert "on a clock of their own, those of this run's training were one per word" in told.err
    assert "clock" not in invoke("predict", "run", "--data", "planted.pkl", "--output", "q.csv").err


def test_scores_of_an_unfinished_run_are_called_so() -> None:
    succeed(*TRAIN, "run")
    assert "unfinished" not in invoke("evaluate", "run").err
    Path("run/metrics.json").unlink()
    told = invoke("evaluate", "run")
    assert told.code == 0
    assert "run is unfinished: this is its best epoch so far; go on with mlcl train --resume run" in told.err


def test_a_path_that_ends_as_a_pickle_becomes_one() -> None:
    succeed("data", "convert", "planted.pkl", "folder")
    assert Path("folder").is_dir()
    succeed("data", "convert", "folder", "back.pkl")
    assert Path("back.pkl").is_file()
    first, back = read_corpus("planted.pkl"), read_corpus("back.pkl")
    assert back.layout == "mag"
    np.testing.assert_array_equal(
        first.splits["test"].main.rows["acoustic"].values, back.splits["test"].main.rows["acoustic"].values
    )


@pytest.mark.long
def test_a_comparison_takes_each_models_own_recipe_file() -> None:
    Path("text.yaml").write_text(
        "extends: mosi\nmodel: text\nsettings: {train: {epochs: 1}, seed: 9}\n", encoding="utf-8"
    )
    Path("late.yaml").write_text(
        "extends: mosi\nmodel: late_fusion\nsettings: {train: {epochs: 1, learning_rate: 0.002}}\n", encoding="utf-8"
    )
    shared = ["--data", "planted.pkl", *TINY, "--seeds", "1", *settings(train__batch_size=4), "--output", "study"]
    outcome = invoke("compare", "text.yaml", "--models", "text,late_fusion", "--tuned", "late.yaml", *shared)
    assert outcome.code == 0, outcome.err
    study = Study.open("study")
    assert study.plan.recipe == "mosi"
    assert study.run("late_fusion", 1).experiment().train.learning_rate == 0.002
    own = resolve("mosi", model="text").train.learning_rate
    assert study.run("text", 1).experiment().train.learning_rate == own
    assert study.run("text", 1).experiment().seed == 1
    wrong = invoke("compare", "mustard", "--models", "text", "--tuned", "text.yaml", *shared[:-1], "other")
    assert wrong.code == 2
    assert "text.yaml is for recipe mosi, and this study for mustard" in wrong.err
