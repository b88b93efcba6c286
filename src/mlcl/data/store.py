"""Encoded splits on disk: plain .npy files that are memory-mapped, and a JSON file that comes last."""

import json
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.data.batch import EncodedSplit, Rows
from mlcl.files import new_folder, open_regular, read_bytes
from mlcl.safe.npy import FAILURES, map_npy
from mlcl.safe.text_file import parse_json

FORMAT = 6  # raise it whenever the same file and options would be encoded differently
_INDEX = "index.json"
_ARRAYS = ("tokens", "types", "offsets", "spoken")
_BLOCK = 2**20
_MOST_INDEX = 2**31  # bytes; it has the ids of all items


def write_store(folder: Path, splits: Iterable[tuple[str, EncodedSplit]], facts: dict[str, Any]) -> None:
    """Write splits and plain facts so that `read_store` finds all of them or nothing.

    Each split is written and dropped before the next is asked for.

    Raises:
        OSError: If there is no room, or no right to write.
    """
    with new_folder(folder, replace=True) as temporary:
        index: dict[str, Any] = {"format": FORMAT, "facts": facts, "splits": {}}
        for name, split in splits:
            index["splits"][name] = _write_split(temporary, name, split)
        index["checksums"] = {file.name: _checksum(file) for file in sorted(temporary.iterdir())}
        (temporary / _INDEX).write_text(json.dumps(index), encoding="utf-8")


def read_store(folder: Path) -> tuple[dict[str, Callable[[], EncodedSplit]], dict[str, Any]] | None:
    """Return an opener for each split, and the facts; None if there is no whole store in `folder`."""
    try:
        index = parse_json(read_bytes(folder / _INDEX, _MOST_INDEX))
        if index["format"] != FORMAT:
            return None
        if any(_checksum(folder / name) != value for name, value in index["checksums"].items()):
            return None
        splits = {name: _opener(folder, name, entry) for name, entry in index["splits"].items()}
        for opener in splits.values():
            opener()
        return splits, index["facts"]
    except FAILURES:
        return None


def _checksum(file: Path) -> int:
    """CRC-32 of a file: three times as fast as a hash, and enough against accidents in what can be made again."""
    value = 0
    with open_regular(file) as stream:
        while block := stream.read(_BLOCK):
            value = zlib.crc32(block, value)
    return value


def _write_split(folder: Path, name: str, split: EncodedSplit) -> dict[str, Any]:
    arrays: dict[str, NDArray[Any]] = {key: getattr(split, key) for key in _ARRAYS}
    if split.labels is not None:
        arrays["labels"] = split.labels
    for kind, rows in split.rows.items():
        arrays |= {f"{kind}.{part}": value for part, value in vars(rows).items()}
    for key, value in arrays.items():
        np.save(folder / f"{name}.{key}.npy", value, allow_pickle=False)
    return {
        "ids": split.ids,
        "rows": list(split.rows),
        "labels": split.labels is not None,
        "pad_id": split.pad_id,
        "fixed_length": split.fixed_length,
    }


def _opener(folder: Path, name: str, entry: dict[str, Any]) -> Callable[[], EncodedSplit]:
    def array(key: str) -> NDArray[Any]:
        return map_npy(folder / f"{name}.{key}.npy")

    def load() -> EncodedSplit:
        return EncodedSplit(
            **{key: array(key) for key in _ARRAYS},
            ids=entry["ids"],
            rows={
                kind: Rows(*(array(f"{kind}.{part}") for part in ("values", "real", "index", "offsets")))
                for kind in entry["rows"]
            },
            labels=array("labels") if entry["labels"] else None,
            pad_id=entry["pad_id"],
            fixed_length=entry["fixed_length"],
        )

    return load
