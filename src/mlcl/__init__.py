"""Multi-level contrastive learning for multimodal sentiment, humor and sarcasm analysis.

The names below are loaded when first used, so that ``import mlcl`` stays cheap.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlcl.data.formats import read_corpus
    from mlcl.data.synthetic import PlantedSettings, planted_corpus
    from mlcl.models import MLCLConfig, MLCLModel, load_release_weights
    from mlcl.runs.trained import TrainedRun

_HOMES = {
    "MLCLConfig": "mlcl.models",
    "MLCLModel": "mlcl.models",
    "PlantedSettings": "mlcl.data.synthetic",
    "TrainedRun": "mlcl.runs.trained",
    "load_release_weights": "mlcl.models",
    "planted_corpus": "mlcl.data.synthetic",
    "read_corpus": "mlcl.data.formats",
}

__version__ = version("mlcl")
__all__ = [
    "MLCLConfig",
    "MLCLModel",
    "PlantedSettings",
    "TrainedRun",
    "load_release_weights",
    "planted_corpus",
    "read_corpus",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mlcl' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
