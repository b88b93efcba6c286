"""Parquet tables, read within limits.

A few bytes of a column can say "this text, a billion times", or unpack to gigabytes, and the footer may say otherwise.
So the head of every page is read first: what the pages unpack to, and how many values they hold, is what is spent. Text
then stays in the dictionary that the file has for it, and each piece becomes one Python object. In lists, where the
library cannot leave it there, every value is reckoned as long as the longest of the dictionary. The footer is read here
too: asked for what it says of a column, the library ends the whole process on some damaged ones.
"""

import mmap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from mlcl.errors import reason
from mlcl.files import open_regular
from mlcl.safe.arrow import cells_of
from mlcl.safe.budget import Budget

_MAX_COLUMNS = 1000
_VALUE_BYTES = 16  # while a column is built
_BYTES_PER_PAGE, _MORE_PAGES = 2**12, 2**14
_LIMITS = {"thrift_string_size_limit": 2**24, "thrift_container_size_limit": 2**20}
_DELTA_TEXT = 7  # an encoding in which a text may repeat the one before
_MOST_PIECES = 2**20  # texts of a dictionary
_MAX_DEPTH = 10  # of structures and lists in a footer
_MOST_FOOTER = 2**22  # bytes
_CODECS = ("uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4_raw", "zstd", "lz4_raw")
# All that the library, and the walk through its pages, raise on damaged files: see tests/fuzz.
_FAILURES = (
    *(pa.ArrowException, ArithmeticError, AttributeError, LookupError, MemoryError, OSError, TypeError, ValueError),
)

Head = dict[int, Any]


