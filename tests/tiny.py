"""Models and batches of prime sizes that build in milliseconds, for every test that needs one."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertConfig

from mlcl.data.corpus import Corpus, Ragged, Segment, Split, infer_task
from mlcl.models import MLCLConfig, MLCLModel

VOCABULARY, BATCH, TIME, ACOUSTIC_TIME, VISUAL_TIME, ACOUSTIC_DIM, VISUAL_DIM = 31, 5, 11, 13, 7, 5, 3
WORDS = ("the", "movie", "was", "not", "good", "at", "all")
RELEASE: dict[str, Any] = {
    "cross_attention": "pooled",
    "tie_vt_to_av": True,
    "text_pooling": "last_position",
    "sequence_pooling": "last_position",
    "mask_padding": False,
}


def text_config(**options: Any) -> BertConfig:
    """A one-layer BERT of width 22 without dropout."""
    sizes = {"hidden_size": 22, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 17}
    dropouts = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return BertConfig(**{"vocab_size": VOCABULARY, "max_position_embeddings": 41, **sizes, **dropouts, **options})


def config(dropout: float = 0.0, **options: Any) -> MLCLConfig:
    """MLCL in its default profile with tiny sizes and one value for every dropout."""
    sizes = {"acoustic_dim": ACOUSTIC_DIM, "visual_dim": VISUAL_DIM, "d_model": 15, "num_heads": 3, "num_labels": 1}
    inner = {"sequence_layers": 2, "cross_depth": 2, "cross_dim_head": 7, "fusion_feed_forward": 19}
    names = ("view", "attention", "relu", "residual", "embedding", "fusion")
    dropouts = {f"{name}_dropout": dropout for name in names}
    text = text_config(hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    return MLCLConfig(**{"text_config": text, **sizes, **inner, **dropouts, **options})


def perturb(module: nn.Module, seed: int = 0, scale: float = 0.2) -> None:
    """Move every parameter, so that no bias is 0, no norm is the identity and no view is dead."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.add_(scale * noise.to(parameter.dtype))


def model(seed: int = 0, dropout: float = 0.0, **options: Any) -> MLCLModel:
    """A perturbed float64 model in evaluation mode."""
    torch.manual_seed(seed)
    built = MLCLModel(config(dropout, **options)).double()
    perturb(built, seed)
    return built.eval()


def batch(seed: int = 0, *, items: int = BATCH, classes: int = 0, dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    """Inputs of `MLCLModel`: each modality on its own clock, ragged, the last item at full length."""
    generator = torch.Generator().manual_seed(seed)
    mask = ragged_mask(items, TIME, generator)
    acoustic_mask = ragged_mask(items, ACOUSTIC_TIME, generator)
    visual_mask = ragged_mask(items, VISUAL_TIME, generator)
    labels = torch.randint(classes, (items,), generator=generator) if classes else _normal((items,), generator, dtype)
    return {
        "input_ids": torch.randint(1, VOCABULARY, (items, TIME), generator=generator) * mask,
        "attention_mask": mask,
        "token_type_ids": torch.randint(2, (items, TIME), generator=generator) * mask,
        "acoustic": _normal((items, ACOUSTIC_TIME, ACOUSTIC_DIM), generator, dtype) * acoustic_mask[..., None],
        "acoustic_mask": acoustic_mask,
        "visual": _normal((items, VISUAL_TIME, VISUAL_DIM), generator, dtype) * visual_mask[..., None],
        "visual_mask": visual_mask,
        "labels": labels,
    }


def ragged_mask(items: int, time: int, generator: torch.Generator) -> Tensor:
    """True at 2 to `time` leading steps of each item, at all steps of the last item."""
    lengths = torch.randint(2, time, (items, 1), generator=generator)
    lengths[-1] = time
    return torch.arange(time) < lengths


def take(inputs: dict[str, Any], items: Any) -> dict[str, Any]:
    """The given items of a batch."""
    return {name: value[items] for name, value in inputs.items()}


def corpus(sizes: dict[str, int] | None = None, *, seed: int = 0, classes: bool = False) -> Corpus:
    """A word-aligned corpus of one-segment items of 1 to 7 words; one row in eight is all zeros."""
    rng = np.random.default_rng(seed)
    splits = {}
    for name, count in (sizes or {"train": 11, "dev": 5, "test": 3}).items():
        words = [[str(word) for word in rng.choice(WORDS, size=rng.integers(1, 8))] for _ in range(count)]
        rows = {kind: _rows(words, width, rng) for kind, width in (("acoustic", ACOUSTIC_DIM), ("visual", VISUAL_DIM))}
        labels = rng.integers(0, 2, count).astype(np.float64) if classes else rng.uniform(-3, 3, count)
        splits[name] = Split([f"{name}{index}" for index in range(count)], Segment(words, rows), labels=labels)
    return Corpus(splits, layout="tiny", task=infer_task([s.labels for s in splits.values() if s.labels is not None]))


def _rows(words: list[list[str]], width: int, rng: np.random.Generator) -> Ragged:
    matrices = [rng.normal(2.0, 3.0, (len(item), width)) * (rng.random((len(item), 1)) > 1 / 8) for item in words]
    return Ragged.stack([matrix.astype(np.float32) for matrix in matrices], width=width)


def _normal(shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
