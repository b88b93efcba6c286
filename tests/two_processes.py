"""What each of two processes does in the tests of `mlcl.parallel`; a module of its own, so that it can be spawned."""

import os
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

import tiny
from mlcl.config import DataConfig, TrainConfig
from mlcl.data.batch import EncodedSplit
from mlcl.data.processor import Processor
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.parallel import gather_rows, global_mean, rank, world_size
from mlcl.train.loop import Selection, fit
from mlcl.train.state import TrainState
from patience import HANGS

SHARES = (slice(0, 3), slice(3, 5))  # 3 + 2 of the batch's 5 items


def joined_batch() -> dict[str, Tensor]:
    """Five items; item 4 lacks its acoustic rows, item 1 its words."""
    batch = {**tiny.batch(), "text_present": torch.tensor([True, False, True, True, True])}
    batch["acoustic_mask"][4] = False
    return batch


def absent_batch() -> dict[str, Tensor]:
    """Five items of which the second process has none with visual rows."""
    batch = joined_batch()
    batch["visual_mask"][SHARES[1]] = False
    return batch


BATCHES = {"joined": joined_batch, "absent": absent_batch}
TASKS = {"regression": {}, "learned": {"learn_temperature": True}, "pooled": {"cross_attention": "pooled"}}

CONTRAST_OFF = {"umcl_weight": 0.0, "bmcl_weight": 0.0, "tmcl_weight": 0.0}
# Model options, and in how many parts each process takes its share of a batch; without contrast parts do not matter.
TRAININGS: dict[str, tuple[dict[str, Any], int]] = {"contrast": ({}, 1), "parts": (CONTRAST_OFF, 2)}
ODD = "a last batch of one item"


def model_step(model: torch.nn.Module, batch: dict[str, Tensor], inner: torch.nn.Module) -> dict[str, Any]:
    """Terms and gradients of one step."""
    model.zero_grad()
    output = model(**batch)
    output.loss.backward()
    return {
        "loss": output.loss.detach(),
        "terms": {name: term.detach() for name, term in output.terms.items()},
        "gradients": {name: p.grad.clone() for name, p in inner.named_parameters() if p.grad is not None},
    }


def work(number: int, folder: str) -> None:
    """Join the other process over the loopback device and leave what was computed in `folder`."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/rendezvous",
        rank=number,
        world_size=2,
        timeout=timedelta(seconds=HANGS),
    )
    try:
        results = {"rank": rank(), "world_size": world_size(), **_primitives(number)}
        results |= _models(number) | {name: train(name, Path(folder) / name) for name in [*TRAININGS, ODD]}
        results["not gathered"] = _not_gathered(number)
        torch.save(results, Path(folder) / f"{number}.pt")
    finally:
        dist.destroy_process_group()


def _primitives(number: int) -> dict[str, Any]:
    rows = torch.arange(10, dtype=torch.float64).view(5, 2)[SHARES[number]].requires_grad_()
    joined, first = gather_rows(rows)
    weight = torch.arange(1, 11, dtype=torch.float64).view(5, 2)
    (joined * weight).sum().backward()
    plain, _ = gather_rows(rows.detach())
    nothing, start = gather_rows(rows[:0] if number else rows)
    return {
        "joined": joined.detach(),
        "first": first,
        "gradient": rows.grad,
        "plain": plain,
        "one_empty": nothing.detach(),
        "one_empty_first": start,
        "mean": global_mean(rows[:, 0]).item(),
        "mean_of_nothing": global_mean(rows[:0, 0]).item(),
    }


def _models(number: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for task, options in TASKS.items():
        for name, make in BATCHES.items():
            model = tiny.model(**options).train()
            share = tiny.take(make(), SHARES[number])
            results[f"{task}-{name}"] = model_step(DistributedDataParallel(model), share, model)
    return results


def _not_gathered(number: int) -> dict[str, Any]:
    # The package exports the function under the name of its module.
    vars(sys.modules["mlcl.contrast.info_nce"])["gather_rows"] = lambda rows: (rows, 0)
    model = tiny.model().train()
    share = tiny.take(joined_batch(), SHARES[number])
    return model_step(DistributedDataParallel(model), share, model)


class Silent:
    """A reporter that shows nothing."""

    def step(self, state: TrainState, steps: int, epochs: int) -> None:
        """Ignore a step."""

    def epoch(self, record: dict[str, Any], epochs: int) -> None:
        """Ignore an epoch."""


def train(name: str, folder: Path) -> dict[str, Any]:
    """Fit a float64 model for two epochs of three batches of 5, 5 and 2 items; return weights and bookkeeping."""
    options, parts = TRAININGS.get(name, ({}, 1))
    model, kept = tiny.model(**options), []
    state = fit(
        model,
        double_split(11 if name == ODD else 12),
        TrainConfig(epochs=2, batch_size=5, accumulate=parts, learning_rate=1e-3, encoder_learning_rate=1e-3),
        Selection(lambda: {"mae": float(len(kept))}, "mae", True, lambda: kept.append(rank())),
        seed=5,
        device=torch.device("cpu"),
        checkpoint=folder / "checkpoint.pt",
        reporter=Silent(),
        on_epoch=lambda state: None,
    )
    means = [record["train"] for record in state.history]
    return {"weights": model.state_dict(), "kept": kept, "best": state.best_epoch, "means": means}


def double_split(items: int) -> EncodedSplit:
    """Items with float64 rows; of twelve, two processes have one each of the last batch of two."""
    corpus = tiny.corpus({"train": items})
    split = Processor.fit(corpus, DataConfig(file="")).encode(corpus.splits["train"], word_tokenizer(tiny.WORDS))
    return replace(split, rows={name: replace(r, values=r.values.astype(np.float64)) for name, r in split.rows.items()})
