"""The table of our own folder: ``data.csv`` or ``data.parquet``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mlcl.data.formats.own.from_table import Cells, check_names
from mlcl.data.formats.shared.source import Source
from mlcl.safe.csv_file import read_table
from mlcl.safe.parquet import read_parquet

TABLE_FILES = ("data.csv", "data.parquet")


def read_table_file(file: Path, source: Source) -> Mapping[str, Cells]:
    """Return the columns by name; raises a DataError if it cannot be read, or has a column that nobody knows."""

    def choose(names: Sequence[str]) -> list[str]:
        check_names(names, source)
        return [name for name in names if not name.startswith("_")]

    if file.suffix != ".csv":
        return read_parquet(file, source, choose)
    table = read_table(source, file, optional=None, first_row=2, prose=False)
    if table.latin1:
        raise source.error("is not UTF-8; save it as UTF-8", file.name)
    choose(table.names)
    return table.cells
