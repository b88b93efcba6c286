"""How the encoders compute: `fast` leaves padding out of the work, `plain` is the padded oracle; one function."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

Execution = Literal["fast", "plain"]


def set_execution(model: nn.Module, execution: Execution) -> None:
    """Choose how every encoder and transformer inside `model` computes; its function stays the same to rounding."""
    for module in model.modules():
        if hasattr(module, "execution"):
            setattr(module, "execution", execution)  # noqa: B010 (a module's attributes are not typed)


def similar_lengths(real: Tensor, size: int) -> list[Tensor]:
    """Numbers of the items in groups of at most `size`, shortest first; an item is as long as its last step."""
    return list(torch.split(extent(real).argsort(stable=True), size))


def equal_lengths(real: Tensor, *, alone: bool) -> list[Tensor]:
    """Items in groups of one length each, shortest first, or each `alone`: their numbers."""
    length, order = extent(real).sort(stable=True)
    sizes = torch.ones_like(length) if alone else length.unique_consecutive(return_counts=True)[1]  # type: ignore[no-untyped-call]
    return list(torch.split(order, sizes.tolist()))


def extent(real: Tensor) -> Tensor:
    """(batch,) number of the last step that counts, from 1; 0 where none does."""
    return (real * torch.arange(1, real.shape[1] + 1, device=real.device)).amax(dim=1)


@contextmanager
def executed(model: nn.Module, execution: Execution) -> Iterator[None]:
    """Compute in that way inside the block, in the fast way after it."""
    set_execution(model, execution)
    try:
        yield
    finally:
        set_execution(model, "fast")
