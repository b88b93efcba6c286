"""Cross-modal and fusion transformers."""

from mlcl.fuse.cross_modal import CrossModalTransformer
from mlcl.fuse.fusion import FusionNetwork

__all__ = ["CrossModalTransformer", "FusionNetwork"]
