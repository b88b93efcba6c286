"""A training that was stopped, killed or cut off at any moment ends as one that never was: bit for bit."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from command import SMALL, TINY, files, invoke, refuse, settings, succeed
from comparison import differences
from mlcl.train.follow.progress import TrainProgress
from mlcl.train.state import TrainState
from patience import HANGS, wait_until
from planted import write_planted

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("workplace")]


class Case(NamedTuple):
    """A command, and the folder of a run of it that nothing interrupted."""

    train: list[str]
    whole: Path


def uninterrupted(place: Path, train: int, **options: object) -> Case:
    """Train once without interruption."""
    data = write_planted(place / "planted.pkl", train=train, dev=5, test=3)
    command = ["train", "mosi", "--data", str(data), *TINY, *SMALL, *settings(**options)]
    succeed(*command, "--output", place / "whole")
    return Case(command, place / "whole")


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Two epochs of three steps: nine items in batches of four."""
    return uninterrupted(tmp_path_factory.mktemp("short"), 9)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Sixteen epochs of eight steps, which take a second or more."""
    return uninterrupted(tmp_path_factory.mktemp("long"), 32, train__epochs=16)


def start(*arguments: str) -> "subprocess.Popen[str]":
    """Start the command as a user does, in a process of its own."""
    command = [sys.executable, "-m", "mlcl", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_training(process: "subprocess.Popen[str]") -> None:
    """Return after the first epoch's line."""
    assert process.stderr is not None
    assert process.stderr.readline().startswith("epoch   1/16"), process.communicate()


def test_killed_at_random_moments(long: Case) -> None:
    moments = random.Random(0)
    kills = 0
    process = start(*long.train, "--output", "run")
    while kills < 3:
        wait_for_config = Path("run/config.yaml")
        wait_until(lambda: process.poll() is not None or wait_for_config.exists())  # noqa: B023 - called at once
        if kills:
            wait_until_more(process, Path("run/history.jsonl"))
        time.sleep(moments.uniform(0.0, 0.4))
        if process.poll() is not None:
            break
        process.kill()
        process.communicate()
        kills += 1
        process = start("train", "--resume", "run")
    out, err = process.communicate(timeout=HANGS)
    assert process.returncode == 0, err
    assert kills >= 1
    assert out.rstrip().endswith("run folder: run")
    assert differences(long.whole, Path("run")) == []


def wait_until_more(process: "subprocess.Popen[str]", history: Path) -> None:
    """Return when another epoch has been written, or the process has ended."""
    before = history.stat().st_mtime_ns if history.exists() else 0
    wait_until(lambda: process.poll() is not None or (history.exists() and history.stat().st_mtime_ns != before))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_stopped_by_a_signal(long: Case, number: int) -> None:
    process = start(*long.train)
    wait_until_training(process)
    time.sleep(0.1)
    process.send_signal(number)
    out, err = process.communicate(timeout=HANGS)
    assert (process.returncode, out) == (130, "")
    last = err.splitlines()[-1]
    assert re.fullmatch(r"mlcl: stopped .*; go on with (mlcl train --resume runs/mosi-default-5576)", last), err
    assert "Traceback" not in err
    assert succeed(*last.split(" go on with mlcl ")[1].split()).rstrip().endswith("runs/mosi-default-5576")
    assert differences(long.whole, Path("runs/mosi-default-5576")) == []


@pytest.mark.parametrize("at", range(1, 7))
def test_stopped_at_each_step(short: Case, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    step = TrainProgress.step

    def stop(self: TrainProgress, state: TrainState, steps: int, epochs: int) -> None:
        step(self, state, steps, epochs)
        if state.epoch * steps + state.step == at:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(TrainProgress, "step", stop)
        outcome = invoke(*short.train, "--quiet", "--output", "run")
    assert outcome.code == 130
    where = "after epoch" if at % 3 == 0 else f"in epoch {(at - 1) // 3 + 1}, step {at % 3} of 3"
    assert outcome.err.startswith(f"mlcl: stopped {where}")
    succeed("train", "--resume", "run")
    assert differences(short.whole, Path("run")) == []


def test_a_second_signal_stops_at_once_and_the_last_epoch_is_kept(short: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: TrainProgress, state: TrainState, steps: int, epochs: int) -> None:
        if (state.epoch, state.step) == (1, 1):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(TrainProgress, "step", stop)
        outcome = invoke(*short.train, "--quiet", "--output", "run")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "mlcl: stopped; go on with mlcl train --resume run\n")
    succeed("train", "--resume", "run")
    assert differences(short.whole, Path("run")) == []


def test_resuming_a_finished_run_changes_nothing_and_prints_its_table(short: Case) -> None:
    out = succeed(*short.train, "--quiet", "--output", "run")
    before = files(Path("run"))
    assert succeed("train", "--resume", "run") == out
    assert files(Path("run")) == before


def test_more_epochs_go_on_from_the_last_one(short: Case) -> None:
    """With a constant learning rate the plan of the first epochs is the same, so two and three epochs make five."""
    constant = settings(train__schedule="constant", train__warmup=0)
    succeed(*short.train, "--quiet", *constant, *settings(train__epochs=5), "--output", "five")
    succeed(*short.train, "--quiet", *constant, *settings(train__epochs=2), "--output", "run")
    succeed("train", "--resume", "run", *settings(train__epochs=5))
    assert differences(Path("five"), Path("run")) == ["README.md", "model/README.md", "run.json"]
    assert json.loads(Path("run/run.json").read_text(encoding="utf-8"))["selection"]["reads"] == [2, 5]
    assert "test was read 2 times, after 2, 5 epochs" in Path("run/README.md").read_text(encoding="utf-8")
    assert "cannot lower train.epochs from 5" in refuse(2, "train", "--resume", "run", *settings(train__epochs=4))
    assert "test was read once" in Path("five/README.md").read_text(encoding="utf-8")


def test_a_longer_plan_is_kept_when_it_is_interrupted_in_turn(short: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    succeed(*short.train, "--quiet", "--output", "run")

    def stop(self: TrainProgress, state: TrainState, steps: int, epochs: int) -> None:
        if (state.epoch, state.step) == (2, 1):
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(TrainProgress, "step", stop)
        assert invoke("train", "--resume", "run", *settings(train__epochs=4)).code == 130
    succeed("train", "--resume", "run")
    assert len(Path("run/history.jsonl").read_text(encoding="utf-8").splitlines()) == 4
