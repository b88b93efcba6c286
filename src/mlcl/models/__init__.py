"""Models: MLCL and, as they arrive, the systems it builds on."""

from mlcl.models.configuration import MLCLConfig
from mlcl.models.mag import MAGConfig, MAGModel
from mlcl.models.mlcl import MLCLModel
from mlcl.models.output import MultimodalOutput
from mlcl.models.release import load_release_weights
from mlcl.models.release_mag import load_mag_release

__all__ = [
    "MAGConfig",
    "MAGModel",
    "MLCLConfig",
    "MLCLModel",
    "MultimodalOutput",
    "load_mag_release",
    "load_release_weights",
]
