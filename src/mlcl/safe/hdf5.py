"""HDF5 files, opened within limits: only numbers and text that lie in the file itself, and no more than it can hold.

The library follows links into other files, loads filters by number, and unpacks a chunk to whatever size it has. So
links, filters and declared sizes are checked before it reads anything, and packed chunks are unpacked here.
"""

import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import DataError
from mlcl.safe.budget import Budget
from mlcl.safe.hdf5_heap import Heaps

Group = Any  # h5py has no types
Dataset = Any
Floating = TypeVar("Floating", bound=np.floating)
_MAX_NAMES = 2**20
_MAX_AXES = 3
_BLOCK = 2**22  # bytes read at a time from data that is not packed
_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3
_REFERENCE = np.dtype([("length", "<u4"), ("heap", "<u8"), ("index", "<u4")])  # what stands for text of any length
# All that the library raises on damaged files: see tests/fuzz.
_FAILURES = (
    ArithmeticError, AttributeError, LookupError, MemoryError, NotImplementedError, OSError, RecursionError,
    RuntimeError, TypeError, ValueError, zlib.error,
)  # fmt: skip


def probe(path: Path) -> list[str]:
    """Names of what stands at the top of a file, then of what the first group holds as ``group/name``; never raises."""
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            top = _first_names(file)
            inner = file.get(top[0]) if top and isinstance(file.get(top[0], getlink=True), h5py.HardLink) else None
            return [*top, *(f"{top[0]}/{name}" for name in _first_names(inner) if isinstance(inner, h5py.Group))]
    except _FAILURES:
        return []


def _first_names(group: Group) -> list[str]:
    return [name for _, name in zip(range(9), group or (), strict=False)]


