"""Options of each model: typed, frozen, closed, and free of torch."""

from typing import Annotated, get_args

from pydantic import Field

from mlcl.options.hkt import HKTOptions
from mlcl.options.late_fusion import LateFusionOptions
from mlcl.options.lfmim import LFMIMOptions
from mlcl.options.mag import MAGOptions
from mlcl.options.mcl import MCLOptions
from mlcl.options.mib import MIBOptions
from mlcl.options.mlcl import MLCLOptions
from mlcl.options.section import Section
from mlcl.options.text import TextOptions

ModelOptions = Annotated[
    MLCLOptions | MAGOptions | MIBOptions | MCLOptions | HKTOptions | LFMIMOptions | LateFusionOptions | TextOptions,
    Field(discriminator="name"),
]
_EVERY: tuple[type[Section], ...] = get_args(get_args(ModelOptions)[0])
OPTIONS: dict[str, type[Section]] = {options.model_fields["name"].default: options for options in _EVERY}

__all__ = [
    "OPTIONS",
    "HKTOptions",
    "LFMIMOptions",
    "LateFusionOptions",
    "MAGOptions",
    "MCLOptions",
    "MIBOptions",
    "MLCLOptions",
    "ModelOptions",
    "Section",
    "TextOptions",
]
