"""Arrays of .npy and .npz files, read or memory-mapped after their declared shape was checked against the bytes."""

import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from mlcl.files import open_regular

_NUMBERS = "fiub"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
FAILURES = (
    *(OSError, ValueError, EOFError, MemoryError, RecursionError, SyntaxError, TypeError, OverflowError),
    *(RuntimeError, LookupError, zipfile.BadZipFile, zlib.error, NotImplementedError, tokenize.TokenError),
)


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int


def load_npy(path: Path) -> NDArray[Any]:
    """Read a .npy file into memory.

    Raises:
        ValueError: If it is no array of numbers, or has fewer or more bytes than its shape needs. Or another of
            `FAILURES`.
    """
    with open_regular(path) as stream:
        header = _read_header(stream, path.stat().st_size)
        return _shaped(stream.read(), header)


def map_npy(path: Path) -> NDArray[Any]:
    """Memory-map a .npy file; what is written to the array stays in memory. Raises as `load_npy`."""
    with open_regular(path) as stream:
        header = _read_header(stream, path.stat().st_size)
    if not math.prod(header.shape):
        return np.zeros(header.shape, header.dtype)
    flat: NDArray[Any] = np.memmap(path, header.dtype, mode="c", offset=header.start, shape=(math.prod(header.shape),))
    return flat.reshape(header.shape, order="F" if header.fortran else "C")


class Archive:
    """A .npz file; use as a context.

    Raises:
        zipfile.BadZipFile: If it is no zip archive, or another of `FAILURES`.
    """

    def __init__(self, path: Path) -> None:
        self._file = open_regular(path)
        try:
            self._zip = zipfile.ZipFile(self._file)
        except BaseException:
            self._file.close()
            raise
        self.keys = tuple(name.removesuffix(".npy") for name in self._zip.namelist() if name.endswith(".npy"))

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    def size(self, key: str) -> int:
        """Bytes that an array takes when unpacked, as the archive declares; `load` reads no more than these."""
        return self._zip.getinfo(f"{key}.npy").file_size

    def load(self, key: str, kinds: str = _NUMBERS) -> NDArray[Any]:
        """Read one array whose dtype is one of some kinds. Raises as `load_npy`."""
        entry = self._zip.getinfo(f"{key}.npy")
        if entry.compress_type not in _METHODS or entry.flag_bits & 1:
            raise ValueError("is packed in a way that numpy does not write")
        with self._zip.open(entry) as stream:
            header = _read_header(stream, entry.file_size, kinds)
            return _shaped(stream.read(), header)


def _read_header(stream: IO[bytes], size: int, kinds: str = _NUMBERS) -> _Header:
    """Read magic and header of an array that takes `size` bytes in all, and check that it does."""
    version = npy_format.read_magic(stream)
    if version != (1, 0):  # numpy writes others for records only
        raise ValueError(f"has version {version} of the .npy format")
    shape, fortran, dtype = npy_format.read_array_header_1_0(stream)
    if dtype.kind not in kinds or dtype.subdtype is not None:
        raise ValueError(f"holds {str(dtype)[:40]}, not numbers")
    start = stream.tell()
    if not 1 <= len(shape) <= 3 or any(axis < 0 for axis in shape):
        raise ValueError(f"has the shape {str(shape)[:60]}")
    needed = math.prod(shape) * dtype.itemsize
    if needed != size - start:
        raise ValueError(f"has {size - start} bytes for an array {str(shape)[:60]} of {dtype}, which takes {needed}")
    return _Header(shape, bool(fortran), dtype, start)


def _shaped(content: bytes, header: _Header) -> NDArray[Any]:
    if len(content) != math.prod(header.shape) * header.dtype.itemsize:
        raise ValueError("is cut off")
    flat = np.frombuffer(content, header.dtype) if content else np.zeros(0, header.dtype)
    return flat.reshape(header.shape, order="F" if header.fortran else "C")
