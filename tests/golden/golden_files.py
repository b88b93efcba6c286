"""Stored outputs of the authors' releases: where the files are and how to read them.

The files hold numbers only. `MLCL_GOLDEN` names another folder of files in the same form, at any depth; a test whose
pattern matches nothing there has no cases.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open

DEFAULT = Path(__file__).parent / "data"
GOLDEN = Path(os.environ.get("MLCL_GOLDEN", DEFAULT))


def cases(pattern: str, folder: Path = GOLDEN) -> list[Any]:
    """One `pytest.param` per file below `folder` whose name matches `pattern`, sorted, named by the file's stem."""
    return [pytest.param(path, id=path.stem) for path in sorted(folder.rglob(pattern))]


def load(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The tensors of a file by name, and its metadata; a metadata value that is JSON is returned parsed."""
    with safe_open(path, framework="np") as file:
        tensors = {name: np.asarray(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata() or {}
    return tensors, {name: _parsed(value) for name, value in metadata.items()}


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
