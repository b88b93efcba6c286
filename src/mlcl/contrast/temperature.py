"""The temperature of a contrastive level, fixed or learned."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Temperature(nn.Module):
    r"""Temperature $\tau$ of a softmax over similarities.

    Args:
        value: Fixed value, or starting value when learned; positive.
        learned: Train $\log\tau$; the value then stays within `FLOOR` and `CEILING`.
    """

    FLOOR = 0.01
    CEILING = 1.0

    def __init__(self, value: float, *, learned: bool = False) -> None:
        super().__init__()
        if not value > 0:
            raise ValueError(f"temperature must be positive, got {value}")
        self.value = value
        self.log = nn.Parameter(torch.tensor(math.log(value))) if learned else None

    def forward(self) -> float | Float[Tensor, ""]:
        """Return the current temperature; beyond its bounds the gradient still points back."""
        if self.log is None:
            return self.value
        free = self.log.exp()
        return free + (free.clamp(self.FLOOR, self.CEILING) - free).detach()
