"""Which keys are a query's positives: its own item's, or those of items whose label is equal or near."""

from jaxtyping import Float
from torch import Tensor

from mlcl.parallel import gather_rows

NEAR = 0.25
"""How fast a positive's share falls with the distance of scores, in standard deviations of the keys' labels."""


def label_shares(labels: Float[Tensor, " query"], *, classes: bool) -> Float[Tensor, "query key"]:
    r"""Share of each key of the batch (of all processes) among a query's positives; rows sum to 1.

    Items of the query's class have equal shares; for scores $s_{ij} \propto \exp(-|y_i - y_j| / h)$.

    Args:
        labels: Class ids or scores of the own items.
        classes: Which of the two.

    Source:
        Khosla et al. 2020, supervised contrastive learning, eq. 2, https://arxiv.org/abs/2004.11362.
    """
    every, _ = gather_rows(labels)
    distance = (labels[:, None] - every[None, :]).abs()
    if classes:
        share = (distance < 0.5).to(labels.dtype)
    else:
        share = (-distance / (NEAR * every.std(unbiased=False)).clamp(min=1e-6)).exp()
    return share / share.sum(dim=1, keepdim=True)
