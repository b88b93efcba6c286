"""Cross-modal and fusion transformers, fusions of three vectors, and the adaptation gate."""

from mlcl.fuse.base import Fusion
from mlcl.fuse.build import FusionName, build_fusion
from mlcl.fuse.cross_modal import CrossModalTransformer
from mlcl.fuse.experts import product_of_experts
from mlcl.fuse.fusion import FusionNetwork
from mlcl.fuse.gate import AdaptationGate

__all__ = [
    "AdaptationGate",
    "CrossModalTransformer",
    "Fusion",
    "FusionName",
    "FusionNetwork",
    "build_fusion",
    "product_of_experts",
]
