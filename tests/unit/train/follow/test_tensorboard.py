"""TensorBoard's files as TensorBoard reads them."""

import socket
from pathlib import Path
from typing import Any

import pytest

from mlcl.config import DataConfig, Experiment
from mlcl.train.follow.trackers import numbers
from mlcl.train.follow.tracking import Tracking

pytest.importorskip("tensorboard", reason="the optional package is not installed")
HISTORY: list[dict[str, Any]] = [
    {"epoch": n, "best": True, "seconds": 0.5, "train": {"loss": 2.0 / n}, "dev": {"mae": 1.0 / n, "corr": None}}
    for n in (1, 2, 3)
]
FINAL = {"dev": {"mae": 0.25}, "test": {"mae": 0.5, "corr": None}}


def track(folder: Path, histories: list[list[dict[str, Any]]], *, end: bool = True) -> None:
    data = DataConfig(file="x.pkl")
    experiment = Experiment(recipe="mosi", profile="default", text_encoder="tiny", data=data, tracking="tensorboard")
    with Tracking(experiment, folder) as tracking:
        tracking.start({"seed": 5}, {"data": {"sha256": "abc"}})
        for history in histories:
            tracking.epochs(history)
        if end:
            tracking.finish(FINAL)


def read(folder: Path) -> Any:
    """What TensorBoard finds in the folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    return found.Reload()


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    found = read(folder)
    return {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def test_scalars_are_those_of_the_history_by_epoch(tmp_path: Path) -> None:
    track(tmp_path, [HISTORY[:1], HISTORY[:2], HISTORY])
    found = scalars(tmp_path)
    assert set(found) == {*numbers(HISTORY[0]), "final/dev/mae", "final/test/mae"}
    assert found["dev/mae"] == [(n, pytest.approx(1 / n)) for n in (1, 2, 3)]
    assert found["train/loss"] == [(n, pytest.approx(2 / n)) for n in (1, 2, 3)]
    assert found["final/test/mae"] == [(3, 0.5)]


def test_a_run_that_goes_on_adds_a_file_and_no_epoch_twice(tmp_path: Path) -> None:
    track(tmp_path, [HISTORY[:1]], end=False)
    track(tmp_path, [HISTORY[:2], HISTORY])
    assert len(list(tmp_path.glob("events.out.tfevents.*"))) == 2
    assert [step for step, _ in scalars(tmp_path)["dev/mae"]] == [1, 2, 3]


def test_the_configuration_is_there_as_text(tmp_path: Path) -> None:
    track(tmp_path, [HISTORY])
    [event] = read(tmp_path).Tensors("config")
    assert b'"seed": 5' in event.tensor_proto.string_val[0]
    assert b'"sha256": "abc"' in event.tensor_proto.string_val[0]


def test_no_file_names_the_machine(tmp_path: Path) -> None:
    track(tmp_path, [HISTORY])
    for file in tmp_path.iterdir():
        assert socket.gethostname() not in file.name
        assert socket.gethostname().encode() not in file.read_bytes()
