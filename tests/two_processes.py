"""What each of two processes does in the tests of `mlcl.parallel`; a module of its own, so that it can be spawned."""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

import tiny
from mlcl.parallel import gather_rows, global_mean, rank, world_size

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
        timeout=timedelta(seconds=60),
    )
    try:
        results = {"rank": rank(), "world_size": world_size(), **_primitives(number), **_models(number)}
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
    # The package exports the function under the name of its module.
    vars(sys.modules["mlcl.contrast.info_nce"])["gather_rows"] = lambda rows: (rows, 0)
    model = tiny.model().train()
    share = tiny.take(joined_batch(), SHARES[number])
    results["not gathered"] = model_step(DistributedDataParallel(model), share, model)
    return results
