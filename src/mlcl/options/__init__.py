"""Options of each model: typed, frozen, closed, and free of torch."""

from typing import Annotated

from pydantic import Field

from mlcl.options.late_fusion import LateFusionOptions
from mlcl.options.mcl import MCLOptions
from mlcl.options.mib import MIBOptions
from mlcl.options.mlcl import MLCLOptions
from mlcl.options.section import Section
from mlcl.options.text import TextOptions

ModelOptions = Annotated[
    MLCLOptions | LateFusionOptions | MIBOptions | MCLOptions | TextOptions, Field(discriminator="name")
]
OPTIONS: dict[str, type[Section]] = {
    options.model_fields["name"].default: options
    for options in (MLCLOptions, LateFusionOptions, MIBOptions, MCLOptions, TextOptions)
}

__all__ = [
    "OPTIONS",
    "LateFusionOptions",
    "MCLOptions",
    "MIBOptions",
    "MLCLOptions",
    "ModelOptions",
    "Section",
    "TextOptions",
]
