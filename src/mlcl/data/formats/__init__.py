"""Files to corpora: one module per on-disk layout, each with `sniff` and `read`."""

import contextlib
import ctypes
import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from mlcl.data.corpus import Corpus
from mlcl.data.formats import hkt, mag
from mlcl.data.formats.items import first_items
from mlcl.data.formats.unpickler import load_pickle
from mlcl.errors import DataError

__all__ = ["read_corpus"]

_log = logging.getLogger(__name__)

# Items may take this many times the file's size in memory, and a fixed amount more. Text and small integers grow
# when they become Python objects and float32; only a file that shares one array among many items takes more.
_MEMORY_FACTOR = 16
_MEMORY_MORE = 2**28
_DROPBOX_FIELDS = {"facet", "covarep", "glove"}


class _Read(Protocol):
    def __call__(
        self, data: object, *, path: str | None, dtype: type[np.floating], max_bytes: int | None
    ) -> Corpus: ...


class _Layout(NamedTuple):
    sniff: Callable[[object], bool]
    read: _Read
    summary: str


_LAYOUTS = (
    _Layout(mag.sniff, mag.read, "MAG ((words, visual, acoustic), label, segment)"),
    _Layout(hkt.sniff, hkt.read, "HKT ((words, visual, acoustic, hcf), context, id, label)"),
)


def read_corpus(path: str | Path, *, dtype: type[np.floating] = np.float32) -> Corpus:
    """Read a data file of any known layout; the layout is recognised by its structure.

    Ids may occur twice, in one split or in two.

    Format:
        A pickle in the MAG layout (`mag.read`) or the HKT layout (`hkt.read`).

    Args:
        path: The file.
        dtype: What feature rows are converted to.

    Returns:
        The corpus, with the SHA-256 of the file's bytes.

    Raises:
        DataError: If the file cannot be opened, is of no known layout, or differs from its layout somewhere.
    """
    data = load_pickle(path)
    for layout in _LAYOUTS:
        if layout.sniff(data):
            break
    else:
        raise DataError(_unknown(data), path=path)
    try:
        with Path(path).open("rb") as file:
            size, digest = Path(path).stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read: {error}", path=path) from None
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


def _unknown(data: object) -> str:
    """What was found instead of a known layout."""
    places = [data, *list(data.values())[:9], *first_items(data)] if isinstance(data, dict) else []
    if any(isinstance(place, dict) and _keys(place) >= _DROPBOX_FIELDS for place in places):
        return (
            "is the wrong MOSI file that an old Dropbox link gives: fields facet, covarep, glove and label instead of "
            "word-aligned items. Get mosi.pkl from the Google Drive link in MAG's repository"
        )
    known = "; ".join(layout.summary for layout in _LAYOUTS)
    return f"holds {_describe(data)}, which is no known layout. Known, as a dict of train, dev, test lists: {known}"


def _keys(data: dict[object, object]) -> set[str]:
    return {key.lower() for key in list(data)[:99] if isinstance(key, str)}


def _describe(value: object, depth: int = 2) -> str:
    """A short account of a value's structure, whatever it is."""
    kind = type(value).__name__
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


def _name(key: object) -> str:
    return ascii(key[:30]) if isinstance(key, str) else type(key).__name__
