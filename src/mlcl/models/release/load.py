"""Load what the authors of a seed system have trained: all of a model, or nothing."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from mlcl.errors import DataError, UsageError
from mlcl.models.hkt import HKTModel
from mlcl.models.hkt_unimodal import UnimodalModel
from mlcl.models.lfmim import LFMIMModel
from mlcl.models.mag import MAGModel
from mlcl.models.mcl import MCLModel
from mlcl.models.mib import MIBModel
from mlcl.models.mlcl import MLCLModel
from mlcl.models.release.names import HKT, HKT_UNIMODAL, LFMIM, MAG, MCL, MLCL, Names, mib_names

_NAMES: dict[type[nn.Module], Names] = {
    MLCLModel: MLCL,
    MAGModel: MAG,
    MCLModel: MCL,
    HKTModel: HKT,
    UnimodalModel: HKT_UNIMODAL,
    LFMIMModel: LFMIM,
}


def release_names(model: nn.Module) -> Names:
    """The names that the release of a model's system has for its parameters.

    Raises:
        UsageError: If the model comes from no release.
    """
    if isinstance(model, MIBModel):
        return mib_names(model.config)
    for model_class, names in _NAMES.items():
        if isinstance(model, model_class):
            return names
    allowed = ", ".join(known.__name__ for known in (*_NAMES, MIBModel))
    raise UsageError(f"{type(model).__name__} comes from no authors' release; allowed: {allowed}")


def load_release_weights(model: nn.Module, state_dict: Mapping[str, Tensor]) -> None:
    """Load a state dict of the authors' release of MLCL, MAG, MIB, MCL, HKT or LFMIM, strictly.

    What the release holds and its function does not use is known by name and left out. LFMIM's release has no text
    encoder, so the model's keeps its weights. One of HKT's encoders starts from a trained unimodal model of the authors
    through ``load_release_weights(model.unimodal("acoustic"), state_dict)``.

    Args:
        model: Built with the release's sizes, and with its variant and fusion (MIB), ``readout="pooler"`` (MAG) or
            ``readout="position"`` (LFMIM).
        state_dict: Under the release's parameter names.

    Raises:
        DataError: If a parameter is missing, unknown or of another shape; the model is then unchanged.
        UsageError: If the model comes from no release.
    """
    names, own = release_names(model), model.state_dict()
    wanted = {name: value for name, value in own.items() if not (names.without and name.startswith(names.without))}
    given: dict[str, Tensor] = {}
    for name, value in state_dict.items():
        ours = names.ours(name)
        if ours is None:
            continue
        same = ours in wanted and wanted[ours].numel() == value.numel()
        reshaped = same and re.fullmatch(names.reshaped, name.removeprefix("module."))
        given[ours] = value.reshape(wanted[ours].shape) if reshaped else value
    missing, unknown = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    if missing or unknown:
        raise DataError(f"the state dict does not fit the model: missing {missing[:5]}, unexpected {unknown[:5]}")
    for name, value in given.items():
        if value.shape != wanted[name].shape:
            raise DataError(f"{name} has shape {tuple(value.shape)}, the model expects {tuple(wanted[name].shape)}")
    model.load_state_dict({**own, **given})
