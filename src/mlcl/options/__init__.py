"""Options of each model: typed, frozen, closed, and free of torch."""

from typing import Annotated

from pydantic import Field

from mlcl.options.late_fusion import LateFusionOptions
from mlcl.options.lfmim import LFMIMOptions
from mlcl.options.mlcl import MLCLOptions
from mlcl.options.section import Section
from mlcl.options.text import TextOptions

ModelOptions = Annotated[MLCLOptions | LFMIMOptions | LateFusionOptions | TextOptions, Field(discriminator="name")]
OPTIONS: dict[str, type[Section]] = {
    options.model_fields["name"].default: options
    for options in (MLCLOptions, LFMIMOptions, LateFusionOptions, TextOptions)
}

__all__ = ["OPTIONS", "LFMIMOptions", "LateFusionOptions", "MLCLOptions", "ModelOptions", "Section", "TextOptions"]
