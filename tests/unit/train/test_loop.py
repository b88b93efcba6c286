"""The training loop: parts of a batch, clipping, selection, patience, number formats."""

from dataclasses import fields
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcl.config import TrainConfig
from mlcl.data.batch import Batch, EncodedSplit
from mlcl.errors import MlclError
from mlcl.train.optimiser import learning_rate_factor
from training import Run, same, split

CONTRAST_OFF = {"umcl_weight": 0.0, "bmcl_weight": 0.0, "tmcl_weight": 0.0}


def norm(gradients: dict[str, Tensor]) -> float:
    return float(torch.stack([gradient.norm() for gradient in gradients.values()]).norm())


@pytest.mark.parametrize("parts", [2, 3, 99])
def test_parts_of_a_batch_have_the_gradient_of_the_whole_when_no_contrast_looks_across(
    tmp_path: Path, parts: int
) -> None:
    """Tolerance: float32 sums of four items in another order."""
    whole = Run(tmp_path / "1", options=CONTRAST_OFF, settings={"epochs": 1, "clip_norm": None})
    split_up = Run(tmp_path / "2", options=CONTRAST_OFF, settings={"epochs": 1, "clip_norm": None, "accumulate": parts})
    whole.fit()
    split_up.fit()
    first, second = whole.recorder.gradients[0], split_up.recorder.gradients[0]
    assert set(first) == set(second)
    scale = max(gradient.abs().max().item() for gradient in first.values())
    for name, gradient in first.items():
        torch.testing.assert_close(second[name], gradient, rtol=1e-4, atol=1e-6 * scale, msg=name)
    for term in ("loss", "task"):
        assert whole.recorder.totals[-1][term] == pytest.approx(split_up.recorder.totals[-1][term], rel=1e-3)


def test_with_contrast_the_parts_have_fewer_negatives(tmp_path: Path) -> None:
    """The negative control of the test above."""
    whole, split_up = Run(tmp_path / "1"), Run(tmp_path / "2", settings={"accumulate": 2})
    whole.fit()
    split_up.fit()
    assert split_up.recorder.totals[0]["umcl_text"] < 0.9 * whole.recorder.totals[0]["umcl_text"]


def test_clipping_shortens_the_gradient_and_keeps_its_direction(tmp_path: Path) -> None:
    free, clipped = Run(tmp_path / "1", settings={"clip_norm": None}), Run(tmp_path / "2", settings={"clip_norm": 0.01})
    loose = Run(tmp_path / "3", settings={"clip_norm": 1e6})
    for run in (free, clipped, loose):
        run.fit()
    first, second = free.recorder.gradients[0], clipped.recorder.gradients[0]
    assert norm(first) > 0.1
    assert [norm(gradients) for gradients in clipped.recorder.gradients] == pytest.approx([0.01] * 9, rel=1e-3)
    for name, gradient in first.items():
        torch.testing.assert_close(second[name], gradient * (0.01 / norm(first)), rtol=1e-3, atol=1e-7, msg=name)
        assert torch.equal(loose.recorder.gradients[0][name], gradient)


def test_terms_are_means_over_the_epoch_s_items(tmp_path: Path) -> None:
    run = Run(tmp_path, settings={"epochs": 1})
    record = run.fit().history[0]["train"]
    assert list(record)[:2] == ["loss", "task"]
    contrast = {
        level: sum(value for name, value in record.items() if name.startswith(level))
        for level in ("umcl", "bmcl", "tmcl")
    }
    expected = record["task"] + (0.01 * contrast["umcl"] + 0.11 * contrast["bmcl"] + 0.08 * contrast["tmcl"]) / 3
    assert record["loss"] == pytest.approx(expected, rel=1e-5)  # float32


def test_recorded_means_weigh_each_item_the_same_though_the_last_batch_is_smaller(tmp_path: Path) -> None:
    """With a vanishing learning rate they are the means over the split. Tolerance: float32."""
    rates = {"learning_rate": 1e-12, "encoder_learning_rate": 0.0, "weight_decay": 0.0, "epochs": 1}
    run = Run(tmp_path, settings=rates)
    record = run.fit().history[0]["train"]
    whole = run.model.eval()(**split().batch(np.arange(11)).inputs())
    assert record["task"] == pytest.approx(whole.terms["task"].item(), rel=1e-5)


class Watched(EncodedSplit):
    """A split that remembers which items were asked for."""

    asked: ClassVar[list[list[int]]] = []

    def batch(self, items: NDArray[np.int64]) -> Batch:
        self.asked.append(items.tolist())
        return super().batch(items)


