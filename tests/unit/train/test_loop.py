"""The training loop: parts of a batch, clipping, selection, patience, and resuming bit for bit."""

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tiny
from mlcl.config import DataConfig, TrainConfig
from mlcl.data.batch import EncodedSplit
from mlcl.data.processor import Processor
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.errors import Interrupted, MlclError
from mlcl.models import MLCLModel
from mlcl.train.loop import Selection, fit
from mlcl.train.state import TrainState

CONTRAST_OFF = {"umcl_weight": 0.0, "bmcl_weight": 0.0, "tmcl_weight": 0.0}
# Eleven items in batches of four: three steps an epoch, the last of three items.
CONFIG: dict[str, Any] = {"epochs": 3, "batch_size": 4, "learning_rate": 1e-3, "encoder_learning_rate": 1e-3}


def split() -> EncodedSplit:
    corpus = tiny.corpus()
    return Processor.fit(corpus, DataConfig(file="")).encode(corpus.splits["train"], word_tokenizer(tiny.WORDS))


@dataclass
class Recorder:
    """A reporter that keeps what it sees; `at_step` is called with the model after each step."""

    model: nn.Module
    at_step: Callable[[TrainState], None] = lambda state: None
    gradients: list[dict[str, Tensor]] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    totals: list[dict[str, float]] = field(default_factory=list)

    def step(self, state: TrainState, steps: int, epochs: int) -> None:
        named = self.model.named_parameters()
        self.gradients.append({name: p.grad.clone() for name, p in named if p.grad is not None})
        self.totals.append(dict(state.totals))
        self.at_step(state)

    def epoch(self, record: dict[str, Any], epochs: int) -> None:
        self.epochs.append(record)


@dataclass
class Run:
    """One training of a tiny model, and everything that can be seen of it."""

    folder: Path
    dropout: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    scores: list[float | None] = field(default_factory=lambda: [1.0] * 99)
    higher_is_better: bool = False
    at_step: Callable[[TrainState], None] = lambda state: None
    kept: list[int] = field(default_factory=list)
    histories: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        self.model = MLCLModel(tiny.config(self.dropout, **self.options))
        tiny.perturb(self.model)
        self.recorder = Recorder(self.model, self.at_step)

    def fit(self, train: EncodedSplit | None = None) -> TrainState:
        return fit(
            self.model,
            split() if train is None else train,
            TrainConfig(**{**CONFIG, **self.settings}),
            Selection(self.score, "mae", self.higher_is_better, lambda: self.kept.append(len(self.recorder.epochs) + 1)),
            seed=5,
            device=torch.device("cpu"),
            checkpoint=self.folder / "checkpoint.pt",
            reporter=self.recorder,
            on_epoch=lambda state: self.histories.append(len(state.history)),
        )

    def score(self) -> dict[str, float | None]:
        torch.rand(3)  # scoring may draw: it must not matter to what follows a resumption
        return {"mae": self.scores[len(self.recorder.epochs)]}


def norm(gradients: dict[str, Tensor]) -> float:
    return float(torch.stack([gradient.norm() for gradient in gradients.values()]).norm())


@pytest.mark.parametrize("parts", [2, 3, 99])
def test_parts_of_a_batch_have_the_gradient_of_the_whole_when_no_contrast_looks_across(tmp_path: Path, parts: int) -> None:
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
    contrast = {level: sum(value for name, value in record.items() if name.startswith(level)) for level in ("umcl", "bmcl", "tmcl")}
    expected = record["task"] + (0.01 * contrast["umcl"] + 0.11 * contrast["bmcl"] + 0.08 * contrast["tmcl"]) / 3
    assert record["loss"] == pytest.approx(expected, rel=1e-5)  # float32


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


def test_the_same_seed_gives_the_same_weights_and_another_order_of_draws_outside_does_not_matter(tmp_path: Path) -> None:
    first, second = Run(tmp_path / "1", dropout=0.3), Run(tmp_path / "2", dropout=0.3)
    first.fit()
    torch.rand(17)
    second.fit()
    assert same(first.model, second.model)


def same(first: nn.Module, second: nn.Module) -> bool:
    other = second.state_dict()
    return all(torch.equal(value, other[name]) for name, value in first.state_dict().items())


def test_a_training_stopped_after_any_step_goes_on_bit_for_bit(tmp_path: Path) -> None:
    """Dropout is on, so a wrong random state shows; accumulation too, so a step has parts."""
    whole = Run(tmp_path / "whole", dropout=0.3, settings={"accumulate": 2})
    expected = whole.fit()
    assert len(whole.recorder.gradients) == 9
    for stop in range(1, 10):
        folder = tmp_path / str(stop)

        def interrupt(state: TrainState, stop: int = stop) -> None:
            if 3 * state.epoch + state.step == stop:
                signal.raise_signal(signal.SIGINT)

        stopped = Run(folder, dropout=0.3, settings={"accumulate": 2}, at_step=interrupt)
        place = f"epoch {(stop + 2) // 3}, step {stop % 3} of 3" if stop % 3 else f"after epoch {stop // 3} of 3"
        with pytest.raises(Interrupted, match=place):
            stopped.fit()
        torch.rand(stop)  # the process that goes on has drawn other numbers
        resumed = Run(folder, dropout=0.3, settings={"accumulate": 2})
        resumed.recorder.epochs += stopped.recorder.epochs
        state = resumed.fit()
        assert same(resumed.model, whole.model), stop
        assert len(stopped.recorder.gradients) + len(resumed.recorder.gradients) == 9
        for record, wanted in zip(state.history, expected.history, strict=True):
            assert {**record, "seconds": 0} == {**wanted, "seconds": 0}, stop


def test_a_finished_training_is_not_continued(tmp_path: Path) -> None:
    first, again = Run(tmp_path), Run(tmp_path)
    first.fit()
    state = again.fit()
    assert again.recorder.gradients == []
    assert same(first.model, again.model)
    assert state.epoch == 3


def test_the_previous_signal_handlers_are_put_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    Run(tmp_path).fit()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_second_signal_acts_at_once(tmp_path: Path) -> None:
    def twice(state: TrainState) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path, at_step=twice).fit()


def test_bfloat16_computes_in_half_precision_and_keeps_single_precision_weights(tmp_path: Path) -> None:
    single, half = Run(tmp_path / "1"), Run(tmp_path / "2", settings={"precision": "bf16"})
    single.fit()
    half.fit()
    assert {parameter.dtype for parameter in half.model.parameters()} == {torch.float32}
    assert not same(single.model, half.model)
    assert half.recorder.totals[0]["loss"] == pytest.approx(single.recorder.totals[0]["loss"], rel=0.05)
