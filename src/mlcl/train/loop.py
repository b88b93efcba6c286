"""The training loop, on plain PyTorch: read it, change it."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mlcl.config import TrainConfig
from mlcl.data.batch import Batch, EncodedSplit
from mlcl.errors import Interrupted, MlclError
from mlcl.files import is_there
from mlcl.models.base import apply
from mlcl.parallel import any_process, average, rank, world_size
from mlcl.train.checkpoint import load_checkpoint, save_checkpoint
from mlcl.train.optimiser import (
    Optimisation,
    build_optimisation,
    learning_rate_factor,
    planned_steps,
    set_learning_rates,
)
from mlcl.train.state import TrainState
from mlcl.train.stopping import StopRequest


class Reporter(Protocol):
    """Shows progress."""

    def step(self, state: TrainState, steps: int, epochs: int) -> None:
        """Called after every optimiser step."""

    def epoch(self, record: dict[str, Any], epochs: int) -> None:
        """Called after every epoch."""


@dataclass(frozen=True)
class Selection:
    """How an epoch is chosen.

    Attributes:
        score_dev: Compute dev metrics of the current model.
        metric: Which of them decides.
        higher_is_better: Its direction.
        keep: Called when the current model is the best so far.
        geometry: What the last scoring saw of the embeddings, for the epoch's record.
    """

    score_dev: Callable[[], dict[str, float | None]]
    metric: str
    higher_is_better: bool
    keep: Callable[[], None]
    geometry: Callable[[], dict[str, dict[str, float]]] = dict


def fit(
    model: nn.Module,
    train: EncodedSplit,
    config: TrainConfig,
    selection: Selection,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Path | None,
    reporter: Reporter,
    on_epoch: Callable[[TrainState], None],
) -> TrainState:
    """Train `model`, keep its best epoch on dev, and checkpoint after every epoch.

    Goes on from `checkpoint` when that file exists; on CPU the weights are then bit for bit those of a training that
    was never interrupted.

    Args:
        model: Returns an output with `loss` and `terms`; already on `device`.
        train: The train split.
        config: Epochs, optimiser, precision.
        selection: How the best epoch is found and kept.
        seed: Of the order of items and of dropout.
        device: Where the batches go.
        checkpoint: Checkpoint file; None for a training that nobody will go on with.
        reporter: Shows progress.
        on_epoch: Called after every epoch, with the history so far; what it raises ends the training.

    Raises:
        Interrupted: After SIGINT or SIGTERM; the checkpoint then holds the exact place.
        MlclError: If the loss is not finite.
    """
    optimiser = build_optimisation(model, config)
    state = load_checkpoint(checkpoint, model, optimiser) if checkpoint and is_there(checkpoint) else TrainState()
    trained = DistributedDataParallel(model) if world_size() > 1 and optimiser.single else model
    steps = len(list(_epoch_batches(len(train), config, seed, 0)))
    planned = planned_steps(len(train), config)

    def save() -> None:
        if checkpoint is not None and rank() == 0:
            save_checkpoint(checkpoint, model, optimiser, state)

    with StopRequest() as stop:
        while state.epoch < config.epochs and not _out_of_patience(state, config):
            started = time.perf_counter()
            if state.step == 0:
                torch.manual_seed(_epoch_seed(seed, state.epoch, 0))
            model.train()
            for items in list(_epoch_batches(len(train), config, seed, state.epoch))[state.step :]:
                if world_size() > 1:  # a checkpoint has the random state of one process: all of them draw by the step
                    torch.manual_seed(_epoch_seed(seed, state.epoch, state.step))
                factor = learning_rate_factor(state.epoch * steps + state.step, planned, config)
                set_learning_rates(optimiser, factor)
                values = training_step(trained, train, items, optimiser, config, device)
                state.add(values, len(items))
                state.step += 1
                reporter.step(state, steps, config.epochs)
                if any_process(stop.requested) and state.step < steps:
                    save()
                    raise Interrupted(f"stopped in epoch {state.epoch + 1}, step {state.step} of {steps}")
            record = _finish_epoch(state, selection, time.perf_counter() - started)
            reporter.epoch(record, config.epochs)
            on_epoch(state)
            save()
            if any_process(stop.requested):
                raise Interrupted(f"stopped after epoch {state.epoch} of {config.epochs}")
    return state


def _epoch_seed(seed: int, epoch: int, step: int) -> int:
    """Seed of dropout from this step on; processes draw independently of one another."""
    return int(np.random.SeedSequence([seed, epoch, step, rank()]).generate_state(1, np.uint64)[0] >> 1)


def _epoch_batches(items: int, config: TrainConfig, seed: int, epoch: int) -> Iterator[NDArray[np.int64]]:
    """The epoch's batches, shuffled by seed and epoch; under torchrun a last batch needs an item for each process."""
    order = np.random.default_rng([seed, epoch]).permutation(items)
    for start in range(0, items, config.batch_size):
        batch = order[start : start + config.batch_size]
        if len(batch) >= world_size():
            yield batch


