"""Long streams made short: runs of adjacent rows averaged into one step."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mlcl.execution import extent


def shorten(
    rows: Float[Tensor, "batch time dim"], mask: Bool[Tensor, "batch time"], longest: int
) -> tuple[Float[Tensor, "batch steps dim"], Bool[Tensor, "batch steps"]]:
    r"""Average each item's real rows in runs of $\lceil n / \mathrm{longest} \rceil$, $n$ its last real row.

    Items of at most `longest` rows stay as they are; what an item becomes does not depend on its neighbours.

    Args:
        rows: Feature rows.
        mask: True at real rows, which alone are averaged.
        longest: The most steps that an item may have, at least 1.

    Returns:
        The steps, 0 where a run has no real row, and which of them are real.
    """
    length = extent(mask)
    run = (length + longest - 1).div(longest, rounding_mode="floor").clamp(min=1)
    if not bool((run > 1).any()):
        return rows, mask
    steps = max(int((length + run - 1).div(run, rounding_mode="floor").max()), 1)
    step = torch.arange(rows.shape[1], device=rows.device) // run[:, None]
    step = step.clamp(max=steps - 1)  # only padding lies beyond
    count = torch.zeros(len(rows), steps, dtype=rows.dtype, device=rows.device)
    count.scatter_add_(1, step, mask.to(rows.dtype))
    summed = torch.zeros(len(rows), steps, rows.shape[2], dtype=rows.dtype, device=rows.device)
    summed.scatter_add_(1, step.unsqueeze(-1).expand_as(rows), rows.masked_fill(~mask.unsqueeze(-1), 0.0))
    return summed / count.clamp(min=1).unsqueeze(-1), count > 0
