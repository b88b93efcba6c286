"""How the encoders compute: `fast` leaves padding out of the work, `plain` is the padded oracle; one function."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from torch import nn

Execution = Literal["fast", "plain"]


def set_execution(model: nn.Module, execution: Execution) -> None:
    """Choose how every encoder and transformer inside `model` computes; its function stays the same to rounding."""
    for module in model.modules():
        if hasattr(module, "execution"):
            setattr(module, "execution", execution)  # noqa: B010 (a module's attributes are not typed)


@contextmanager
def executed(model: nn.Module, execution: Execution) -> Iterator[None]:
    """Compute in that way inside the block, in the fast way after it."""
    set_execution(model, execution)
    try:
        yield
    finally:
        set_execution(model, "fast")
