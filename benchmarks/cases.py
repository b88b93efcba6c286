"""The measured cases: a training step, a prediction, and how both grow."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim import Adam, AdamW

from benchmarks.difference import largest_difference
from benchmarks.floor import Floor
from benchmarks.machine import matrix_rate, peak_memory
from benchmarks.pairs import measure_pair
from benchmarks.workload import Workload, build_workload
from mlcl.config import TrainConfig
from mlcl.data.batch import EncodedSplit
from mlcl.data.target import Target
from mlcl.evaluate.evaluator import predict_split
from mlcl.execution import set_execution
from mlcl.recipe import resolve
from mlcl.train.loop import training_step
from mlcl.train.optimiser import Optimisation, build_optimisation

Row = dict[str, Any]
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def train_case(
    recipe: str,
    profile: str,
    *,
    precision: str,
    device: torch.device,
    repeats: int,
    changes: list[str] | None,
    seed: int,
) -> Row:
    """A training step: gather the batch, forward, backward, optimiser.

    A: plain execution in fp32, every text padded as the release does, torch's optimiser as it comes. B: ours in the
    given precision.
    """
    size = _batch_size(recipe, profile, changes, "train")
    work = build_workload(recipe, profile, items=size * (repeats + 1), seed=seed, changes=changes)
    settings = work.experiment.train
    model = work.model.to(device).train()
    batches = np.arange(size * (repeats + 1)).reshape(-1, size)
    difference = _difference(work, batches[0], device)
    floor = Floor(work, training=True)
    operations = [floor.operations(batch) for batch in batches]
    rate = matrix_rate(device, _DTYPES[precision])

    def step(
        split: EncodedSplit, optimiser: Optimisation, config: TrainConfig, execution: Any
    ) -> Callable[[int], object]:
        def run(number: int) -> object:
            set_execution(model, execution)
            return training_step(model, split, batches[number], optimiser, config, device)

        return run

    plain = step(work.padded, _plain_optimiser(model, settings), _with_precision(settings, "fp32"), "plain")
    ours = step(work.tight, build_optimisation(model, settings), _with_precision(settings, precision), "fast")
    pair = measure_pair(plain, ours, repeats=repeats, device=device)
    shares = [count / rate / took for count, took in zip(operations, pair.ours, strict=False)]
    memory = [peak_memory(partial(run, 0), device) for run in (plain, ours)]
    return {
        "case": f"{recipe} {profile} train {precision}",
        "batch_size": size,
        **pair.row(size),
        "floor_share": float(np.median(shares)),
        **_memory_row(*memory),
        **difference,
    }


def predict_case(
    recipe: str,
    profile: str,
    *,
    precision: str,
    device: torch.device,
    repeats: int,
    changes: list[str] | None,
    seed: int,
) -> Row:
    """Predictions of a split of two evaluation batches: A plain and padded in fp32, B ours."""
    size = _batch_size(recipe, profile, changes, "eval")
    work = build_workload(recipe, profile, items=2 * size, seed=seed, changes=changes)
    model = work.model.to(device).eval()
    every = np.arange(2 * size)
    difference = _difference(work, every[:32], device)
    operations = Floor(work, training=False).operations(every)
    rate = matrix_rate(device, _DTYPES[precision])

    def predictor(split: EncodedSplit, precision: str, execution: Any) -> Callable[[int], object]:
        def run(_: int) -> object:
            set_execution(model, execution)
            target = Target("regression")
            return predict_split(model, split, target, device=device, batch_size=size, precision=precision)

        return run

    plain, ours = predictor(work.padded, "fp32", "plain"), predictor(work.tight, precision, "fast")
    pair = measure_pair(plain, ours, repeats=repeats, device=device)
    memory = [peak_memory(partial(run, 0), device) for run in (plain, ours)]
    return {
        "case": f"{recipe} {profile} predict {precision}",
        "batch_size": size,
        **pair.row(2 * size),
        "floor_share": operations / rate / float(np.median(pair.ours)),
        **_memory_row(*memory),
        **difference,
    }


def _batch_size(recipe: str, profile: str, changes: list[str] | None, kind: str) -> int:
    settings = resolve(recipe, profile=profile, data="generated", text_encoder="tiny", changes=changes).train
    return settings.batch_size if kind == "train" else settings.eval_batch_size


def _with_precision(settings: TrainConfig, precision: str) -> TrainConfig:
    return settings.model_copy(update={"precision": precision})


def _plain_optimiser(model: nn.Module, settings: TrainConfig) -> Optimisation:
    """The same optimiser as torch makes it when nothing is asked for."""
    optimisation = build_optimisation(model, settings)
    kind = {"adam": Adam, "adamw": AdamW}[settings.optimiser]
    optimisation.optimisers = [kind(optimisation.param_groups, settings.learning_rate)]
    return optimisation


def _difference(work: Workload, items: Any, device: torch.device) -> Row:
    """Plain against fast: at full batch in fp32, on four items in float64."""
    model = work.model
    single = largest_difference(model, work.padded.batch(items).to(device), work.tight.batch(items).to(device))
    few = items[:4]
    model.double()
    double = largest_difference(model, work.padded.batch(few).to(device), work.tight.batch(few).to(device))
    model.float()
    return {"difference_fp32": single, "difference_float64": double}


def _memory_row(plain: int | None, ours: int | None) -> Row:
    ratio = None if plain is None or ours is None else ours / max(plain, 1)
    return {"peak_bytes_plain": plain, "peak_bytes": ours, "peak_ratio": ratio}
