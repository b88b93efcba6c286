"""Models: MLCL and the systems it builds on. Importing this makes transformers' `AutoModel` open them."""

from mlcl.models.base import MultimodalOutput
from mlcl.models.configuration import HKTConfig, MLCLConfig
from mlcl.models.hkt import HKTModel
from mlcl.models.hkt_unimodal import UnimodalModel
from mlcl.models.late_fusion import LateFusionConfig, LateFusionModel
from mlcl.models.lfmim import LFMIMConfig, LFMIMModel
from mlcl.models.mag import MAGConfig, MAGModel
from mlcl.models.mcl import MCLConfig, MCLModel
from mlcl.models.mib import MIBConfig, MIBModel
from mlcl.models.mlcl import MLCLModel
from mlcl.models.registry import AutoMultimodalModel
from mlcl.models.release.load import load_release_weights
from mlcl.models.text import TextConfig, TextModel

__all__ = [
    "AutoMultimodalModel",
    "HKTConfig",
    "HKTModel",
    "LFMIMConfig",
    "LFMIMModel",
    "LateFusionConfig",
    "LateFusionModel",
    "MAGConfig",
    "MAGModel",
    "MCLConfig",
    "MCLModel",
    "MIBConfig",
    "MIBModel",
    "MLCLConfig",
    "MLCLModel",
    "MultimodalOutput",
    "TextConfig",
    "TextModel",
    "UnimodalModel",
    "load_release_weights",
]
