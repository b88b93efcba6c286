"""Compare two runs to the last bit, apart from the time and memory they took."""

import json
import re
from pathlib import Path
from typing import Any

import torch

from command import files


def content(folder: Path) -> dict[str, Any]:
    """Everything a run folder holds, by file, without times and memory; equal for equal runs."""
    found: dict[str, Any] = dict(files(folder))
    for name in found:
        path = folder / name
        if name == "checkpoint.pt":
            found[name] = _plain(torch.load(path, weights_only=True))
            del found[name]["random"]["python"]  # beartype, which checks types under pytest, draws from it
        elif name in ("history.jsonl", "run.json"):
            lines = path.read_text(encoding="utf-8").splitlines() if name == "history.jsonl" else [path.read_text()]
            found[name] = [_without_cost(json.loads(line)) for line in lines]
        elif name == "README.md":
            found[name] = re.sub(r"(\| (training|peak memory) \|) [\d,]+ ", r"\1 ", path.read_text(encoding="utf-8"))
    return found


def differences(one: Path, other: Path) -> list[str]:
    """Names of the files in which two run folders differ."""
    first, second = content(one), content(other)
    return sorted(name for name in {**first, **second} if first.get(name, 0) != second.get(name, 0))


def _without_cost(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("seconds", "peak_memory_bytes")}


def _plain(value: Any) -> Any:
    """Tensors as bytes, so that `==` compares them."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.contiguous().flatten().view(torch.uint8).numpy().tobytes()
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if key != "seconds"}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