class Hdf5:
    """HDF5 files that are read as one source.

    Args:
        source: What is read; its memory budget bounds what all data sets together may declare.
    """

    def __init__(self, source: Budget) -> None:
        self.source = source
        self.left = source.bytes_left
        self._seen: dict[tuple[str, int], str] = {}

    @contextmanager
    def open(self, path: Path) -> Iterator[Group]:
        """Open a file for reading; whatever the library raises meanwhile becomes a DataError."""
        import h5py

        try:
            with h5py.File(path, "r", locking=False) as file:
                yield file
        except DataError:
            raise
        except _FAILURES as error:
            reason = ascii(str(error) or type(error).__name__)[1:301]
            raise DataError(f"cannot be read as HDF5: {reason}; get the file again", path=path) from None

    def names(self, group: Group) -> list[str]:
        """Names in a group, in order."""
        if len(group) > _MAX_NAMES:
            raise self.error(f"has {len(group)} entries", group)
        return list(group)

    def group(self, parent: Group, name: str) -> Group:
        """A group inside a group."""
        import h5py

        found = self._follow(parent, name)
        if not isinstance(found, h5py.Group):
            raise self.error(f"{name[:40]!a} is no group", parent)
        return found

    def dataset(self, parent: Group, name: str) -> Dataset:
        """A data set inside a group, whose data lies in the file and fits the budget."""
        import h5py

        found = self._follow(parent, name)
        if not isinstance(found, h5py.Dataset):
            raise self.error(f"{name[:40]!a} is no data set", parent)
        settings = found.id.get_create_plist()
        if settings.get_layout() == h5py.h5d.VIRTUAL or settings.get_external_count():
            raise self.error("takes its data from other files; copy the data into the file", found)
        filters = {settings.get_filter(number)[0] for number in range(settings.get_nfilters())}
        if filters - {_DEFLATE, _SHUFFLE, _CHECKSUM}:
            raise self.error("is packed in another way than gzip; write it anew with gzip or unpacked", found)
        if found.shape is None or len(found.shape) > _MAX_AXES:
            raise self.error(f"has shape {found.shape}, not one to {_MAX_AXES} axes", found)
        self._spend(math.prod(found.shape) * found.dtype.itemsize, found)
        return found

    def numbers(self, dataset: Dataset, dtype: type[Floating]) -> NDArray[Floating]:
        """A data set of numbers as an array of `dtype`."""
        if dataset.dtype.kind not in "fiub":
            raise self.error(f"holds {_kind(dataset)}, not numbers", dataset)
        with np.errstate(over="ignore", invalid="ignore"):
            return self._read(dataset, np.dtype(dtype))

    def texts(self, dataset: Dataset) -> list[str | bytes]:
        """A data set of text, flattened."""
        import h5py

        if h5py.check_string_dtype(dataset.dtype) is None:
            raise self.error(f"holds {_kind(dataset)}, not text", dataset)
        if dataset.dtype.kind == "S":
            return self._read(dataset, dataset.dtype).ravel().tolist()
        if dataset.file.id.get_create_plist().get_sizes() != (8, 8) or dataset.file.userblock_size:
            raise self.error("holds text in an unusual way; write it as text of one length", dataset)
        references = self._read_references(dataset).ravel()
        self._spend(int(references["length"].sum(dtype=np.int64)), dataset)
        try:
            return Heaps(Path(dataset.file.filename)).texts(references)
        except ValueError as error:
            raise self.error(f"holds damaged text: {error}", dataset) from None

    def error(self, message: str, at: Group | Dataset) -> DataError:
        """An error at a group or data set."""
        path = at.file.filename
        return DataError(message, path=path, place=ascii(at.name or "/")[1:-1][:200])

    def _follow(self, parent: Group, name: str) -> Group | Dataset:
        """What stands behind a name, if it lies in the same file and was not met before under another name."""
        import h5py

        link = parent.get(name, getlink=True)
        if link is None:
            raise self.error(
                f"has no {name!r}; it has {', '.join(map(ascii, _first_names(parent))) or 'nothing'}", parent
            )
        if not isinstance(link, h5py.HardLink):
            raise self.error(f"{name[:40]!a} is a link to another place; copy the data there", parent)
        found = parent[name]
        key, place = (parent.file.filename, h5py.h5o.get_info(found.id).addr), f"{parent.name}/{name}"
        if self._seen.setdefault(key, place) != place:
            raise self.error(f"{name[:40]!a} is a second name of something else; copy the data there", parent)
        return found

    def _spend(self, num_bytes: int, at: Dataset) -> None:
        if self.left is None:
            return
        self.left -= num_bytes
        if self.left < 0:
            raise self.error(f"declares shape {at.shape}: up to here far more than a file of this size holds", at)

    def _read(self, dataset: Dataset, dtype: np.dtype[Any]) -> NDArray[Any]:
        """The whole data set."""
        if dataset.chunks is not None:
            return self._read_chunks(dataset, dataset.dtype, np.zeros(dataset.shape, dtype))
        num_bytes = self._check_room(dataset, dataset.dtype)
        values = np.empty(dataset.shape, dtype)
        if not dataset.shape:
            values[()] = dataset[()]
            return values
        step = max(1, _BLOCK * max(len(values), 1) // max(num_bytes, 1))
        for start in range(0, len(values), step):
            values[start : start + step] = dataset[start : start + step]
        return values

    def _read_references(self, dataset: Dataset) -> NDArray[Any]:
        """Where each piece of text of variable length lies. The library itself loops for ever on a damaged heap."""
        if dataset.chunks is not None:
            return self._read_chunks(dataset, _REFERENCE, np.zeros(dataset.shape, _REFERENCE))
        num_bytes, start = self._check_room(dataset, _REFERENCE), dataset.id.get_offset()
        if not dataset.size or (start is None and not dataset.id.get_storage_size()):
            return np.zeros(dataset.shape, _REFERENCE)
        if start is None:
            raise self.error("holds text in an unusual way; write it as text of one length", dataset)
        with Path(dataset.file.filename).open("rb") as file:
            file.seek(start)
            return np.frombuffer(file.read(num_bytes), _REFERENCE).reshape(dataset.shape)

    def _check_room(self, dataset: Dataset, kind: np.dtype[Any]) -> int:
        """Bytes of a data set that is not packed, which the file has to have."""
        num_bytes = math.prod(dataset.shape) * kind.itemsize
        if num_bytes > Path(dataset.file.filename).stat().st_size:
            raise self.error(f"declares shape {dataset.shape}, more than the file holds", dataset)
        return num_bytes

    def _read_chunks(self, dataset: Dataset, kind: np.dtype[Any], values: NDArray[Any]) -> NDArray[Any]:
        """Put the stored chunks into `values`, which is zeros; `kind` is what the file holds."""
        if dataset.file.userblock_size:
            raise self.error("stands behind a user block; copy the file with h5repack", dataset)
        stored: list[Any] = []
        dataset.id.chunk_iter(stored.append)
        path = Path(dataset.file.filename)
        room = end = path.stat().st_size
        with path.open("rb") as file:
            for chunk in stored:
                room -= chunk.size
                if room < 0 or chunk.byte_offset is None or not 0 <= chunk.byte_offset <= end - chunk.size:
                    raise self.error("has larger chunks than the file", dataset)
                # Not read_direct_chunk: of a damaged file it may write beyond its buffer.
                file.seek(chunk.byte_offset)
                self._unpack(dataset, kind, chunk, file.read(chunk.size), values)
        return values

    def _unpack(self, dataset: Dataset, kind: np.dtype[Any], chunk: Any, raw: bytes, values: NDArray[Any]) -> None:
        shape = dataset.chunks
        size = math.prod(shape) * kind.itemsize
        if size > 2 * values.size * kind.itemsize + _BLOCK:  # a chunk may reach a little beyond the data
            raise self.error(f"has chunks of {shape}, larger than its shape {dataset.shape}", dataset)
        settings = dataset.id.get_create_plist()
        for number in reversed(range(settings.get_nfilters())):
            if not chunk.filter_mask >> number & 1:
                raw = _undo(settings.get_filter(number)[0], raw, size, kind.itemsize)
        if len(raw) != size:
            raise self.error(f"has a chunk of {len(raw)} bytes, not {size}", dataset)
        place = zip(chunk.chunk_offset, shape, strict=True)
        target = values[tuple(slice(start, start + length) for start, length in place)]
        target[...] = np.frombuffer(raw, kind).reshape(shape)[tuple(slice(0, length) for length in target.shape)]


def _undo(number: int, raw: bytes, size: int, width: int) -> bytes:
    """Undo one filter of a chunk that is `size` bytes long when unpacked."""
    if number == _DEFLATE:
        return zlib.decompressobj().decompress(raw, size + 4)  # with room for a checksum
    if number == _CHECKSUM:
        return raw[:-4]
    whole = len(raw) // width * width
    return np.frombuffer(raw[:whole], np.uint8).reshape(width, -1).T.tobytes() + raw[whole:]


def _kind(dataset: Dataset) -> str:
    return str(dataset.dtype)[:40]
