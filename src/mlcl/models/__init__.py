"""Models: MLCL and, as they arrive, the systems it builds on."""

from mlcl.models.configuration import MLCLConfig
from mlcl.models.mcl import MCLConfig, MCLModel
from mlcl.models.mib import MIBConfig, MIBModel
from mlcl.models.mlcl import MLCLModel
from mlcl.models.output import MultimodalOutput
from mlcl.models.release import load_release_weights
from mlcl.models.release_mcl import load_mcl_release_weights
from mlcl.models.release_mib import load_mib_release_weights

__all__ = [
    "MCLConfig",
    "MCLModel",
    "MIBConfig",
    "MIBModel",
    "MLCLConfig",
    "MLCLModel",
    "MultimodalOutput",
    "load_mcl_release_weights",
    "load_mib_release_weights",
    "load_release_weights",
]
