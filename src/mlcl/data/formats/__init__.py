"""Files to corpora: one module per on-disk layout, each with a `LAYOUT`."""

import contextlib
import ctypes
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlcl.data.corpus import Corpus
from mlcl.data.formats import csd, hkt, label_csv, mag, matrices, meld, mustard, mustard_plus, ur_funny
from mlcl.data.formats.items import first_items
from mlcl.data.formats.layout import Layout, Opening
from mlcl.data.formats.opening import TEXT_SUFFIXES, content_hash, open_content
from mlcl.errors import DataError

__all__ = ["LAYOUTS", "Layout", "read_corpus"]

_log = logging.getLogger(__name__)

# Items may take this many times the file's size in memory, and a fixed amount more. Text and small integers grow
# when they become Python objects and float32; only a file that shares one array among many items takes more.
_MEMORY_FACTOR = 16
_MEMORY_MORE = 2**28
_DROPBOX_FIELDS = {"facet", "covarep", "glove"}


LAYOUTS: tuple[Layout, ...] = (
    mag.LAYOUT,
    hkt.LAYOUT,
    csd.LAYOUT,
    csd.FOLDER_LAYOUT,
    ur_funny.LAYOUT,
    matrices.LAYOUT,
    mustard.LAYOUT,
    mustard.FOLDER_LAYOUT,
    mustard_plus.LAYOUT,
    meld.LAYOUT,
    meld.FOLDER_LAYOUT,
    label_csv.LAYOUT,
)


def read_corpus(path: str | Path, *, dtype: type[np.floating] = np.float32) -> Corpus:
    """Read a data file of any known layout; the layout is recognised by its structure.

    Ids may occur twice, in one split or in two.

    Format:
        Any of `LAYOUTS`; each one's `read` says what it takes.

    Args:
        path: The file.
        dtype: What feature rows are converted to.

    Returns:
        The corpus, with the SHA-256 of the file's bytes.

    Raises:
        DataError: If the file cannot be opened, is of no known layout, or differs from its layout somewhere.
    """
    opening, data = open_content(path)
    layout = next((known for known in LAYOUTS if known.opening == opening and known.sniff(data)), None)
    if layout is None:
        raise DataError(_unknown(data, opening), path=path)
    size, digest = content_hash(path)
    limit = _MEMORY_FACTOR * size + _MEMORY_MORE
    corpus = replace(layout.read(data, path=str(path), dtype=dtype, max_bytes=limit), sha256=digest)
    del data
    _give_memory_back()
    if corpus.repaired:
        rows = ", ".join(f"{count} in {place}" for place, count in corpus.repaired.items())
        _log.warning("note: %s: rows with -inf, inf or nan, those values set to 0: %s", path, rows)
    return corpus


def _give_memory_back() -> None:
    """Return the freed memory of thousands of small arrays to the system, where the C library keeps it otherwise."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # no glibc
        ctypes.CDLL(None).malloc_trim(0)


def _unknown(data: object, opening: Opening) -> str:
    """What was found instead of a layout that is known for files that open like it."""
    places = [data, *list(data.values())[:9], *first_items(data)] if isinstance(data, dict) else []
    if any(isinstance(place, dict) and _keys(place) >= _DROPBOX_FIELDS for place in places):
        return (
            "is the wrong MOSI file that an old Dropbox link gives: fields facet, covarep, glove and label instead of "
            "word-aligned items. Get mosi.pkl from the Google Drive link in MAG's repository"
        )
    known = "; ".join(layout.summary for layout in LAYOUTS if layout.opening == opening)
    return f"holds {_describe(data)}, which is no known layout. Known: {known}"


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
    if not path.is_dir():
        return "HDF5 data" if path.suffix.lower() not in TEXT_SUFFIXES else "text"
    names = sorted(ascii(entry.name) for entry in path.iterdir())[:5]
    return f"no data file: it is a directory of {', '.join(names) or 'nothing'}"


def _name(key: object) -> str:
    return ascii(key[:30]) if isinstance(key, str) else type(key).__name__
