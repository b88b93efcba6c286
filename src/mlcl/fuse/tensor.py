"""Tensor fusion: every product of up to three entries, one of each modality."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from mlcl.fuse.base import Fusion, Vector

Activations = Literal["tanh", "none_tanh_relu"]


def with_one(vector: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch dim_and_one"]:
    """The vector behind a constant 1."""
    return F.pad(vector, (1, 0), value=1.0)


def outer_product(text: Vector, acoustic: Vector, visual: Vector) -> Float[Tensor, "batch a v t"]:
    r"""$[1; a] \otimes [1; v] \otimes [1; t]$: single entries, pair products and triple products side by side."""
    return torch.einsum("ba,bv,bt->bavt", with_one(acoustic), with_one(visual), with_one(text))


class TensorFusion(Fusion):
    """The outer product of the three vectors, each behind a constant 1, through three linear layers.

    The first layer has $(d + 1)^3$ columns: 132,651 for a width of 50, and two million for 128.

    Args:
        dim: Width of each vector and of the result.
        hidden: Width of the two layers in between.
        dropout: Of the entries of the outer product.
        activations: After the three layers: ``tanh`` each time (the release's C-MIB), or none, tanh and ReLU (its
            E-MIB and L-MIB).

    Source:
        Zadeh et al. 2017, Tensor Fusion Network, https://arxiv.org/abs/1707.07250, with MIB's layers on top.
    """

    def __init__(self, dim: int, *, hidden: int, dropout: float, activations: Activations = "tanh") -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.activations = activations
        self.first = nn.Linear((dim + 1) ** 3, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.third = nn.Linear(hidden, dim)

    def forward(self, text: Vector, acoustic: Vector, visual: Vector) -> Vector:
        """Return the fused vector."""
        first = self.first(self.dropout(outer_product(text, acoustic, visual).flatten(1)))
        if self.activations == "tanh":
            return torch.tanh(self.third(torch.tanh(self.second(torch.tanh(first)))))
        return F.relu(self.third(torch.tanh(self.second(first))))
