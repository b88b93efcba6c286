"""Low-rank fusion: tensor fusion and its linear layer, without ever forming the tensor."""

import torch
from torch import Tensor, nn

from mlcl.fuse.base import Fusion, Vector
from mlcl.fuse.tensor import with_one


class LowRankFusion(Fusion):
    r"""$h = \sum_r w_r\, (A_r [1;a]) \odot (V_r [1;v]) \odot (T_r [1;t]) + b$.

    This is the linear map of the outer product whose weight is the rank-$R$ tensor with these factors.

    Args:
        dim: Width of each vector and of the result.
        rank: $R$.

    Source:
        Liu et al. 2018, Efficient Low-rank Multimodal Fusion, https://arxiv.org/abs/1806.00064.
    """

    def __init__(self, dim: int, *, rank: int) -> None:
        super().__init__()
        self.text = self._factor(dim, rank)
        self.acoustic = self._factor(dim, rank)
        self.visual = self._factor(dim, rank)
        self.weight = nn.Parameter(nn.init.xavier_normal_(torch.empty(1, rank)))
        self.bias = nn.Parameter(torch.zeros(1, dim))

    def forward(self, text: Vector, acoustic: Vector, visual: Vector) -> Vector:
        """Return the fused vector."""
        product = (
            self._project(self.acoustic, acoustic) * self._project(self.visual, visual) * self._project(self.text, text)
        )
        return torch.einsum("r,rbd->bd", self.weight[0], product) + self.bias

    @staticmethod
    def _factor(dim: int, rank: int) -> nn.Parameter:
        """(rank, dim + 1, dim)."""
        return nn.Parameter(nn.init.xavier_normal_(torch.empty(rank, dim + 1, dim)))

    @staticmethod
    def _project(factor: Tensor, vector: Tensor) -> Tensor:
        """(rank, batch, dim)."""
        return with_one(vector) @ factor
