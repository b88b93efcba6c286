"""Parameter names of the MCL release, so that its state dicts load into `MCLModel`."""

import re
from collections.abc import Mapping

from torch import Tensor

from mlcl.errors import DataError
from mlcl.models.mcl import MCLModel
from mlcl.models.release.load import ENCODERS, ENCODERS_UNUSED, load_strictly, renamed

# The release's name (a pattern) and ours.
_NAMES = (
    *ENCODERS,
    (r"classifier\.(.*)", r"head.\1"),
    (r"classifier3\.(.*)", r"correlation.predictor.\1"),
)

# What the release holds and its function does not use; classifier2 is a predictor for pairs.
_UNUSED = re.compile(rf"{ENCODERS_UNUSED}|classifier2\.(weight|bias)")


def release_name(name: str) -> str | None:
    """Our name of a parameter of the release; None for those its function does not use.

    Raises:
        DataError: If the release has no such parameter.
    """
    if _UNUSED.fullmatch(name):
        return None
    ours = renamed(name, _NAMES)
    if ours is None:
        raise DataError(f"{name!r} is no parameter of the MCL release")
    return ours


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
