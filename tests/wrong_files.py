"""Files that people take for the data set, and what must be said of each."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import torch
from safetensors.numpy import save_file


class Custom:
    """Of a module that nobody else has."""

    def __init__(self) -> None:
        self.items = [1]


def _content(content: bytes) -> Callable[[Path], Any]:
    return lambda path: path.write_bytes(content)


def _zip(name: str) -> Callable[[Path], Any]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, "x")

    return write


def _tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("data.pkl"), io.BytesIO())


def _torch(value: object, *, old: bool = False) -> Callable[[Path], Any]:
    return lambda path: torch.save(value, path, _use_new_zipfile_serialization=not old)


def _npz(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.ones(2))


def _npy(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.ones(2))


def _hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["spectra"] = [1]


def _arrow(path: Path, *, stream: bool) -> None:
    table = pa.table({"a": [1]})
    with (
        pa.OSFile(str(path), "wb") as sink,
        (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, table.schema) as writer,
    ):
        writer.write_table(table)


def _pickle(value: object, protocol: int = 4) -> Callable[[Path], Any]:
    return lambda path: path.write_bytes(pickle.dumps(value, protocol))


def _python_2_object(path: Path) -> None:
    """What Python 2 writes for an object of an old class, protocol 2."""
    path.write_bytes(
        b"\x80\x02ccopy_reg\n_reconstructor\nq\x01cdata\nSet\nq\x02c__builtin__\nobject\nq\x03N\x87q\x04Rq\x05."
    )


def _folder(*names: str) -> Callable[[Path], Any]:
    def write(path: Path) -> None:
        path.mkdir()
        for name in names:
            (path / name).write_bytes(b"x")

    return write


_GIT_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
_CSV = b"id,price\n1,2\n"

# name of the file: how it is made, and the parts of what must be said: what it is, and the next step
WRONG: dict[str, tuple[Callable[[Path], Any], list[str]]] = {
    "zip.pkl": (_zip("mosi.pkl"), ["a zip archive", "unpack it"]),
    "office.pkl": (_zip("[Content_Types].xml"), ["an Office document", "as csv"]),
    "empty_archive.zip": (_content(b"PK\x05\x06" + bytes(18)), ["an empty zip archive", "get the file again"]),
    "npz.npz": (_npz, ["an .npz archive of arrays", "name the data set's own file"]),
    "npy.npy": (_npy, ["a .npy array", "name the data set's own file"]),
    "checkpoint.pt": (_torch({"a": torch.ones(2)}), ["a file of torch.save", "open it with torch.load"]),
    "old_checkpoint.pt": (_torch({"a": 1}, old=True), ["a file of torch.save", "open it with torch.load"]),
    "model.safetensors": (
        lambda path: save_file({"a": np.ones(2, np.float32)}, path),
        ["a safetensors file", "name the file of the data set"],
    ),
    "empty.pkl": (_content(b""), ["is empty", "get the file again"]),
    "lfs.pkl": (_content(_GIT_LFS), ["a git-lfs pointer", "git lfs pull"]),
    "lfs.csv": (_content(_GIT_LFS), ["a git-lfs pointer", "git lfs pull"]),
    "page.pkl": (_content(b"<!DOCTYPE html><html>not found</html>"), ["a web page", "download the file itself"]),
    "page.csv": (_content(b"\xef\xbb\xbf\n<html lang=en>"), ["a web page", "download the file itself"]),
    "error.pkl": (_content(b'{"message": "Not Found"}'), ["json text", "let its name end in .json"]),
    "settings.toml": (_content(b"[project]\nname = 1\n"), ["but text: it starts with b'[project]"]),
    "list.txt": (_content(b'[\n  {"id": 1}\n]\n'), ["json text", "let its name end in .json"]),
    "not_found.pkl": (_content(b"404: Not Found"), ["text", "b'404: Not Found'"]),
    "notes.txt": (_content("Für später\n".encode()), ["text", "let its name end in .csv"]),
    "utf16.csv": (_content("id,text\n".encode("utf-16")), ["text in UTF-16", "save it as UTF-8"]),
    "table.txt": (_content(_CSV), ["text", r"b'id,price\n1,2\n'", "let its name end in .csv"]),
    "prices.csv": (_content(_CSV), ["a table with the columns 'id', 'price'", "no known layout"]),
    "prices.tsv": (_content(b"id\tprice\n1\t2\n"), ["a table with the columns 'id', 'price'", "no known layout"]),
    "prices.json": (_content(json.dumps({"prices": [1]}).encode()), ["json", "'prices': list of 1", "no known layout"]),
    "prices.jsonl": (_content(b'{"price": 1}\n{"price": 2}\n'), ["json", "'price': int", "no known layout"]),
    "broken.json": (_content(b'{"price": '), ["json that starts with", '"price"']),
    "deep.json": (_content(b"[" * 100_000), ["json that starts with"]),
    "gzip.pkl": (_content(gzip.compress(b"x")), ["gzip data", "gunzip"]),
    "bzip2.pkl": (_content(bz2.compress(b"x")), ["bzip2 data", "bunzip2"]),
    "xz.pkl": (_content(lzma.compress(b"x")), ["xz data", "unxz"]),
    "zstd.pkl": (_content(b"\x28\xb5\x2f\xfd\x04x"), ["zstd data", "unzstd"]),
    "lz4.pkl": (_content(b"\x04\x22\x4d\x18x"), ["lz4 data", "lz4 -d"]),
    "rar.pkl": (_content(b"Rar!\x1a\x07\x01\0"), ["a rar archive", "unpack it"]),
    "seven.pkl": (_content(b"7z\xbc\xaf\x27\x1c\0\4"), ["a 7z archive", "unpack it"]),
    "tar.pkl": (_tar, ["a tar archive", "tar -xf"]),
    "paper.pdf": (_content(b"%PDF-1.7\n"), ["a PDF document", "name the file of the data set"]),
    "photo.png": (_content(b"\x89PNG\r\n\x1a\n"), ["a PNG image", "name the file of the data set"]),
    "photo.jpg": (_content(b"\xff\xd8\xff\xe0\0\x10JFIF"), ["a JPEG image", "name the file of the data set"]),
    "photo.gif": (_content(b"GIF89a"), ["a GIF image", "name the file of the data set"]),
    "photo.webp": (_content(b"RIFF\4\0\0\0WEBPVP8 "), ["a WebP image", "name the file of the data set"]),
    "old.xls": (_content(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), ["an old Office document", "as csv"]),
    "data.db": (_content(b"SQLite format 3\0"), ["an SQLite database", "as csv"]),
    "data.mat": (_content(b"MATLAB 5.0 MAT-file"), ["a MATLAB file", "as a pickle"]),
    "tool": (_content(b"\x7fELF\2\1\1"), ["a program", "name the file of the data set"]),
    "clip.mp4": (_content(struct.pack(">I", 24) + b"ftypisom\0\0\2\0"), ["MPEG-4 video", "extract features"]),
    "clip.m4a": (_content(struct.pack(">I", 24) + b"ftypM4A \0\0\2\0"), ["MPEG-4 sound", "extract features"]),
    "clip.mkv": (_content(b"\x1aE\xdf\xa3\1\0"), ["a Matroska or WebM video", "extract features"]),
    "clip.avi": (_content(b"RIFF\4\0\0\0AVI LIST"), ["an AVI video", "extract features"]),
    "clip.wav": (_content(b"RIFF\4\0\0\0WAVEfmt "), ["a wav sound file", "extract features"]),
    "clip.mp3": (_content(b"ID3\4\0\0"), ["an MP3 sound file", "extract features"]),
    "clip_without_tags.mp3": (_content(b"\xff\xfb\x90\0"), ["an MP3 sound file", "extract features"]),
    "clip.ogg": (_content(b"OggS\0\2"), ["an Ogg sound file", "extract features"]),
    "clip.flac": (_content(b"fLaC\0\0"), ["a FLAC sound file", "extract features"]),
    "table.parquet": (lambda path: pd.DataFrame({"a": [1]}).to_parquet(path), ["a parquet table", "data.parquet"]),
    "file.arrow": (lambda path: _arrow(path, stream=False), ["an arrow file", "save_to_disk"]),
    "stream.arrow": (lambda path: _arrow(path, stream=True), ["an arrow stream", "save_to_disk"]),
    "other.h5": (_hdf5, ["HDF5 data with 'spectra'", "no known layout"]),
    "broken.h5": (_content(b"\x89HDF\r\n\x1a\n" + bytes(90)), ["HDF5 data, which cannot be read"]),
    "joblib.pkl": (lambda path: joblib.dump({"a": np.ones(9)}, path), ["global joblib.", "open it with joblib"]),
    "compressed_joblib.pkl": (lambda path: joblib.dump([1] * 99, path, compress=3), ["zlib data", "joblib"]),
    "zlib.pkl": (_content(zlib.compress(b"x", 1)), ["zlib data", "joblib"]),
    "frame.pkl": (lambda path: pd.DataFrame({"a": [1]}).to_pickle(path), ["global pandas.", "to_numpy()"]),
    "tensor.pkl": (_pickle({"a": torch.ones(2)}), ["global torch.", "torch tensors", "numpy arrays"]),
    "set.pkl": (_pickle({"train": {1, 2}}, 2), ["builtin", "sets", "as lists"]),
    "custom.pkl": (_pickle({"train": [Custom()]}), ["Custom", "not data", "write it anew as dicts, lists and arrays"]),
    "python_2_object.pkl": (_python_2_object, ["copy_reg", "a class of its authors", "write it anew"]),
    "numbers.pkl": (_pickle([1, 2]), ["list of 2 (int", "no known layout", "Known: "]),
    "dropbox.pkl": (
        _pickle({"train": {"facet": 1, "covarep": 1, "glove": 1, "label": 1}}),
        ["the wrong MOSI file", "Dropbox", "Google Drive"],
    ),
    "empty_folder": (_folder(), ["a directory of nothing"]),
    "photos": (_folder("a.jpg", "b.jpg"), ["a directory of 'a.jpg', 'b.jpg'", "no known layout"]),
    "downloads": (_folder("mosi.pkl", "README.md"), ["a folder", "name the data file in it", "downloads/mosi.pkl"]),
}  # fmt: skip
