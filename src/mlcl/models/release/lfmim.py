"""The parameter names of LFMIM's release, so that its state dicts load into `LFMIMModel`."""

import re
from collections.abc import Mapping

from torch import Tensor

from mlcl.errors import DataError
from mlcl.models.lfmim import LFMIMModel

_STREAM = {"t": "text", "a": "acoustic", "v": "visual", "m": "multimodal"}

# The release's name (a pattern) and ours, tried in this order.
_NAMES = (
    (r"fc_([tav])dimtr\.(.*)", r"project.<\1>.\2"),
    (r"embedding_([tavm])", r"streams.<\1>.tokens"),
    (r"ln_prepe_([tavm])\.(.*)", r"streams.<\1>.input_norm.\2"),
    (r"ln_pre_([tavm])\.(.*)", r"streams.<\1>.position_norm.\2"),
    (r"ln_post_([tavm])\.(.*)", r"streams.<\1>.output_norm.\2"),
    (r"mix_([tavm])", r"streams.<\1>.readout.weight"),
    (r"transformer_([tavm])\.(\d+)\.attn\.(.*)", r"streams.<\1>.blocks.\2.attention.\3"),
    (r"transformer_([tavm])\.(\d+)\.ln_1\.(.*)", r"streams.<\1>.blocks.\2.attention_norm.\3"),
    (r"transformer_([tavm])\.(\d+)\.ln_12\.(.*)", r"streams.<\1>.blocks.\2.attended_norm.\3"),
    (r"transformer_([tavm])\.(\d+)\.ln_2\.(.*)", r"streams.<\1>.blocks.\2.feed_forward_norm.\3"),
    (r"transformer_([tavm])\.(\d+)\.ln_22\.(.*)", r"streams.<\1>.blocks.\2.narrowed_norm.\3"),
    (r"transformer_([tavm])\.(\d+)\.mlp\.c_fc\.(.*)", r"streams.<\1>.blocks.\2.widen.\3"),
    (r"transformer_([tavm])\.(\d+)\.mlp\.c_proj\.(.*)", r"streams.<\1>.blocks.\2.narrow.\3"),
    (r"mlp_([tavm])\.(.*)", r"heads.<\1>.\2"),
    (r"plus_p", r"mixing"),
)

# Parameters and a buffer of the release that its function does not use.
_UNUSED = re.compile(
    r"proj_[av]|pe_(t|t2m|a|v|v2m|m)|me|[tv]2m\.\d+\.(weight|bias)|fc_vtom\.(weight|bias)|embed_positions\._float_tensor"
)

# The release keeps the same numbers in another shape: a class token without an axis of tokens, six scalars in a row.
_RESHAPED = re.compile(r"embedding_[tav]|plus_p")


def release_name(name: str) -> str | None:
    """Our name of a parameter of the release; None for those its function does not use.

    Raises:
        DataError: If the release has no such parameter.
    """
    name = name.removeprefix("module.")  # saved from data-parallel training
    if _UNUSED.fullmatch(name):
        return None
    for pattern, ours in _NAMES:
        match = re.fullmatch(pattern, name)
        if match:
            return re.sub(r"<([tavm])>", lambda m: _STREAM[m[1]], match.expand(ours))
    raise DataError(f"{name!r} is no parameter of the LFMIM release")


def load_lfmim_weights(model: LFMIMModel, state_dict: Mapping[str, Tensor]) -> None:
    """Load a state dict of the authors' release, strictly.

    The text encoder keeps its weights: the release has none and takes stored states of one.

    Args:
        model: Built with the release's sizes and ``readout="position"``.
        state_dict: Under the release's parameter names.

    Raises:
        DataError: If a parameter is missing, unknown or of another shape; the model is then unchanged.
    """
    own = model.state_dict()
    wanted = {name: tensor for name, tensor in own.items() if not name.startswith("text.encoder.")}
    translated = {}
    for name, tensor in state_dict.items():
        ours = release_name(name)
        if ours is not None:
            same = _RESHAPED.fullmatch(name.removeprefix("module.")) and ours in wanted
            fits = same and tensor.numel() == wanted[ours].numel()
            translated[ours] = tensor.reshape(wanted[ours].shape) if fits else tensor
    missing, unexpected = sorted(set(wanted) - set(translated)), sorted(set(translated) - set(wanted))
    if missing or unexpected:
        raise DataError(f"the state dict does not fit the model: missing {missing[:5]}, unexpected {unexpected[:5]}")
    for name, tensor in translated.items():
        if tensor.shape != wanted[name].shape:
            raise DataError(f"{name} has shape {tuple(tensor.shape)}, the model expects {tuple(wanted[name].shape)}")
    model.load_state_dict({**own, **translated})
