"""How the cost of a training step grows: with the batch, and with the number of acoustic and visual rows."""

from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.machine import peak_memory, seconds
from benchmarks.workload import Workload, build_workload
from mlcl.data.batch import EncodedSplit, Rows
from mlcl.modality import ACOUSTIC, VISUAL
from mlcl.train.loop import training_step
from mlcl.train.optimiser import build_optimisation

BATCH_SIZES = (8, 32, 128, 512)
ROW_COUNTS = (10, 50, 100, 200, 500)
_BATCH = 32


def growth_cases(
    recipe: str,
    profile: str,
    *,
    precision: str,
    device: torch.device,
    repeats: int,
    changes: list[str] | None,
    seed: int,
) -> list[dict[str, Any]]:
    """One row per batch size, and per number of rows that every item has on a clock of its own."""
    work = build_workload(recipe, profile, items=max(BATCH_SIZES), seed=seed, changes=changes)
    work.model.to(device).train()
    measure = partial(_measure, work, precision=precision, device=device, repeats=repeats)
    name = f"{recipe} {profile} train {precision}"
    sizes = [{"case": f"{name}, batch {size}", **measure(work.tight, size)} for size in BATCH_SIZES]
    if work.experiment.data.padding == "fixed":  # its length is part of the function
        return sizes
    lengths = [
        {"case": f"{name}, {rows} rows", "rows": rows, **measure(_with_rows(work.tight, rows), _BATCH)}
        for rows in ROW_COUNTS
    ]
    return [*sizes, *lengths]


def _measure(
    work: Workload, split: EncodedSplit, size: int, *, precision: str, device: torch.device, repeats: int
) -> dict[str, Any]:
    settings = work.experiment.train.model_copy(update={"precision": precision})
    optimiser = build_optimisation(work.model, settings)
    step = partial(training_step, work.model, split, np.arange(size), optimiser, settings, device)
    step()
    took = median([seconds(step, device) for _ in range(repeats)])
    return {
        "batch_size": size,
        "seconds": took,
        "items_per_second": size / took,
        "peak_bytes": peak_memory(step, device),
    }


def _with_rows(split: EncodedSplit, count: int) -> EncodedSplit:
    """The same texts with `count` acoustic and visual rows each."""
    offsets = np.arange(len(split) + 1) * count
    rows = {}
    for name in (ACOUSTIC, VISUAL):
        width = split.rows[name].values.shape[1]
        values = np.random.default_rng(count).standard_normal((int(offsets[-1]) + 1, width), dtype=np.float32)
        values[-1] = 0
        rows[name] = Rows(values, np.any(values, axis=1), np.append(np.arange(offsets[-1]), -1), offsets)
    return replace(split, rows=rows)
