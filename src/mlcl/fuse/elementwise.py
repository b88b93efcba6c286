"""Fusions without an interaction to learn: one layer over the vectors side by side, their sum, their product."""

import torch
import torch.nn.functional as F
from torch import nn

from mlcl.fuse.base import Fusion, Vector


class ConcatFusion(Fusion):
    r"""$\mathrm{relu}(W [t; a; v] + b)$, with $t$, $a$, $v$ the text, acoustic and visual vector."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(3 * dim, dim)

    def forward(self, text: Vector, acoustic: Vector, visual: Vector) -> Vector:
        """Return the fused vector."""
        return F.relu(self.linear(torch.cat([text, acoustic, visual], dim=1)))


class AdditionFusion(Fusion):
    """The sum of the vectors."""

    def forward(self, text: Vector, acoustic: Vector, visual: Vector) -> Vector:
        """Return the fused vector."""
        return text + acoustic + visual


class MultiplicationFusion(Fusion):
    """The product of the vectors, entry by entry; a missing vector counts as ones."""

    absent = 1.0

    def forward(self, text: Vector, acoustic: Vector, visual: Vector) -> Vector:
        """Return the fused vector."""
        return text * acoustic * visual
