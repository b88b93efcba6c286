"""Options of LFMIM."""

from typing import Literal

from pydantic import Field

from mlcl.options.section import Section


class LFMIMOptions(Section):
    """LFMIM: sizes, dropouts, and one option per departure of the authors' release."""

    name: Literal["lfmim"] = "lfmim"
    """Which model."""
    d_model: int = Field(default=128, ge=4, le=2**14)
    """Width of the four streams."""
    num_heads: int = Field(default=4, ge=1, le=256)
    """Attention heads of every block."""
    levels: int = Field(default=4, ge=2, le=100)
    """Levels of blocks; before each, the multimodal stream takes in the states of the other three."""
    visual_blocks_per_level: int = Field(default=2, ge=1, le=100)
    """Blocks of the visual stream per level; the other streams have one."""
    feed_forward_factor: int = Field(default=4, ge=1, le=64)
    """Width of a block's feed-forward as a multiple of `d_model`."""
    multimodal_tokens: int = Field(default=4, ge=1, le=1024)
    """Learned vectors with which the multimodal stream starts."""
    embedding_dropout: float = Field(default=0.25, ge=0, lt=1)
    """On the states in front of the first level."""
    attention_dropout: float = Field(default=0.2, ge=0, lt=1)
    """On attention weights."""
    relu_dropout: float = Field(default=0.1, ge=0, lt=1)
    """After the ReLU of the feed-forward."""
    modality_dropout: float = Field(default=0.0, ge=0, lt=1)
    """In training, the share of items whose acoustic (and, independently, visual) part the fusion does not see."""
    detach: bool = False
    """Keep the multimodal loss from training the unimodal streams (the release lets it)."""
    readout: Literal["attention", "position"] = "attention"
    """Vector of a stream: a mean weighted by a score of each state, or (release) a sum with one weight per position."""
    text_length: int = Field(default=80, ge=1, le=2**14)
    """Text positions that have a weight under `readout: position`."""
    acoustic_length: int = Field(default=50, ge=1, le=2**14)
    """Acoustic positions that have a weight under `readout: position`."""
    visual_length: int = Field(default=16, ge=1, le=2**14)
    """Visual positions that have a weight under `readout: position`."""
    mask_padding: bool = True
    """Leave padding and absent modalities out of every computation (off in the release)."""
