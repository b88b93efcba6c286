"""The supervised term, chosen by the shape of the prediction."""

from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from mlcl.parallel import global_mean


def task_loss(
    logits: Float[Tensor, "batch outputs"], labels: Tensor, *, regression: Literal["l1", "mse"] = "l1"
) -> Float[Tensor, ""]:
    """A regression loss for one output, cross-entropy for several; the mean over the items of all processes.

    Args:
        logits: (batch, 1) scores or (batch, classes) class logits.
        labels: (batch,) or (batch, 1) scores, or class ids of any numeric type.
        regression: The absolute or the squared error.
    """
    labels = labels.reshape(len(logits))
    if logits.shape[1] == 1:
        error = logits.squeeze(1) - labels.to(logits.dtype)
        return global_mean(error.abs() if regression == "l1" else error.square())
    return global_mean(F.cross_entropy(logits, labels.long(), reduction="none"))
