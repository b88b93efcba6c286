"""Parameter names of the MCL release, so that its state dicts load into `MCLModel`."""

import re
from collections.abc import Mapping

from torch import Tensor

from mlcl.errors import DataError
from mlcl.models.mcl import MCLModel
from mlcl.models.release import load_strictly

_MODALITY = {"a": "acoustic", "v": "visual"}

# The release's name (a pattern) and ours.
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
    (r"classifier\.(.*)", r"head.\1"),
    (r"classifier3\.(.*)", r"correlation.predictor.\1"),
)

# What the release holds and its function does not use; classifier2 is a predictor for pairs.
_UNUSED = re.compile(
    r"bert\.embeddings\.position_ids|bert\.pooler\..*|trans[av]\.(version|embed_positions\._float_tensor)"
    r"|classifier2\.(weight|bias)"
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
            return re.sub(r"<([av])>", lambda m: _MODALITY[m[1]], match.expand(ours))
    raise DataError(f"{name!r} is no parameter of the MCL release")


def load_mcl_release_weights(model: MCLModel, state_dict: Mapping[str, Tensor]) -> None:
    """Load a state dict of the authors' release, strictly.

    Args:
        model: Built with the release's sizes.
        state_dict: Under the release's parameter names.

    Raises:
        DataError: If a parameter is missing, unknown or of another shape; the model is then unchanged.
    """
    named = {release_name(name): tensor for name, tensor in state_dict.items()}
    load_strictly(model, {name: tensor for name, tensor in named.items() if name is not None})
