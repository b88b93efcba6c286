"""Studies that lack something, and those that say something else: ablations, absent references, equal systems."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import targets
from made_study import write_study
from mlcl.data.target import Target
from mlcl.errors import RunError
from mlcl.report.build import Words, build_page, write_report
from mlcl.report.comparisons import intervals
from mlcl.report.evidence import read_evidence
from mlcl.report.plots.maps import neighbour_agreement, project, shown_systems
from mlcl.report.summary import Summary, summarise
from mlcl.report.tables import results_table
from mlcl.report.verdict import verdict
from mlcl.report.wording import duration, size


def numbers(path: Path) -> Summary:
    return summarise(read_evidence(path), "test", resamples=99)


def study(tmp_path: Path, **options: object) -> Path:
    return write_study(tmp_path / "study", items=12, seeds=(1, 2), epochs=1, **options)  # type: ignore[arg-type]


def test_an_ablation_has_bars_and_figures_of_what_says_most(tmp_path: Path) -> None:
    summary = numbers(study(tmp_path, kind="ablate"))
    assert shown_systems(summary.evidence) == ["mlcl", "no_contrast", "text"]
    page = build_page(summary, Words(), "none")
    figures = {plot.name for section in page.sections for plot in section.plots}
    assert "ablation" in figures
    assert "differences" not in figures
    assert {name for name in figures if name.startswith("truth-")} == {"truth-mlcl", "truth-no_contrast", "truth-text"}


def test_a_reference_without_a_run_is_said_to_be_missing(tmp_path: Path) -> None:
    path = study(tmp_path, systems=["mlcl", "text", "mag"], missing=[("mlcl", 1), ("mlcl", 2)])
    summary = numbers(path)
    said = " ".join(verdict(summary))
    assert summary.against_reference == []
    assert "The reference, MLCL, has no complete run" in said
    assert "Fewer than 3 seeds: the spread" in said
    assert [each.other for each in summary.against_text] == ["mag"]
    assert results_table(summary).rows[0][1].whole == "0 of 2 2 missing"


def test_a_system_equal_to_the_reference_is_no_finding(tmp_path: Path) -> None:
    path = study(tmp_path, systems=["mlcl", "text"])
    for seed in (1, 2):
        table = (path / f"runs/mlcl/seed-{seed}/predictions/test.csv").read_bytes()
        (path / f"runs/text/seed-{seed}/predictions/test.csv").write_bytes(table)
    summary = numbers(path)
    said = " ".join(verdict(summary))
    assert "No difference from the reference is a finding here." in said
    assert "MLCL does not beat the text-only system." in said
    assert summary.winners == {}


def test_a_clear_winner_beats_text_and_stands_in_bold(tmp_path: Path) -> None:
    path = study(tmp_path, systems=["mlcl", "text"])
    for file in (path / "runs" / "text").glob("seed-*/predictions/test.csv"):
        lines = file.read_text(encoding="utf-8").splitlines()
        moved = [line.split(",") for line in lines[1:]]
        rows = [",".join([i, s, repr(float(p) + 9), y]) for i, s, p, y in moved]
        file.write_text("\n".join([lines[0], *rows]) + "\n", encoding="utf-8")
    for file in path.glob("runs/*/seed-*/run.json"):  # against a constant these few items decide nothing
        facts = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({key: value for key, value in facts.items() if key != "constant"}), encoding="utf-8")
    summary = summarise(read_evidence(path), "test", resamples=999)
    said = " ".join(verdict(summary))
    assert "MLCL is better than Text only on MAE" in said
    assert "MLCL beats the text-only system." in said
    assert summary.winners["mae"] == "mlcl"
    table = results_table(summary)
    column = table.header.index("MAE ↓")
    assert [row[column].bold for row in table.rows] == [True, False, False]


def test_runs_that_recorded_no_constant_have_no_constant_row(tmp_path: Path) -> None:
    path = study(tmp_path, systems=["mlcl"])
    file = path / "runs/mlcl/seed-1/run.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    del facts["constant"]
    file.write_text(json.dumps(facts), encoding="utf-8")
    summary = numbers(path)
    assert results_table(summary).rows[-1][0].whole == "Constant not recorded by these runs"
    assert "constant prediction" not in " ".join(verdict(summary))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = study(tmp_path, systems=["mlcl"])
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="write it elsewhere"):
        write_report(numbers(path), tmp_path / "file" / "report", Words(), no_maps="none")
    shutil.rmtree(path)


def test_a_metric_that_is_no_mean_has_no_interval_here(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="corr is no mean over items"):
        intervals(numbers(study(tmp_path, systems=["mlcl"])).predictions, "corr")


def test_maps_of_vectors_that_say_nothing() -> None:
    assert not project(np.ones((9, 3), np.float32)).any()
    assert project(np.arange(9, dtype=np.float32)[:, None]).shape == (9, 2)
    assert neighbour_agreement(np.ones((9, 3), np.float32), np.zeros(9)) == 0


def test_neighbours_agree_where_embeddings_follow_the_label() -> None:
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, np.pi, 80)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert neighbour_agreement(circle, angles) > 0.95
    assert abs(neighbour_agreement(circle, rng.permutation(angles))) < 0.5


@pytest.mark.parametrize(("value", "said"), [(1.25, "1.2 s"), (600, "10 min"), (9000, "2 h 30 min")])
def test_durations(value: float, said: str) -> None:
    assert duration(value) == said


@pytest.mark.parametrize(("value", "said"), [(500, "500 B"), (2.5e6, "2 MB"), (1.25e9, "1.2 GB")])
def test_sizes(value: float, said: str) -> None:
    assert size(value) == said


def test_items_without_a_label_are_left_out(tmp_path: Path) -> None:
    path = study(tmp_path, systems=["mlcl", "text"])
    before = numbers(path)
    for file in path.glob("runs/*/seed-*/predictions/test.csv"):
        head, *lines = file.read_text(encoding="utf-8").splitlines()
        file.write_text("\n".join([head, *lines, "unknown,test,2.5,"]) + "\n", encoding="utf-8")
    after = numbers(path)
    assert after.predictions.ids == before.predictions.ids
    assert after.values == before.values


def test_the_range_of_the_labels_decides_which_metrics_are_shown(tmp_path: Path) -> None:
    path = study(tmp_path, systems=["mlcl"])
    assert "acc7" in numbers(path).metrics
    for file in path.glob("runs/*/seed-*/run.json"):
        facts = json.loads(file.read_text(encoding="utf-8"))
        facts["data"]["label_range"] = [-1.0, 1.0]
        file.write_text(json.dumps(facts), encoding="utf-8")
    assert "acc7" not in numbers(path).metrics


@pytest.mark.parametrize("wrong", [{"task": "scores"}, {"num_classes": 7}, {"label_range": [3]}, {"classes": 5}])
def test_a_label_that_cannot_be_is_said_to_be_damaged(tmp_path: Path, wrong: dict[str, object]) -> None:
    path = study(tmp_path, systems=["mlcl"])
    for file in path.glob("runs/*/seed-*/run.json"):
        facts = json.loads(file.read_text(encoding="utf-8"))
        facts["data"] |= wrong
        file.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(RunError, match=r"run\.json is damaged"):
        numbers(path)


@pytest.mark.parametrize("target", [targets.scores(-3, 3), targets.TWO, targets.classes(7)], ids=lambda t: t.kind)
def test_one_item_has_a_report_that_finds_nothing(tmp_path: Path, target: Target) -> None:
    path = write_study(tmp_path / "study", items=1, seeds=(1,), epochs=1, systems=["mlcl", "text"], target=target)
    summary = numbers(path)
    page = build_page(summary, Words(), "none")
    assert page.verdict[0].startswith("On 1 item of test, MLCL reaches")
    assert all(found.better is None and found.corrected == 1 for found in summary.against_reference)
    assert summary.winners == {}


def test_no_labelled_item_is_refused(tmp_path: Path) -> None:
    path = study(tmp_path, systems=["mlcl"])
    for file in path.glob("runs/*/seed-*/predictions/test.csv"):
        head, *lines = file.read_text(encoding="utf-8").splitlines()
        file.write_text("\n".join([head, *(f"{line.rpartition(',')[0]}," for line in lines)]), encoding="utf-8")
    with pytest.raises(RunError, match="no item of test has a label"):
        numbers(path)
