"""A folder with a model, looked at before anything of it is built: a few letters in a file can ask for any size."""

import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlcl.errors import DataError
from mlcl.files import open_regular
from mlcl.safe.text_file import read_json

if TYPE_CHECKING:
    from torch import nn

_SETTINGS = (
    "config.json",
    "tokenizer_config.json",
    "generation_config.json",
    "special_tokens_map.json",
    "preprocessor_config.json",
)
_MOST_SETTINGS, _MOST_TEXT = 2**22, 2**28  # bytes of one of them, and of a file with a vocabulary
_WEIGHTS = (".safetensors", ".bin")
_REPEATED = ("layer", "depth", "block", "stage", "group", "expert")  # parts of names of what is built so many times
_MOST_REPEATED, _MOST_LABELS = 1000, 10_000
_PER_BYTE, _MORE = 4, 2**26  # parameters that a byte of weights may stand for, and more where some are missing


def check_model_folder(folder: Path) -> None:
    """Refuse a folder whose files cannot be read within limits, or whose settings count to what nobody builds.

    Raises:
        DataError: Naming the file.
    """
    for file in sorted(folder.iterdir()):
        if file.is_dir():
            continue
        try:
            open_regular(file).close()
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", path=file) from error
        if file.suffix not in _WEIGHTS and file.stat().st_size > _MOST_TEXT:
            raise DataError(f"has more than {_MOST_TEXT} bytes; is it the right file?", path=file)
    for name in _SETTINGS:
        if (folder / name).exists():
            _check_counts(read_json(folder / name, max_bytes=_MOST_SETTINGS), "", folder / name)


def check_size(folder: Path, build: "Callable[[], nn.Module]") -> None:
    """Refuse a model with far more parameters than the folder has weights for; it is built where nothing takes memory.

    Raises:
        DataError: If it has.
    """
    import torch

    stored = sum(file.stat().st_size for file in folder.iterdir() if file.suffix in _WEIGHTS)
    needed = 0
    with suppress(Exception), torch.device("meta"):  # what cannot be built is an error of those who build it
        needed = sum(math.prod(tensor.shape) for tensor in build().state_dict().values())
    if stored and needed > _PER_BYTE * stored + _MORE:
        raise DataError(f"asks for {needed} parameters, and the weights beside it have {stored} bytes", path=folder)


def _check_counts(value: Any, name: str, file: Path) -> None:
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else ((name, part) for part in value):
            _check_counts(part, key, file)
    elif isinstance(value, int):
        repeated = any(part in name for part in _REPEATED) and "size" not in name
        most = _MOST_LABELS if name == "num_labels" else _MOST_REPEATED if repeated else math.inf
        if value > most:
            raise DataError(f"{name} = {value}, and at most {most} make sense; correct it", path=file)
