"""Options of every model on a text encoder and two sequence encoders."""

from typing import Literal

from pydantic import Field

from mlcl.options.section import Section


class EncodersOptions(Section):
    """Sizes, dropouts and readouts of the encoders."""

    name: str
    """Which model."""
    d_model: int = Field(default=128, ge=4, le=2**14)
    """Shared width of all representations."""
    num_heads: int = Field(default=4, ge=1, le=256)
    """Attention heads of the sequence encoders."""
    sequence_layers: int = Field(default=2, ge=1, le=100)
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
    """In training, the share of items whose acoustic (and, independently, visual) part the prediction does not see."""
    text_pooling: Literal["last_position", "cls", "mean"] = "mean"
    """Readout of the text states; `last_position` (release) depends on the padded length."""
    sequence_pooling: Literal["last_position", "mean", "attention"] = "mean"
    """Readout of the acoustic and visual states; `last_position`: the release's."""
    longest_sequence: int | None = Field(default=None, ge=2, le=2**17)
    """Average runs of an item's acoustic and visual rows so that it has at most this many steps; null for none."""
    mask_padding: bool = True
    """Leave padding and absent modalities out of every computation (off in the release)."""
