"""What is refused, and how: one line that names the file and the next step."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from made_study import write_study
from mlcl.errors import RunError, UsageError
from mlcl.report.build import check_output
from mlcl.report.evidence import read_evidence
from mlcl.report.identity import disagreements, identity
from mlcl.report.summary import summarise


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(tmp_path / "study", items=8, seeds=(1, 2), epochs=1, systems=["mlcl", "text"])


def test_a_folder_that_is_neither_study_nor_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"neither a study \(study.yaml\) nor a run folder \(config.yaml\)"):
        read_evidence(tmp_path)


def test_a_study_without_a_complete_run_is_refused(study: Path) -> None:
    shutil.rmtree(study / "runs")
    with pytest.raises(RunError, match="no complete run yet"):
        read_evidence(study)


def test_what_all_systems_change_and_how_often_test_was_read_are_named(study: Path) -> None:
    file = study / "study.yaml"
    plan = {**yaml.safe_load(file.read_text(encoding="utf-8")), "changes": ["train.epochs=3", "train.precision=bf16"]}
    file.write_text(yaml.safe_dump(plan), encoding="utf-8")
    lines = dict(identity(summarise(read_evidence(study), "test", resamples=19)))
    assert lines["Changed in all"] == "train.epochs=3 train.precision=bf16"
    assert lines["Selection"].endswith("test was read once, afterwards")


def test_a_run_that_is_not_complete_is_refused(study: Path) -> None:
    run = study / "runs" / "mlcl" / "seed-1"
    (run / "metrics.json").unlink()
    with pytest.raises(RunError, match=f"--resume {run}"):
        read_evidence(run)


def test_a_single_run_is_a_study_of_one(study: Path) -> None:
    evidence = read_evidence(study / "runs" / "mlcl" / "seed-2")
    assert (evidence.kind, evidence.seeds, evidence.reference) == ("run", [2], "mlcl")
    assert summarise(evidence, "test", resamples=19).against_reference == []


def test_a_reference_that_is_no_system_is_refused(study: Path) -> None:
    plan = (study / "study.yaml").read_text(encoding="utf-8")
    (study / "study.yaml").write_text(plan.replace("reference: mlcl", "reference: mlc"), encoding="utf-8")
    with pytest.raises(RunError, match="no system is called 'mlc'; did you mean 'mlcl'"):
        read_evidence(study)


@pytest.mark.parametrize(
    ("name", "content"),
    [("run.json", "{"), ("run.json", "[]"), ("history.jsonl", "x\n"), ("config.yaml", "- a"), ("config.yaml", "a: [")],
)
def test_damaged_files_are_named(study: Path, name: str, content: str) -> None:
    file = study / "runs" / "text" / "seed-1" / name
    file.write_text(content, encoding="utf-8")
    with pytest.raises(RunError, match=f"{file} is damaged"):
        read_evidence(study)


def test_a_missing_file_is_named(study: Path) -> None:
    file = study / "runs" / "text" / "seed-1" / "history.jsonl"
    file.unlink()
    with pytest.raises(RunError, match=f"{file} is missing"):
        read_evidence(study)


def test_an_unknown_split_names_those_there_are(study: Path) -> None:
    with pytest.raises(RunError, match=r"no predictions of split 'tset'; did you mean 'test'\? allowed: dev, test"):
        summarise(read_evidence(study), "tset")


@pytest.mark.parametrize("change", [("label", "lable"), ("0.", "x.")], ids=["column", "number"])
def test_a_table_that_is_none_is_named(study: Path, change: tuple[str, str]) -> None:
    file = study / "runs" / "text" / "seed-2" / "predictions" / "test.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(RunError, match=f"{file} is missing or damaged: it is no table of predictions with labels"):
        summarise(read_evidence(study), "test")


def test_runs_scored_on_other_items_are_not_compared(study: Path) -> None:
    file = study / "runs" / "text" / "seed-2" / "predictions" / "test.csv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join([lines[0], lines[2], lines[1], *lines[3:]]), encoding="utf-8")
    with pytest.raises(RunError, match="seed-2 was scored on other test items than"):
        summarise(read_evidence(study), "test")


def test_runs_on_another_file_or_encoder_are_told_of(study: Path) -> None:
    assert disagreements(summarise(read_evidence(study), "test", resamples=19)) == []
    file = study / "runs" / "text" / "seed-2" / "run.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    facts["data"]["sha256"] = "ee" * 32
    file.write_text(json.dumps(facts), encoding="utf-8")
    (told,) = disagreements(summarise(read_evidence(study), "test", resamples=19))
    assert told == "Not all runs share one data file: by its hash it is another in Text only."


def test_an_output_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    check_output(tmp_path / "new")
    for place, reason in (
        (tmp_path / "file", "this is a file"),
        (tmp_path, "other files"),
        (tmp_path / "a" / "b", "no folder"),
    ):
        with pytest.raises(UsageError, match=reason):
            check_output(place)
    (tmp_path / "report.html").write_text("", encoding="utf-8")
    check_output(tmp_path)
