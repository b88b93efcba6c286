"""Parquet tables come back as they were, and cost what their pages hold, whatever the footer says."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mlcl.errors import DataError
from mlcl.safe.arrow import cells_of, map_file, read_stream
from mlcl.safe.budget import Budget
from mlcl.safe.parquet import read_parquet

COLUMNS: dict[str, list[Any]] = {
    "text": ["a b", None, "", "étrange", "a b"] * 40,
    "words": [["a"], [], None, ["b", "c"], ["a", "a"]] * 40,
    "label": [1.5, None, -2.0, 0.0, 3.0] * 40,
    "count": list(range(200)),
}


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [False, True])
def test_a_table_is_read_as_it_was_written(tmp_path: Path, compression: str, version: str, dictionary: bool) -> None:
    how = {"compression": compression, "data_page_version": version, "use_dictionary": dictionary}
    parquet.write_table(pa.table(COLUMNS), tmp_path / "x", row_group_size=70, data_page_size=64, **how)
    budget = Budget(str(tmp_path / "x"), 10**6)
    assert read_parquet(tmp_path / "x", budget, list) == COLUMNS
    assert budget.bytes_left is not None
    assert budget.bytes_left < 10**6 - 64 * 200 * 4


def test_only_the_chosen_columns_are_paid_for(tmp_path: Path) -> None:
    table = pa.table({"id": ["a"] * 9, "large": [b"x" * 10**5] * 9})
    parquet.write_table(table, tmp_path / "x", use_dictionary=False)
    assert read_parquet(tmp_path / "x", Budget(None, 10**5), lambda names: ["id"]) == {"id": ["a"] * 9}
    with pytest.raises(DataError, match="far more memory"):
        read_parquet(tmp_path / "x", Budget(None, 10**5), list)


def test_one_text_for_many_items_is_one_object(tmp_path: Path) -> None:
    again = pa.DictionaryArray.from_arrays(pa.array(np.zeros(1000, np.int32)), pa.array(["x" * 10**6]))
    parquet.write_table(pa.table({"text": again}), tmp_path / "x")
    found = read_parquet(tmp_path / "x", Budget(None, 10**8), list)["text"]
    assert len(found) == 1000
    assert len({id(cell) for cell in found}) == 1


def test_one_long_text_in_many_lists_is_refused(tmp_path: Path) -> None:
    texts = pa.array(["x" * 10**6]).take(pa.array([0] * 200))
    lists = pa.ListArray.from_arrays(pa.array([0, 80, 200], pa.int32()), texts)
    for compression in ("none", "gzip", "zstd", "snappy", "lz4"):
        parquet.write_table(pa.table({"words": lists}), tmp_path / "x", compression=compression)
        with pytest.raises(DataError, match="far more memory"):
            read_parquet(tmp_path / "x", Budget(None, 10**8), list)


def test_zeros_that_unpack_to_more_than_the_budget_are_refused(tmp_path: Path) -> None:
    table = pa.table({"text": ["\0" * 10**7]})
    parquet.write_table(table, tmp_path / "x", compression="zstd", use_dictionary=False)
    assert (tmp_path / "x").stat().st_size < 20_000
    with pytest.raises(DataError, match="far more memory"):
        read_parquet(tmp_path / "x", Budget(None, 10**6), list)


def test_a_footer_that_ends_the_library_s_process_is_refused(tmp_path: Path) -> None:
    """An optional column that the schema calls required: its statistics, asked for from Python, abort everything."""
    parquet.write_table(pa.table({"id": ["a", "b"]}), tmp_path / "x")
    whole = (tmp_path / "x").read_bytes()
    optional = b"\x25\x02\x18\x02id"  # repetition 1, then the name
    assert whole.count(optional) == 1
    (tmp_path / "x").write_bytes(whole.replace(optional, b"\x25\x00\x18\x02id"))
    with pytest.raises(DataError, match="cannot be read as parquet"):
        read_parquet(tmp_path / "x", Budget(None, 10**6), list)


@pytest.mark.parametrize("size", [0, 2**22 + 1, 2**32 - 1])
def test_a_footer_of_any_size_is_refused(tmp_path: Path, size: int) -> None:
    parquet.write_table(pa.table({"id": ["a" * 2**22]}), tmp_path / "x", compression="none")
    whole = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(whole[:-8] + size.to_bytes(4, "little") + whole[-4:])
    with pytest.raises(DataError, match="cannot be read as parquet"):
        read_parquet(tmp_path / "x", Budget(None, 10**9), list)


def test_text_as_differences_is_refused(tmp_path: Path) -> None:
    encodings = {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}}
    parquet.write_table(pa.table({"text": ["x" * 999] * 99}), tmp_path / "x", **encodings)
    with pytest.raises(DataError, match="DELTA_BYTE_ARRAY"):
        read_parquet(tmp_path / "x", Budget(None, 10**6), list)


@pytest.mark.parametrize(
    "array",
    [
        pa.array([{"a": 1}]),
        pa.array([b"x"]),
        pa.RunEndEncodedArray.from_arrays(pa.array([2**30], pa.int32()), pa.array(["x"])),
    ],
    ids=["struct", "bytes", "runs"],
)
def test_other_types_are_refused(array: Any) -> None:
    with pytest.raises(DataError, match=r"not text, numbers or lists of them|far more memory"):
        cells_of(array, Budget(None, 10**9), "x")


def _stream(file: Path, table: Any, **options: Any) -> Path:
    with pa.ipc.new_stream(str(file), table.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(table)
    return file


def test_a_stream_is_read_as_views_and_a_packed_one_refused(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b"], "rows": [[[1.0, 2.0]], []]})
    with map_file(_stream(tmp_path / "a", table)) as mapped:
        assert read_stream(mapped, Budget(None, 10**5), "a").equals(table)
    for packing in ("lz4", "zstd"):
        packed = map_file(_stream(tmp_path / "b", table, compression=packing))
        with packed, pytest.raises(ValueError, match="without compression"):
            read_stream(packed, Budget(None, 10**5), "b")
    nothing = pa.table({"id": pa.nulls(10**6)})
    with map_file(_stream(tmp_path / "c", nothing)) as mapped, pytest.raises(DataError, match="far more memory"):
        read_stream(mapped, Budget(None, 10**6), "c")
