"""What kind of file stands at a path, and its content as far as a layout needs it to be recognised."""

import hashlib
from pathlib import Path
from typing import Any

from mlcl.data.formats.layout import Opening
from mlcl.errors import DataError
from mlcl.files import open_regular, sha256
from mlcl.safe.signatures import SIGNATURE_BYTES, identify
from mlcl.safe.unpickler import load_pickle

TEXT_SUFFIXES = (".csv", ".tsv", ".json", ".jsonl")
_HDF5 = b"\x89HDF\r\n\x1a\n"


def open_content(path: str | Path) -> tuple[Opening, Any]:
    """Return how a file opens, and what `Layout.sniff` and `Layout.read` get of it.

    Raises:
        DataError: If there is nothing at `path`, or nothing that any layout opens.
    """
    file = Path(path)
    if file.is_dir():
        return "folder", file
    start = _first_bytes(file)
    if start.startswith(_HDF5):
        return "hdf5", file
    if _is_text(start, file):
        return "text", file
    return "pickle", load_pickle(path)


def content_hash(path: str | Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file; of a folder, those of its files' names and hashes in order.

    Raises:
        DataError: If something cannot be read.
    """
    root = Path(path)
    try:
        if not root.is_dir():
            return root.stat().st_size, sha256(root)
        digest, size = hashlib.sha256(), 0
        for part in sorted(entry for entry in root.rglob("*") if entry.is_file()):
            part_size, part_hash = content_hash(part)
            digest.update(f"{part.relative_to(root).as_posix()}\0{part_hash}\n".encode())
            size += part_size
        return size, digest.hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path=error.filename or path) from error


def _first_bytes(file: Path) -> bytes:
    try:
        with open_regular(file) as stream:
            return stream.read(SIGNATURE_BYTES)
    except (OSError, ValueError):
        return b""  # the unpickler says what is wrong


def _is_text(start: bytes, file: Path) -> bool:
    """Whether a file is csv or json: readable text from its first byte, and so called."""
    if file.suffix.lower() not in TEXT_SUFFIXES:
        return False
    try:
        start.decode("utf-8", errors="strict" if len(start) < SIGNATURE_BYTES else "ignore")
    except UnicodeDecodeError:
        return False
    return bool(start) and b"\0" not in start and identify(start) is None
