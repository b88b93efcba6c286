"""How contrast shapes unit embeddings: whether positives come together, and whether items spread out."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def alignment(query: Float[Tensor, "items dim"], positive: Float[Tensor, "items dim"]) -> float:
    r"""Mean squared distance of positive pairs, $\frac{1}{n}\sum_i \|q_i - k_i\|^2$, rows at unit length.

    Returns:
        From 0 (each pair coincides) to 4 (opposite); about 2 for unrelated directions.

    Source:
        Wang and Isola 2020, https://arxiv.org/abs/2005.10242, with exponent 2.

    Examples:
        >>> alignment(torch.eye(2), 3 * torch.eye(2))
        0.0
    """
    return float((F.normalize(query, dim=1) - F.normalize(positive, dim=1)).square().sum(dim=1).mean())


def uniformity(vectors: Float[Tensor, "items dim"]) -> float:
    r"""Log of the mean Gaussian potential, $\log \frac{2}{n(n-1)} \sum_{i<j} \exp(-2\|u_i - u_j\|^2)$, at unit length.

    Returns:
        0 when all items coincide, lower the more they spread; not below -8. Needs 2 items.

    Source:
        The same, with t = 2.

    Examples:
        >>> uniformity(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
        -8.0
    """
    distances = torch.pdist(F.normalize(vectors, dim=1))
    return float(distances.square().mul(-2).exp().mean().log())
