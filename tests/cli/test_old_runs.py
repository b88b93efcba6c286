"""Runs that version 0.1.0 has left: they are evaluated, applied and reported as they were then."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command import Outcome, invoke, succeed
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


def edit_table(run: str) -> None:
    """Another prediction for one item, as a hand or a bad disk leaves it."""
    file = Path(run, "predictions/test.csv")
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    other = {"sims": "1.0", "sign": "1", "mood": "0"}.get(run, "3.0")
    row = next(n for n, given in enumerate(table["prediction"]) if float(given) != float(other))
    table.loc[row, "prediction"] = other
    if run == "sign":
        table.loc[row, "probability"] = "0.99"
    table.to_csv(file, index=False)


def edit_metrics(run: str) -> None:
    values = json.loads(Path(run, "metrics.json").read_text(encoding="utf-8"))
    name = "mae" if "mae" in values["test"] else "accuracy"
    values["test"][name] = round(values["test"][name], 2) + 0.01
    Path(run, "metrics.json").write_text(json.dumps(values), encoding="utf-8")


def notes(outcome: Outcome) -> list[str]:
    """What a command that succeeded has noted; pytest writes what it captures there too."""
    assert outcome.code == 0
    return [line for line in outcome.err.splitlines() if line.startswith("note: ")]


@every_run
@pytest.mark.parametrize("edit", [edit_table, edit_metrics])
def test_report_says_in_one_line_where_predictions_and_metrics_differ(run: str, edit: Callable[[str], None]) -> None:
    """Without digests nothing else tells; each as it was says nothing."""
    assert invoke("report", run, "--output", "report").err == ""
    edit(run)
    outcome = invoke("report", run, "--output", "report")
    (line,) = notes(outcome)
    assert line.startswith(f"note: {run}/metrics.json says test ")
    page = Path("report/report.html").read_text(encoding="utf-8")
    assert f"{run}/metrics.json says test " in page


@every_run
def test_evaluate_says_where_metrics_are_not_those_of_the_model(run: str) -> None:
    edit_metrics(run)
    outcome = invoke("evaluate", run)
    (line,) = notes(outcome)
    assert line.startswith(f"note: {run}/metrics.json says test ")


def test_a_study_of_old_runs_says_so_too() -> None:
    """``mlcl compare`` shows the kept metrics and judges by the predictions."""
    for seed in (1, 2):
        shutil.copytree("sentiment", f"study/runs/late_fusion/seed-{seed}")
    system = {"name": "late_fusion", "label": "Late fusion", "model": "late_fusion"}
    plan = {"kind": "compare", "title": "t", "recipe": "mosi", "seeds": [1, 2], "reference": "late_fusion"}
    Path("study/study.yaml").write_text(json.dumps({**plan, "systems": [system]}), encoding="utf-8")
    edit_table("study/runs/late_fusion/seed-2")
    outcome = invoke("report", "study")
    (line,) = notes(outcome)
    assert line.startswith("note: study/runs/late_fusion/seed-2/metrics.json says test ")
