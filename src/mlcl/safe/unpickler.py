"""Open a pickle of plain data and numpy arrays, and nothing else.

Two locks, one behind the other: `opcodes.verify` reads the whole program of the pickle and refuses it if it could do
anything but build bounded data; then the C unpickler builds it, with stand-ins for the few globals it may name.
"""

import mmap
import pickle
import re
from pathlib import Path

from mlcl.errors import DataError
from mlcl.files import open_regular
from mlcl.safe.numpy_globals import NAMES, rebuild
from mlcl.safe.opcodes import verify
from mlcl.safe.signatures import SIGNATURE_BYTES, identify_text, refuse_other

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

    Arrays are read-only. Large ones are views of the file, which takes memory only where they are looked at, and has to
    stay as it is while they are in use. Text that Python 2 wrote is decoded as latin-1. An `OrderedDict` comes back as
    a dict.

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
        return rebuild(data, verify(data, NAMES), path)
    except _FAILURES as error:
        reason = str(error) or type(error).__name__
        if data[:1] != pickle.PROTO:
            reason = f"it starts with {data[:16]!r}, as hardly any pickle does; {reason}"
        text = identify_text(data[:SIGNATURE_BYTES])
        raise DataError(
            f"is not a data file but {text.what}: it starts with {data[:16]!r}, as hardly any pickle does; {text.step}"
            if text
            else f"cannot be read as a pickle of plain data: {reason}. Nothing in it was executed. {next_step(reason)}",
            path=path,
        ) from None


def _read(path: str | Path) -> bytes | mmap.mmap:
    """The file's bytes, mapped where the system can, or a DataError that says what the file is instead."""
    file = Path(path)
    try:
        if not file.exists():
            raise DataError("does not exist; check the path", path=path)
        if file.is_dir():
            raise DataError("is a directory; name the data file in it", path=path)
        with open_regular(file) as stream:
            refuse_other(stream.read(SIGNATURE_BYTES), path)
            try:
                return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            except (OSError, ValueError):  # some file systems cannot
                stream.seek(0)
                return stream.read()
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "not enough memory"
        raise DataError(f"cannot be read: {reason}; check the path and its permissions", path=path) from error


_GLOBAL = re.compile(r"names the global ([\w.]+),")
_AGAIN = "Get the file again, or write it anew as dicts, lists and arrays"

# The global's name, or how it starts: what the file is, and the next step.
_ORIGINS: tuple[tuple[str, str], ...] = (
    (
        "pandas.",
        "It holds pandas objects: where you trust it, open it with pandas, turn each Series and table into a numpy "
        "array with to_numpy(), and pickle those; write a table that stands alone as csv",
    ),
    ("joblib.", "It was written by joblib: where you trust it, open it with joblib and pickle plain dicts and arrays"),
    ("torch.", "It holds torch tensors: where you trust it, make them numpy arrays and pickle those"),
    ("scipy.", "It holds scipy objects, perhaps sparse matrices: where you trust it, pickle them as numpy arrays"),
    (
        "datasets.",
        "It holds a Hugging Face data set: where you trust it, write that with save_to_disk, name the folder",
    ),
    ("builtins.set", "It holds sets: where you trust it, pickle them as lists"),
    ("__builtin__.set", "It holds sets: where you trust it, pickle them as lists"),
    ("copy_reg.", f"It holds objects of a class of its authors. {_AGAIN}"),
    ("copyreg.", f"It holds objects of a class of its authors. {_AGAIN}"),
)


def next_step(reason: str) -> str:
    """The next step of a user whose pickle was refused for a reason."""
    found = _GLOBAL.search(reason)
    name = found.group(1) if found else ""
    return next(
        (step for known, step in _ORIGINS if name == known or (known.endswith(".") and name.startswith(known))), _AGAIN
    )
