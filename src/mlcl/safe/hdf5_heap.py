"""Text of variable length in an HDF5 file: read from its global heaps, each of which is walked once."""

import struct
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

_HEADER = struct.Struct("<4sB3xQ")  # signature, version, size with this header
_ENTRY = struct.Struct("<HHxxxxQ")  # index, reference count, size; then as many bytes, up to a multiple of 8
_MAX_HEAP = 2**28

Pieces = dict[int, bytes]


class Heaps:
    """The global heaps of one file."""

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, path.stat().st_size
        self._heaps: dict[int, Pieces] = {}

    def texts(self, references: NDArray[Any]) -> list[str | bytes]:
        """The text of each reference: its length, the place of its heap, and its index there.

        Raises:
            ValueError: If a heap or a piece is not there, or is shorter than the reference says.
        """
        texts = list[str | bytes]()
        with self.path.open("rb") as file:
            for length, place, index in references.tolist():
                if not length:
                    texts.append(b"")
                    continue
                if place not in self._heaps:
                    self._heaps[place] = self._walk(file, place)
                piece = self._heaps[place].get(index, b"")
                if len(piece) < length:
                    raise ValueError(f"a piece of {length} bytes has {len(piece)}")
                texts.append(piece[:length].rstrip(b"\0"))
        return texts

    def _walk(self, file: Any, place: int) -> Pieces:
        """The pieces of one heap by their index; the last entry, of index 0, is free space."""
        if place + _HEADER.size > self.size:
            raise ValueError("a heap lies beyond the end of the file")
        file.seek(place)
        signature, version, size = _HEADER.unpack(file.read(_HEADER.size))
        if (signature, version) != (b"GCOL", 1) or not _HEADER.size <= size <= min(self.size - place, _MAX_HEAP):
            raise ValueError("a heap is damaged")
        content, at, pieces = file.read(size - _HEADER.size), 0, Pieces()
        while at + _ENTRY.size <= len(content):
            index, _, length = _ENTRY.unpack_from(content, at)
            if not index:
                break
            start = at + _ENTRY.size
            if length > len(content) - start:
                raise ValueError("a piece reaches beyond its heap")
            pieces[index] = content[start : start + length]
            at = start + -(-length // 8) * 8
        return pieces
