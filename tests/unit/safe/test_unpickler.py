"""The restricted unpickler: what real files hold comes back; every hostile file ends in a DataError."""

import collections
import gzip
import os
import pickle
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from hostile import BUILDS, HOSTILE, OTHER_OPCODES, RUNS_A_COMMAND, STATE_AND_CALLS, SYSTEM
from mlcl.errors import DataError
from mlcl.safe import numpy_globals as rebuild
from mlcl.safe import unpickler
from mlcl.safe.budget import Budget
from mlcl.safe.opcodes import verify
from mlcl.safe.unpickler import load_pickle
from writers import mag_data, write_pickle

PROTOCOLS = range(6)
ARRAYS = {
    "float32": np.arange(6, dtype=np.float32).reshape(2, 3),
    "float64": np.arange(6.0).reshape(3, 2),
    "column-major": np.asfortranarray(np.arange(6.0).reshape(3, 2)),
    "permuted axes": np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
    "big-endian": np.arange(4, dtype=">f8"),
    "big-endian integers": np.arange(4, dtype=">i2"),
    "no rows": np.zeros((0, 5), np.float32),
    "no axes": np.array(2.5),
    "bool": np.array([True, False]),
    "int64": np.array([-(2**62), 2**62]),
    "float16": np.arange(3, dtype=np.float16),
    "text": np.array(["a", "étrange"]),
    "bytes": np.array([b"a", b"bc"]),
    "text as objects": np.array(["a", b"bc", "étrange", np.str_("né"), np.bytes_(b"x")], object).reshape(5, 1),
    "no text as objects": np.array([], object),
}
VALUES: dict[str, Any] = {
    "plain": {"a": [1, -1, 2**40, 2**80, 1.5, None, True, False, "é\n\\", b"\xff", (), (1,), (1, 2), (1, 2, 3, 4), {}]},
    "empty bytes": b"",
    "scalars": [np.float32(1.5), np.int64(-7), np.bool_(True), np.str_("né"), np.bytes_(b"x")],
    "many memo entries": [str(n) for n in range(70_000)],
    "long text and bytes": ["x" * 70_000, b"y" * 70_000],
    "dict with numbers as keys": {0: "a", 1.5: "b", np.int64(3): "c"},
}


def load(tmp_path: Path, content: bytes) -> object:
    path = tmp_path / "data.pkl"
    path.write_bytes(content)
    return load_pickle(path)


# ---- what real files hold


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back(tmp_path: Path, name: str, protocol: int) -> None:
    array = ARRAYS[name]
    found = load(tmp_path, pickle.dumps([array, array], protocol))
    assert isinstance(found, list)
    for copy in found:
        assert isinstance(copy, np.ndarray)
        assert copy.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(np.asarray(copy), array, strict=array.dtype.isnative)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", VALUES)
def test_values_come_back(tmp_path: Path, name: str, protocol: int) -> None:
    if protocol == 0 and "keys" in name:
        pytest.skip("numbers that are text in the file can be long, and are refused as keys")
    assert load(tmp_path, pickle.dumps(VALUES[name], protocol)) == VALUES[name]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ordered_dict_comes_back_as_dict(tmp_path: Path, protocol: int) -> None:
    ordered = collections.OrderedDict(train=[1], dev=[2])
    found = load(tmp_path, pickle.dumps(ordered, protocol))
    assert type(found) is dict
    assert list(found.items()) == list(ordered.items())


