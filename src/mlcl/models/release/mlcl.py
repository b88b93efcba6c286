"""The release's parameter names, so that its state dicts load into `MLCLModel`."""

import re
from collections.abc import Mapping

from torch import Tensor

from mlcl.errors import DataError
from mlcl.models.mlcl import MLCLModel
from mlcl.models.release.load import ENCODERS, ENCODERS_UNUSED, load_strictly, renamed

# The release's name (a pattern) and ours, tried in this order.
_NAMES = (
    *ENCODERS,
    (r"private_([tav])([12])\.private_\1_[12]\.(.*)", r"view_\2.<\1>.linear.\3"),
    (r"cross_([tav])([tav])\.layers\.(\d+)\.0\.norm\.(.*)", r"cross.<\1>_<\2>.blocks.\3.norm.\4"),
    (r"cross_([tav])([tav])\.layers\.(\d+)\.0\.norm_context\.(.*)", r"cross.<\1>_<\2>.blocks.\3.norm_context.\4"),
    (r"cross_([tav])([tav])\.layers\.(\d+)\.0\.fn\.(.*)", r"cross.<\1>_<\2>.blocks.\3.attention.\4"),
    (r"cross_([tav])([tav])\.layers\.(\d+)\.1\.norm\.(.*)", r"cross.<\1>_<\2>.blocks.\3.norm_feed_forward.\4"),
    (r"cross_([tav])([tav])\.layers\.(\d+)\.1\.fn\.net\.0\.(.*)", r"cross.<\1>_<\2>.blocks.\3.feed_forward.widen.\4"),
    (r"cross_([tav])([tav])\.layers\.(\d+)\.1\.fn\.net\.2\.(.*)", r"cross.<\1>_<\2>.blocks.\3.feed_forward.narrow.\4"),
    (r"cross_([tav])([tav])\.to_embedds\.1\.(.*)", r"cross.<\1>_<\2>.norm.\3"),
    (r"transformer_encoder\.layers\.(.*)", r"fusion.layers.\1"),
    (r"fusion\.fusion_layer_1\.(.*)", r"fusion.hidden.\1"),
    (r"fusion\.fusion_layer_3\.(.*)", r"fusion.output.\1"),
)

# Buffers and dead parameters of the release that its function does not use.
_UNUSED = re.compile(rf"{ENCODERS_UNUSED}|uncertainloss\.params")


def release_name(name: str) -> str | None:
    """Our name of a parameter of the release; None for those its function does not use.

    Raises:
        DataError: If the release has no such parameter.
    """
    if _UNUSED.fullmatch(name):
        return None
    ours = renamed(name, _NAMES)
    if ours is None:
        raise DataError(f"{name!r} is no parameter of the MLCL release")
    return ours


def load_release_weights(model: MLCLModel, state_dict: Mapping[str, Tensor]) -> None:
    """Load a state dict of the authors' release, strictly.

    Args:
        model: Built with the release's sizes.
        state_dict: Under the release's parameter names.

    Raises:
        DataError: If a parameter is missing, unknown or of another shape; the model is then unchanged.
    """
    translated = {ours: tensor for name, tensor in state_dict.items() if (ours := release_name(name)) is not None}
    load_strictly(model, translated)
