"""Writer of our own folder: a csv table and one memory-mappable array per kind of rows."""

import csv
import json
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Ragged
from mlcl.data.formats.own.to_table import CorpusTable, to_table
from mlcl.files import new_folder, write_yaml
from mlcl.inert import spreadsheet
from mlcl.media.specification import FILE

_CHUNK = 2**16  # rows that are written at a time


def write(corpus: Corpus, path: Path) -> None:
    """Write a corpus as a folder, whole or not at all; see `folder.read` for the format.

    Rows keep their type; float32 and float16 can be mapped when they are read.

    Raises:
        DataError: If there is something at `path` already, or the table cannot hold the corpus.
    """
    table = to_table(corpus, path)
    with new_folder(path) as folder:
        _fill(table, corpus, folder)


def fill(corpus: Corpus, folder: Path) -> None:
    """Write the same files into an empty folder; raises as `write`."""
    _fill(to_table(corpus, folder), corpus, folder)


def _fill(table: CorpusTable, corpus: Corpus, folder: Path) -> None:
    guarded = _write_table(folder / "data.csv", table)
    for column in next(iter(table.rows.values())):
        _write_rows(folder, column, [rows[column] for rows in table.rows.values()])
    write_yaml(folder / "data.yaml", table.facts.model_copy(update={"guarded": guarded or None}).plain())
    if corpus.features is not None:
        corpus.features.write(folder / FILE)


def _write_table(file: Path, table: CorpusTable) -> bool:
    """Write the table; returns whether a text got an apostrophe, so that no spreadsheet computes it."""
    guarded = False
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(next(iter(table.cells.values())))
        for cells in table.cells.values():
            for line in zip(*cells.values(), strict=True):
                plain = [_cell(cell) for cell in line]
                inert = [spreadsheet(cell) for cell in plain]
                guarded |= inert != plain
                out.writerow(inert)
    return guarded


def _cell(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, list):
        return json.dumps(cell, ensure_ascii=False)
    return cell if isinstance(cell, str) else repr(cell)


def _write_rows(folder: Path, column: str, parts: list[Ragged]) -> None:
    lengths = np.concatenate([part.lengths for part in parts])
    np.save(folder / f"{column}.offsets.npy", np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    dtype = np.result_type(*(part.values.dtype for part in parts))
    header = {"descr": dtype.str, "fortran_order": False, "shape": (int(lengths.sum()), parts[0].width)}
    with (folder / f"{column}.npy").open("wb") as stream:
        npy_format.write_array_header_1_0(stream, header)
        for values in chain.from_iterable(_chunks(part.values) for part in parts):
            values.astype(dtype).tofile(stream)


def _chunks(values: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]
