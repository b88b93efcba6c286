"""Open a pickle of plain data and numpy arrays, and nothing else.

Two locks, one behind the other: `opcodes.verify` reads the whole program of the pickle and refuses it if it could do
anything but build bounded data; then the C unpickler builds it, with stand-ins for the few globals it may name.
"""

import pickle
import re
from pathlib import Path

from mlcl.data.formats.opcodes import verify
from mlcl.data.formats.rebuild import NAMES, Rebuilder
from mlcl.errors import DataError

# What other files start with, and what to do about them.
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive (a torch checkpoint, or an .npz)", "unpack it, or name the pickle of the data set"),
    (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19", "a torch checkpoint", "name the pickle of the data set"),
    (b"version https://git-lfs", "a git-lfs pointer", "run 'git lfs pull' where it came from"),
    (b"\x1f\x8b", "gzip data", "unpack it with gunzip"),
    (b"BZh", "bzip2 data", "unpack it with bunzip2"),
    (b"\xfd7zXZ\x00", "xz data", "unpack it with unxz"),
    (b"Rar!", "a rar archive", "unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "write its content as a pickle in a known layout"),
    (b"\x93NUMPY", "a .npy array", "name the pickle of the data set"),
    (b"\x89PNG", "a PNG image", "name the pickle of the data set"),
    (b"\xff\xd8\xff", "a JPEG image", "name the pickle of the data set"),
    (b"%PDF", "a PDF document", "name the pickle of the data set"),
)
_WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml)", re.IGNORECASE)

# All that building data can raise: see test_unpickler.py and tests/fuzz.
_FAILURES = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    SystemError,
    TypeError,
    ValueError,
)


def load_pickle(path: str | Path) -> object:
    """Return what a pickle holds, built from plain Python data and numpy arrays only.

    Arrays are read-only. Text that Python 2 wrote is decoded as latin-1. An `OrderedDict` comes back as a dict.

    Format:
        Pickle, protocols 0 to 5, with None, bool, int, float, str, bytes, list, tuple, dict with text or small numbers
        as keys, numpy scalars, and numpy arrays of numbers or text. Memory stays within a small multiple of the
        file's size.

    Raises:
        DataError: If the file is missing, is not a pickle, is damaged, or names any other global. Nothing in it has
            been executed then.
    """
    data = _read(path)
    try:
        verify(data, NAMES)
        return Rebuilder(data).load()
    except _FAILURES as error:
        reason = str(error) or type(error).__name__
        if not data.startswith(pickle.PROTO):
            reason = f"it starts with {data[:16]!r}, as hardly any pickle does; {reason}"
        raise DataError(
            f"cannot be read as a pickle of plain data: {reason}. Nothing in it was executed. "
            "Get the file again, or write it anew as dicts, lists and arrays",
            path=path,
        ) from None


def _read(path: str | Path) -> bytes:
    """The file's bytes, or a DataError that says what the file is instead."""
    file = Path(path)
    try:
        if not file.exists():
            raise DataError("does not exist; check the path", path=path)
        if file.is_dir():
            raise DataError("is a directory; name the data file in it", path=path)
        if not file.is_file():
            raise DataError("is not a regular file; name a data file", path=path)
        with file.open("rb", buffering=0) as stream:  # a buffer would hold a second copy
            _refuse_other(stream.read(512), path)
            stream.seek(0)
            return stream.readall()
    except (OSError, MemoryError) as error:
        reason = str(error) or "not enough memory"
        raise DataError(f"cannot be read: {reason}; check the path and its permissions", path=path) from None


def _refuse_other(start: bytes, path: str | Path) -> None:
    """Raise if the first bytes are those of another kind of file."""
    if not start:
        raise DataError("is empty; get the file again", path=path)
    for signature, what, step in _SIGNATURES:
        if start.startswith(signature):
            raise DataError(f"is not a pickle but {what}; {step}", path=path)
    if _WEB_PAGE.match(start):
        raise DataError("is not a pickle but a web page; download the file itself", path=path)
