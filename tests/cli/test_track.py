"""``mlcl train --track``: each epoch once, whatever happens; nothing that is personal; and never in the way."""

import json
import logging
import os
import shutil
import signal
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from transformers import BertModel

import mlcl.train.follow.trackers
import mlcl.train.follow.tracking
import mlcl.train.loop
from command import SIZES, SMALL, TINY, invoke, refuse, settings, succeed
from comparison import differences
from fake_trackers import read_told, write_fakes
from mlcl.encode.build import tiny_config
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.train.follow.progress import TrainProgress
from mlcl.train.follow.trackers import numbers
from mlcl.train.state import TrainState
from writers import VOCABULARY, write_mag

TRAIN = ["train", "mosi", "--data", "mag.pkl", *TINY, *SMALL, "--quiet"]
FAKED = pytest.mark.parametrize("name", ["wandb", "trackio"])


@pytest.fixture(autouse=True)
def place(workplace: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with data, and a folder on Python's path for stand-ins of trackers."""
    write_mag(workplace / "mag.pkl", sizes=SIZES)
    fakes = tmp_path_factory.mktemp("fakes")
    monkeypatch.syspath_prepend(fakes)
    for name in ("wandb", "trackio"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield fakes
    for name in ("wandb", "trackio"):
        sys.modules.pop(name, None)


def history(run: str = "run") -> list[Any]:
    return [json.loads(line) for line in Path(run, "history.jsonl").read_text(encoding="utf-8").splitlines()]


def epochs(told: Path) -> list[tuple[int, dict[str, float]]]:
    """Steps and values of all epochs; the final metrics of trackio, which have none of these names, left out."""
    return [(e["step"], e["values"]) for e in read_told(told, "log") if "train/loss" in e["values"]]


@FAKED
def test_a_tracker_is_told_what_history_says_and_the_final_metrics(place: Path, name: str) -> None:
    told = write_fakes(place)
    out = succeed(*TRAIN, "--output", "run", "--track", name)
    assert epochs(told) == [(record["epoch"], numbers(record)) for record in history()]
    metrics = json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))
    what, final = [(entry, values) for entry, values in read_told(told) if entry in ("log", "summary")][-1]
    assert what == ("summary" if name == "wandb" else "log")
    assert final["values"] == numbers({"final": metrics})
    assert [read_told(told)[0][0], read_told(told)[-1]] == ["init", ["finish", {"exit_code": 0}]]
    assert ("hello" in out) is (name == "wandb")  # what trackio prints goes to the error stream


@FAKED
def test_tracking_changes_nothing_else(place: Path, name: str) -> None:
    write_fakes(place)
    succeed(*TRAIN, "--output", "without")
    succeed(*TRAIN, "--output", "with", "--track", name)
    changed = differences(Path("without"), Path("with"))
    assert [entry for entry in changed if not entry.startswith("tracking")] == ["config.yaml"]
    shutil.rmtree("with/tracking")
    assert differences(Path("without"), Path("with")) == ["config.yaml"]


