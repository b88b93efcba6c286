"""Tiny LFMIM models of prime sizes, in float64 and without dropout."""

from typing import Any

import torch

import tiny
from mlcl.models import LFMIMConfig, LFMIMModel

RELEASE: dict[str, Any] = {
    "readout": "position",
    "text_length": tiny.TIME,
    "acoustic_length": tiny.ACOUSTIC_TIME,
    "visual_length": tiny.VISUAL_TIME,
    "mask_padding": False,
}
LONG: dict[str, Any] = {**RELEASE, "text_length": 41, "acoustic_length": 43, "visual_length": 37}


def config(**options: Any) -> LFMIMConfig:
    """The default profile with tiny sizes."""
    sizes = {"acoustic_dim": tiny.ACOUSTIC_DIM, "visual_dim": tiny.VISUAL_DIM, "d_model": 14, "num_heads": 2}
    inner = {"levels": 3, "feed_forward_factor": 2, "multimodal_tokens": 3, "num_labels": 1}
    dropouts = {f"{name}_dropout": 0.0 for name in ("embedding", "attention", "relu")}
    return LFMIMConfig(**{"text_config": tiny.text_config(), **sizes, **inner, **dropouts, **options})


def model(seed: int = 0, **options: Any) -> LFMIMModel:
    """A perturbed float64 model in evaluation mode."""
    torch.manual_seed(seed)
    built = LFMIMModel(config(**options)).double()
    tiny.perturb(built, seed, scale=0.05)
    return built.eval()


def scored(built: LFMIMModel, inputs: dict[str, Any]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Vectors and logits of the four streams for a batch of `tiny.batch`."""
    found: list[Any] = []
    plain = built.score

    def keep(*arguments: Any) -> Any:
        found.append(plain(*arguments))
        return found[-1]

    built.score = keep  # type: ignore[method-assign]
    try:
        built(**inputs)
    finally:
        del built.score
    vectors, logits = found[0]
    return vectors, logits