def test_python_2_file_comes_back(tmp_path: Path) -> None:
    # What Python 2.7 with numpy 1.16 writes for {'train': [np.array([[1., 2.]], 'f4'), 'caf\xc3\xa9']}, protocol 2.
    content = (
        b"\x80\x02}q\x01U\x05trainq\x02]q\x03(cnumpy.core.multiarray\n_reconstruct\nq\x04cnumpy\nndarray\nq\x05"
        b"K\x00\x85q\x06U\x01bq\x07\x87q\x08Rq\x09(K\x01K\x01K\x02\x86q\ncnumpy\ndtype\nq\x0bU\x02f4q\x0cK\x00K\x01"
        b"\x87q\rRq\x0e(K\x03U\x01<q\x0fNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x10b\x89U\x08"
        + np.array([1, 2], np.float32).tobytes()
        + b"q\x11tq\x12bU\x05caf\xc3\xa9q\x13es."
    )
    found: Any = load(tmp_path, content)
    np.testing.assert_array_equal(found["train"][0], np.array([[1, 2]], np.float32))
    assert found["train"][1] == "caf\xc3\xa9"  # latin-1, as documented


def test_ordered_dict_of_python_2_comes_back(tmp_path: Path) -> None:
    content = b"\x80\x02ccollections\nOrderedDict\nq\x00]q\x01]q\x02(U\x05trainq\x03K\x05ea\x85q\x04Rq\x05."
    assert load(tmp_path, content) == {"train": 5}


def test_old_and_new_numpy_names_are_the_same(tmp_path: Path) -> None:
    content = pickle.dumps(ARRAYS["float32"], 2)
    for package in (b"numpy.core", b"numpy._core", b"numpy"):
        found = load(tmp_path, content.replace(b"numpy._core.", package + b"."))
        np.testing.assert_array_equal(np.asarray(found), ARRAYS["float32"])


def test_arrays_are_read_only_and_share_nothing_with_the_real_globals(tmp_path: Path) -> None:
    found: Any = load(tmp_path, pickle.dumps([ARRAYS["float32"], ARRAYS["column-major"]], 4))
    for array in found:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_trailing_newline_is_no_damage(tmp_path: Path) -> None:
    assert load(tmp_path, pickle.dumps([1]) + b"\n") == [1]


def test_whole_mosei_sized_file_takes_seconds_of_the_processor(tmp_path: Path) -> None:
    content = pickle.dumps([(["w"] * 20, [1.5] * 20) for _ in range(10_000)])
    started = time.process_time()
    load(tmp_path, content)
    assert time.process_time() - started < 5  # 0.1 s on an idle core


