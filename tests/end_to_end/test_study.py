"""Studies through the command line: complete, failed, interrupted and resumed runs."""

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from command import SMALL, TINY, Outcome, files, invoke, settings, succeed
from mlcl.errors import RunError
from mlcl.lock import alone_in
from patience import HANGS, wait_until
from planted import write_planted

pytestmark = pytest.mark.long

OPTIONS = ["--data", "planted.pkl", *TINY, *settings(train__batch_size=4, data__max_length=24)]


@pytest.fixture(autouse=True)
def data(workplace: Path) -> None:
    write_planted(workplace / "planted.pkl", train=9, dev=5, test=5)


def compare(models: str, *more: object, epochs: int = 1, seeds: str = "1") -> Outcome:
    shared = [*OPTIONS, "--seeds", seeds, "--set", f"train.epochs={epochs}", "--output", "study"]
    return invoke("compare", "mosi", "--models", models, *shared, *more)


def test_finished_runs_are_not_repeated_and_further_ones_join() -> None:
    first = compare("text")
    assert first.code == 0, first.err
    before = files(Path("study/runs/text"))
    second = compare("text,late_fusion", seeds="2")
    assert second.code == 0, second.err
    assert {name: files(Path("study/runs/text"))[name] for name in before} == before
    done = sorted(str(file.parent.relative_to("study/runs")) for file in Path("study/runs").glob("*/*/metrics.json"))
    assert done == ["late_fusion/seed-1", "late_fusion/seed-2", "text/seed-1", "text/seed-2"]
    assert "3 left" not in second.out
    assert "2 of 2" in second.out


def test_a_run_of_a_study_is_the_run_of_mlcl_train() -> None:
    assert compare("text").code == 0
    succeed("train", "mosi", "--model", "text", *OPTIONS, "--seed", 1, "--set", "train.epochs=1", "--output", "alone")
    for name in ("metrics.json", "predictions/test.csv", "config.yaml"):
        assert Path("study/runs/text/seed-1", name).read_text().replace("cpu", "auto") == Path(
            "alone", name
        ).read_text().replace("cpu", "auto")


def test_a_failed_run_is_recorded_shown_and_retried_on_request_only() -> None:
    broken = ["--set", "late_fusion:train.learning_rate=1e30", "--set", "late_fusion:train.clip_norm=null"]
    outcome = compare("late_fusion,text", *broken, epochs=2)
    assert outcome.code == 1
    assert "0 of 1" in outcome.out
    assert "1 of 1" in outcome.out
    record = json.loads(Path("study/runs/late_fusion/seed-1.failed.json").read_text())
    assert "lower train.learning_rate" in record["error"]
    assert "1 of 2 runs failed, first late_fusion, seed 1" in outcome.err
    assert record["error"] in outcome.err
    again = compare("late_fusion,text", *broken, epochs=2)
    assert "FAILED" not in again.out
    retried = compare("late_fusion,text", *broken, "--retry", epochs=2)
    assert retried.out.count("FAILED") == 1


def test_a_stopped_study_goes_on_where_its_runs_were() -> None:
    arguments = ["compare", "mosi", "--models", "text", *OPTIONS, "--seeds", "1", "--set", "train.epochs=40"]
    study = subprocess.Popen(
        [sys.executable, "-m", "mlcl", *arguments, "--output", "study"], stderr=subprocess.PIPE, text=True
    )
    history = Path("study/runs/text/seed-1/history.jsonl")
    wait_until(lambda: history.exists() or study.poll() is not None)
    study.send_signal(signal.SIGTERM)
    errors = study.communicate(timeout=HANGS)[1]
    assert study.returncode == 130, errors
    assert errors.splitlines()[-1] == f"mlcl: stopped; go on with mlcl {shlex.join([*arguments, '--output', 'study'])}"
    done = history.read_text().splitlines()
    assert 0 < len(done) < 40
    assert not Path("study/runs/text/seed-1/metrics.json").exists()
    finished = invoke(*arguments, "--output", "study")
    assert finished.code == 0, finished.err
    assert history.read_text().splitlines()[: len(done)] == done
    whole = invoke(*arguments, "--output", "whole")
    assert whole.code == 0, whole.err
    run = "runs/text/seed-1/predictions/test.csv"
    assert Path("study", run).read_bytes() == Path("whole", run).read_bytes()


def test_the_runs_of_a_killed_study_stop_with_it_and_the_same_command_goes_on() -> None:
    arguments = ["compare", "mosi", "--models", "text", *OPTIONS, "--seeds", "1", "--set", "train.epochs=400"]
    command = [sys.executable, "-m", "mlcl", *arguments, "--output", "study"]
    study = subprocess.Popen(command)
    history = Path("study/runs/text/seed-1/history.jsonl")
    wait_until(lambda: history.exists() or study.poll() is not None)
    study.kill()
    study.wait()
    wait_until(lambda: not _is_held(Path("study")))
    done = len(history.read_text().splitlines())
    assert done < 400
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(history.read_text().splitlines()) > done or process.poll() is not None)
    process.send_signal(signal.SIGTERM)
    assert "mlcl: stopped; go on with mlcl compare" in process.communicate(timeout=HANGS)[1]
    assert len(history.read_text().splitlines()) > done


def _is_held(study: Path) -> bool:
    try:
        with alone_in(study, "is working on"):
            return False
    except RunError:
        return True


def test_two_processes_never_work_on_one_study() -> None:
    assert compare("text").code == 0
    with alone_in(Path("study"), "is working on"):
        outcome = compare("text,late_fusion")
    assert outcome.code == 1
    assert "study: another process is working on it" in outcome.err
    assert not Path("study/runs/late_fusion").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seeds", "0"], "--seeds '0'"),
        (["--seeds", "1,1"], "stands there twice"),
        (["--seeds", "few"], "give how many"),
        (["--processes", "0"], "--processes 0: must be at least 1"),
        (["--models", "mlcl,bert"], "unknown model 'bert'"),
    ],
)
def test_wrong_options_leave_nothing_behind(options: list[str], message: str) -> None:
    outcome = invoke("compare", "mosi", "--data", "planted.pkl", *TINY, "--output", "study", *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert not Path("study").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "nope.pkl"], "nope.pkl: no such file"),
        (["--data", "planted.pkl", "--text-encoder", "nowhere"], "text encoder 'nowhere'"),
        (["--data", "planted.pkl", "--devices", "cpu,tpu"], "no device 'tpu'"),
    ],
)
def test_wrong_data_encoders_and_devices_are_told_once_before_anything_is_made(
    options: list[str], message: str
) -> None:
    encoder = [] if "--text-encoder" in options else TINY
    outcome = invoke("compare", "mosi", "--models", "mlcl,text", *encoder, "--output", "study", *options)
    assert outcome.code in (1, 2)
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
    assert not Path("study").exists()


def test_an_ablation_trains_the_whole_and_each_part() -> None:
    outcome = invoke(
        *("ablate", "mosi", "--parts", "no_umcl,text", "--data", "planted.pkl", *TINY, *SMALL),
        *("--seeds", "1", "--set", "train.epochs=1", "--output", "parts", "--processes", "2"),
    )
    assert outcome.code == 0, outcome.err
    lines = [line for line in outcome.out.splitlines() if "1 of 1" in line]
    assert [line.split("│")[1].strip() for line in lines] == ["MLCL", "without UMCL", "text only"]


def test_an_unknown_part_names_the_nearest() -> None:
    outcome = invoke("ablate", "mosi", "--parts", "no_umlc", "--output", "parts")
    assert outcome.code == 2
    assert "no_umcl" in outcome.err
