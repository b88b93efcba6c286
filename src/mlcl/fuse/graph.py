"""Graph fusion: nodes for one, two and three modalities; an edge is the stronger, the less its ends have in common."""

from itertools import combinations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from mlcl.fuse.base import Fusion, Vector


class GraphFusion(Fusion):
    r"""Hierarchical graph of modalities, read out as $\mathrm{MLP}([\text{uni}; \text{bi}; \text{tri}])$.

    Every modality $m$ has a score $s_m = \tanh(w \cdot m + c)$. Two nodes $m, n$ with scores and with distributions
    $p = \mathrm{softmax}$ over their features are joined by an edge of strength

    $$e_{mn} = \frac{s_m + s_n}{p_m \cdot p_n + 1/2},$$

    and make the node $\tanh(\hat e_{mn}\, g([m; n]))$, where $\hat e$ is the softmax of the strengths over all edges
    of the level. The second level joins the three pairs of modalities. The third joins each two of these pairs, and
    each pair with the modality that it lacks; a pair's score is its strength, and its distribution that of
    $g([m; n])$. A level's vector is the sum of its nodes; at the first it is the mean of $s_m m$.

    Args:
        dim: Width of each vector and of the result.
        hidden: Width of the two layers of the read-out.
        edge_hidden: Width inside the two edge networks $g$.

    Source:
        Mai et al. 2020, Modality to Modality Translation, https://arxiv.org/abs/1911.07848, as MIB uses it; the
        authors' code fails for a batch of one item, this does not.
    """

    def __init__(self, dim: int, *, hidden: int, edge_hidden: int) -> None:
        super().__init__()
        self.score = nn.Linear(dim, 1)
        self.pair = _edge_network(dim, edge_hidden)
        self.triple = _edge_network(dim, edge_hidden)
        self.first = nn.Linear(3 * dim, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.third = nn.Linear(hidden, dim)

    def forward(self, text: Vector, acoustic: Vector, visual: Vector) -> Vector:
        """Return the fused vector."""
        single = [acoustic, visual, text]
        scores = [torch.tanh(self.score(vector)) for vector in single]
        shares = [vector.softmax(dim=1) for vector in single]
        uni = torch.stack([score * vector for score, vector in zip(scores, single, strict=True)]).mean(dim=0)

        pairs = list(combinations(range(3), 2))
        inner = [self.pair(torch.cat([single[i], single[j]], dim=1)) for i, j in pairs]
        strengths = [_strength(scores[i], scores[j], shares[i], shares[j]) for i, j in pairs]
        nodes = _nodes(strengths, inner)
        pair_shares = [vector.softmax(dim=1) for vector in inner]

        joined, between = [], []
        for i, j in ((0, 1), (0, 2), (2, 1)):
            joined.append(_strength(strengths[i], strengths[j], pair_shares[i], pair_shares[j]))
            between.append(self.triple(torch.cat([nodes[i], nodes[j]], dim=1)))
        for number, (i, j) in enumerate(pairs):
            other = 3 - i - j
            joined.append(_strength(strengths[number], scores[other], pair_shares[number], shares[other]))
            between.append(self.triple(torch.cat([nodes[number], single[other]], dim=1)))

        levels = torch.cat([uni, _sum(nodes), _sum(_nodes(joined, between))], dim=1)
        return torch.tanh(self.third(torch.tanh(self.second(torch.tanh(self.first(levels))))))


def _edge_network(dim: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(2 * dim, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, dim), nn.Tanh())


def _strength(
    first: Float[Tensor, "batch 1"],
    second: Float[Tensor, "batch 1"],
    first_shares: Float[Tensor, "batch dim"],
    second_shares: Float[Tensor, "batch dim"],
) -> Float[Tensor, "batch 1"]:
    return (first + second) / ((first_shares * second_shares).sum(dim=1, keepdim=True) + 0.5)


def _nodes(strengths: list[Tensor], inner: list[Tensor]) -> list[Tensor]:
    weight = F.softmax(torch.cat(strengths, dim=1), dim=1)
    return [torch.tanh(weight[:, k : k + 1] * vector) for k, vector in enumerate(inner)]


def _sum(nodes: list[Tensor]) -> Tensor:
    return torch.stack(nodes).sum(dim=0)
