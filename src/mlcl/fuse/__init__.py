"""Cross-modal and fusion transformers, and fusions of three vectors."""

from mlcl.fuse.base import Fusion
from mlcl.fuse.build import FusionName, build_fusion
from mlcl.fuse.cross_modal import CrossModalTransformer
from mlcl.fuse.experts import product_of_experts
from mlcl.fuse.fusion import FusionNetwork

__all__ = ["CrossModalTransformer", "Fusion", "FusionName", "FusionNetwork", "build_fusion", "product_of_experts"]
