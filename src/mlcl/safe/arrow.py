"""Arrow data, taken over within limits: types whose length nothing in the file bounds are refused."""

import struct
from pathlib import Path
from typing import Any

import pyarrow as pa

from mlcl.files import open_regular
from mlcl.safe.budget import Budget

_CELL_BYTES = 64
_HEADER_TYPE, _HEADER, _DATA, _COMPRESSION = 1, 2, 1, 3  # numbers of fields in Arrow's flatbuffers
_RECORDS, _DICTIONARY = 3, 2  # types of a message


def cells_of(array: Any, budget: Budget, place: str) -> list[object]:
    """Return an array of text, numbers, or lists of such as Python values; equal text from one dictionary is shared.

    Raises:
        DataError: If it is of another type, or takes more memory than is left.
    """
    kind, length = array.type, len(array)
    budget.spend(_CELL_BYTES * length, place)
    if pa.types.is_dictionary(kind):
        known = cells_of(array.dictionary, budget, place)
        return [None if index is None else known[index] for index in array.indices.to_pylist()]
    if is_list(kind):
        flat, start, lists = cells_of(array.flatten(), budget, place), 0, list[object]()
        for size in array.value_lengths().to_pylist():
            lists.append(None if size is None else flat[start : start + size])
            start += size or 0
        return lists
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        budget.spend(array.nbytes, place)
    elif not (pa.types.is_primitive(kind) or pa.types.is_null(kind)):
        raise budget.error(f"holds {str(kind)[:60]}, not text, numbers or lists of them", place)
    return array.to_pylist()


def is_list(kind: Any) -> bool:
    """Whether a type is one of lists that follow one another."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def read_stream(mapped: Any, budget: Budget, place: str) -> Any:
    """Return the table of an Arrow stream whose arrays are views of the file.

    Raises:
        DataError: If it takes more memory than is left.
        ValueError: If it is packed, or what `pyarrow` raises on damage.
    """
    messages = pa.ipc.MessageReader.open_stream(mapped)
    try:
        while True:
            if _is_packed(messages.read_next_message().metadata.to_pybytes()):
                raise ValueError("is packed; save it again without compression")
    except StopIteration:
        mapped.seek(0)
    with pa.ipc.open_stream(mapped) as stream:
        table = stream.read_all()
    budget.spend(_CELL_BYTES * table.num_rows, place)
    table.validate(full=True)
    budget.spend(table.nbytes, place)
    return table


def map_file(path: Path) -> Any:
    """A file as pyarrow maps it, once `open_regular` has had a look."""
    open_regular(path).close()
    return pa.memory_map(str(path))


def _is_packed(message: bytes) -> bool:
    """Whether the records of a message are compressed, to any size."""
    try:
        table = _offset(message, 0)
        kind, header = _field(message, table, _HEADER_TYPE), _field(message, table, _HEADER)
        kind = message[kind] if kind else 0
        if kind not in (_RECORDS, _DICTIONARY) or not header:
            return False
        records = _offset(message, header)
        if kind == _DICTIONARY:
            records = _offset(message, _field(message, records, _DATA))
        return bool(_field(message, records, _COMPRESSION))
    except (struct.error, IndexError):
        raise ValueError("is damaged") from None


def _offset(data: bytes, at: int) -> int:
    return at + int(struct.unpack_from("<I", data, at)[0])


def _field(data: bytes, table: int, number: int) -> int:
    """Where a field of a flatbuffers table is; 0 if it is not there."""
    fields = table - struct.unpack_from("<i", data, table)[0]
    if fields < 0 or 4 + 2 * number >= struct.unpack_from("<H", data, fields)[0]:
        return 0
    offset = struct.unpack_from("<H", data, fields + 4 + 2 * number)[0]
    return table + offset if offset else 0
