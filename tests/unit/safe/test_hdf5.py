"""HDF5 files within limits: what reads as the library reads it, and every way in which a file can overreach."""

import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from mlcl.data.formats.shared.source import Source
from mlcl.errors import DataError
from mlcl.safe.hdf5 import Hdf5, probe

Write = Callable[[h5py.File], object]


def made(path: Path, write: Write, **settings: Any) -> Path:
    with h5py.File(path, "w", **settings) as file:
        write(file)
    return path


def numbers(path: Path, name: str = "x", *, dtype: type[np.floating] = np.float64, budget: int | None = None) -> Any:
    hdf5 = Hdf5(Source(str(path), bytes_left=budget))
    with hdf5.open(path) as file:
        return hdf5.numbers(hdf5.dataset(file, name), dtype)


def texts(path: Path, budget: int | None = None) -> list[str | bytes]:
    hdf5 = Hdf5(Source(str(path), bytes_left=budget))
    with hdf5.open(path) as file:
        return hdf5.texts(hdf5.dataset(file, "x"))


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8", "i2", "u1", "f2"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"chunks": (3, 2)},
        {"compression": "gzip", "compression_opts": 9},
        {"compression": "gzip", "chunks": (4, 5), "shuffle": True, "fletcher32": True},
        {"chunks": (7, 3), "shuffle": True, "maxshape": (None, None)},
    ],
    ids=str,
)
def test_numbers_are_those_of_the_library(tmp_path: Path, settings: dict[str, Any], dtype: str, libver: str) -> None:
    values = (np.random.default_rng(0).normal(size=(11, 5)) * 50).astype(dtype)
    path = made(tmp_path / "x", lambda file: file.create_dataset("x", data=values, **settings), libver=libver)
    np.testing.assert_array_equal(numbers(path), values.astype(np.float64), strict=True)


def test_large_data_are_read_in_blocks(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(300_000, 4))  # 9.6 MB, three blocks
    path = made(tmp_path / "x", lambda file: file.create_dataset("x", data=values))
    tracemalloc.start()
    found = numbers(path, dtype=np.float32)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(found, values.astype(np.float32), strict=True)
    assert peak < 2.2 * found.nbytes  # a float64 copy of the whole would make it 3


def test_parts_that_were_never_written_are_zeros(tmp_path: Path) -> None:
    def write(file: h5py.File) -> None:
        file.create_dataset("x", (9, 4), chunks=(2, 2), dtype="f8")[3] = 1

    found = numbers(made(tmp_path / "x", write))
    assert found.sum() == found[3].sum() == 4


@pytest.mark.parametrize("shape", [(), (0, 3), (3, 0)])
def test_shapes_without_much_in_them(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = made(tmp_path / "x", lambda file: file.create_dataset("x", data=np.ones(shape)))
    np.testing.assert_array_equal(numbers(path), np.ones(shape), strict=True)


@pytest.mark.parametrize("settings", [{}, {"compression": "gzip"}, {"chunks": (2, 1), "shuffle": True}], ids=str)
@pytest.mark.parametrize("kind", ["S9", h5py.string_dtype(), h5py.string_dtype("ascii")], ids=str)
def test_texts_are_those_of_the_library(tmp_path: Path, settings: dict[str, Any], kind: Any) -> None:
    words = [b"oh", b"", b"sp", b"ninechars", b"so"] * 7
    data = np.array(words, kind if kind == "S9" else object).reshape(-1, 1)
    path = made(tmp_path / "x", lambda file: file.create_dataset("x", data=data, dtype=kind, **settings))
    assert texts(path) == words


@pytest.mark.parametrize("data", [np.zeros((0, 1), object), np.array("one", object)], ids=str)
def test_text_without_much_in_it(tmp_path: Path, data: Any) -> None:
    path = made(tmp_path / "x", lambda file: file.create_dataset("x", data=data, dtype=h5py.string_dtype()))
    assert texts(path) == [text.encode() for text in data.ravel().tolist()]


def test_text_that_was_never_written_is_empty(tmp_path: Path) -> None:
    path = made(tmp_path / "x", lambda file: file.create_dataset("x", (3,), dtype=h5py.string_dtype()))
    assert texts(path) == [b"", b"", b""]


# ---- what is refused


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (3,))
    file.create_virtual_dataset("x", layout)


def external(file: h5py.File) -> None:
    file.create_dataset("x", (3,), "u1", external=[("/etc/hostname", 0, 3)])


def second_name(file: h5py.File) -> None:
    file["y"] = np.ones(3)
    file["x"] = file["y"]


