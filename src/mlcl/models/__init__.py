"""Models: MLCL and, as they arrive, the systems it builds on."""

from mlcl.models.configuration import MLCLConfig
from mlcl.models.mlcl import MLCLModel
from mlcl.models.output import MultimodalOutput
from mlcl.models.release import load_release_weights

__all__ = ["MLCLConfig", "MLCLModel", "MultimodalOutput", "load_release_weights"]
