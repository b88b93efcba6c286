"""Hostile files of every kind: each must be read within limits, and nothing in it may run, or be fetched.

A new one is one line of `FILES`: what it does, the name of the file or folder, and who writes it.
"""

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hostile import HOSTILE
from writers import mag_data, write_pickle

SENTINEL = "sentinel"  # what comes to be in the working directory if anything runs


class Touches:
    """Pickles as a command that makes the sentinel."""

    def __reduce__(self) -> Any:
        return os.system, (f"touch {SENTINEL}",)


def _bytes(content: bytes) -> Callable[[Path], Any]:
    return lambda path: path.write_bytes(content)


def _hdf5(fill: Callable[[h5py.File], Any]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            fill(file)

    return write


def _huge(file: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    """A data set of any size that takes no room in the file."""
    file.create_dataset(name, shape, "f4", chunks=(1,) * (len(shape) - 1) + shape[-1:], compression="gzip")


def _sequence(file: h5py.File) -> None:
    """A computational sequence whose rows take no room."""
    for video in ("a", "b"):
        group = file.create_group(f"words/data/{video}")
        _huge(group, "features", (2**33, 4))
        _huge(group, "intervals", (2**33, 2))
    file.create_group("words/metadata")["root name"] = [b'"words"']


def _outside(file: h5py.File) -> None:
    """Links to other files."""
    file["d1"] = h5py.ExternalLink("/etc/hostname", "/")
    file["words"] = h5py.ExternalLink("other.h5", "/words")


def _raw_outside(file: h5py.File) -> None:
    """Rows that are the bytes of another file."""
    file.create_dataset("d1", (1, 1, 1), "i1", external=[("/etc/hostname", 0, 1)])


def _loop(file: h5py.File) -> None:
    """A group that is in itself."""
    file.create_group("words/data")
    file["words/data/a"] = file["words"]
    file["words/metadata"] = h5py.SoftLink("/words/metadata")


def _many(file: h5py.File) -> None:
    for number in range(5000):
        file.create_group(f"words/data/{number}")


def _npy(shape: str, descr: str = "<f4") -> bytes:
    """A .npy file that claims any shape."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()


def _object_npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Touches()]), allow_pickle=True)
    return buffer.getvalue()


def _npz(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.npy", content)
    return buffer.getvalue()


def _folder(**content: bytes) -> Callable[[Path], None]:
    """A folder with a manifest whose rows are these files; ``a__npy`` is called ``a.npy``."""

    def write(path: Path) -> None:
        path.mkdir()
        for name, value in content.items():
            (path / name.replace("__", ".")).write_bytes(value)

    return write


MANIFEST = b"id,split,text,label,acoustic,visual\n" + b"\n".join(
    f"{split}{n},{split},a b,{n},rows.{kind},rows.{kind}".encode()
    for split in ("train", "dev", "test")
    for n, kind in enumerate(("npy", "npz"))
)
MUSTARD = (
    b'{"1_60": {"utterance": "a", "speaker": "B", "context": %s, "context_speakers": [], "show": "C", "sarcasm": %s}}'
)

FILES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    **{name: ("data.pkl", _bytes(content)) for name, content in HOSTILE.items()},
    "pickle that runs a command": ("data.pkl", lambda path: write_pickle(path, {**mag_data(), "more": Touches()})),
    "deep json": ("data.json", _bytes(b"[" * 2_000_000)),
    "deep json objects": ("data.json", _bytes(b'{"a":' * 500_000)),
    "json number without end": ("data.json", _bytes(MUSTARD % (b"[]", b"9" * 1_000_000))),
    "json of a huge exponent": ("data.json", _bytes(MUSTARD % (b"[]", b"1e999999999"))),
    "json with a deep value": ("data.json", _bytes(MUSTARD % (b"[" * 100_000 + b"]" * 100_000, b"true"))),
    "json of many keys": ("data.json", _bytes(b"{" + b",".join(b'"%d":0' % n for n in range(200_000)) + b"}")),
    "csv of one long line": ("data.csv", _bytes(b"id,text\n" + b"x" * 10_000_000)),
    "csv of many columns": ("data.csv", _bytes(b"a," * 1_000_000)),
    "csv with an open quote": ("data.csv", _bytes(b'id,text,label\n1,"' + b"x\n" * 2_000_000)),
    "csv with zeros": ("data.csv", _bytes(b"id,text\n1,a" + b"\0" * 1000)),
    "csv of many rows": ("data.csv", _bytes(b"id,text,label\n" + b"\n" * 1_000_000)),
    "hdf5 of a huge matrix": ("data.h5", _hdf5(lambda file: _huge(file, "d1", (2**40, 20, 410)))),
    "hdf5 of a huge sequence": ("data.csd", _hdf5(_sequence)),
    "hdf5 that links outside": ("data.h5", _hdf5(_outside)),
    "hdf5 whose rows lie outside": ("data.h5", _hdf5(_raw_outside)),
    "hdf5 that holds itself": ("data.csd", _hdf5(_loop)),
    "hdf5 of many groups": ("data.csd", _hdf5(_many)),
    "npy of a huge shape": ("set", _folder(data__csv=MANIFEST, rows__npy=_npy("(1099511627776, 5)"))),
    "npy of a shape that wraps": ("set", _folder(data__csv=MANIFEST, rows__npy=_npy("(4294967296, 4294967296)"))),
    "npy of a negative shape": ("set", _folder(data__csv=MANIFEST, rows__npy=_npy("(-1, 5)"))),
    "npy header that is a program": ("set", _folder(data__csv=MANIFEST, rows__npy=_npy("().__class__.__bases__"))),
    "npy header of deep brackets": ("set", _folder(data__csv=MANIFEST, rows__npy=_npy("(" * 200 + ")" * 200))),
    "npy of objects": ("set", _folder(data__csv=MANIFEST, rows__npy=_object_npy(), rows__npz=_npz(_object_npy()))),
    "npz of a huge array": ("set", _folder(data__csv=MANIFEST, rows__npz=_npz(_npy("(1099511627776, 5)")))),
    "npz bomb": ("set", _folder(data__csv=MANIFEST, rows__npz=_npz(_npy("(33554432, 1)") + bytes(2**27)))),
    "manifest that leads outside": (
        "set",
        _folder(data__csv=MANIFEST.replace(b"rows.", b"../../../../../../etc/hostname.")),
    ),
    "manifest of absolute paths": ("set", _folder(data__csv=MANIFEST.replace(b"rows.", b"/etc/hostname."))),
}
