"""Models: MLCL and, as they arrive, the systems it builds on."""

from mlcl.models.configuration import MLCLConfig
from mlcl.models.hkt import HKTModel
from mlcl.models.hkt_configuration import HKTConfig
from mlcl.models.hkt_unimodal import UnimodalModel
from mlcl.models.mlcl import MLCLModel
from mlcl.models.output import MultimodalOutput
from mlcl.models.release import load_release_weights
from mlcl.models.release_hkt import load_hkt_weights, load_unimodal_weights

__all__ = [
    "HKTConfig",
    "HKTModel",
    "MLCLConfig",
    "MLCLModel",
    "MultimodalOutput",
    "UnimodalModel",
    "load_hkt_weights",
    "load_release_weights",
    "load_unimodal_weights",
]
