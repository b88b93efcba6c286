"""Options of late fusion."""

from typing import Literal

from pydantic import Field

from mlcl.options.heads import HeadsOptions


class LateFusionOptions(HeadsOptions):
    """Late fusion: three encoders side by side and a head, what every method must beat."""

    name: Literal["late_fusion"] = "late_fusion"
    """Which model."""
    attention_dropout: float = Field(default=0.1, ge=0, lt=1)
    """On attention weights of the sequence encoders, and in the head."""
