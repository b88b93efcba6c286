"""The parameter names of HKT's release, so that its checkpoints load into `HKTModel` and into its encoders alone."""

import re
from collections.abc import Mapping

from torch import Tensor

from mlcl.errors import DataError
from mlcl.models.configuration import RowKind
from mlcl.models.hkt import HKTModel
from mlcl.models.release.load import load_strictly

# The release's name (a pattern) and ours, of one of the three unimodal models,
_UNIMODAL = (
    (r"pos_encoder\.(.*)", r"encoder.positions.\1"),
    (r"norm\.(.*)", r"encoder.norm.\1"),
    (r"encoder\.layers\.(\d+)\.self_attention\.(.*)", r"encoder.layers.\1.attention.\2"),
    (r"encoder\.layers\.(\d+)\.norm1\.(.*)", r"encoder.layers.\1.attention_norm.\2"),
    (r"encoder\.layers\.(\d+)\.norm2\.(.*)", r"encoder.layers.\1.feed_forward_norm.\2"),
    (r"encoder\.layers\.(\d+)\.fc\.0\.(.*)", r"encoder.layers.\1.widen.\2"),
    (r"encoder\.layers\.(\d+)\.fc\.2\.(.*)", r"encoder.layers.\1.narrow.\2"),
    (r"decoder\.(.*)", r"head.\1"),
)
# of the bimodal layer,
_CROSS = (
    (r"src_cross_attention\.(.*)", r"text_reads.\1"),
    (r"context_cross_attention\.(.*)", r"nonverbal_reads.\1"),
    (r"self_attention\.(.*)", r"attention.\1"),
    (r"norm1\.(.*)", r"attention_norm.\1"),
    (r"norm2\.(.*)", r"linear_norm.\1"),
    (r"fc\.0\.(.*)", r"linear.\1"),
)
# and of what is around them.
_REST = (
    (r"text_model\.(embeddings|encoder)\.(.*)", r"text.encoder.\1.\2"),
    (r"fc\.0\.(.*)", r"hidden.\1"),
    (r"fc\.3\.(.*)", r"output.\1"),
)
# Of the text encoder's pooler and the unimodal models' heads nothing reaches HKT's prediction.
_UNUSED = re.compile(
    r"text_model\.(pooler\..*|embeddings\.position_ids)|(acoustic|visual|hcf)_model\.decoder\.(weight|bias)"
)


def hkt_name(name: str) -> str | None:
    """Our name of a parameter of the release's HKT; None for those its function does not use.

    Raises:
        DataError: If the release has no such parameter.
    """
    if _UNUSED.fullmatch(name):
        return None
    part, _, inner = name.partition(".")
    if part == "L_AV":
        return f"cross.{_translate(inner, _CROSS, name)}"
    if part in ("acoustic_model", "visual_model", "hcf_model"):
        return f"rows.{part.removesuffix('_model')}.{unimodal_name(inner).removeprefix('encoder.')}"
    return _translate(name, _REST, name)


def unimodal_name(name: str) -> str:
    """Our name, in a `UnimodalModel`, of a parameter of the release's unimodal models.

    Raises:
        DataError: If the release has no such parameter.
    """
    return _translate(name, _UNIMODAL, name)


def cross_name(name: str) -> str:
    """Our name, in a `BimodalAttention`, of a parameter of the release's cross-attention layer.

    Raises:
        DataError: If the release has no such parameter.
    """
    return _translate(name, _CROSS, name)


def load_hkt_weights(model: HKTModel, state_dict: Mapping[str, Tensor]) -> None:
    """Load a state dict of the authors' HKT, strictly.

    Args:
        model: Built with the release's sizes.
        state_dict: Under the release's parameter names.

    Raises:
        DataError: If a parameter is missing, unknown or of another shape; the model is then unchanged.
    """
    names = {name: hkt_name(name) for name in state_dict}
    load_strictly(model, {ours: state_dict[name] for name, ours in names.items() if ours is not None})


def load_unimodal_weights(model: HKTModel, modality: RowKind, state_dict: Mapping[str, Tensor]) -> None:
    """Start one of the three encoders from a trained unimodal model of the authors, strictly.

    Args:
        model: Built with the release's sizes.
        modality: ``acoustic``, ``visual`` or ``hcf``.
        state_dict: Of an authors' file ``{humor,sarcasm}{Acoustic,Visual,HCF}Transformer.pt``. Its head must be there
            and of the right shape, but HKT has no place for it.

    Raises:
        DataError: If the model has no such encoder, or a parameter is missing, unknown or of another shape; the model
            is then unchanged.
    """
    if modality not in model.rows:
        raise DataError(f"the model has no {modality} encoder; it has {', '.join(model.rows)}")
    load_strictly(model.unimodal(modality), {unimodal_name(name): value for name, value in state_dict.items()})


def _translate(name: str, names: tuple[tuple[str, str], ...], whole: str) -> str:
    for pattern, ours in names:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(ours)
    raise DataError(f"{whole!r} is no parameter of the HKT release")
