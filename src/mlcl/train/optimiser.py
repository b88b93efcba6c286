"""The optimiser: one learning rate for the pretrained encoder, one for the rest; decay for weight matrices only."""

from typing import Any

from torch import nn
from torch.optim import Adam, AdamW, Optimizer

from mlcl.config import TrainConfig


def build_optimiser(model: nn.Module, config: TrainConfig) -> Optimizer:
    """Build the optimiser over the model's trainable parameters.

    The pretrained encoder is what the model calls ``text.encoder``. Its learning rate 0 freezes it.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        pretrained = name.startswith("text.encoder.")
        if pretrained and config.encoder_learning_rate == 0:
            parameter.requires_grad_(False)
        if parameter.requires_grad:
            groups.setdefault((pretrained, parameter.dim() > 1), []).append(parameter)
    settings: list[dict[str, Any]] = [
        {
            "params": parameters,
            "base_lr": config.encoder_learning_rate if pretrained else config.learning_rate,
            "weight_decay": config.weight_decay if matrix else 0.0,
        }
        for (pretrained, matrix), parameters in groups.items()
    ]
    kind = {"adam": Adam, "adamw": AdamW}[config.optimiser]
    return kind(settings, lr=config.learning_rate, fused=True)


def learning_rate_factor(step: int, total: int, config: TrainConfig) -> float:
    """What the learning rates are multiplied by at optimiser step `step` of `total`, counted from 0; in [0, 1]."""
    warmup = round(config.warmup * total)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if config.schedule == "constant":
        return 1.0
    return (total - step) / max(total - warmup, 1)


def set_learning_rates(optimiser: Optimizer, factor: float) -> None:
    """Give every group its own rate times `factor`."""
    for group in optimiser.param_groups:
        group["lr"] = group["base_lr"] * factor