def order(folder: Path, seed: int) -> list[list[int]]:
    Watched.asked.clear()
    Run(folder, seed=seed).fit(Watched(**{f.name: getattr(split(), f.name) for f in fields(EncodedSplit)}))
    return list(Watched.asked)


def test_each_epoch_takes_every_item_once_in_an_order_of_its_own(tmp_path: Path) -> None:
    batches = order(tmp_path / "1", seed=5)
    assert [len(batch) for batch in batches] == 3 * [4, 4, 3]
    epochs = [[item for batch in batches[start : start + 3] for item in batch] for start in (0, 3, 6)]
    assert all(sorted(epoch) == list(range(11)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert order(tmp_path / "2", seed=5) == batches
    assert order(tmp_path / "3", seed=6) != batches


@pytest.mark.parametrize("schedule", ["constant", "linear"])
def test_learning_rates_follow_the_schedule_over_all_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: str
) -> None:
    seen: list[float] = []
    monkeypatch.setattr("mlcl.train.loop.set_learning_rates", lambda optimiser, factor: seen.append(factor))
    Run(tmp_path, settings={"schedule": schedule, "warmup": 0.3}).fit()
    config = TrainConfig(schedule=schedule, warmup=0.3)
    assert seen == [learning_rate_factor(step, 9, config) for step in range(9)]


def test_the_model_is_in_training_mode_at_each_step(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.model.eval()
    run.fit()
    assert run.recorder.training == 9 * [True]


def test_the_loss_falls(tmp_path: Path) -> None:
    history = Run(tmp_path, settings={"epochs": 9}).fit().history
    assert history[-1]["train"]["loss"] < 0.8 * history[0]["train"]["loss"]


@pytest.mark.parametrize(
    ("scores", "higher", "kept"),
    [
        ([3.0, 2.0, 4.0, 2.0, 1.0], False, [1, 2, 5]),
        ([3.0, 2.0, 4.0, 4.0, 1.0], True, [1, 3]),
        ([None, 2.0, None, 1.0, 3.0], False, [1, 2, 4]),
    ],
    ids=["lower", "higher", "undefined"],
)
def test_the_model_is_kept_at_each_first_best_epoch(
    tmp_path: Path, scores: list[float | None], higher: bool, kept: list[int]
) -> None:
    run = Run(tmp_path, scores=scores, higher_is_better=higher, settings={"epochs": 5, "batch_size": 11})
    state = run.fit()
    assert run.kept == kept
    assert state.best_epoch == kept[-1]
    assert [record["epoch"] for record in state.history if record["best"]] == kept
    assert run.histories == [1, 2, 3, 4, 5]
    assert run.recorder.epochs == state.history


@pytest.mark.parametrize(
    ("patience", "epochs"), [(1, 3), (2, 4), (3, 8), (None, 9)], ids=["one", "two", "three", "none"]
)
def test_training_stops_when_patience_is_out(tmp_path: Path, patience: int | None, epochs: int) -> None:
    scores: list[float | None] = [2.0, 1.0, 1.5, 1.0, 0.5, 0.6, 0.7, 0.8, 0.9]
    run = Run(tmp_path, scores=scores, settings={"epochs": 9, "batch_size": 11, "patience": patience})
    assert len(run.fit().history) == epochs


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_loss_that_is_not_finite_is_an_error_and_not_a_step(tmp_path: Path, accumulate: int) -> None:
    train = split()
    assert train.labels is not None
    train.labels[:] = float("nan")
    run = Run(tmp_path, settings={"accumulate": accumulate})
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    with pytest.raises(MlclError, match=r"^the loss became nan; lower train\.learning_rate, set train\.clip_norm=1 or"):
        run.fit(train)
    assert all(torch.equal(value, before[name]) for name, value in run.model.state_dict().items())
    assert not (tmp_path / "checkpoint.pt").exists()


def test_bfloat16_computes_in_half_precision_and_keeps_single_precision_weights(tmp_path: Path) -> None:
    single, half = Run(tmp_path / "1"), Run(tmp_path / "2", settings={"precision": "bf16"})
    single.fit()
    half.fit()
    assert {parameter.dtype for parameter in half.model.parameters()} == {torch.float32}
    assert not same(single.model, half.model)
    assert half.recorder.totals[0]["loss"] == pytest.approx(single.recorder.totals[0]["loss"], rel=0.05)
