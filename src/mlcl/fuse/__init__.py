"""Cross-modal and fusion transformers, and the adaptation gate."""

from mlcl.fuse.cross_modal import CrossModalTransformer
from mlcl.fuse.fusion import FusionNetwork
from mlcl.fuse.gate import AdaptationGate

__all__ = ["AdaptationGate", "CrossModalTransformer", "FusionNetwork"]
