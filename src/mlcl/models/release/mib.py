"""Parameter names of the MIB release, so that its state dicts load into `MIBModel`."""

import re
from collections.abc import Mapping

from torch import Tensor

from mlcl.errors import DataError
from mlcl.models.mib import MIBConfig, MIBModel
from mlcl.models.release.load import ENCODERS, ENCODERS_UNUSED, load_strictly, renamed

_STREAM = {"": "fused", "_l": "text", "_a": "acoustic", "_v": "visual"}

# The release's name (a pattern) and ours.
_CODES = (
    (r"fusion\.encoder(|_[lav])\.0\.(.*)", r"bottleneck.<\1>.hidden.\2"),
    (r"fusion\.fc_mu(|_[lav])\.(.*)", r"bottleneck.<\1>.mean.\2"),
    (r"fusion\.fc_std(|_[lav])\.(.*)", r"bottleneck.<\1>.deviation.\2"),
    (r"fusion\.decoder(|_[lav])\.(.*)", r"decoder.<\1>.\2"),
)
_THREE_LAYERS = {"1": "first", "2": "second", "3": "third"}
FUSIONS: dict[str, dict[str, str]] = {
    "concat": {"linear_1.": "linear."},
    "tensor": {f"post_fusion_layer_{number}.": f"{ours}." for number, ours in _THREE_LAYERS.items()},
    "low_rank": {
        "text_factor": "text",
        "audio_factor": "acoustic",
        "video_factor": "visual",
        "fusion_weights": "weight",
        "fusion_bias": "bias",
    },
    "graph": {
        "attention.": "score.",
        "graph_fusion.": "pair.",
        "graph_fusion2.": "triple.",
        **{f"linear_{number}.": f"{ours}." for number, ours in _THREE_LAYERS.items()},
    },
}

# What the release holds and its function does not use, whatever the variant.
_UNUSED = re.compile(
    rf"{ENCODERS_UNUSED}"
    r"|proj_l\.weight|BN\..*"
    r"|fusion\.fusion1\.(u1|norm2?\..*|graph\..*|attention\..*|linear_[123]\..*|rnn\..*|lstm1\..*)"
)


def release_name(name: str, config: MIBConfig) -> str | None:
    """Our name of a parameter of the release; None for those its function does not use in this variant.

    Raises:
        DataError: If the release has no such parameter.
    """
    found = renamed(name, (*ENCODERS, *_CODES))
    if found is not None:
        found = re.sub(r"<(\w*)>", lambda match: _STREAM[match[1]], found)
        return found if _built(found, config) else None
    for theirs, ours in FUSIONS.get(config.fusion, {}).items():
        if name.startswith(f"fusion.fusion1.{theirs}"):
            return f"fusion.{ours}{name.removeprefix(f'fusion.fusion1.{theirs}')}"
    if _UNUSED.fullmatch(name):
        return None
    raise DataError(f"{name!r} is no parameter of the MIB release")


def load_mib_release_weights(model: MIBModel, state_dict: Mapping[str, Tensor]) -> None:
    """Load a state dict of the authors' release, strictly.

    Args:
        model: Built with the release's sizes, variant and fusion.
        state_dict: Under the release's parameter names.

    Raises:
        DataError: If a parameter is missing, unknown or of another shape; the model is then unchanged.
    """
    named = {release_name(name, model.config): tensor for name, tensor in state_dict.items()}
    load_strictly(model, {name: tensor for name, tensor in named.items() if name is not None})


def _built(name: str, config: MIBConfig) -> bool:
    """Whether the variant has that bottleneck or decoder."""
    kind, stream, *_ = name.split(".")
    if kind not in ("bottleneck", "decoder"):
        return True
    if stream == "fused":
        return kind == "decoder" or config.variant != "late"
    return config.variant != "early"
