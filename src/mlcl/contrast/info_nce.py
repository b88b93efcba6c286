"""InfoNCE with in-batch negatives: the one loss that all three levels of contrast use."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from mlcl.parallel import gather_rows, global_mean


def info_nce(
    query: Float[Tensor, "batch dim"],
    positive: Float[Tensor, "batch dim"],
    *,
    temperature: float | Float[Tensor, ""] = 0.1,
    keep: Bool[Tensor, " batch"] | None = None,
) -> Float[Tensor, ""]:
    r"""InfoNCE with in-batch negatives, one direction (query to positive).

    $$\mathcal{L} = -\frac{1}{B}\sum_i \log\frac{\exp(\cos(q_i,k_i)/\tau)}{\sum_j\exp(\cos(q_i,k_j)/\tau)}$$

    Rows are normalised to unit length here; callers pass raw embeddings. Under ``torchrun`` the keys of all
    processes are negatives, and gradients flow back to the process that owns them.

    Args:
        query: Anchor embeddings $q$, any scale.
        positive: Key embeddings $k$; row $i$ is the positive of query $i$, the others its negatives.
        temperature: $\tau > 0$, dimensionless. Logits are divided by it.
        keep: Items that take part, as query and as key; all of them when absent.

    Returns:
        Scalar loss in nats, between 0 and $\log B + 2/\tau$; $\log B$ when all keys are identical, 0 for one item
        and for none.

    Raises:
        ValueError: If a fixed `temperature` is not positive.

    Examples:
        >>> import torch
        >>> same = torch.ones(4, 3)
        >>> round(info_nce(same, same).item(), 4)  # log(4)
        1.3863

    Source:
        van den Oord et al. 2018, eq. 4, https://arxiv.org/abs/1807.03748, with cosine similarity.
    """
    if isinstance(temperature, float | int) and not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    if keep is not None:
        query, positive = query[keep], positive[keep]
    with torch.autocast(query.device.type, enabled=False):  # half precision is too coarse for logits over a small tau
        keys, first = gather_rows(F.normalize(_at_least_single(positive), dim=-1))
        if not len(keys):
            return torch.cat([query, positive]).sum() * 0.0
        logits = F.normalize(_at_least_single(query), dim=-1) @ keys.T / temperature
        target = torch.arange(first, first + len(query), device=query.device)
        return global_mean(F.cross_entropy(logits, target, reduction="none"))


def _at_least_single(rows: Tensor) -> Tensor:
    return rows.float() if rows.dtype in (torch.bfloat16, torch.float16) else rows
