"""Tables of text are cut into rows as Python's reader cuts them, within limits."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcl.errors import DataError
from mlcl.safe.budget import Budget
from mlcl.safe.csv_file import _Rows, read_table


@given(st.text(alphabet='a,"\r\n x;'))
def test_rows_are_those_of_the_library(text: str) -> None:
    expected, failed = [], False
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            expected.append(row)  # noqa: PERF402 - what came before an error counts
    except csv.Error:
        failed = True
    found = []
    try:
        for row in _Rows(text):
            found.append(row)  # noqa: PERF402
    except csv.Error:
        assert failed
    assert found == expected


@pytest.mark.parametrize(
    "text",
    ["," * 2**20, "id\n" + "," * 2**20, "id\n" + ('"\n"' + "," * 2**17) * 8],
    ids=["header", "row", "row of several lines"],
)
def test_a_row_of_a_million_cells_is_refused_before_it_is_cut(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="a row has more than 262144 cells"):
        read_table(Budget(str(tmp_path / "x.csv")), tmp_path / "x.csv", optional=None)
