"""Multi-level contrastive learning for multimodal sentiment, humor and sarcasm analysis.

The names below are loaded when they are first used, so that ``import mlcl`` stays cheap: it imports no torch. All
models register with transformers, so that ``AutoConfig`` and ``AutoModel`` open a run's model folder: at once where
``AutoModel`` was imported before ``mlcl``; else write ``import mlcl.models``, or use one of the models named below.
"""

import sys
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlcl.contrast import BiModalContrast, TriModalContrast, UniModalContrast, info_nce
    from mlcl.data.formats import read_corpus
    from mlcl.errors import MlclError
    from mlcl.models import AutoMultimodalModel, MLCLConfig, MLCLModel, load_release_weights
    from mlcl.runs.start import train
    from mlcl.runs.trained import TrainedRun

_HOMES = {
    "AutoMultimodalModel": "mlcl.models",
    "BiModalContrast": "mlcl.contrast",
    "MLCLConfig": "mlcl.models",
    "MLCLModel": "mlcl.models",
    "MlclError": "mlcl.errors",
    "TrainedRun": "mlcl.runs.trained",
    "TriModalContrast": "mlcl.contrast",
    "UniModalContrast": "mlcl.contrast",
    "info_nce": "mlcl.contrast",
    "load_release_weights": "mlcl.models",
    "read_corpus": "mlcl.data.formats",
}

__version__ = version("mlcl")
__all__ = [
    "AutoMultimodalModel",
    "BiModalContrast",
    "MLCLConfig",
    "MLCLModel",
    "MlclError",
    "TrainedRun",
    "TriModalContrast",
    "UniModalContrast",
    "info_nce",
    "load_release_weights",
    "read_corpus",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "train":
        return import_module("mlcl.train")  # a package that can be called
    if name not in _HOMES:
        raise AttributeError(f"module 'mlcl' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "transformers.models.auto.modeling_auto" in sys.modules:
    import_module("mlcl.models")
