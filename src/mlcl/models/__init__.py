"""Models: MLCL and, as they arrive, the systems it builds on."""

from mlcl.models.configuration import MLCLConfig
from mlcl.models.lfmim import LFMIMConfig, LFMIMModel
from mlcl.models.mlcl import MLCLModel
from mlcl.models.output import MultimodalOutput
from mlcl.models.release import load_release_weights
from mlcl.models.release_lfmim import load_lfmim_weights

__all__ = [
    "LFMIMConfig",
    "LFMIMModel",
    "MLCLConfig",
    "MLCLModel",
    "MultimodalOutput",
    "load_lfmim_weights",
    "load_release_weights",
]
