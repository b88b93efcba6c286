"""Runs that version 0.1.0 has left: they are evaluated, applied and reported as they were then."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command import invoke, succeed
from mlcl.data.target import Target
from mlcl.evaluate.metrics import OF_CHOSEN
from mlcl.runs.trained import TrainedRun
from tables import read_csv

STRENGTHS = ("strongly negative", "negative", "weakly negative")
SEVEN = (*STRENGTHS, "neutral", *(name.replace("negative", "positive") for name in STRENGTHS[::-1]))
RUNS = {
    "sims": Target("regression", "sims", label_range=(-1.0, 1.0)),
    "sentiment": Target("regression", "sentiment", label_range=(-3.0, 3.0)),
    "sign": Target("classification", "sign", 2, ("not positive", "positive")),
    "mood": Target("classification", "mood", 7, SEVEN),
}
ROUNDING = 1e-5  # of float32 on another machine


@pytest.fixture(autouse=True)
def _there(workplace: Path) -> None:
    shutil.copytree(Path(__file__).parents[1] / "old_runs", workplace, dirs_exist_ok=True)


every_run = pytest.mark.parametrize("run", RUNS)


def metrics(run: str) -> Any:
    return json.loads(Path(run, "metrics.json").read_text(encoding="utf-8"))["test"]


def shown(run: str) -> dict[str, float]:
    """The metrics that a report shows of a run."""
    succeed("report", run, "--output", "report")
    table = pd.read_csv("report/tables/results.csv").set_index("system").loc["late_fusion"]
    return {name: table[name] for name in metrics(run) if name in table}


@every_run
def test_evaluate_gives_the_metrics_of_then(run: str) -> None:
    outcome = invoke("evaluate", run, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out)["test"] == pytest.approx(metrics(run), abs=ROUNDING)
    assert TrainedRun.load(run).processor.target == RUNS[run]


@every_run
def test_predict_gives_the_predictions_of_then(run: str) -> None:
    succeed("predict", run, "--split", "test", "--output", "now.csv")
    then, now = (read_csv(Path(file)) for file in (f"{run}/predictions/test.csv", "now.csv"))
    if run == "mood":
        now["probability"] = now[[f"probability_{number}" for number in range(7)]].max(axis=1)
    pd.testing.assert_frame_equal(now[list(then)], then, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("run", ["sims", "sentiment", "sign"])
def test_report_shows_the_metrics_of_then(run: str) -> None:
    assert shown(run) == pytest.approx(metrics(run), abs=1e-6, nan_ok=True)


def test_report_of_seven_classes_shows_what_the_chosen_class_says_and_how_to_get_the_rest() -> None:
    found = shown("mood")
    assert found == pytest.approx({name: metrics("mood")[name] for name in OF_CHOSEN}, abs=1e-12)
    page = Path("report/report.html").read_text(encoding="utf-8")
    assert "mlcl predict RUN --split test --output RUN/predictions/test.csv writes them all" in page
    succeed("predict", "mood", "--split", "test", "--output", "mood/predictions/test.csv")
    assert shown("mood") == pytest.approx(metrics("mood"), abs=ROUNDING)
    assert "writes them all" not in Path("report/report.html").read_text(encoding="utf-8")


def test_the_moods_are_not_all_predicted_alike() -> None:
    """Negative control: the runs have learnt enough that their predictions tell items apart."""
    for run in RUNS:
        table = read_csv(Path(run, "predictions/test.csv"))
        assert np.ptp(table["prediction" if RUNS[run].task == "regression" else "probability"]) > 10 * ROUNDING