def packed(file: h5py.File) -> None:
    file.create_dataset("x", data=np.ones(99), compression="lzf")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda file: file.__setitem__("x", h5py.ExternalLink("/etc/hostname", "/")), "'x' is a link to another place"),
        (lambda file: file.__setitem__("x", h5py.SoftLink("/x")), "'x' is a link to another place"),
        (lambda file: file.create_group("x"), "'x' is no data set"),
        (lambda file: file.__setitem__("x", np.dtype("f8")), "'x' is no data set"),
        (lambda file: file.__setitem__("y", np.ones(2)), "has no 'x'; it has 'y'"),
        (lambda file: None, "has no 'x'; it has nothing"),
        (virtual, "x: takes its data from other files"),
        (external, "x: takes its data from other files"),
        (packed, "x: is packed in another way than gzip"),
        (lambda file: file.create_dataset("x", data=h5py.Empty("f8")), "has shape None"),
        (lambda file: file.create_dataset("x", data=np.ones((1,) * 4)), r"has shape \(1, 1, 1, 1\)"),
        (lambda file: file.create_dataset("x", data=np.array(["a"], object)), "holds object, not numbers"),
        (lambda file: file.create_dataset("x", data=np.ones(2, "f8,i4")), "holds .*, not numbers"),
        (lambda file: file.create_dataset("x", (2**40, 2**20), "f8", chunks=(2, 2)), "far more than a file of this"),
        (lambda file: file.create_dataset("x", (2**22,), "f8"), r"declares shape \(4194304,\), more than the file"),
        (
            lambda file: file.create_dataset("x", (3, 3), "f8", chunks=(2**12, 2**12), maxshape=(None, None)),
            None,
        ),
    ],
)
def test_overreach(tmp_path: Path, write: Write, message: str | None) -> None:
    path = made(tmp_path / "x", write)
    if message is None:
        np.testing.assert_array_equal(numbers(path, budget=2**28), np.zeros((3, 3)))
        return
    with pytest.raises(DataError, match=message) as caught:
        numbers(path, budget=2**28)
    assert caught.value.path == str(path)


def test_one_thing_under_two_names_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "x", second_name)
    hdf5 = Hdf5(Source(str(path)))
    with hdf5.open(path) as file:
        for _ in range(2):
            hdf5.dataset(file, "y")  # the same name may be met again
        with pytest.raises(DataError, match="'x' is a second name of something else"):
            hdf5.dataset(file, "x")


def test_group_is_no_data_set(tmp_path: Path) -> None:
    path = made(tmp_path / "x", lambda file: file.__setitem__("x", 1.0))
    hdf5 = Hdf5(Source(str(path)))
    with hdf5.open(path) as file, pytest.raises(DataError, match="'x' is no group"):
        hdf5.group(file, "x")


def test_budget_is_for_all_data_sets_together(tmp_path: Path) -> None:
    path = made(tmp_path / "x", lambda file: [file.create_dataset(f"{n}", data=np.ones(100)) for n in range(3)])
    hdf5 = Hdf5(Source(str(path), bytes_left=2399))
    with hdf5.open(path) as file:
        hdf5.dataset(file, "0")
        hdf5.dataset(file, "1")
        with pytest.raises(DataError, match=r"2: declares shape .*far more than a file of this size"):
            hdf5.dataset(file, "2")


def store(file: h5py.File, content: bytes, shape: tuple[int, ...] = (64,), chunk: tuple[int, ...] = (64,)) -> None:
    """A data set whose only chunk holds other bytes than it should."""
    data = file.create_dataset("x", shape, "f8", chunks=chunk, compression="gzip", maxshape=(None,) * len(shape))
    data.id.write_direct_chunk((0,) * len(shape), content)


def test_chunk_that_unpacks_to_more_stops_there(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(2**27), 9)
    path = made(tmp_path / "x", lambda file: store(file, bomb))
    tracemalloc.start()
    with pytest.raises(DataError, match="has a chunk of 516 bytes, not 512"):
        numbers(path)
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no deflate", "cannot be read as HDF5: Error -3"), (zlib.compress(bytes(9)), "of 9 bytes")],
)
def test_damaged_chunk(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        numbers(made(tmp_path / "x", lambda file: store(file, content)))


def test_chunk_far_larger_than_its_data_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "x", lambda file: store(file, zlib.compress(bytes(9)), (4,), (2**24,)))
    with pytest.raises(DataError, match=r"has chunks of \(16777216,\), larger than its shape \(4,\)"):
        numbers(path)


def heap_of(path: Path, damage: Callable[[bytearray, int], object]) -> Path:
    """A file with one word of variable length whose heap is damaged at its first piece."""
    made(path, lambda file: file.create_dataset("x", data=np.array(["word"], object), dtype=h5py.string_dtype()))
    content = bytearray(path.read_bytes())
    damage(content, content.index(b"GCOL"))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content, at: content.__setitem__(at, 0), "a heap is damaged"),
        (
            lambda content, at: content.__setitem__(slice(at + 8, at + 16), struct.pack("<Q", 2**40)),
            "a heap is damaged",
        ),
        (lambda content, at: content.__setitem__(slice(at + 8, at + 16), struct.pack("<Q", 16)), "has 0"),
        (lambda content, at: content.__setitem__(slice(at + 24, at + 32), struct.pack("<Q", 2**40)), "beyond its heap"),
        (lambda content, at: content.__setitem__(slice(at + 24, at + 32), bytes(8)), "a piece of 4 bytes has 0"),
        (lambda content, at: content.__setitem__(slice(at + 16, at + 18), bytes(2)), "a piece of 4 bytes has 0"),
    ],
)
def test_damaged_heap(tmp_path: Path, damage: Callable[[bytearray, int], object], message: str) -> None:
    started = time.process_time()
    with pytest.raises(DataError, match=f"x: holds damaged text: .*{message}"):
        texts(heap_of(tmp_path / "x", damage))
    assert time.process_time() - started < 2


