"""The supervised term, chosen by the shape of the prediction."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from mlcl.parallel import global_mean


def task_loss(logits: Float[Tensor, "batch outputs"], labels: Tensor) -> Float[Tensor, ""]:
    """L1 for one output, cross-entropy for several; the mean over the items of all processes.

    Args:
        logits: (batch, 1) scores or (batch, classes) class logits.
        labels: (batch,) or (batch, 1) scores, or class ids of any numeric type.
    """
    return global_mean(item_losses(logits, labels))


def item_losses(logits: Float[Tensor, "batch outputs"], labels: Tensor) -> Float[Tensor, " batch"]:
    """The same for each item."""
    labels = labels.reshape(len(logits))
    if logits.shape[1] == 1:
        return (logits.squeeze(1) - labels.to(logits.dtype)).abs()
    return F.cross_entropy(logits, labels.long(), reduction="none")
