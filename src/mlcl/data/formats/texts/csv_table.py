"""Comma or tab separated text as named columns, read within limits."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlcl.errors import DataError
from mlcl.safe.budget import Budget
from mlcl.safe.text_file import peek_text, read_text

_ROW_BYTES = 192  # what a row takes beside its cells, roughly
_CELL_BYTES = 57
_MAX_COLUMNS = 1000


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        cells: By column name, without white space around them.
        place: Where it stands, for errors.
    """

    cells: dict[str, str]
    place: str

    def __getitem__(self, name: str) -> str:
        return self.cells[name]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        names: Column names in order.
        rows: The rows.
        latin1: Whether the text was not UTF-8 and was read as latin-1.
    """

    names: tuple[str, ...]
    rows: list[Row]
    latin1: bool


def column_names(path: Path) -> frozenset[str]:
    """Column names of a table, for `sniff`; empty if it is none. Never raises."""
    try:
        return frozenset(name.strip() for name in next(_lines(peek_text(path)), []))
    except csv.Error:
        return frozenset()


def read_table(source: Budget, path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> Table:
    """Read some columns of a table; others are left out.

    Args:
        source: What is read, with its memory budget.
        path: The file.
        columns: Names that must be there.
        optional: Names that may be there.

    Raises:
        DataError: If a column is missing or named twice, a row has more or fewer cells, or the file is damaged.
    """
    text, latin1 = read_text(path)
    lines = _lines(text)
    try:
        names = [name.strip() for name in next(lines, [])]
        _check_names(names, columns, path)
        kept = [(index, name) for index, name in enumerate(names) if name in columns or name in optional]
        rows: list[Row] = []
        for cells in lines:
            if not cells:
                continue  # an empty line
            place = f"{path.name} row {len(rows) + 1}" if source.path != str(path) else f"row {len(rows) + 1}"
            if len(cells) != len(names):
                raise DataError(
                    f"has {len(cells)} cells for {len(names)} columns; quote cells with commas", path=path, place=place
                )
            source.spend(_ROW_BYTES + _CELL_BYTES * len(cells) + sum(map(len, cells)), place)
            rows.append(Row({name: cells[index].strip() for index, name in kept}, place))
    except csv.Error as error:
        raise DataError(f"is not readable as a table: {ascii(str(error))[1:-1][:200]}", path=path) from None
    if not rows:
        raise DataError("has no rows below its header", path=path)
    return Table(tuple(names), rows, latin1)


def _lines(text: str) -> Iterator[list[str]]:
    first = text[: text.find("\n") + 1] or text
    tabs = "\t" in first and "," not in first
    return csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tabs else ",", strict=True)


def _check_names(names: Sequence[str], columns: Sequence[str], path: Path) -> None:
    found = ", ".join(ascii(name[:30]) for name in names[:30]) or "nothing"
    missing = [name for name in columns if name not in names]
    if missing:
        raise DataError(
            f"has no column {', '.join(missing)}; needed are {', '.join(columns)}, found {found}", path=path
        )
    twice = next((name for index, name in enumerate(names) if name and name in names[:index]), None)
    if twice is not None or len(names) > _MAX_COLUMNS:
        what = f"names column {twice[:30]!r} twice" if twice is not None else f"has {len(names)} columns"
        raise DataError(f"{what}; found {found}", path=path)
