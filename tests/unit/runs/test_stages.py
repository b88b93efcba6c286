"""Stages: each encoder ends at its best epoch on dev, and an interruption changes nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import tiny
import tiny_hkt
from command import SIZES, TINY, refuse, settings, succeed
from mlcl.config import TrainConfig
from mlcl.data.batch import EncodedSplit
from mlcl.models import HKTModel
from mlcl.models.plan import Stage
from mlcl.runs.stages import train_stages
from mlcl.train.follow.progress import TrainProgress
from mlcl.train.state import TrainState
from planted import write_planted
from training import split

SETTINGS = TrainConfig(batch_size=4)
HKT = settings(
    **{f"model__{name}_layers": 1 for name in ("acoustic", "visual")},
    model__pretrain_epochs=2,
    model__max_positions=32,
    model__fusion_dim=16,
    data__max_length=24,
    train__epochs=2,
    train__batch_size=4,
)


def build() -> HKTModel:
    torch.manual_seed(0)
    widths = {"acoustic_dim": tiny.ACOUSTIC_DIM, "visual_dim": tiny.VISUAL_DIM, "hcf_dim": 0}
    return HKTModel(tiny_hkt.config(num_labels=1, pretrain_epochs=3, encoder_dropout=0.1, **widths))


class Progress(TrainProgress):
    """Stops, as a crash would, in front of the step of that number."""

    def __init__(self, stop_at: int | None = None) -> None:
        super().__init__("mae", quiet=True)
        self.steps, self.stop_at, self.announced = 0, stop_at, []

    def announce(self, what: str) -> None:
        self.announced.append(what)

    def step(self, state: TrainState, steps: int, epochs: int) -> None:
        self.steps += 1
        if self.steps == self.stop_at:
            raise RuntimeError("crash")


class Scores:
    """Dev scores in the order asked for, and the encoder's weights at that moment."""

    def __init__(self, values: list[float]) -> None:
        self.values, self.seen = values, []

    def __call__(self, model: nn.Module) -> dict[str, float | None]:
        self.seen.append({name: value.clone() for name, value in model.state_dict().items()})
        return {"mae": self.values[len(self.seen) - 1]}


def run(folder: Path, model: HKTModel, score: Any, progress: Progress, train: EncodedSplit | None = None) -> None:
    stages: tuple[Stage, ...] = model.stages(SETTINGS)
    data = split() if train is None else train
    train_stages(stages, data, score, "mae", folder, seed=3, device=torch.device("cpu"), progress=progress)


def test_each_encoder_is_left_at_its_best_epoch(tmp_path: Path) -> None:
    model, scores, progress = build(), Scores([3.0, 1.0, 2.0, 1.0, 2.0, 3.0]), Progress()
    run(tmp_path, model, scores, progress)
    assert progress.announced == ["acoustic alone", "visual alone"]
    for name, best in (("acoustic", 1), ("visual", 3)):
        encoder = model.rows[name].state_dict()
        assert all(torch.equal(value, scores.seen[best][f"encoder.{n}"]) for n, value in encoder.items())
        assert any(not torch.equal(value, scores.seen[best + 1][f"encoder.{n}"]) for n, value in encoder.items())


@pytest.mark.parametrize("stop_at", [1, 5, 9, 10, 14])
def test_a_crash_changes_nothing(tmp_path: Path, stop_at: int) -> None:
    """Three epochs of three steps for each of two encoders."""

    def score(model: nn.Module) -> dict[str, float | None]:
        return {"mae": float(model.state_dict()["head.bias"].abs().sum())}

    whole = build()
    run(tmp_path / "whole", whole, score, Progress())
    model = build()  # heads are drawn where the model's own weights end, so it is built right before
    with pytest.raises(RuntimeError, match="crash"):
        run(tmp_path / "cut", model, score, Progress(stop_at))
    again = build()
    run(tmp_path / "cut", again, score, Progress())
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in whole.state_dict().items())


def test_a_kind_of_rows_that_the_train_split_lacks_has_no_stage(tmp_path: Path) -> None:
    train, model, progress = split(), build(), Progress()
    train.rows["visual"].real[:] = False
    before = {name: value.clone() for name, value in model.rows["visual"].state_dict().items()}
    run(tmp_path, model, Scores([1.0, 2.0, 3.0]), progress, train)
    assert progress.announced == ["acoustic alone"]
    assert all(torch.equal(value, before[name]) for name, value in model.rows["visual"].state_dict().items())
    assert not np.any([path.name == "visual" for path in tmp_path.iterdir()])


@pytest.mark.parametrize("profile", ["default", "release"])
@pytest.mark.usefixtures("workplace")
def test_a_run_trains_its_stages_and_a_finished_run_goes_on_unchanged(tmp_path: Path, profile: str) -> None:
    data = write_planted(tmp_path / "planted.pkl", **SIZES)
    heads = settings(model__acoustic_heads=1, model__visual_heads=1, model__cross_heads=1)
    command = ["train", "mosi", "--model", "hkt", "--profile", profile, "--data", data, *TINY, *HKT, *heads]
    succeed(*command, "--output", tmp_path / "run")
    for name in ("acoustic", "visual"):
        assert len((tmp_path / "run" / "stages" / name / "history.jsonl").read_text().splitlines()) == 2
    before = {p.name: p.read_bytes() for p in (tmp_path / "run" / "predictions").iterdir()}
    succeed("train", "--resume", tmp_path / "run")
    assert {p.name: p.read_bytes() for p in (tmp_path / "run" / "predictions").iterdir()} == before
    assert "mae" in succeed("evaluate", tmp_path / "run")


@pytest.mark.usefixtures("workplace")
def test_rows_on_a_clock_of_their_own_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    data = write_planted(tmp_path / "planted.pkl", **SIZES)
    command = ["train", "mosi", "--model", "hkt", "--data", data, *TINY, *HKT, "--output", tmp_path / "run"]
    line = refuse(1, *command, "--set", "data.modalities=[acoustic, visual]")
    assert "acoustic rows do not stand under the tokens" in line
