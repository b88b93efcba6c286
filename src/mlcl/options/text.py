"""Options of the text-only model."""

from typing import Literal

from pydantic import Field

from mlcl.options.section import Section


class TextOptions(Section):
    """Text only: the pretrained encoder, a readout, a linear head; the row that every table needs."""

    name: Literal["text"] = "text"
    """Which model."""
    pooling: Literal["cls", "mean", "attention"] = "mean"
    """Readout of the text states."""
    head_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout in front of the head."""
