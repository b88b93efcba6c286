"""Options of models that can have one head per modality beside their fused prediction."""

from typing import Literal

from pydantic import Field

from mlcl.options.encoders import EncodersOptions


class HeadsOptions(EncodersOptions):
    """Whether each modality predicts by itself, and how that enters prediction and loss."""

    modality_heads: Literal["none", "sum", "gate"] = "none"
    """One head per modality; the fused prediction, at first 0, corrects their sum, or their gated mean (scores)."""
    head_dropout: float = Field(default=0.3, ge=0, lt=1)
    """Dropout in front of a modality's head."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of each class label that is spread over all classes in training; scores have none."""
    heads_weight: float = Field(default=1.0, ge=0)
    """Weight of the mean of the heads' own losses."""
