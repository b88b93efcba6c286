"""The table of our own folder: ``data.csv`` or ``data.parquet``."""

import csv
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from mlcl.data.formats.own.from_table import Cells, check_names
from mlcl.data.formats.shared.source import Source

MANIFESTS = ("data.csv", "data.parquet")
_MAX_COLUMNS = 1000
_CELL_BYTES = 64


def read_manifest(file: Path, source: Source) -> dict[str, Cells]:
    """Return the columns by name.

    Raises:
        DataError: If it cannot be read, or has a column that nobody knows.
    """
    return _read_csv(file, source) if file.suffix == ".csv" else _read_parquet(file, source)


def _read_csv(file: Path, source: Source) -> dict[str, Cells]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            lines = csv.reader(stream, strict=True)
            names = [name.strip() for name in next(lines, [])]
            if len(names) == 1 and ";" in names[0]:
                raise source.error("separates columns by semicolons; save it with commas", file.name)
            check_names(names, source)
            cells: list[list[str]] = [[] for _ in names]
            for number, line in enumerate(lines, start=2):
                if not any(line):
                    continue
                place = f"{file.name} row {number}"
                source.spend(_CELL_BYTES * len(names), place)
                if len(line) != len(names):
                    raise source.error(
                        f"has {len(line)} cells for {len(names)} columns; put texts with commas in double quotes", place
                    )
                for column, cell in zip(cells, line, strict=True):
                    column.append(cell)
            return dict(zip(names, cells, strict=True))
    except UnicodeDecodeError:
        raise source.error("is not UTF-8; save it as UTF-8", file.name) from None
    except (OSError, csv.Error) as error:
        raise source.error(f"cannot be read as csv: {error}", file.name) from None


def _read_parquet(file: Path, source: Source) -> dict[str, Cells]:
    try:
        with parquet.ParquetFile(file, memory_map=True) as opened:
            schema, known = opened.schema_arrow, opened.metadata
            if len(schema.names) > _MAX_COLUMNS:
                raise source.error(f"has {len(schema.names)} columns", file.name)
            check_names(schema.names, source)
            sizes = [known.row_group(group).total_byte_size for group in range(known.num_row_groups)]
            source.spend(max(0, sum(sizes)) + _CELL_BYTES * known.num_rows * len(schema.names), file.name)
            names = [name for name in schema.names if not name.startswith("_")]
            table = opened.read(columns=names, use_threads=False)
        table.validate(full=True)
        return {name: table.column(name).to_pylist() for name in names}
    except (OSError, pa.ArrowException, ValueError, LookupError, MemoryError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise source.error(f"cannot be read as parquet: {reason}", file.name) from None
