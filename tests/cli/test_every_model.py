"""Every model through the command line: train, evaluate, predict, resume, on both kinds of file."""

import json
from pathlib import Path

import pytest
import yaml

from command import SIZES, TINY, refuse, settings, succeed
from comparison import differences
from mlcl.models.registry import MODELS
from tables import read_csv
from writers import write_hkt, write_mag

pytestmark = pytest.mark.usefixtures("workplace")
SMALL = settings(data__max_length=24, train__epochs=2, train__batch_size=4)
# LFMIM as released has 266 million parameters; HKT's numbers of heads must divide the widths of the file.
RELEASE = {
    "lfmim": settings(model__d_model=32),
    "hkt": settings(model__acoustic_heads=1, model__visual_heads=1, model__cross_heads=1),
}


def train(name: str, recipe: str, output: str, *options: str) -> None:
    data = Path("data.pkl")
    if not data.exists():
        {"mosi": write_mag, "mustard": write_hkt}[recipe](data, sizes=SIZES)
    options = (*SMALL, *options, "--quiet", "--output", output)
    succeed("train", recipe, "--model", name, "--data", data, *TINY, *options)


@pytest.mark.parametrize("recipe", ["mosi", "mustard"])
@pytest.mark.parametrize("name", MODELS)
def test_train_evaluate_predict(name: str, recipe: str) -> None:
    train(name, recipe, "run")
    metrics = json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))
    assert set(metrics) == {"dev", "test"}
    assert json.loads(succeed("evaluate", "run", "--json"))["test"] == pytest.approx(metrics["test"], abs=1e-6)
    succeed("predict", "run", "--data", "data.pkl", "--split", "test", "--output", "out.csv")
    assert read_csv(Path("out.csv")).equals(read_csv(Path("run/predictions/test.csv")))
    card = Path("run/README.md").read_text(encoding="utf-8")
    assert f"\n# {name}, recipe {recipe}" in card
    task = "regression" if recipe == "mosi" else "classification"
    assert ("Adaptation" in card) is (task not in MODELS[name].native)
    assert yaml.safe_load(Path("run/config.yaml").read_text(encoding="utf-8"))["model"]["name"] == name


@pytest.mark.parametrize("name", MODELS)
def test_the_release_profile_trains(name: str) -> None:
    train(name, "mosi", "run", "--profile", "release", *RELEASE.get(name, []))
    assert Path("run/metrics.json").is_file()


@pytest.mark.parametrize("name", MODELS)
def test_a_longer_training_goes_on_as_if_never_stopped(name: str) -> None:
    train(name, "mosi", "long", *settings(train__epochs=3, train__schedule="constant", train__warmup=0))
    train(name, "mosi", "short", *settings(train__epochs=1, train__schedule="constant", train__warmup=0))
    succeed("train", "--resume", "short", "--set", "train.epochs=3", "--quiet")
    assert "model/model.safetensors" not in differences(Path("long"), Path("short"))


def test_models_lists_the_registry() -> None:
    rows = json.loads(succeed("models", "--json"))
    assert [row["name"] for row in rows] == list(MODELS)
    assert all(row["parameters"] > 100_000_000 for row in rows)  # BERT-base alone has 108.9 million
    table = succeed("models")
    assert all(name in table for name in MODELS)


def test_an_unknown_model_is_refused_with_the_nearest_name() -> None:
    assert "unknown model 'mlc'; did you mean 'mlcl'" in refuse(2, "train", "mosi", "--model", "mlc")


def test_resume_goes_on_with_the_run_s_own_model() -> None:
    train("text", "mosi", "run")
    assert "--resume goes on with a run as it is" in refuse(2, "train", "--resume", "run", "--model", "late_fusion")
