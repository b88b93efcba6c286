"""Every model of the registry, tiny, on one word-aligned corpus."""

from typing import Any

import numpy as np
import pytest
import torch

import targets
import tiny
from mlcl.data.batch import Batch, EncodedSplit
from mlcl.data.processor import Processor
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.models.base import MultimodalModel
from mlcl.models.registry import MODELS, model_sizes
from prepare import config as data_config

every_model = pytest.mark.parametrize("name", MODELS)


def split(*, classes: bool = False) -> EncodedSplit:
    """Eleven word-aligned items; some rows are all zeros."""
    corpus = tiny.corpus(classes=classes)
    processor = Processor.fit(corpus, data_config())
    return processor.encode(corpus.splits["train"], word_tokenizer(tiny.WORDS))


def build(name: str, task: str = "regression", **options: Any) -> MultimodalModel:
    torch.manual_seed(0)
    model_class = MODELS[name].model
    widths = {"acoustic": tiny.ACOUSTIC_DIM, "visual": tiny.VISUAL_DIM}
    sizes = model_sizes(model_class, targets.SCORES if task == "regression" else targets.TWO, widths)
    small = {"d_model": 20, "num_heads": 5} if hasattr(model_class.config_class, "d_model") else {}
    config = model_class.config_class(text_config=tiny.text_config(), **{**small, **sizes, **options})
    model = model_class(config).double()
    tiny.perturb(model, scale=0.05)
    return model.eval()


def batch(items: Any, **options: Any) -> Batch:
    found = split(**options).batch(np.asarray(items))
    doubled = {k: v.double() if v.is_floating_point() else v for k, v in found.inputs().items()}
    return Batch(**doubled)
