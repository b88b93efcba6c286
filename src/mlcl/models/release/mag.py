"""Parameter names of MAG's release, so that its checkpoints load into `MAGModel`."""

from collections.abc import Mapping

from torch import Tensor

from mlcl.errors import DataError
from mlcl.models.mag import MAGModel
from mlcl.models.release.load import load_strictly, renamed

# The release's name (a pattern) and ours: first MAG-BERT's, then MAG-XLNet's.
_NAMES = (
    (r"bert\.((?:embeddings|encoder)\..*)", r"text.encoder.\1"),
    (r"bert\.pooler\.dense\.(.*)", r"pooler.\1"),
    (r"classifier\.(.*)", r"head.\1"),
    (r"transformer\.((?:word_embedding|layer)\..*|mask_emb)", r"text.encoder.\1"),
    (r"sequence_summary\.summary\.(.*)", r"pooler.\1"),
    (r"logits_proj\.(.*)", r"head.\1"),
    (r"(?:bert|transformer)\.MAG\.W_ha\.(.*)", r"gate.acoustic_gate.\1"),
    (r"(?:bert|transformer)\.MAG\.W_hv\.(.*)", r"gate.visual_gate.\1"),
    (r"(?:bert|transformer)\.MAG\.W_a\.(.*)", r"gate.acoustic.\1"),
    (r"(?:bert|transformer)\.MAG\.W_v\.(.*)", r"gate.visual.\1"),
    (r"(?:bert|transformer)\.MAG\.LayerNorm\.(.*)", r"gate.norm.\1"),
)

_BUFFER = "bert.embeddings.position_ids"


def mag_release_name(name: str) -> str | None:
    """Our name of a parameter of the release; None for a buffer.

    Raises:
        DataError: If the release has no such parameter.
    """
    if name == _BUFFER:
        return None
    ours = renamed(name, _NAMES)
    if ours is None:
        raise DataError(f"{name!r} is no parameter of the MAG release")
    return ours


def load_mag_release(model: MAGModel, state_dict: Mapping[str, Tensor]) -> None:
    """Load a state dict of MAG-BERT or MAG-XLNet as its authors' code saves it, strictly.

    Args:
        model: With ``readout: pooler`` and the release's sizes.
        state_dict: Under the release's parameter names.

    Raises:
        DataError: If a parameter is missing, unknown or of another shape; the model is then unchanged.
    """
    load_strictly(model, {ours: tensor for name, tensor in state_dict.items() if (ours := mag_release_name(name))})
