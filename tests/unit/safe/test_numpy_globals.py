"""Large arrays of a pickle stay in the file: what comes back is the same, and takes no memory of its own."""

import mmap
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlcl.errors import DataError
from mlcl.safe import numpy_globals as rebuild
from mlcl.safe import opcodes
from mlcl.safe.budget import Budget
from mlcl.safe.numpy_globals import splice
from mlcl.safe.unpickler import load_pickle
from unit.safe.test_unpickler import ARRAYS, PROTOCOLS

MATRICES = arrays.arrays(
    arrays.scalar_dtypes() | arrays.unicode_string_dtypes(max_len=4) | arrays.byte_string_dtypes(max_len=4),
    arrays.array_shapes(min_dims=0, min_side=0, max_side=4),
).filter(lambda array: array.dtype.kind in "bifuSU" and array.dtype.itemsize not in (0, 16))


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opcodes, "_LEAST_CONTENT", 1)


def load(path: Path, data: object, protocol: int) -> Any:
    path.write_bytes(pickle.dumps(data, protocol))
    return load_pickle(path)


def is_view_of_file(array: Any) -> bool:
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array.obj if isinstance(array, memoryview) else array, mmap.mmap)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.usefixtures("everything_is_large")
def test_arrays_come_back(tmp_path: Path, name: str, protocol: int) -> None:
    array = ARRAYS[name]
    found = load(tmp_path / "a.pkl", {"a": [array, array], "b": (array.copy(), 1)}, protocol)
    for copy in (*found["a"], found["b"][0]):
        assert copy.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(np.asarray(copy), array, strict=array.dtype.isnative)
        assert not copy.flags.writeable or not copy.size
    assert found["a"][0] is found["a"][1]


@given(
    data=st.lists(MATRICES | st.text() | st.binary() | st.tuples(st.integers(), MATRICES)),
    protocol=st.sampled_from(PROTOCOLS),
)
def test_what_is_spliced_means_the_same(data: list[Any], protocol: int) -> None:
    """Against the standard library's unpickler, with every content taken out however small."""
    content = pickle.dumps(data, protocol)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opcodes, "_LEAST_CONTENT", 0)
        program = opcodes.verify(content, rebuild.NAMES)
    found: Any = rebuild.rebuild(content, program)
    expected = pickle.loads(content)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        if isinstance(theirs, tuple):
            ours, theirs = ours[1], theirs[1]
        if isinstance(theirs, np.ndarray):
            np.testing.assert_array_equal(np.asarray(ours), theirs, strict=theirs.dtype.isnative)
        else:
            assert ours == theirs


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_large_arrays_take_no_memory(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "a.pkl"
    rng = np.random.default_rng(0)
    path.write_bytes(
        pickle.dumps([rng.normal(size=(1000, 500)), np.asfortranarray(rng.normal(size=(500, 900)))], protocol)
    )
    tracemalloc.start()
    try:
        found: Any = load_pickle(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**18 < found[0].nbytes
    assert all(map(is_view_of_file, found))
    assert found[0].shape == (1000, 500)
    assert found[1].flags.f_contiguous


def test_small_arrays_are_copied(tmp_path: Path) -> None:
    """A view costs more than a few numbers."""
    assert not is_view_of_file(load(tmp_path / "a.pkl", [np.arange(8.0)], 4)[0])


def test_a_file_system_without_mapping_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(19, "No such device")

    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([np.arange(1000.0)]))
    monkeypatch.setattr(mmap, "mmap", fail)
    found: Any = load_pickle(path)
    np.testing.assert_array_equal(found[0], np.arange(1000.0))


def test_long_bytes_that_are_no_array_stay_bytes(tmp_path: Path) -> None:
    data = [(1, (2,), "x", False, "text"), (b"x" * 5000, 1, 2, "C"), b"y" * 5000, "z" * 5000]
    assert load(tmp_path / "a.pkl", data, 4) == data


# What looks like the state of an array and is none; a file may hold it, no writer makes it.
LOOKALIKE = pickle.dumps([(1, (2,), "x", False, b"y" * 5000)], 4)
UNASKED = b"\x80\x04K\x07Q."


def test_content_of_no_array_is_no_text(tmp_path: Path) -> None:
    found: Any = load(tmp_path / "a.pkl", pickle.loads(LOOKALIKE), 4)
    assert bytes(found[0][4]) == b"y" * 5000


def test_content_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A file cannot ask by itself, nor, were it to get past the walk, for what it does not have."""
    (tmp_path / "a.pkl").write_bytes(UNASKED)
    with pytest.raises(DataError, match="opcode 0x51 is not needed"):
        load_pickle(tmp_path / "a.pkl")
    with pytest.raises(pickle.UnpicklingError, match="content that is not in it"):
        rebuild.Rebuilder(UNASKED, [memoryview(b"x")] * 7, Budget()).load()


@pytest.mark.usefixtures("everything_is_large")
def test_array_filled_twice_is_refused(tmp_path: Path) -> None:
    content = pickle.dumps([np.arange(6.0)], 2)
    state = content[content.index(b"(K\x01K\x06") : content.rindex(b"b")]
    twice = content[: content.rindex(b"b") + 1] + state + b"b" + content[content.rindex(b"b") + 1 :]
    (tmp_path / "a.pkl").write_bytes(twice)
    with pytest.raises(DataError, match="damaged array"):
        load_pickle(tmp_path / "a.pkl")


@pytest.mark.usefixtures("everything_is_large")
def test_wrong_sizes_are_refused(tmp_path: Path) -> None:
    content = pickle.dumps([np.arange(6.0)], 4)
    (tmp_path / "a.pkl").write_bytes(content.replace(b"K\x06\x85", b"K\x07\x85"))
    with pytest.raises(DataError, match=r"shape \(7,\) but 48 bytes"):
        load_pickle(tmp_path / "a.pkl")


def test_program_is_small() -> None:
    content = pickle.dumps({"a": np.zeros(10_000), "b": ["word", np.ones(10_000)]}, 4)
    program = opcodes.verify(content, rebuild.NAMES)
    left, contents = splice(content, program)
    assert len(left) < 400
    assert [len(content) for content in contents] == [80_000, 80_000]
