"""Options of each model: typed, frozen, closed, and free of torch."""

from typing import Annotated

from pydantic import Field

from mlcl.options.hkt import HKTOptions
from mlcl.options.late_fusion import LateFusionOptions
from mlcl.options.mlcl import MLCLOptions
from mlcl.options.section import Section
from mlcl.options.text import TextOptions

ModelOptions = Annotated[MLCLOptions | LateFusionOptions | TextOptions | HKTOptions, Field(discriminator="name")]
_EVERY: tuple[type[Section], ...] = (MLCLOptions, LateFusionOptions, TextOptions, HKTOptions)
OPTIONS: dict[str, type[Section]] = {options.model_fields["name"].default: options for options in _EVERY}

__all__ = ["OPTIONS", "HKTOptions", "LateFusionOptions", "MLCLOptions", "ModelOptions", "Section", "TextOptions"]
