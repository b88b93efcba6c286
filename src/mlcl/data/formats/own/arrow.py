"""Arrow tables, as Hugging Face `datasets` keeps them, from and to a corpus."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Ragged
from mlcl.data.formats.own.facts import Facts
from mlcl.data.formats.own.from_table import LABEL, NAMED_LABEL, ROW_COLUMNS, ROWS, Cells, TableReader, check_names
from mlcl.data.formats.own.to_table import CorpusTable
from mlcl.data.formats.shared.source import Source
from mlcl.safe.arrow import cells_of, is_list
from mlcl.safe.text_file import parse_json

FACTS = "mlcl: "  # begins a description that holds our facts
_BATCH = 1000  # items; an array of lists may hold 2^31 numbers


def corpus_of(tables: Mapping[str, Any], description: str, classes: Mapping[str, list[str]], source: Source) -> Corpus:
    """Join the tables of the splits.

    Args:
        tables: Arrow table by the split's name; the name ``""`` for one table whose column ``split`` tells.
        description: Of the data set; may hold the facts that `description_of` wrote.
        classes: Names of classes, by the column that holds their numbers.

    Raises:
        DataError: If a table differs from the form that `from_table` describes.
    """
    if not tables:
        raise source.error("has no splits")
    first = next(iter(tables.values()))
    names = [name for name in first.column_names if not name.startswith("_")]
    for name, table in tables.items():
        check_names(table.column_names, source)
        if {column for column in table.column_names if not column.startswith("_")} != set(names):
            raise source.error("has other columns than the first split", name)
        if name and "split" in names:
            raise source.error("is a split and has a column 'split'; remove the column", name)
    facts = _facts(description, source)
    if not facts.classes and not facts.label_classes:
        several = [name for name in names if name in classes and name.startswith(NAMED_LABEL)]
        stated = {name.removeprefix(NAMED_LABEL): classes[name] for name in several}
        facts = facts.model_copy(update={"classes": classes.get(LABEL, []), "label_classes": stated})
    cells: dict[str, Cells] = {
        name: [
            cell
            for table in tables.values()
            for chunk in table.column(name).chunks
            for cell in cells_of(chunk, source, name)
        ]
        for name in names
        if name not in ROW_COLUMNS
    }
    if "" not in tables:
        cells["split"] = [name for name, table in tables.items() for _ in range(table.num_rows)]
    rows = {
        name: _ragged([chunk for table in tables.values() for chunk in table.column(name).chunks], name, source)
        for name in names
        if name in ROW_COLUMNS
    }
    return TableReader(source, cells, facts, lambda index: f"item {index}", "datasets").build(rows)


def description_of(table: CorpusTable) -> str:
    """A description that holds the facts of a corpus."""
    return FACTS + json.dumps(table.facts.plain(), ensure_ascii=False)


def batches_of(table: CorpusTable, split: str) -> Iterator[Any]:
    """Arrow record batches of a split."""
    cells = {name: values for name, values in table.cells[split].items() if name != "split"}
    count = len(cells["id"])
    for start in range(0, count, _BATCH):
        stop = min(start + _BATCH, count)
        arrays = {name: _array(name, values[start:stop]) for name, values in cells.items()}
        arrays |= {name: _list_array(rows, start, stop) for name, rows in table.rows[split].items()}
        yield pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))


def _array(name: str, values: list[object]) -> Any:
    if any(isinstance(value, list) for value in values):
        return pa.array(values, pa.list_(pa.string()))
    is_label = name == LABEL or name.startswith(NAMED_LABEL)
    numbers = is_label and not any(isinstance(value, str) for value in values)
    return pa.array(values, pa.float64() if numbers else pa.string())


def _list_array(rows: Ragged, start: int, stop: int) -> Any:
    offsets = rows.offsets[start : stop + 1]
    values = np.ascontiguousarray(rows.values[offsets[0] : offsets[-1]])
    inner = np.arange(len(values) + 1, dtype=np.int32) * rows.width
    lists = pa.ListArray.from_arrays(pa.array(inner, pa.int32()), pa.array(values.ravel()))
    return pa.ListArray.from_arrays(pa.array((offsets - offsets[0]).astype(np.int32)), lists)


def _facts(description: str, source: Source) -> Facts:
    if not description.startswith(FACTS):
        return Facts()
    try:
        values = parse_json(description.removeprefix(FACTS))
    except ValueError:
        raise source.error("has a damaged description") from None
    return Facts.parse(values, source.path or "datasets")


def _ragged(chunks: list[Any], column: str, source: Source) -> Ragged:
    """Rows of all items, from arrays of lists of lists of numbers, or of lists of numbers, which are one row each."""
    kind = ROWS[column.removeprefix("context_")]
    values, lengths = [], [np.zeros(0, np.int64)]
    for chunk in chunks:
        counts, matrix = _matrix(chunk, column, source)
        values.append(source.matrix(matrix, kind, column))
        lengths.append(counts)
    ends = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
    return Ragged(source.stack(values, kind, column).values, ends)


def _matrix(chunk: Any, column: str, source: Source) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """(items,) number of rows of each item, and all rows."""
    if not is_list(chunk.type):
        raise source.error(f"holds {str(chunk.type)[:60]}, not lists of rows of numbers", column)
    counts = np.asarray(chunk.value_lengths().fill_null(0), np.int64)
    inner = chunk.flatten()
    if not is_list(inner.type):
        sizes = counts[counts > 0]
        counts = (counts > 0).astype(np.int64)
    else:
        sizes = np.asarray(inner.value_lengths().fill_null(0), np.int64)
        inner = inner.flatten()
    if not (pa.types.is_floating(inner.type) or pa.types.is_integer(inner.type)):
        raise source.error(f"holds {str(chunk.type)[:60]}, not lists of rows of numbers", column)
    if len(set(sizes.tolist())) > 1:
        raise source.error(f"has rows of {sizes.min()} and of {sizes.max()} columns", column)
    width = int(sizes[0]) if len(sizes) else 0
    flat = inner.to_numpy(zero_copy_only=False)
    return counts, flat.reshape(len(sizes), width)
