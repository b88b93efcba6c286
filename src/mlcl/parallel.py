"""Ranks, and the two operations that make several processes compute what one would on the joined batch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
import torch.distributed.nn.functional as differentiable
import torch.nn.functional as F
from torch import Tensor


def launched() -> bool:
    """Whether this process was started by ``torchrun`` as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


_alone = False


@contextmanager
def alone() -> Iterator[None]:
    """Inside, this process computes by itself, as evaluation on one rank must: the others do not take part."""
    global _alone
    before, _alone = _alone, True
    try:
        yield
    finally:
        _alone = before


def world_size() -> int:
    """Number of processes that train together; 1 outside ``torchrun``."""
    if _alone:
        return 1
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Index of this process; 0 outside ``torchrun``."""
    return dist.get_rank() if world_size() > 1 else 0


def gather_rows(rows: Tensor) -> tuple[Tensor, int]:
    """Return the rows of all processes in rank order, with gradients, and where the own rows start.

    Batches may differ in size between processes. With one process the rows come back as they are.
    """
    if world_size() == 1:
        return rows, 0
    sizes = _sizes(rows)
    padded = F.pad(rows, [0, 0] * (rows.dim() - 1) + [0, max(sizes) - len(rows)])
    parts = _gather_with_gradients(padded) if rows.requires_grad else _gather_plain(padded)
    joined = torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])
    return joined, sum(sizes[: rank()])


def global_mean(values: Tensor) -> Tensor:
    """Mean of `values` (batch,) over the items of all processes; 0 when there are none.

    Each process gets its own sum times the number of processes over the joined count: the average over
    processes, which is what data-parallel training takes of the gradients, is then the joined mean.
    """
    if world_size() == 1:
        return values.sum() / max(len(values), 1)
    return values.sum() * (world_size() / max(sum(_sizes(values)), 1))


def average(values: Tensor) -> Tensor:
    """The mean over processes of a tensor that each has."""
    if world_size() > 1:
        dist.all_reduce(values)
        values = values / world_size()
    return values


def any_process(flag: bool) -> bool:
    """Whether the flag is set in any process: they must all stop at the same step, or the others wait for ever."""
    if world_size() == 1:
        return flag
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    return bool(average(torch.tensor(float(flag), device=device)) > 0)


def _sizes(rows: Tensor) -> list[int]:
    size = torch.tensor([len(rows)], device=rows.device)
    return [int(part) for part in torch.cat(_gather_plain(size)).tolist()]


def _gather_with_gradients(tensor: Tensor) -> tuple[Tensor, ...]:
    parts: tuple[Tensor, ...] = differentiable.all_gather(tensor)  # type: ignore[no-untyped-call]
    return parts


def _gather_plain(tensor: Tensor) -> list[Tensor]:
    parts = [torch.empty_like(tensor) for _ in range(world_size())]
    dist.all_gather(parts, tensor.contiguous())
    return parts
