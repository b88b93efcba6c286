"""HKT with a tiny ALBERT, and batches of rows under tokens."""

from typing import Any

import torch
from transformers import AlbertConfig

import tiny
from mlcl.models import HKTConfig, HKTModel

TEXT_DIM, ACOUSTIC_DIM, VISUAL_DIM, HCF_DIM = 20, 6, 10, 4
ENCODERS = {"acoustic": ACOUSTIC_DIM, "visual": VISUAL_DIM, "hcf": HCF_DIM}
RELEASE: dict[str, Any] = {"mask_padding": False, "decay_norms": True, "fit_heads": False}


def text_config(**options: Any) -> AlbertConfig:
    sizes = {"vocab_size": tiny.VOCABULARY, "embedding_size": 7, "hidden_size": TEXT_DIM, "intermediate_size": 17}
    depth = {"num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 41}
    dropouts = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return AlbertConfig(**{**sizes, **depth, **dropouts, **options})


def config(**options: Any) -> HKTConfig:
    sizes = {f"{name}_dim": width for name, width in ENCODERS.items()}
    layers = {"acoustic_layers": 2, "visual_layers": 1, "hcf_layers": 2}
    heads = {"acoustic_heads": 3, "visual_heads": 5, "hcf_heads": 2, "cross_heads": 4}
    widths = {"acoustic_feed_forward": 13, "visual_feed_forward": 17, "hcf_feed_forward": 11, "fusion_dim": 19}
    rest = {"num_labels": 2, "max_positions": 37, "encoder_dropout": 0.0, "dropout": 0.0}
    return HKTConfig(**{"text_config": text_config(), **sizes, **layers, **heads, **widths, **rest, **options})


def model(seed: int = 0, **options: Any) -> HKTModel:
    """A perturbed float64 model in evaluation mode."""
    torch.manual_seed(seed)
    built = HKTModel(config(**options)).double()
    tiny.perturb(built, seed)
    return built.eval()


def batch(seed: int = 0, *, items: int = tiny.BATCH, classes: int = 2, dtype: torch.dtype = torch.float64) -> Any:
    """Ragged texts with rows under all tokens but the first and some others, the last item at full length."""
    generator = torch.Generator().manual_seed(seed)
    mask = tiny.ragged_mask(items, tiny.TIME, generator)
    labels = torch.arange(items) % classes if classes else torch.randn(items, generator=generator, dtype=dtype)
    found = {
        "input_ids": torch.randint(1, tiny.VOCABULARY, mask.shape, generator=generator) * mask,
        "attention_mask": mask,
        "token_type_ids": torch.randint(2, mask.shape, generator=generator) * mask,
        "text_present": torch.ones(items, dtype=torch.bool),
        "labels": labels,
    }
    for name, width in ENCODERS.items():
        real = mask & (torch.rand(mask.shape, generator=generator) < 7 / 8)
        real[:, 0], real[:, 1] = False, True
        rows = torch.randn(*mask.shape, width, generator=generator, dtype=torch.float64).to(dtype)
        found |= {name: rows * real[..., None], f"{name}_mask": real}
    return found
