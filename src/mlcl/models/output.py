"""What every model returns."""

from dataclasses import dataclass

from torch import Tensor
from transformers.utils import ModelOutput


@dataclass
class MultimodalOutput(ModelOutput):
    """Result of a forward pass.

    Attributes:
        loss: Scalar, the weighted sum of `terms`; None without labels.
        terms: The parts of the loss by name, unweighted; ``task`` is absent without labels.
        logits: (batch, outputs): the score itself for regression, class logits for classification.
        embedding: (batch, width): the fused representation.
    """

    loss: Tensor | None = None
    terms: dict[str, Tensor] | None = None
    logits: Tensor | None = None
    embedding: Tensor | None = None
