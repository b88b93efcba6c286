"""``mlcl evaluate`` and ``mlcl predict``: the numbers of the training, on any file, in any order."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command import SIZES, SMALL, TINY, files, invoke, settings, succeed
from mlcl import MLCLModel, TrainedRun
from tables import READ, read_csv
from writers import Data, hkt_data, mag_data, write_hkt, write_mag, write_pickle

RUNS = {"mosi": (mag_data, write_mag), "mustard": (hkt_data, write_hkt)}
LABEL = {"mosi": 1, "mustard": 3}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with a run per task, named by its recipe, and the files the runs were trained on."""
    place = tmp_path_factory.mktemp("trained")
    with chdir(place):
        for recipe, (_, write) in RUNS.items():
            write(place / f"{recipe}.pkl", sizes=SIZES)
            succeed("train", recipe, "--data", f"{recipe}.pkl", *TINY, *SMALL, "--output", recipe)
        yield place


@pytest.fixture(params=list(RUNS))
def recipe(request: pytest.FixtureRequest, place: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(place)
    return str(request.param)


def metrics(recipe: str) -> Any:
    return json.loads(Path(recipe, "metrics.json").read_text(encoding="utf-8"))


def predict(recipe: str, output: Path, *arguments: object) -> pd.DataFrame:
    succeed("predict", recipe, "--output", output, *arguments)
    return READ[output.suffix](output)


def write_data(path: Path, recipe: str, edit: Callable[[Data], object] | None = None, **options: Any) -> Path:
    """A file of the recipe's layout."""
    RUNS[recipe][1](path, edit=edit, **{"sizes": SIZES, **options})
    return path


def drop_labels(recipe: str, data: Data) -> None:
    """Replace every label by None."""
    for items in data.values():
        items[:] = [tuple(None if n == LABEL[recipe] else part for n, part in enumerate(item)) for item in items]


@pytest.mark.parametrize("split", ["dev", "test"])
def test_evaluate_repeats_the_metrics_of_the_training_to_the_last_digit(recipe: str, split: str) -> None:
    assert json.loads(succeed("evaluate", recipe, "--split", split, "--json")) == {split: metrics(recipe)[split]}


def test_evaluate_reads_test_unless_told_otherwise(recipe: str) -> None:
    assert list(json.loads(succeed("evaluate", recipe, "--json"))) == ["test"]


def test_evaluate_prints_a_table_with_every_metric(recipe: str) -> None:
    lines = succeed("evaluate", recipe, "--split", "dev").splitlines()
    assert lines[0].strip() == recipe
    assert "dev, 5 items" in lines[2]
    rows = dict(line.replace(" ", "").strip("│").split("│") for line in lines if line.startswith("│"))
    assert rows == {k: "n/a" if v is None else f"{v:.3f}" for k, v in metrics(recipe)["dev"].items()}


def test_evaluate_and_predict_leave_the_run_as_it_is(recipe: str, tmp_path: Path) -> None:
    before = files(Path())
    succeed("evaluate", recipe)
    succeed("predict", recipe, "--output", tmp_path / "all.csv")
    assert files(Path()) == before


def test_evaluate_says_when_the_file_is_another_one(recipe: str, tmp_path: Path) -> None:
    same = shutil.copy(f"{recipe}.pkl", tmp_path / "copy.pkl")
    other = write_data(tmp_path / "other.pkl", recipe, seed=9)
    assert invoke("evaluate", recipe, "--data", same).err == ""
    outcome = invoke("evaluate", recipe, "--data", other)
    assert outcome.code == 0
    assert outcome.err.splitlines() == [f"note: {other} is not the file this run was trained on (its hash differs)"]


@pytest.mark.parametrize("suffix", READ)
def test_predict_writes_the_predictions_of_the_training(recipe: str, tmp_path: Path, suffix: str) -> None:
    table = predict(recipe, tmp_path / f"p{suffix}", "--split", "test")
    pd.testing.assert_frame_equal(table, read_csv(Path(recipe, "predictions", "test.csv")), check_exact=True)


@pytest.mark.parametrize("suffix", READ)
def test_predict_covers_every_split_in_the_file_s_order(recipe: str, tmp_path: Path, suffix: str) -> None:
    table = predict(recipe, tmp_path / f"p{suffix}")
    assert table["split"].tolist() == [split for split, count in SIZES.items() for _ in range(count)]
    identifier = 2
    assert table["id"].tolist() == [item[identifier] for items in RUNS[recipe][0](SIZES).values() for item in items]


def test_predict_says_how_many_and_where(recipe: str, tmp_path: Path) -> None:
    output = tmp_path / "p.csv"
    assert succeed("predict", recipe, "--output", output) == f"{sum(SIZES.values())} predictions: {output}\n"


def test_labels_may_be_absent(recipe: str, tmp_path: Path) -> None:
    data = write_data(tmp_path / "new.pkl", recipe, edit=lambda d: drop_labels(recipe, d))
    table = predict(recipe, tmp_path / "p.csv", "--data", data)
    expected = predict(recipe, tmp_path / "q.csv").drop(columns="label")
    pd.testing.assert_frame_equal(table, expected, check_exact=True)


def test_evaluate_without_labels_is_an_error_that_names_predict(recipe: str, tmp_path: Path) -> None:
    data = write_data(tmp_path / "new.pkl", recipe, edit=lambda d: drop_labels(recipe, d))
    outcome = invoke("evaluate", recipe, "--data", data)
    assert (outcome.code, outcome.out) == (1, "")
    assert "mlcl predict" in outcome.err.splitlines()[-1]


def test_a_file_with_only_a_test_split_is_enough(recipe: str, tmp_path: Path) -> None:
    data = write_data(tmp_path / "new.pkl", recipe, edit=lambda d: (d.pop("train"), d.pop("dev")))
    # the writer draws the splits one after the other, so the test items are those of the training's file
    pd.testing.assert_frame_equal(
        predict(recipe, tmp_path / "p.csv", "--data", data), predict(recipe, tmp_path / "q.csv", "--split", "test")
    )
    assert json.loads(succeed("evaluate", recipe, "--data", data, "--json")) == {"test": metrics(recipe)["test"]}


def test_an_item_s_prediction_does_not_depend_on_its_neighbours(recipe: str, tmp_path: Path) -> None:
    """Another order, and alone in a file; float32 sums over other batch shapes may differ in the last bits."""
    columns = ["prediction"] if recipe == "mosi" else ["prediction", "probability"]
    together = predict(recipe, tmp_path / "p.csv").set_index("id")[columns]
    backwards = write_data(tmp_path / "back.pkl", recipe, edit=lambda d: [items.reverse() for items in d.values()])
    again = predict(recipe, tmp_path / "q.csv", "--data", backwards).set_index("id")[columns]
    assert list(again.index) != list(together.index)
    pd.testing.assert_frame_equal(again.loc[together.index], together, rtol=1e-5, atol=1e-6)
    for item in RUNS[recipe][0](SIZES)["train"]:
        write_pickle(tmp_path / "one.pkl", {"test": [item]})
        alone = predict(recipe, tmp_path / "r.csv", "--data", tmp_path / "one.pkl").set_index("id")[columns]
        pd.testing.assert_frame_equal(alone, together.loc[alone.index], rtol=1e-5, atol=1e-6)


def test_the_release_s_readout_does_depend_on_neighbours(place: Path, tmp_path: Path) -> None:
    """Negative control of the test above: with unmasked padding up to the longest neighbour, it would fail."""
    release = settings(model__mask_padding="false", model__text_pooling="last_position", data__padding="longest")
    run = str(tmp_path / "run")
    succeed("train", "mosi", "--data", place / "mosi.pkl", *TINY, *SMALL, *release, "--output", run)
    alone: list[float] = []
    for item in mag_data(SIZES)["train"]:
        write_pickle(tmp_path / "one.pkl", {"test": [item]})
        alone += predict(str(tmp_path / "run"), tmp_path / "p.csv", "--data", tmp_path / "one.pkl")[
            "prediction"
        ].tolist()
    together = predict(str(tmp_path / "run"), tmp_path / "q.csv", "--split", "train")["prediction"].tolist()
    assert np.abs(np.array(together) - alone).max() > 1e-4


@pytest.mark.parametrize("size", [1, 3, 128])
def test_batch_size_of_evaluation_changes_no_prediction(recipe: str, tmp_path: Path, size: int) -> None:
    shutil.copytree(recipe, tmp_path / "run")
    config = tmp_path / "run" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    assert "eval_batch_size: 4" in text
    config.write_text(text.replace("eval_batch_size: 4", f"eval_batch_size: {size}"), encoding="utf-8")
    succeed("predict", tmp_path / "run", "--data", f"{recipe}.pkl", "--output", tmp_path / "p.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "p.csv"), predict(recipe, tmp_path / "q.csv"), atol=1e-6)


def test_batch_size_of_evaluation_at_training_changes_no_prediction(recipe: str, tmp_path: Path) -> None:
    arguments = ("train", recipe, "--data", f"{recipe}.pkl", *TINY, *SMALL, *settings(train__eval_batch_size=128))
    succeed(*arguments, "--output", tmp_path / "run")
    assert (tmp_path / "run/model/model.safetensors").read_bytes() == Path(
        recipe, "model/model.safetensors"
    ).read_bytes()


def test_run_works_after_it_and_its_data_were_moved(
    recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = metrics(recipe)
    shutil.copytree(recipe, tmp_path / "moved")
    data = Path(shutil.copy(f"{recipe}.pkl", tmp_path / "renamed.pkl"))
    monkeypatch.chdir(tmp_path)
    assert json.loads(succeed("evaluate", "moved", "--data", data.name, "--json")) == {"test": expected["test"]}
    outcome = invoke("evaluate", "moved")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert outcome.err.startswith(f"mlcl: {recipe}.pkl: no such file")
    assert "--data FILE" in outcome.err


def test_python_gives_the_same_numbers(recipe: str) -> None:
    trained = TrainedRun.load(recipe)
    assert trained.evaluate() == metrics(recipe)["test"]
    weights = MLCLModel.from_pretrained(str(Path(recipe, "model"))).state_dict()
    assert all(np.array_equal(value, weights[name]) for name, value in trained.model.state_dict().items())
