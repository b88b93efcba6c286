"""Comma or tab separated text as named columns, read within limits."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlcl.safe.budget import Budget
from mlcl.safe.text_file import peek_text, read_text

_ROW_BYTES = 64  # what a row takes beside its cells, roughly
_CELL_BYTES = 57
_MAX_COLUMNS = 1000
_MOST_CELLS = 2**18  # that a row may be cut into before its columns are counted
_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]+")


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
        names: Names of all columns in order.
        cells: The columns that were asked for, by name, each with one cell per row.
        places: Where each row stands, for errors.
        latin1: Whether the text was not UTF-8 and was read as latin-1.
    """

    names: tuple[str, ...]
    cells: dict[str, list[str]]
    places: list[str]
    latin1: bool

    @property
    def rows(self) -> Iterator[Row]:
        """One row after the other."""
        for place, *cells in zip(self.places, *self.cells.values(), strict=True):
            yield Row(dict(zip(self.cells, map(str.strip, cells), strict=True)), place)


def column_names(path: Path) -> frozenset[str]:
    """Column names of a table, for `sniff`; empty if it is none. Never raises."""
    try:
        return frozenset(name.strip() for name in next(_Rows(peek_text(path)), []))
    except csv.Error:
        return frozenset()


def read_table(
    budget: Budget,
    path: Path,
    needed: Sequence[str] = (),
    optional: Sequence[str] | None = (),
    *,
    first_row: int = 1,
    prose: bool = True,
) -> Table:
    """Read some columns of a table. Rows without anything in them are left out.

    Args:
        budget: What is read; its errors name `path` where that is one file of several.
        path: The file.
        needed: Names that must be there.
        optional: Names that may be there; None takes all.
        first_row: What the first row below the header is called in errors.
        prose: Whether it is text by people, see `read_text`, and not a file of our own.

    Raises:
        DataError: If a column is missing or named twice, a row has more or fewer cells, or the file is damaged.
    """
    text, latin1 = read_text(path, prose=prose)
    lines, within = _Rows(text), "" if budget.path == str(path) else path.name
    places: list[str] = []
    try:
        names = [name.strip() for name in next(lines, [])]
        _check_names(names, needed, budget, within)
        kept = [index for index, name in enumerate(names) if optional is None or name in (*needed, *optional)]
        columns: list[list[str]] = [[] for _ in kept]
        for cells in lines:
            if not any(cells):
                continue
            place = f"{within} row {len(places) + first_row}".strip()
            if len(cells) != len(names):
                raise budget.error(
                    f"has {len(cells)} cells for {len(names)} columns; put texts with commas in double quotes", place
                )
            budget.spend(_ROW_BYTES + _CELL_BYTES * len(cells) + sum(map(len, cells)), place)
            places.append(place)
            for column, index in zip(columns, kept, strict=True):
                column.append(cells[index])
    except csv.Error as error:
        raise budget.error(f"is not readable as a table: {ascii(str(error))[1:-1][:200]}", within) from None
    if not places:
        raise budget.error("has no rows below its header", within)
    return Table(tuple(names), dict(zip([names[index] for index in kept], columns, strict=True)), places, latin1)


class _Rows:
    """The rows of a text as lists of cells; one row cannot be cut into more than a table can have."""

    def __init__(self, text: str) -> None:
        first = text[: text.find("\n") + 1] or text
        self._delimiter = "\t" if "\t" in first and "," not in first else ","
        self._cuts = 0
        self._reader = csv.reader(self._lines(text), delimiter=self._delimiter, strict=True)

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        self._cuts = 0
        return next(self._reader)

    def _lines(self, text: str) -> Iterator[str]:
        for line in _LINE.finditer(text):
            self._cuts += line[0].count(self._delimiter)
            if self._cuts > _MOST_CELLS:
                raise csv.Error(f"a row has more than {_MOST_CELLS} cells")
            yield line[0]


def _check_names(names: Sequence[str], needed: Sequence[str], budget: Budget, place: str) -> None:
    found = ", ".join(ascii(name[:30]) for name in names[:30]) or "nothing"
    missing = [name for name in needed if name not in names]
    if len(names) == 1 and ";" in names[0]:
        raise budget.error("separates columns by semicolons; save it with commas", place)
    if missing:
        raise budget.error(f"has no column {', '.join(missing)}; needed are {', '.join(needed)}, found {found}", place)
    twice = next((name for index, name in enumerate(names) if name and name in names[:index]), None)
    if twice is not None or len(names) > _MAX_COLUMNS:
        what = f"has several columns {twice[:30]!r}; keep one" if twice is not None else f"has {len(names)} columns"
        raise budget.error(f"{what}; found {found}", place)
