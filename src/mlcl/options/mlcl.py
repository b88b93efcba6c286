"""Options of MLCL."""

from typing import Literal

from pydantic import Field

from mlcl.options.heads import HeadsOptions


class MLCLOptions(HeadsOptions):
    """MLCL: sizes, dropouts, level weights, and one option per departure of the authors' release."""

    name: Literal["mlcl"] = "mlcl"
    """Which model."""
    num_heads: int = Field(default=4, ge=1, le=256)
    """Attention heads of the sequence encoders, the cross-modal and the fusion transformers."""
    cross_depth: int = Field(default=1, ge=1, le=100)
    """Blocks of a cross-modal transformer."""
    cross_dim_head: int = Field(default=32, ge=1, le=2**14)
    """Width of an attention head in the cross-modal transformers."""
    fusion_layers: int = Field(default=2, ge=1, le=100)
    """Layers of the fusion transformer."""
    fusion_feed_forward: int = Field(default=512, ge=1, le=2**14)
    """Width of the feed-forward in the fusion transformer."""
    view_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout that makes the two uni-modal views."""
    attention_dropout: float = Field(default=0.1, ge=0, lt=1)
    """On attention weights of the sequence encoders, in the cross-modal transformers and in the head."""
    fusion_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Inside the fusion transformer."""
    umcl_weight: float = Field(default=0.01, ge=0)
    """Weight of the uni-modal level (the paper's alpha)."""
    bmcl_weight: float = Field(default=0.11, ge=0)
    """Weight of the bi-modal level (the paper's gamma)."""
    tmcl_weight: float = Field(default=0.08, ge=0)
    """Weight of the tri-modal level (the paper's beta)."""
    umcl_temperature: float = Field(default=0.1, gt=0)
    """Temperature of the uni-modal level."""
    bmcl_temperature: float = Field(default=0.1, gt=0)
    """Temperature of the bi-modal level."""
    tmcl_temperature: float = Field(default=0.1, gt=0)
    """Temperature of the tri-modal level."""
    learn_temperature: bool = False
    """Train the three temperatures, starting from the values above."""
    cross_attention: Literal["pooled", "sequence"] = "sequence"
    """What cross-attention sees: one vector per modality (release) or the token sequences."""
    tie_vt_to_av: bool = False
    """Compute visual-to-text with the acoustic-to-visual weights (release, sentiment)."""
