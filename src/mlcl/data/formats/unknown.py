"""What a file holds that opens but has no known layout, and the next step."""

import csv
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from mlcl.data.formats.opening import TEXT_SUFFIXES
from mlcl.data.formats.shared.source import first_items
from mlcl.safe.text_file import parse_json, peek_text

_JOINED = re.compile(r"X_(train|valid|val|dev|test)\w*\.(h5|hdf5)", re.IGNORECASE)
_DROPBOX_FIELDS = {"facet", "covarep", "glove"}
_DATA_SUFFIXES = (".pkl", ".pickle", ".p", ".csd", ".h5", ".hdf5", *TEXT_SUFFIXES, ".parquet")
_SHOWN = 5  # names of columns, members or files
_MOST_ENTRIES = 1000  # of a folder that are looked at
_MOST_TEXT = 2**20  # bytes of a text file that are looked at


def describe_unknown(data: object, summaries: Sequence[str]) -> str:
    """Return what was found instead of a known layout."""
    places = [data, *list(data.values())[:9], *first_items(data)] if isinstance(data, dict) else []
    if any(isinstance(place, dict) and _keys(place) >= _DROPBOX_FIELDS for place in places):
        return (
            "is the wrong MOSI file that an old Dropbox link gives: fields facet, covarep, glove and label instead of "
            "word-aligned items. Get mosi.pkl from the Google Drive link in MAG's repository"
        )
    if isinstance(data, Path) and _has_joined(data):
        return (
            "holds X_SPLIT matrices, in which the columns of all modalities stand side by side, as for MFN; nothing in "
            "them says which columns are whose: write them as text_SPLIT.h5, audio_SPLIT.h5 and video_SPLIT.h5 (items, "
            "steps, columns) beside the y_SPLIT.h5, and name that folder"
        )
    if isinstance(data, Path) and data.is_dir():
        table = data / "data.csv"
        if table.is_file():
            found = _describe_path(table)
            return f"has a data.csv without a column 'id' between commas, as docs/own_data.md has it: it is {found}"
        inside = _data_files(data)
        if inside:
            return f"is a folder of no known layout; name the data file in it: {' or '.join(inside)}"
    if isinstance(data, Path) and data.name == "data.csv":
        return f"is {_describe(data)}; if it is the table of a data folder, name the folder {str(data.parent)!a}"
    known = f". Known: {'; '.join(summaries)}" if summaries else ""
    return f"holds {_describe(data)}, which is no known layout{known}"


def _has_joined(path: Path) -> bool:
    """Whether a file, or one in a folder, has the columns of all modalities side by side."""
    entries = islice(path.iterdir(), _MOST_ENTRIES) if path.is_dir() else [path]
    return any(_JOINED.fullmatch(entry.name) for entry in entries)


def _keys(data: dict[object, object]) -> set[str]:
    return {key.lower() for key in list(data)[:99] if isinstance(key, str)}


def _describe(value: object, depth: int = 2) -> str:
    """A short account of a value's structure, whatever it is."""
    kind = type(value).__name__
    if isinstance(value, Path):
        return _describe_path(value)
    if isinstance(value, np.ndarray):
        return f"array {value.shape} of {value.dtype}"
    if not isinstance(value, dict | list | tuple):
        return kind
    if not value or not depth:
        return f"{kind} of {len(value)}"
    if isinstance(value, dict):
        shown = [f"{_name(key)}: {_describe(part, depth - 1)}" for key, part in list(value.items())[: 4 * depth]]
    else:
        shown = [_describe(value[0], depth - 1)]
    return f"{kind} of {len(value)} ({', '.join(shown)}{', ...' if len(shown) < len(value) else ''})"


def _describe_path(path: Path) -> str:
    """A short account of a folder, or of a file that is no pickle."""
    if path.is_dir():
        names = sorted(_name(entry.name) for entry in islice(path.iterdir(), _MOST_ENTRIES))
        return f"no data file: it is a directory of {_some(names)}"
    suffix = path.suffix.lower()
    if suffix not in TEXT_SUFFIXES:
        return f"HDF5 data{_members(path)}"
    start = peek_text(path, _MOST_TEXT)
    return _describe_json(start) if suffix.startswith(".json") else _describe_table(start, suffix)


def _describe_json(text: str) -> str:
    """Structure of json text, or of its first line."""
    for part in (text, text.partition("\n")[0]):
        try:
            return f"text, json: {_describe(parse_json(part))}"
        except ValueError:
            continue
    return f"text, json that starts with {text[:40]!a}"


def _describe_table(text: str, suffix: str) -> str:
    """Columns of a table."""
    lines = text[:2000].splitlines()[:1]
    names = next(csv.reader(lines, delimiter="\t" if suffix == ".tsv" else ","), [])
    return f"text, a table with the columns {_some([_name(name) for name in names])}"


def _members(path: Path) -> str:
    """Names of what is at the top of an HDF5 file, where they can be read."""
    try:
        import h5py

        with h5py.File(path) as file:
            return f" with {_some([_name(name) for name in islice(file, _SHOWN + 1)])}"
    except (ImportError, OSError, RuntimeError, ValueError, KeyError):
        return ", which cannot be read"


def _data_files(folder: Path) -> list[str]:
    """What in a folder is called like a data file, as a user would name it."""
    entries = islice(folder.iterdir(), _MOST_ENTRIES)
    found = sorted(entry for entry in entries if entry.suffix.lower() in _DATA_SUFFIXES and entry.is_file())
    return [ascii(str(entry))[1:-1] for entry in found[:_SHOWN]]


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:_SHOWN], *(["..."] if len(names) > _SHOWN else [])]) or "nothing"


def _name(key: object) -> str:
    return ascii(key[:30]) if isinstance(key, str) else type(key).__name__
