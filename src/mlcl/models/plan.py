"""What a model asks of training, as plain data: which loss moves which parameters, and how fast."""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from mlcl.config import TrainConfig


@dataclass(frozen=True)
class Group:
    """Parameters that share their rates.

    Attributes:
        parameters: Trainable parameters.
        learning_rate: Their rate before the schedule; 0 leaves them as they are.
        decayed: Whether weight decay applies.
    """

    parameters: tuple[nn.Parameter, ...]
    learning_rate: float
    decayed: bool


@dataclass(frozen=True)
class Update:
    """One optimiser with a state of its own.

    Attributes:
        groups: What it moves; a parameter may be moved by several updates.
        loss: ``loss``, or the name of a term.
    """

    groups: tuple[Group, ...]
    loss: str = "loss"


@dataclass(frozen=True, eq=False)
class Stage:
    """A part of a model that is trained, and selected on dev, before the model is.

    Attributes:
        name: The rows that it learns from; the stage is left out where the train split has none.
        model: Takes fields of a batch and says its own updates; its modules are, or wrap, those of the whole model.
        settings: How long, and whatever else differs from the model's own training.
    """

    name: str
    model: nn.Module
    settings: TrainConfig


def split_by_decay(parameters: Iterable[nn.Parameter], learning_rate: float) -> tuple[Group, ...]:
    """One group of matrices, which decay, and one of biases and norms, which do not; empty ones left out."""
    every = list(parameters)
    parts = [(tuple(p for p in every if (p.dim() > 1) is matrix), matrix) for matrix in (True, False)]
    return tuple(Group(part, learning_rate, matrix) for part, matrix in parts if part)


def two_rates(model: nn.Module, settings: TrainConfig, pretrained: str = "text.encoder.") -> tuple[Group, ...]:
    """The usual groups: the pretrained encoder at its own rate, everything else at the other."""
    trainable = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    return (
        *split_by_decay([p for n, p in trainable if n.startswith(pretrained)], settings.encoder_learning_rate),
        *split_by_decay([p for n, p in trainable if not n.startswith(pretrained)], settings.learning_rate),
    )
