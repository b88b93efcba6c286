"""One training of a tiny model through `mlcl.train.loop.fit`, with everything that can be seen of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import tiny
from mlcl.config import DataConfig, TrainConfig
from mlcl.data.batch import EncodedSplit
from mlcl.data.processor import Processor
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.models import MLCLModel
from mlcl.train.loop import Selection, fit
from mlcl.train.state import TrainState

# Eleven items in batches of four: three steps an epoch, the last of three items.
CONFIG: dict[str, Any] = {"epochs": 3, "batch_size": 4, "learning_rate": 1e-3, "encoder_learning_rate": 1e-3}


def split() -> EncodedSplit:
    """The train split of a tiny corpus."""
    corpus = tiny.corpus()
    return Processor.fit(corpus, DataConfig(file="")).encode(corpus.splits["train"], word_tokenizer(tiny.WORDS))


@dataclass
class Recorder:
    """A reporter that keeps what it sees; `at_step` is called with the model after each step."""

    model: nn.Module
    at_step: Callable[[TrainState], None] = lambda state: None
    gradients: list[dict[str, Tensor]] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    training: list[bool] = field(default_factory=list)
    totals: list[dict[str, float]] = field(default_factory=list)

    def step(self, state: TrainState, steps: int, epochs: int) -> None:
        named = self.model.named_parameters()
        self.gradients.append({name: p.grad.clone() for name, p in named if p.grad is not None})
        self.totals.append(dict(state.totals))
        self.training.append(self.model.training)
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
    seed: int = 5
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
            Selection(
                self.score, "mae", self.higher_is_better, lambda: self.kept.append(len(self.recorder.epochs) + 1)
            ),
            seed=self.seed,
            device=torch.device("cpu"),
            checkpoint=self.folder / "checkpoint.pt",
            reporter=self.recorder,
            on_epoch=lambda state: self.histories.append(len(state.history)),
        )

    def score(self) -> dict[str, float | None]:
        torch.rand(3)  # scoring may draw: it must not matter to what follows a resumption
        self.model.eval()
        return {"mae": self.scores[len(self.recorder.epochs)]}


def same(first: nn.Module, second: nn.Module) -> bool:
    """Whether two modules have the same weights, bit by bit."""
    other = second.state_dict()
    return all(torch.equal(value, other[name]) for name, value in first.state_dict().items())
