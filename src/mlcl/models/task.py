"""The supervised term, chosen by the shape of the prediction."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from mlcl.parallel import global_mean


def task_loss(
    logits: Float[Tensor, "batch outputs"],
    labels: Tensor,
    *,
    regression: Literal["l1", "mse"] = "l1",
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """A regression loss for one output, cross-entropy for several; the mean over the items of all processes.

    Args:
        logits: (batch, 1) scores or (batch, classes) class logits.
        labels: (batch,) or (batch, 1) scores, or class ids of any numeric type.
        regression: The absolute or the squared error.
        smoothing: Share of a class label that is spread over all classes.
    """
    return global_mean(item_losses(logits, labels, regression=regression, smoothing=smoothing))


def item_losses(
    logits: Float[Tensor, "batch outputs"],
    labels: Tensor,
    *,
    regression: Literal["l1", "mse"] = "l1",
    smoothing: float = 0.0,
) -> Float[Tensor, " batch"]:
    """The same for each item."""
    labels = labels.reshape(len(logits))
    if logits.shape[1] == 1:
        error = logits.squeeze(1) - labels.to(logits.dtype)
        return error.abs() if regression == "l1" else error.square()
    return F.cross_entropy(logits, labels.long(), reduction="none", label_smoothing=smoothing)


def class_logits(scores: Float[Tensor, "batch scores"], num_labels: int) -> Float[Tensor, "batch outputs"]:
    r"""The scores themselves; for two classes and one score $z$ the logits $(0, z)$.

    Their cross-entropy is binary cross-entropy on $z$, $-\ln \sigma(\pm z)$, with the same gradient for $z$, and their
    softmax gives class 1 the probability $\sigma(z)$.
    """
    if num_labels != 2:
        return scores
    return torch.cat([torch.zeros_like(scores), scores], dim=1)
