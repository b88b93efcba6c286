"""Options of MAG."""

from typing import Literal

from pydantic import Field

from mlcl.options.section import Section


class MAGOptions(Section):
    """MAG: a pretrained transformer whose token embeddings are shifted by the sound and the picture of each word."""

    name: Literal["mag"] = "mag"
    """Which model."""
    gate: Literal["mag", "identity"] = "mag"
    """`mag`; or `identity`, which leaves the text encoder as it is, for comparison."""
    beta_shift: float = Field(default=1.0, ge=0)
    """How far a token's state may be moved, relative to its norm (the paper's beta)."""
    gate_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout behind the gate, on text and shift together."""
    readout: Literal["pooler", "cls", "mean"] = "mean"
    """Vector of the text: [CLS] through a pretrained layer and tanh (release), [CLS], or the mean over the tokens."""
    head_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout in front of the head."""
    modality_dropout: float = Field(default=0.0, ge=0, lt=1)
    """In training, the share of items whose acoustic (and, independently, visual) rows the gate does not see."""
    loss: Literal["l1", "mse"] = "l1"
    """Loss of a score, absolute or squared (release); classes have cross-entropy."""
    mask_padding: bool = True
    """Leave a token alone that has no row of a modality; in the release a row of zeros shifts it by the biases."""
    decay_by_name: bool = False
    """Spare from decay what is called bias or LayerNorm (release), not all that is no matrix; matters in XLNet."""
