"""Options of MCL."""

from typing import Literal

from pydantic import Field

from mlcl.options.encoders import EncodersOptions


class MCLOptions(EncodersOptions):
    """MCL: three encoders and a linear head, beside it a loss on vectors of different items with its own rates."""

    name: Literal["mcl"] = "mcl"
    """Which model."""
    negatives: int = Field(default=4, ge=1, le=4096)
    """Triplets of different items wanted per item of the batch."""
    distance_offset: float = Field(default=0.1, ge=0)
    """What sets negatives with equal labels apart from matched triplets (the paper's alpha)."""
    distance_scale: float = Field(default=10.39, gt=0)
    """What the distance of labels is divided by (the paper's gamma)."""
    supervised: bool = True
    """Negatives have the distance of their labels as target; otherwise 1."""
    correlation_encoder_learning_rate: float = Field(default=2.5e-6, ge=0)
    """Learning rate of the pretrained text encoder for the correlation loss; 0 leaves it to the task."""
    correlation_learning_rate: float = Field(default=5e-5, ge=0)
    """Learning rate of everything else in the encoders for the correlation loss."""
    predictor_rate: float = Field(default=0.1, ge=0)
    """Learning rate of the correlation predictor, as a share of `correlation_learning_rate`."""
