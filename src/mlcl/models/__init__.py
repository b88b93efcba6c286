"""Models: MLCL and the systems it builds on."""

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
from mlcl.models.release.hkt import load_hkt_weights, load_unimodal_weights
from mlcl.models.release.lfmim import load_lfmim_weights
from mlcl.models.release.mag import load_mag_release
from mlcl.models.release.mcl import load_mcl_release_weights
from mlcl.models.release.mib import load_mib_release_weights
from mlcl.models.release.mlcl import load_release_weights
from mlcl.models.text import TextConfig, TextModel

__all__ = [
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
    "load_hkt_weights",
    "load_lfmim_weights",
    "load_mag_release",
    "load_mcl_release_weights",
    "load_mib_release_weights",
    "load_release_weights",
    "load_unimodal_weights",
]
