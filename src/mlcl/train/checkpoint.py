"""Checkpoints: weights, optimiser, progress and random state in one file, replaced atomically."""

import os
import warnings
import zipfile
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from mlcl.errors import RunError
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
        "state": state.as_dict(),
        "random": random_state(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    try:
        with temporary.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(path: Path, model: nn.Module, optimiser: Stateful) -> TrainState:
    """Put model, optimiser and random state back to a checkpoint and return the progress.

    Raises:
        RunError: If the file is damaged or belongs to another model.
    """
    try:
        _check(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch says about foreign files
            content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(content["model"])
        optimiser.load_state_dict(content["optimiser"])
        restore_random_state(content["random"])
        return TrainState(**content["state"])
    except Exception as error:
        raise RunError(f"{path} is damaged or of another model; delete it to train from the start") from error


def _check(path: Path) -> None:
    """Compare the file with the checksums inside it, which torch writes and does not read."""
    with zipfile.ZipFile(path) as archive:
        if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
            raise ValueError("a checkpoint is not compressed")
        wrong = archive.testzip()
        if wrong is not None:
            raise ValueError(f"{wrong} differs from its checksum")