# ---- what is not a pickle


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; get the file again"),
        (b"<!DOCTYPE html><html>", "web page; download the file itself"),
        (b"\n <HTML lang=en>", "web page; download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git-lfs pointer; run 'git lfs pull'"),
        (b"\x89PNG\r\n\x1a\n", "PNG image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG image"),
        (gzip.compress(b"x", mtime=0), "gzip data; unpack it"),
        (b"%PDF-1.7", "PDF"),
        (b"id,label\n1,2\n", r"starts with b'id,label\\n1,2\\n'"),
        (b'{"train": []}', "as hardly any pickle does"),
        (b"\x00" * 100, "opcode 0x00"),
        (b"\x80", "cut off"),
        (b"\x80\x04", "cut off"),
        (b"\x80\x09N.", "unsupported pickle protocol: 9"),
        (b"\x80\x04N.\x80\x04N.", "ends at byte 4 of 8 and other data follows"),
        (b"\x80\x04.", "cannot be read"),
        (b"\x80\x04\x8c\x02\xff\xfe.", "codec"),
    ],
)
def test_other_content_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load(tmp_path, content)
    assert str(tmp_path / "data.pkl") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_formats_are_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(DataError, match="zip archive"):
        load_pickle(path)
    torch.save({"a": torch.ones(2)}, path)
    with pytest.raises(DataError, match=r"torch\.save"):
        load_pickle(path)
    torch.save({"a": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(DataError, match=r"torch\.save"):
        load_pickle(path)
    with h5py.File(path, "w") as file:
        file["a"] = [1]
    with pytest.raises(DataError, match="HDF5"):
        load_pickle(path)
    with path.open("wb") as stream:
        np.save(stream, np.ones(2))
    with pytest.raises(DataError, match=r"\.npy array"):
        load_pickle(path)


def test_missing_directory_device_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist; check the path"):
        load_pickle(tmp_path / "absent.pkl")
    with pytest.raises(DataError, match="is a directory; name the data file in it"):
        load_pickle(tmp_path)
    with pytest.raises(DataError, match="not a regular file"):
        load_pickle(os.devnull)
    with pytest.raises(DataError, match=r"cannot be read: .*too long"):
        load_pickle("x" * 5000)
    with pytest.raises(DataError, match="does not exist"):
        load_pickle("a\0b")


def test_every_truncation_is_an_error(tmp_path: Path) -> None:
    for protocol in (2, 4):
        content = pickle.dumps(mag_data({"train": 1}), protocol)
        for size in range(1, len(content)):
            (tmp_path / "data.pkl").unlink(missing_ok=True)  # much faster than to truncate a file
            with pytest.raises(DataError):
                load(tmp_path, content[:size])


# ---- hostile files


class Reduces:
    """Pickles as a call of something."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("command", [os.system, eval, exec, os.open, Path, getattr, print, np.load, bytearray, open])
def test_any_other_global_is_named_and_never_called(tmp_path: Path, command: Any, protocol: int) -> None:
    sentinel = tmp_path / "sentinel"
    arguments = (f"touch {sentinel}",) if command is os.system else (f"open({str(sentinel)!r}, 'w')",)
    content = pickle.dumps({"train": Reduces(command, arguments)}, protocol)
    module = {"io": "_?io", "builtins": "(builtins|__builtin__)", "os": "(os|posix)"}.get(command.__module__, ".*")
    with pytest.raises(DataError, match=rf"names the global {module}\.\w+, which is not data.*Nothing.*executed"):
        load(tmp_path, content)
    assert not sentinel.exists()


def test_the_sentinel_would_be_seen(tmp_path: Path) -> None:
    """Negative control: the standard unpickler does run the file."""
    sentinel = tmp_path / "sentinel"
    pickle.loads(pickle.dumps(Reduces(os.system, (f"touch {sentinel}",))))
    assert sentinel.exists()


LARGE = 2**18  # bytes; to trace the memory of so many opcodes takes ten times as long as to walk them
CASES = [pytest.param(name, marks=pytest.mark.long) if len(HOSTILE[name]) > LARGE else name for name in HOSTILE]


@pytest.mark.parametrize("name", CASES)
def test_hostile_file_is_an_error_in_bounded_memory(tmp_path: Path, name: str) -> None:
    """Each is held to two seconds of the processor too, untraced, in tests/fuzz/test_files.py."""
    content = HOSTILE[name]
    (tmp_path / "data.pkl").write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            load_pickle(tmp_path / "data.pkl")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 80 * 2**20 + 20 * len(content)


@pytest.mark.parametrize("name", {**RUNS_A_COMMAND, **OTHER_OPCODES})
def test_walk_refuses_it_before_anything_is_built(name: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"names the global|opcode 0x|damaged"):
        verify(HOSTILE[name], rebuild.NAMES)


@pytest.mark.parametrize("name", {**STATE_AND_CALLS, **BUILDS})
def test_what_the_walk_cannot_see_the_stand_ins_refuse(name: str, tmp_path: Path) -> None:
    verify(HOSTILE[name], rebuild.NAMES)  # so the error comes from the second lock
    with pytest.raises(DataError):
        load(tmp_path, HOSTILE[name])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("text command", r"names the global os\.system, which is not data"),
        ("names through the memo", r"names the global os\.system"),
        ("memo overwritten", r"names the global os\.system"),
        ("beyond the end of a frame", r"names the global os\.system"),
        ("module path in the name", r"names the global numpy\.core\.os\.system"),
        ("persistent id", "opcode 0x51 is not needed for plain data"),
        ("state of a global", "changes a global"),
        ("huge shape", "array with a damaged shape"),
        ("more rows than bytes", r"float64 array of shape \(3, 7\) but 8 bytes"),
        ("object array", r"object array of shape \(1125899906842624,\) but 0 bytes|damaged shape"),
        ("object array of numbers", "array of objects that are not all text"),
        ("object array over addresses", "array of objects that are not all text"),
        ("buffer of objects", "objects where bytes are needed"),
        ("scalar of an object", "objects where bytes are needed"),
        ("void array", "dtype 'V8'; only numbers and text are data"),
        ("memo index", "memo index 2147483647 while 0 values are stored"),
        ("huge text", "damaged or cut off at byte 2"),
        ("deeply nested tuple as key", "dictionary key that is neither text nor a small number"),
        ("stack without end", "far more objects than a data file of its size"),
        ("lists without end", "far more objects than a data file of its size"),
        ("memo without end", "far more objects than a data file of its size"),
        ("shared bytes encoded again and again", "far more memory than the file"),
        ("shared list made a dict again and again", "far more memory than the file"),
        ("another codec", "something other than text as latin-1"),
        ("calls ndarray", "array in an unknown way"),
    ],
)
def test_reason_is_told(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load(tmp_path, HOSTILE[name])
    whole = "they share their data" if "more memory" in message else "Nothing in it was executed. Get the file again"
    assert whole in str(caught.value)
    assert len(str(caught.value)) < 700


def test_deep_nesting_alone_is_data(tmp_path: Path) -> None:
    found: Any = load(tmp_path, b"\x80\x04" + b"(" * 100_000 + b"l" * 100_000 + b".")
    assert type(found) is list
    assert load(tmp_path, b"\x80\x04)" + b"\x85" * 100_000 + b".") is not None


def test_long_hostile_name_is_cut_and_escaped(tmp_path: Path) -> None:
    content = b"c\x1b[31m" + "é".encode() + b"x" * 5000 + b"\nname\n."
    with pytest.raises(DataError, match=r"names the global \\x1b\[31m\\xe9x+,") as caught:
        load(tmp_path, content)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RecursionError("deep"), BufferError("b"), SystemError("s"), KeyError("k"), OverflowError("o")],
)
def test_whatever_building_raises_is_an_error(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(unpickler, "verify", fail)
    with pytest.raises(
        DataError, match=rf"cannot be read as a pickle of plain data: '?({error}|{type(error).__name__})"
    ):
        load(tmp_path, pickle.dumps([1]))


def test_second_lock_refuses_globals_by_itself() -> None:
    """The C unpickler's lookup does not rely on the walk before it."""
    for content in (b"cos\nsystem\n.", b"\x80\x04" + SYSTEM + b"."):
        with pytest.raises(pickle.UnpicklingError, match=r"names the global os\.system"):
            rebuild.Rebuilder(content, (), Budget()).load()


def test_walk_names_every_opcode_of_python() -> None:
    """Each opcode that the standard library knows is either walked or refused by name; none is misread."""
    import pickletools

    walked = set()
    for opcode in pickletools.opcodes:
        content = opcode.code.encode("latin1")
        with pytest.raises(pickle.UnpicklingError) as caught:
            verify(content + b"\x00" * 3 + b"\xff", rebuild.NAMES)
        if "not needed" not in str(caught.value) or f"0x{content[0]:02x}" not in str(caught.value):
            walked.add(opcode.name)
    refused = {opcode.name for opcode in pickletools.opcodes} - walked
    assert refused == {
        *("INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4"),
        *("DUP", "POP", "POP_MARK", "EMPTY_SET", "ADDITEMS", "FROZENSET", "NEXT_BUFFER", "READONLY_BUFFER"),
    }


def test_written_file_is_loaded_from_text_and_path(tmp_path: Path) -> None:
    path = write_pickle(tmp_path / "a.pkl", [1])
    assert load_pickle(str(path)) == load_pickle(path) == [1]