def test_heap_beyond_the_file(tmp_path: Path) -> None:
    path = heap_of(tmp_path / "x", lambda content, at: None)
    content = path.read_bytes()
    place = struct.pack("<Q", content.index(b"GCOL"))
    path.write_bytes(content.replace(b"\4\0\0\0" + place, b"\4\0\0\0" + struct.pack("<Q", 2**40)))
    with pytest.raises(DataError, match="a heap lies beyond the end of the file"):
        texts(path)


def test_many_names_of_one_long_text_are_too_much(tmp_path: Path) -> None:
    """A short reference stands for a text as long as the file, again and again."""
    words = np.array(["x" * 1000, *["y"] * 99], object)
    path = made(tmp_path / "x", lambda file: file.create_dataset("x", data=words, dtype=h5py.string_dtype()))
    with h5py.File(path) as file:
        start = file["x"].id.get_offset()
    content = bytearray(path.read_bytes())
    content[start : start + 1600] = content[start : start + 16] * 100
    path.write_bytes(content)
    assert texts(path, 200_000) == [b"x" * 1000] * 100
    with pytest.raises(DataError, match="far more than a file of this size holds"):
        texts(path, 90_000)


def test_text_in_unusual_files_is_refused(tmp_path: Path) -> None:
    data, kind = np.array(["word"], object), h5py.string_dtype()
    path = made(tmp_path / "x", lambda file: file.create_dataset("x", data=data, dtype=kind), userblock_size=512)
    with pytest.raises(DataError, match="holds text in an unusual way"):
        texts(path)

    def compact(file: h5py.File) -> None:
        settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        settings.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((1,))
        dataset = h5py.h5d.create(file.id, b"x", h5py.h5t.py_create(kind, logical=True), space, settings)
        h5py.Dataset(dataset)[:] = data

    with pytest.raises(DataError, match="holds text in an unusual way"):
        texts(made(tmp_path / "y", compact))


def test_numbers_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds float64, not text"):
        texts(made(tmp_path / "x", lambda file: file.__setitem__("x", np.ones(2))))


def test_probe_never_raises(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    made(tmp_path / "empty", lambda file: None)
    made(tmp_path / "link", lambda file: file.__setitem__("a", h5py.ExternalLink("/etc/hostname", "/")))
    made(tmp_path / "data", lambda file: file.__setitem__("a", np.ones(2)))
    made(tmp_path / "group", lambda file: file.__setitem__("a/b", np.ones(2)))
    found = {name: probe(tmp_path / name) for name in ("none", "text", "empty", "link", "data", "group")}
    assert found == {"none": [], "text": [], "empty": [], "link": ["a"], "data": ["a"], "group": ["a", "a/b"]}


PACKED = b"\x0b\x00\x20\x00\x01\x00\x00\x00\x01"  # how the message of a data set's filters begins; their number follows
INDEX = b"TREE\x01\x00\x01\x00"  # of chunks, with one entry; two addresses, a key and the chunk's address follow


def packed_noise(path: Path) -> Path:
    """A chunk of 720 bytes that gzip makes longer."""
    data = np.random.default_rng(0).normal(size=(30, 3))
    return made(path, lambda file: file.create_dataset("x", data=data, chunks=(30, 3), compression="gzip"))


def test_chunk_that_is_longer_than_the_data_set_says(tmp_path: Path) -> None:
    """Fuzzing found it: without filters the library makes room for 720 bytes and puts 731 there."""
    path = packed_noise(tmp_path / "x")
    content = path.read_bytes()
    assert content.count(PACKED + b"\x01") == 1
    path.write_bytes(content.replace(PACKED + b"\x01", PACKED + b"\x00"))
    with pytest.raises(DataError, match="has a chunk of 731 bytes, not 720"):
        numbers(path)


@pytest.mark.parametrize("address", [2**40, 2**63, 2**64 - 2, 5000])
def test_chunk_beyond_the_file_is_refused(tmp_path: Path, address: int) -> None:
    path = packed_noise(tmp_path / "x")
    content = bytearray(path.read_bytes())
    place = content.index(INDEX) + 24 + 4 + 4 + 3 * 8
    content[place : place + 8] = struct.pack("<Q", min(address, len(content) - 700) if address < 2**20 else address)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"has larger chunks than the file|cannot be read"):
        numbers(path)


def test_chunks_behind_a_user_block_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "x", lambda file: file.create_dataset("x", data=np.ones(9), chunks=(9,)), userblock_size=512)
    with pytest.raises(DataError, match="copy the file with h5repack"):
        numbers(path)
