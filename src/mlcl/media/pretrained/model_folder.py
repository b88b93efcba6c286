"""Folders with a transformers model, checked before anything of them is built; their own code is never run."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlcl.errors import DataError, UsageError, reason
from mlcl.files import sha256
from mlcl.media.pretrained.weights import places
from mlcl.safe.model_folder import check_model_folder, check_size
from mlcl.safe.text_file import read_json

_MOST_SETTINGS = 2**22  # bytes
_MISSING = ("masked_spec_embed", "mask_token", "pooler")  # parameters that training alone, or nobody, needs
_PROCESSOR = "preprocessor_config.json"


@dataclass(frozen=True)
class ModelFolder:
    """A model's folder.

    Attributes:
        name: By which it is known: its name on the hub, or the folder's own name.
        path: Of the folder.
        config: What its ``config.json`` says.
        processor: What its ``preprocessor_config.json`` says.
        hashes: SHA-256 of each file of weights and of the preprocessor's settings.
    """

    name: str
    path: Path
    config: dict[str, Any]
    processor: dict[str, Any]
    hashes: dict[str, str]


def find_model(name: str, weights: Path | None) -> ModelFolder:
    """Find a model in the given folder, in a folder of its name there, in the cache, on disk or on the hub.

    Args:
        name: Folder or hub name.
        weights: Folder of the model, or one that holds it under its name.

    Raises:
        UsageError: If it is not there and cannot be had.
        DataError: If the folder is no model's.
    """
    short = name.rstrip("/").split("/")[-1]
    found = [Path(name).expanduser(), *places(name, weights), *places(short, weights)]
    for place in found:
        if (place / "config.json").is_file():
            local = Path(name).expanduser().is_dir()
            return _opened(short if local else name, place)
    return _opened(name, _from_hub(name))


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "pytorch_model*.bin"]))
    except Exception as error:
        raise UsageError(
            f"the model {name!r} is no folder here and cannot be had from the hub ({reason(error)}); name a folder "
            f"with config.json, {_PROCESSOR} and model.safetensors"
        ) from error


def _opened(name: str, path: Path) -> ModelFolder:
    config = _settings(path / "config.json")
    if "auto_map" in config:
        raise DataError("comes with code of its own (auto_map), which is never run here; name another model", path=path)
    check_model_folder(path)
    processor = _settings(path / _PROCESSOR) if (path / _PROCESSOR).exists() else {}
    files = sorted(path.glob("*.safetensors")) or sorted(path.glob("pytorch_model*.bin"))
    if not files:
        raise DataError("has no model.safetensors or pytorch_model.bin; get the model again", path=path)
    files += [path / _PROCESSOR] if processor else []
    return ModelFolder(name, path, config, processor, {file.name: sha256(file) for file in files})


def _settings(path: Path) -> dict[str, Any]:
    value = read_json(path, max_bytes=_MOST_SETTINGS)
    if not isinstance(value, dict):
        raise DataError(f"holds {type(value).__name__}, not settings by name; get the model again", path=path)
    return value


def load_model(folder: ModelFolder) -> Any:
    """The model in evaluation mode, in float32.

    Raises:
        UsageError: If transformers does not know its kind.
        DataError: If weights are missing or do not fit, or are far fewer than the settings ask for.
    """
    from transformers import AutoConfig, AutoModel, logging

    def build() -> Any:
        config = AutoConfig.from_pretrained(str(folder.path), trust_remote_code=False, local_files_only=True)
        return AutoModel.from_config(config, trust_remote_code=False)

    logging.set_verbosity_error()
    check_size(folder.path, build)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, info = AutoModel.from_pretrained(
                str(folder.path),
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                dtype="float32",
            )
    except Exception as error:
        raise DataError(f"cannot be loaded as a model ({reason(error)}); name another", path=folder.path) from error
    missing = sorted(key for key in info["missing_keys"] if not any(part in key for part in _MISSING))
    if missing:
        raise DataError(f"has no weights for {len(missing)} parameters, {missing[0]} first", path=folder.path)
    return model.eval()


def chosen_layer(layer: int | None, model: Any) -> int:
    """Number of a hidden state: 0 before the first layer, the last when None; negative numbers count from the end.

    Raises:
        UsageError: If the model has fewer layers.
    """
    layers = int(model.config.num_hidden_layers)
    chosen = layers if layer is None else layer if layer >= 0 else layers + 1 + layer
    if not 0 <= chosen <= layers:
        raise UsageError(
            f"layer = {layer}, and the model has {layers}: allowed are 0 to {layers}, or -1 to -{layers + 1}"
        )
    return chosen