def test_stopped_and_resumed_each_epoch_is_told_once_to_the_same_run(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, step = write_fakes(place), TrainProgress.step

    def stop(self: TrainProgress, state: TrainState, steps: int, epochs: int) -> None:
        step(self, state, steps, epochs)
        if (state.epoch, state.step) == (1, 1):
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(TrainProgress, "step", stop)
        assert invoke(*TRAIN, "--output", "run", "--track", "wandb").code == 130
    assert [step for step, _ in epochs(told)] == [1]
    assert read_told(told, "finish") == [{"exit_code": 1}]
    succeed("train", "--resume", "run", "--quiet")
    assert [step for step, _ in epochs(told)] == [1, 2]
    assert len({start["id"] for start in read_told(told, "init")}) == 1
    assert read_told(told, "finish")[-1] == {"exit_code": 0}


def test_a_crash_between_the_tracker_and_the_checkpoint_tells_no_epoch_twice(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = write_fakes(place)
    with monkeypatch.context() as patch:
        patch.setattr(mlcl.train.loop, "save_checkpoint", None)
        assert invoke(*TRAIN, "--output", "run", "--track", "wandb").code == 1
    assert [step for step, _ in epochs(told)] == [1]
    succeed("train", "--resume", "run", "--quiet")
    assert [record["epoch"] for record in history()] == [1, 2]
    assert [step for step, _ in epochs(told)] == [1, 2]


def test_a_tracker_that_joins_late_is_told_of_the_earlier_epochs(place: Path) -> None:
    told = write_fakes(place)
    succeed(*TRAIN, "--output", "run", *settings(train__epochs=1))
    more = ["--resume", "run", "--quiet", "--set"]
    succeed("train", *more, "train.epochs=2", "--track", "wandb")
    succeed("train", *more, "train.epochs=3", "--track", "none")
    assert [step for step, _ in epochs(told)] == [1, 2]
    succeed("train", *more, "train.epochs=4", "--track", "wandb")
    assert epochs(told) == [(record["epoch"], numbers(record)) for record in history()]


@pytest.mark.parametrize("fail", ["init", "log", "finish"])
@FAKED
def test_a_tracker_that_fails_stops_nothing_and_warns_once(
    place: Path, name: str, fail: str, caplog: pytest.LogCaptureFixture
) -> None:
    told = write_fakes(place, fail=fail)
    with caplog.at_level(logging.WARNING):
        succeed(*TRAIN, "--output", "run", "--track", name)
    assert len(history()) == 2
    assert Path("run/metrics.json").is_file()
    [warning] = [record.getMessage() for record in caplog.records if record.name.startswith("mlcl")]
    assert warning == (
        f"note: {name} follows this training no further (ConnectionError: no network); history.jsonl has all"
    )
    assert [entry for entry, _ in read_told(told)].count(fail) == 1


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "trackio"])
def test_a_tracker_that_is_not_installed_is_refused_before_anything_starts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlcl.train.follow.trackers, "find_spec", lambda package: None)
    line = refuse(2, *TRAIN, "--output", "run", "--track", name)
    assert line == f"tracking {name!r} needs a package that is not installed: pip install {name}"


def test_a_folder_that_is_called_like_a_tracker_is_none(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``wandb/`` is what that package leaves where it ran, and Python takes it for a package without content."""
    monkeypatch.setattr(sys, "path", [str(workplace)])
    Path("wandb").mkdir()
    assert find_spec("wandb") is not None
    assert "pip install wandb" in refuse(2, *TRAIN, "--track", "wandb")


def test_an_unknown_tracker_is_refused() -> None:
    assert "'none', 'tensorboard', 'wandb' or 'trackio'" in refuse(2, *TRAIN, "--track", "mlflow")


@FAKED
def test_nothing_that_is_told_names_a_path_or_the_machine(place: Path, workplace: Path, name: str) -> None:
    told = write_fakes(place)
    encoder = workplace / "secret" / "my-encoder"
    tokenizer = word_tokenizer(VOCABULARY)
    BertModel(tiny_config(tokenizer.vocabulary_size)).save_pretrained(encoder)
    tokenizer.save(encoder)
    data = ["--data", workplace / "mag.pkl", "--text-encoder", encoder]
    succeed("train", "mosi", *data, *SMALL, "--quiet", "--output", "secret/run", "--track", name)
    [start] = read_told(told, "init")
    start.pop("dir", None)  # where wandb keeps files here
    text = json.dumps([start, read_told(told, "log"), read_told(told, "summary")])
    assert "my-encoder" in text
    assert "mag.pkl" in text
    for word in ("secret", str(workplace), str(Path.home()), socket.gethostname()):
        assert word not in text
    if name == "wandb":
        assert start["settings"]["x_disable_meta"]
        assert start["settings"]["x_disable_machine_info"]
        assert start["settings"]["host"] == ""  # else it is this machine's name, disabled information or not
    else:
        assert (start["auto_log_cpu"], start["auto_log_gpu"]) == (False, False)


def test_only_the_first_process_tells(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = write_fakes(place)
    monkeypatch.setattr(mlcl.train.follow.tracking, "rank", lambda: 1)
    succeed(*TRAIN, "--output", "run", "--track", "wandb")
    assert read_told(told) == []
    assert not Path("run/tracking").exists()
