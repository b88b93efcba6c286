"""Checkpoints: weights, optimiser, progress and random state in one file, replaced atomically."""

import warnings
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from mlcl.errors import RunError
from mlcl.files import open_regular, replace_file
from mlcl.seeding import random_state, restore_random_state
from mlcl.train.state import TrainState


class Stateful(Protocol):
    """An optimiser, or several as one."""

    def state_dict(self) -> dict[str, Any]:
        """Its state."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore it."""


def save_checkpoint(path: Path, model: nn.Module, optimiser: Stateful, state: TrainState) -> None:
    """Write the checkpoint; a crash at any moment leaves the old file or the new one."""
    content = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "state": asdict(state),
        "random": random_state(),
    }
    with replace_file(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)


def load_checkpoint(path: Path, model: nn.Module, optimiser: Stateful) -> TrainState:
    """Put model, optimiser and random state back to a checkpoint and return the progress.

    Raises:
        RunError: If the file is damaged or belongs to another model.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch says about foreign files
            _check_stored(path)
            content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        _check_backed(content)
        model.load_state_dict(content["model"])
        optimiser.load_state_dict(content["optimiser"])
        restore_random_state(content["random"])
        return TrainState(**content["state"])
    except Exception as error:
        raise RunError(f"{path} is damaged or of another model; delete it to train from the start") from error


def _check_stored(path: Path) -> None:
    """Compare the file with the checksums inside it, which torch writes and does not read.

    An archive whose parts are packed, or larger than the file, is refused first: they would unpack to any size.
    """
    with open_regular(path) as file, zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
            raise ValueError("it is packed")
        if sum(part.file_size for part in parts) > path.stat().st_size:
            raise ValueError("it has parts larger than itself")
        wrong = archive.testzip()
        if wrong is not None:
            raise ValueError(f"{wrong} differs from its checksum")


def _check_backed(value: Any) -> None:
    """Refuse a tensor with more values than the file holds for it: a copy of it may take any size."""
    if isinstance(value, torch.Tensor):
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError("it has a tensor that repeats its values")
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            _check_backed(part)
