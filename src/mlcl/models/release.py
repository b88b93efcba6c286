"""The release's parameter names, so that its state dicts load into `MLCLModel`."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from mlcl.errors import DataError
from mlcl.models.mlcl import MLCLModel

_MODALITY = {"t": "text", "a": "acoustic", "v": "visual"}

# The release's name (a pattern) and ours, tried in this order.
_NAMES = (
    (r"bert\.(embeddings|encoder)\.(.*)", r"text.encoder.\1.\2"),
    (r"bert\.proj_l\.weight", r"text.project.weight"),
    (r"proj_([av])\.weight", r"<\1>.project.weight"),
    (r"trans([av])\.layers\.(\d+)\.self_attn\.(.*)", r"<\1>.layers.\2.attention.\3"),
    (r"trans([av])\.layers\.(\d+)\.layer_norms\.0\.(.*)", r"<\1>.layers.\2.attention_norm.\3"),
    (r"trans([av])\.layers\.(\d+)\.layer_norms\.1\.(.*)", r"<\1>.layers.\2.feed_forward_norm.\3"),
    (r"trans([av])\.layers\.(\d+)\.fc1\.(.*)", r"<\1>.layers.\2.widen.\3"),
    (r"trans([av])\.layers\.(\d+)\.fc2\.(.*)", r"<\1>.layers.\2.narrow.\3"),
    (r"trans([av])\.layer_norm\.(.*)", r"<\1>.norm.\2"),
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
_UNUSED = re.compile(
    r"bert\.embeddings\.position_ids|bert\.pooler\..*|trans[av]\.(version|embed_positions\._float_tensor)|uncertainloss\.params"
)


def release_name(name: str) -> str | None:
    """Our name of a parameter of the release; None for those its function does not use.

    Raises:
        DataError: If the release has no such parameter.
    """
    if _UNUSED.fullmatch(name):
        return None
    for pattern, ours in _NAMES:
        match = re.fullmatch(pattern, name)
        if match:
            return re.sub(r"<([tav])>", lambda m: _MODALITY[m[1]], match.expand(ours))
    raise DataError(f"{name!r} is no parameter of the MLCL release")


def load_release_weights(model: MLCLModel, state_dict: Mapping[str, Tensor]) -> None:
    """Load a state dict of the authors' release, strictly.

    Args:
        model: Built with the release's sizes.
        state_dict: Under the release's parameter names.

    Raises:
        DataError: If a parameter is missing, unknown or of another shape; the model is then unchanged.
    """
    translated = {ours: tensor for name, tensor in state_dict.items() if (ours := release_name(name)) is not None}
    load_translated(model, translated)


def load_translated(model: nn.Module, translated: Mapping[str, Tensor]) -> None:
    """Load a state dict under our names: all of the model's parameters, of the right shapes, or nothing."""
    wanted = model.state_dict()
    missing, unexpected = sorted(set(wanted) - set(translated)), sorted(set(translated) - set(wanted))
    if missing or unexpected:
        raise DataError(f"the state dict does not fit the model: missing {missing[:5]}, unexpected {unexpected[:5]}")
    for name, tensor in translated.items():
        if tensor.shape != wanted[name].shape:
            raise DataError(f"{name} has shape {tuple(tensor.shape)}, the model expects {tuple(wanted[name].shape)}")
    model.load_state_dict(translated)
