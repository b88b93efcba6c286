"""Variational bottleneck: a vector becomes a Gaussian code, whose distance from a standard normal is its price."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True)
class Code:
    """A Gaussian code with independent entries.

    Attributes:
        mean: (batch, dim).
        deviation: (batch, dim), positive.
    """

    mean: Tensor
    deviation: Tensor

    def draw(self, noise: Float[Tensor, "batch dim"] | None = None) -> Float[Tensor, "batch dim"]:
        r"""$\mu + \sigma\epsilon$; $\epsilon$ from torch's generator where it is not given."""
        return self.mean + self.deviation * (torch.randn_like(self.mean) if noise is None else noise)

    def divergence(self) -> Float[Tensor, "batch dim"]:
        r"""KL divergence from $N(0, 1)$ in nats, of each entry: $(\mu^2 + \sigma^2 - 1)/2 - \ln\sigma$."""
        return 0.5 * (self.mean.square() + self.deviation.square() - 1) - self.deviation.log()


class Bottleneck(nn.Module):
    r"""$u = \mathrm{relu}(U x)$, $\mu = M u$, $\sigma = \mathrm{softplus}(S u - 5)$.

    The shift makes a code nearly deterministic at the start: $\sigma \approx 0.007$.

    Args:
        dim: Width of the vector and of its code.
        hidden: Width of $u$.

    Source:
        Mai et al. 2022, Multimodal Information Bottleneck, https://arxiv.org/abs/2210.17444.
    """

    SHIFT = 5.0

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(dim, hidden)
        self.mean = nn.Linear(hidden, dim)
        self.deviation = nn.Linear(hidden, dim)

    def forward(self, vector: Float[Tensor, "batch dim"]) -> Code:
        """Return the code."""
        hidden = F.relu(self.hidden(vector))
        return Code(self.mean(hidden), F.softplus(self.deviation(hidden) - self.SHIFT))