def training_step(
    model: nn.Module,
    train: EncodedSplit,
    items: NDArray[np.int64],
    optimiser: Optimisation,
    config: TrainConfig,
    device: torch.device,
) -> dict[str, float]:
    """One optimiser step on the given items; returns the loss and its terms."""
    shares = [items[number :: world_size()] for number in range(world_size())]
    num_parts = min(config.accumulate, *map(len, shares))
    split = [np.array_split(share, num_parts) for share in shares]
    optimiser.zero_grad()
    means: dict[str, float] = {}
    gradients: list[list[Tensor | None]] | None = None
    for number, part in enumerate(split[rank()]):
        last = number == num_parts - 1
        hold = model.no_sync() if isinstance(model, DistributedDataParallel) and not last else nullcontext()
        with hold:
            output = forward(model, train.batch(part).to(device), config.precision, device)
            share = sum(len(parts[number]) for parts in split) / len(items)
            if optimiser.single:
                (output.loss * share).backward()
            else:
                losses = [share * (output.loss if name == "loss" else output.terms[name]) for name in optimiser.losses]
                gradients = _add(gradients, optimiser.gradients(losses))
        named = {"loss": output.loss, **output.terms}
        for name, value in zip(named, average(torch.stack(list(named.values())).detach()).tolist(), strict=True):
            means[name] = means.get(name, 0.0) + share * value
    if not np.isfinite(means["loss"]):
        raise MlclError(
            f"the loss became {means['loss']}; lower train.learning_rate, set train.clip_norm=1 or data.normalise=train"
        )
    optimiser.step(config.clip_norm, gradients)
    return means


def _add(sums: list[list[Tensor | None]] | None, gradients: list[list[Tensor | None]]) -> list[list[Tensor | None]]:
    """Gradients of the parts of a batch, added up."""
    if sums is None:
        return gradients
    return [
        [b if a is None else a if b is None else a + b for a, b in zip(before, now, strict=True)]
        for before, now in zip(sums, gradients, strict=True)
    ]


def forward(model: nn.Module, batch: Batch, precision: str, device: torch.device) -> Any:
    """Run the model on a batch in the given precision."""
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        return apply(model, batch)


def _finish_epoch(state: TrainState, selection: Selection, seconds: float) -> dict[str, Any]:
    """Score dev, keep the model if it is the best so far, and record the epoch."""
    dev = _broadcast(selection.score_dev() if rank() == 0 else None)
    value = dev[selection.metric]
    score = float("inf") if value is None else -value if selection.higher_is_better else value
    best = state.best_score is None or score < state.best_score
    if best:
        state.best_score, state.best_epoch = score, state.epoch + 1
        if rank() == 0:
            selection.keep()
    record = {"epoch": state.epoch + 1, "best": best, "seconds": round(seconds, 3), "train": state.means(), "dev": dev}
    geometry = selection.geometry()
    if geometry:
        record["geometry"] = geometry
    state.finish_epoch(record)
    return record


def _broadcast(value: Any) -> Any:
    if world_size() == 1:
        return value
    holder = [value]
    torch.distributed.broadcast_object_list(holder, src=0)
    return holder[0]


def _out_of_patience(state: TrainState, config: TrainConfig) -> bool:
    return config.patience is not None and state.epoch - (state.best_epoch or state.epoch) >= config.patience
