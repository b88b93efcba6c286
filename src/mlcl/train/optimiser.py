"""The optimisers a model asks for: rates and decay per group, gradients of every loss before any step."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from mlcl.config import TrainConfig
from mlcl.models.plan import Update, two_rates
from mlcl.parallel import average
from mlcl.train.adamw import TransformersAdamW


class Optimisation:
    """The updates of a training step, in order."""

    def __init__(self, updates: tuple[Update, ...], config: TrainConfig) -> None:
        self.losses = [update.loss for update in updates]
        self.optimisers = [_build(update, config) for update in updates]

    @property
    def single(self) -> bool:
        """Whether there is one update, of the model's loss: gradients may then be accumulated in place."""
        return self.losses == ["loss"]

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of all optimisers."""
        return [group for optimiser in self.optimisers for group in optimiser.param_groups]

    def parameters(self, number: int) -> list[nn.Parameter]:
        """What one of the optimisers moves."""
        return [p for group in self.optimisers[number].param_groups for p in group["params"]]

    def gradients(self, losses: list[Tensor]) -> list[list[Tensor | None]]:
        """The gradient of each update's loss for each of its parameters, from one graph."""
        found: list[list[Tensor | None]] = []
        for number, loss in enumerate(losses):
            moved, more = self.parameters(number), number < len(losses) - 1
            found.append(list(torch.autograd.grad(loss, moved, retain_graph=more, allow_unused=True)) if moved else [])
        return found

    def step(self, clip_norm: float | None, gradients: list[list[Tensor | None]] | None = None) -> None:
        """Let every optimiser step, with the parameters' own gradients or with those given for each of them."""
        for number, optimiser in enumerate(self.optimisers):
            parameters = self.parameters(number)
            if gradients is not None:
                for parameter, gradient in zip(parameters, gradients[number], strict=True):
                    parameter.grad = None if gradient is None else average(gradient)
            if clip_norm is not None:
                nn.utils.clip_grad_norm_(parameters, clip_norm)
            optimiser.step()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """State of all optimisers."""
        return {str(number): optimiser.state_dict() for number, optimiser in enumerate(self.optimisers)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        if len(state) != len(self.optimisers):
            raise ValueError(f"{len(state)} optimisers, not {len(self.optimisers)}")
        for number, optimiser in enumerate(self.optimisers):
            optimiser.load_state_dict(state[str(number)])


def build_optimisation(model: nn.Module, config: TrainConfig) -> Optimisation:
    """Build the optimisers that the model asks for; a module that asks for none gets one with two rates.

    Parameters whose rate is 0 wherever they appear are frozen.
    """
    ask = getattr(model, "updates", None)
    updates = ask(config) if ask is not None else (Update(two_rates(model, config)),)
    groups = [group for update in updates for group in update.groups]
    moving = {id(p) for group in groups if group.learning_rate for p in group.parameters}
    for group in groups:
        for parameter in group.parameters:
            parameter.requires_grad_(id(parameter) in moving)
    return Optimisation(updates, config)


def planned_steps(items: int, config: TrainConfig) -> int:
    """How many steps the schedule is made for: all of them; under ``linear_floor`` only those of full batches."""
    full, rest = divmod(items, config.batch_size)
    counted = full if config.schedule == "linear_floor" else full + (rest > 0)
    return max(config.epochs * counted, 1)


def learning_rate_factor(step: int, total: int, config: TrainConfig) -> float:
    """What the learning rates are multiplied by at optimiser step `step` of `total`, counted from 0; in [0, 1]."""
    if config.schedule == "per_epoch":
        return 1 / (1 + step * config.epochs // total)
    warmup = round(config.warmup * total)
    if step < warmup:
        return step / warmup if config.schedule == "linear_floor" else (step + 1) / (warmup + 1)
    if config.schedule == "constant":
        return 1.0
    return max(total - step, 0) / max(total - warmup, 1)


def set_learning_rates(optimiser: Optimisation, factor: float) -> None:
    """Give every group its own rate times `factor`."""
    for group in optimiser.param_groups:
        group["lr"] = group["base_lr"] * factor


def _build(update: Update, config: TrainConfig) -> Optimizer:
    settings: list[dict[str, Any]] = [
        {
            "params": list(group.parameters),
            "base_lr": group.learning_rate,
            "weight_decay": config.weight_decay if group.decayed else 0.0,
        }
        for group in update.groups
        if group.learning_rate
    ]
    if not settings:
        settings = [{"params": [], "base_lr": 0.0}]
    if config.optimiser == "sgd":
        return SGD(settings, lr=config.learning_rate, fused=True)
    if config.optimiser == "adamw_transformers":
        return TransformersAdamW(settings, lr=config.learning_rate, eps=config.epsilon)
    kind = {"adam": Adam, "adamw": AdamW}[config.optimiser]
    return kind(settings, lr=config.learning_rate, eps=config.epsilon, fused=True)
