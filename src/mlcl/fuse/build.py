"""Fusions of three vectors by name."""

from typing import Literal

from mlcl.fuse.base import Fusion
from mlcl.fuse.elementwise import AdditionFusion, ConcatFusion, MultiplicationFusion
from mlcl.fuse.graph import GraphFusion
from mlcl.fuse.low_rank import LowRankFusion
from mlcl.fuse.tensor import Activations, TensorFusion

FusionName = Literal["concat", "addition", "multiplication", "tensor", "low_rank", "graph"]


def build_fusion(
    name: FusionName,
    dim: int,
    *,
    hidden: int = 50,
    edge_hidden: int = 64,
    rank: int = 5,
    dropout: float = 0.5,
    activations: Activations = "tanh",
) -> Fusion:
    """Build the fusion of that name for vectors of width `dim`.

    Args:
        name: Which.
        dim: Width of the vectors and of the result.
        hidden: Width of the layers behind ``tensor`` and ``graph``.
        edge_hidden: Width of the edge networks of ``graph``.
        rank: Rank of ``low_rank``.
        dropout: Of the outer product in ``tensor``.
        activations: After the layers of ``tensor``.
    """
    if name == "tensor":
        return TensorFusion(dim, hidden=hidden, dropout=dropout, activations=activations)
    if name == "low_rank":
        return LowRankFusion(dim, rank=rank)
    if name == "graph":
        return GraphFusion(dim, hidden=hidden, edge_hidden=edge_hidden)
    if name == "concat":
        return ConcatFusion(dim)
    return {"addition": AdditionFusion, "multiplication": MultiplicationFusion}[name]()
