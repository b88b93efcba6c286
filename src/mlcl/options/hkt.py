"""Options of HKT."""

from typing import Literal

from pydantic import Field

from mlcl.options.section import Section


class HKTOptions(Section):
    """HKT: three encoders of feature rows, trained alone first, and one bimodal cross-attention layer."""

    name: Literal["hkt"] = "hkt"
    """Which model."""
    acoustic_layers: int = Field(default=8, ge=1, le=100)
    """Layers of the acoustic encoder."""
    acoustic_heads: int = Field(default=3, ge=1, le=256)
    """Attention heads of the acoustic encoder."""
    acoustic_feed_forward: int = Field(default=256, ge=1, le=2**14)
    """Width inside the layers of the acoustic encoder."""
    visual_layers: int = Field(default=7, ge=1, le=100)
    """Layers of the visual encoder."""
    visual_heads: int = Field(default=3, ge=1, le=256)
    """Attention heads of the visual encoder."""
    visual_feed_forward: int = Field(default=128, ge=1, le=2**14)
    """Width inside the layers of the visual encoder."""
    hcf_layers: int = Field(default=3, ge=1, le=100)
    """Layers of the encoder of humor-centric features."""
    hcf_heads: int = Field(default=2, ge=1, le=256)
    """Attention heads of the encoder of humor-centric features."""
    hcf_feed_forward: int = Field(default=128, ge=1, le=2**14)
    """Width inside the layers of the encoder of humor-centric features."""
    cross_heads: int = Field(default=2, ge=1, le=256)
    """Attention heads of the bimodal layer."""
    fit_heads: bool = True
    """Where a number of heads does not divide a width, take the largest smaller one that does (release: an error)."""
    max_positions: int = Field(default=5000, ge=8, le=2**17)
    """Learned positions of the three encoders, the longest text in tokens."""
    fusion_dim: int = Field(default=300, ge=1, le=2**14)
    """Width of the head's hidden layer."""
    encoder_dropout: float = Field(default=0.1, ge=0, lt=1)
    """On attention weights and residual branches of the three encoders."""
    dropout: float = Field(default=0.2366, ge=0, lt=1)
    """In the bimodal layer and in the head."""
    mask_padding: bool = True
    """Leave padding and absent modalities out of every computation (off in the release)."""
    decay_norms: bool = False
    """Weight decay also for the norms that are not named LayerNorm (on in the release)."""
    pretrain_epochs: int = Field(default=10, ge=0, le=100_000)
    """Epochs for which each of the three encoders is first trained alone, and selected on dev; 0 for none."""
    acoustic_learning_rate: float = Field(default=3e-3, ge=0)
    """Learning rate of the acoustic encoder; 0 freezes it."""
    visual_learning_rate: float = Field(default=3e-3, ge=0)
    """Learning rate of the visual encoder; 0 freezes it."""
    hcf_learning_rate: float = Field(default=3e-4, ge=0)
    """Learning rate of the encoder of humor-centric features; 0 freezes it."""
