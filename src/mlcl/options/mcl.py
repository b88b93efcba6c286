"""Options of MCL."""

from typing import Literal

from pydantic import Field

from mlcl.options.section import Section


class MCLOptions(Section):
    """MCL: three encoders and a linear head, beside it a loss on vectors of different items with its own rates."""

    name: Literal["mcl"] = "mcl"
    """Which model."""
    d_model: int = Field(default=128, ge=4)
    """Shared width of all representations."""
    num_heads: int = Field(default=4, ge=1)
    """Attention heads of the sequence encoders."""
    sequence_layers: int = Field(default=2, ge=1)
    """Layers of the acoustic and of the visual encoder."""
    attention_dropout: float = Field(default=0.1, ge=0, lt=1)
    """On attention weights of the sequence encoders."""
    relu_dropout: float = Field(default=0.1, ge=0, lt=1)
    """After the ReLU in the sequence encoders."""
    residual_dropout: float = Field(default=0.1, ge=0, lt=1)
    """On the residual branches of the sequence encoders."""
    embedding_dropout: float = Field(default=0.1, ge=0, lt=1)
    """On the input of the sequence encoders."""
    modality_dropout: float = Field(default=0.0, ge=0, lt=1)
    """In training, the share of items whose acoustic (and, independently, visual) part the head does not see."""
    negatives: int = Field(default=4, ge=1)
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
    text_pooling: Literal["last_position", "cls", "mean"] = "mean"
    """Readout of the text states; `last_position` (release) depends on the padded length."""
    sequence_pooling: Literal["last_position", "mean", "attention"] = "mean"
    """Readout of the acoustic and visual states; `last_position` (release) depends on the padded length."""
    mask_padding: bool = True
    """Leave padding and absent modalities out of every computation (off in the release)."""