def read_parquet(path: Path, budget: Budget, choose: Callable[[Sequence[str]], list[str]]) -> dict[str, list[object]]:
    """Return the columns, by name, that `choose` takes of those there are.

    Raises:
        DataError: If it is no table of text, numbers and lists of them, or takes more memory than is left.
    """
    try:
        with open_regular(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            with parquet.ParquetFile(path, memory_map=True, **_LIMITS) as opened:
                known, names = opened.metadata, opened.schema_arrow.names
            if len(names) > _MAX_COLUMNS:
                raise budget.error(f"has {len(names)} columns", path.name)
            chosen = choose(names)
            _spend(data, known, set(chosen), budget, path.name)
            texts = [
                column.path
                for column in map(known.schema.column, range(known.num_columns))
                if column.physical_type == "BYTE_ARRAY" and column.path in names
            ]
            with parquet.ParquetFile(path, memory_map=True, read_dictionary=texts, **_LIMITS) as opened:
                table = opened.read(columns=chosen, use_threads=False)
            table.validate(full=True)
            budget.spend(table.nbytes, path.name)
            return {
                name: [cell for chunk in table.column(name).chunks for cell in cells_of(chunk, budget, path.name)]
                for name in chosen
            }
    except _FAILURES as error:
        raise budget.error(f"cannot be read as parquet: {reason(error)}", path.name) from None


def _spend(data: mmap.mmap, known: Any, names: set[str], budget: Budget, place: str) -> None:
    """Account for every page of the columns that are to be read."""
    pages = _MORE_PAGES + len(data) // _BYTES_PER_PAGE
    columns = [known.schema.column(number) for number in range(known.num_columns)]
    for group in _footer(data).get(4, []):
        for column, chunk in zip(columns, group[1], strict=True):
            if column.path.partition(".")[0] not in names:
                continue
            if chunk.get(1):
                raise ValueError("it takes its data from other files")
            width = column.length if column.physical_type == "FIXED_LEN_BYTE_ARRAY" else 0
            nested = column.physical_type == "BYTE_ARRAY" and column.path not in names
            start, dictionary = chunk[3][9], chunk[3].get(11, 0)
            if 0 < dictionary < start:
                start = dictionary
            end = start + chunk[3][7]
            if not 0 < start <= end <= len(data):
                raise ValueError("a column lies outside of the file")
            while start < end:
                pages -= 1
                if pages < 0:
                    raise ValueError("it has far more pages than a table of its size")
                head, start = _Thrift(data, start, end).structure()
                unpacked, packed, values = head.get(2), head.get(3), _values(head)
                if not isinstance(unpacked, int) or not isinstance(packed, int) or min(unpacked, packed, values) < 0:
                    raise ValueError("the head of a page is damaged")
                budget.spend(unpacked + values * (_VALUE_BYTES + width), place)
                if nested and 7 in head:
                    width = _longest(data[start : start + packed], unpacked, values, _CODECS[chunk[3][4]])
                start += packed


def _footer(data: mmap.mmap) -> Head:
    """What the end of a file says of its row groups (field 4), whose columns (1) have a file (1) and facts (3)."""
    end = len(data) - 8
    size = int.from_bytes(data[end : end + 4], "little")
    if not 0 < size <= min(end, _MOST_FOOTER):
        raise ValueError(f"its footer has {size} bytes")
    return _Thrift(data, end - size, end).structure()[0]


def _longest(page: bytes, unpacked: int, count: int, compression: str) -> int:
    """Bytes of the longest text in a dictionary."""
    if count > _MOST_PIECES:
        raise ValueError(f"it has a dictionary of {count} texts; write the column without one")
    if compression != "uncompressed":
        page = pa.decompress(page, decompressed_size=unpacked, codec=compression, asbytes=True)
    at = longest = 0
    for _ in range(count):
        size = int.from_bytes(page[at : at + 4], "little")
        longest, at = max(longest, size), at + 4 + size
    return longest


def _values(head: Head) -> int:
    """How many values a page holds."""
    plain, dictionary, second = (head.get(field, {}) for field in (5, 7, 8))
    if _DELTA_TEXT in (plain.get(2), second.get(4)):
        raise ValueError("its text is packed as differences (DELTA_BYTE_ARRAY); write it with a dictionary, or plain")
    counts = [part.get(1, 0) for part in (plain, dictionary, second)]
    return sum(counts) if min(counts) >= 0 else -1


class _Thrift:
    """The head of a page, or the footer, in Thrift's compact protocol; texts are left out."""

    def __init__(self, data: mmap.mmap, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def structure(self, depth: int = 0) -> tuple[Head, int]:
        """The fields of a structure by number, and where it ends. Maps and sets are never there and refused."""
        fields: Head = {}
        number = 0
        while True:
            kind = self.byte()
            if not kind:
                return fields, self.at
            number = number + (kind >> 4) if kind >> 4 else self.zigzag()
            fields[number] = self.value(kind & 15, depth)

    def value(self, kind: int, depth: int) -> Any:
        """One value."""
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind in (7, 8):
            return self.skip(8 if kind == 7 else self.varint())
        if kind == 9 and depth < _MAX_DEPTH:
            return self.several(depth + 1)
        if kind == 12 and depth < _MAX_DEPTH:
            return self.structure(depth + 1)[0]
        raise ValueError("the head of a page is damaged")

    def several(self, depth: int) -> list[Any]:
        """The values of a list."""
        head = self.byte()
        count = head >> 4 if head >> 4 < 15 else self.varint()
        if count > self.end - self.at:
            raise ValueError("a list is cut off")
        kind = 3 if head & 15 in (1, 2) else head & 15
        return [self.value(kind, depth) for _ in range(count)]

    def zigzag(self) -> int:
        """A number with a sign."""
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def varint(self) -> int:
        """A number in groups of seven bits."""
        value = 0
        for shift in range(0, 70, 7):
            part = self.byte()
            value |= (part & 127) << shift
            if part < 128:
                return value
        raise ValueError("the head of a page is damaged")

    def byte(self) -> int:
        """The next byte."""
        self.skip(1)
        return self.data[self.at - 1]

    def skip(self, count: int) -> None:
        """Go on behind so many bytes."""
        self.at += count
        if self.at > self.end:
            raise ValueError("a page is cut off")
