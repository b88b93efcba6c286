"""What the loaders of the authors' releases share: names by pattern, and loading all of a model or nothing."""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from mlcl.errors import DataError

_MODALITY = {"t": "text", "a": "acoustic", "v": "visual"}

# The encoders of MIB, MCL and MLCL: the release's name (a pattern) and ours.
ENCODERS = (
    (r"bert\.(embeddings|encoder)\.(.*)", r"text.encoder.\1.\2"),
    (r"bert\.proj_l\.weight", r"text.project.weight"),
    (r"proj_([av])\.weight", r"<\1>.project.weight"),
    (r"trans([av])\.layers\.(\d+)\.self_attn\.(.*)", r"<\1>.layers.\2.attention.\3"),
    (r"trans([av])\.layers\.(\d+)\.layer_norms\.0\.(.*)", r"<\1>.layers.\2.attention_norm.\3"),
    (r"trans([av])\.layers\.(\d+)\.layer_norms\.1\.(.*)", r"<\1>.layers.\2.feed_forward_norm.\3"),
    (r"trans([av])\.layers\.(\d+)\.fc1\.(.*)", r"<\1>.layers.\2.widen.\3"),
    (r"trans([av])\.layers\.(\d+)\.fc2\.(.*)", r"<\1>.layers.\2.narrow.\3"),
    (r"trans([av])\.layer_norm\.(.*)", r"<\1>.norm.\2"),
)
# What these encoders hold in the releases and do not use.
ENCODERS_UNUSED = r"bert\.embeddings\.position_ids|bert\.pooler\..*|trans[av]\.(version|embed_positions\._float_tensor)"


def renamed(name: str, names: Sequence[tuple[str, str]]) -> str | None:
    """The name by the first pattern that fits it, ``<t>``, ``<a>``, ``<v>`` spelt out; None where none fits."""
    for pattern, ours in names:
        match = re.fullmatch(pattern, name)
        if match:
            return re.sub(r"<([tav])>", lambda m: _MODALITY[m[1]], match.expand(ours))
    return None


def load_strictly(model: nn.Module, translated: Mapping[str, Tensor]) -> None:
    """Load weights under the model's own names, all of them or none.

    Raises:
        DataError: If a parameter is missing, unknown or of another shape; the model is then unchanged.
    """
    wanted = model.state_dict()
    missing, unexpected = sorted(set(wanted) - set(translated)), sorted(set(translated) - set(wanted))
    if missing or unexpected:
        raise DataError(f"the state dict does not fit the model: missing {missing[:5]}, unexpected {unexpected[:5]}")
    for name, tensor in translated.items():
        if tensor.shape != wanted[name].shape:
            raise DataError(f"{name} has shape {tuple(tensor.shape)}, the model expects {tuple(wanted[name].shape)}")
    model.load_state_dict(translated)
