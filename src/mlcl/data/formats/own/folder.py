"""Reader of our own folder: a table that a person writes by hand, and .npy or .npz files with the rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Ragged
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.own.facts import Facts
from mlcl.data.formats.own.folder_writer import write
from mlcl.data.formats.own.from_table import ROW_COLUMNS, ROWS, Cells, TableReader, check_names
from mlcl.data.formats.shared.source import Source
from mlcl.errors import reason
from mlcl.files import is_there
from mlcl.inert import plain_cell
from mlcl.media.specification import FILE, FeatureSpecification
from mlcl.safe.csv_file import column_names, read_table
from mlcl.safe.inside import inside
from mlcl.safe.npy import FAILURES, Archive, load_npy, map_npy
from mlcl.safe.parquet import read_parquet

TABLE_FILES = ("data.csv", "data.parquet")
FACTS = "data.yaml"
_CHUNK = 2**16  # rows that are checked at a time


def sniff(path: Path) -> bool:
    """Whether a folder has a table with columns of ours."""
    return (path / "data.parquet").is_file() or "id" in column_names(path / "data.csv")


def read(data: Path, source: Source) -> Corpus:
    """Read a folder.

    Format:
        ``data.csv`` (UTF-8, commas) or ``data.parquet``, one row per item, with the columns of `table`: ``id``,
        ``split`` and ``text``, ``label``, and so on. Rows of features in one of two ways:

        * A column ``acoustic``, ``visual``, ``hcf`` or ``vectors`` (of the text) names each item's file: a ``.npy``
          with (rows, columns), or one row (columns,); or a ``.npz``, then as ``file.npz#key``, without ``#key`` its
          only array or the one called like the column. Empty where an item lacks the modality.
        * No such column, but ``acoustic.npy`` (all rows, columns) with the items one after the other in the table's
          order, and ``acoustic.offsets.npy`` (items + 1): item i is rows ``offsets[i]`` to ``offsets[i + 1]``. It is
          memory-mapped if it is float32, or float16, which stays so until it is computed with.

        Rows of what was said before are named ``context_acoustic`` and so on. ``data.yaml`` may hold the `Facts`.
        No file may lie outside of the folder.

    Raises:
        DataError: If anything differs from the format, with the place.
    """
    names = [name for name in TABLE_FILES if (data / name).is_file()]
    if len(names) != 1:
        raise source.error(f"has {' and '.join(names) or 'no table'}; keep one of {', '.join(TABLE_FILES)}")
    cells = _read_table(data / names[0], source)
    facts = Facts.read(data / FACTS) if is_there(data / FACTS) else Facts()
    if facts.guarded and names[0] == "data.csv":
        cells = {name: [plain_cell(str(cell)) for cell in column] for name, column in cells.items()}

    def place(index: int) -> str:
        return f"{names[0]} row {index + 2}" if names[0] == "data.csv" else f"{names[0]} item {index}"

    folder = _Folder(data.resolve(), source)
    rows, notes = {}, []
    for column in ROW_COLUMNS:
        whole = is_there(data / f"{column}.npy")
        if column in cells and whole:
            raise source.error(f"has {column}.npy and a column {column!r} in {names[0]}; keep one")
        if column in cells and not any(map(_is_named, cells[column])):
            notes.append(f"the column {column} is empty in every row, so the data have no such rows")
        elif column in cells:
            rows[column] = folder.items(column, cells[column], place)
        elif whole:
            rows[column] = folder.whole(column, len(cells["id"]))
    corpus = TableReader(source, cells, facts, place, "folder", notes).build(rows)
    return replace(corpus, features=_features(data / FILE, corpus, source)) if is_there(data / FILE) else corpus


def _features(file: Path, corpus: Corpus, source: Source) -> FeatureSpecification:
    """How the rows were made; refuses a description of other rows."""
    features = FeatureSpecification.read(file)
    widths = corpus.widths()
    for kind, width in features.widths().items():
        if widths.get(kind, width) != width:
            raise source.error(f"describes {width} {kind} columns, here are {widths[kind]}; delete it", file.name)
    return features


def _read_table(file: Path, source: Source) -> Mapping[str, Cells]:
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


@dataclass
class _Folder:
    """Arrays of a folder. `root` is resolved."""

    root: Path
    source: Source

    def items(self, column: str, cells: Sequence[object], place: Callable[[int], str]) -> Ragged:
        """Rows of all items, each from the file that its cell names."""
        kind, matrices = _kind(column), []
        archives: dict[Path, Archive] = {}
        try:
            for index, cell in enumerate(cells):
                found = self._item(column, cell, archives, place(index))
                matrices.append(self.source.matrix(found, kind, place(index)))
        finally:
            for archive in archives.values():
                archive.close()
        return self.source.stack(matrices, kind, column)

    def _item(self, column: str, cell: object, archives: dict[Path, Archive], place: str) -> object:
        name = cell.strip() if isinstance(cell, str) else cell
        if name is None or name == "":
            return ()
        if not isinstance(name, str):
            raise self.source.error(f"{column} is {type(name).__name__}, not the name of a file", place)
        file_name, packed, key = name.partition(".npz#")
        file_name += packed.removesuffix("#")
        if not file_name.endswith((".npy", ".npz")):
            raise self.source.error(f"{column} names {file_name[:80]!a}; it must end in .npy or .npz", place)
        try:
            file = inside(self.root, file_name)
            if file_name.endswith(".npz"):
                array = self._packed(file, key, column, archives, place)
            else:
                self.source.spend(file.stat().st_size, place)
                array = load_npy(file)
        except FAILURES as error:
            raise self.source.error(f"{column}: {_reason(error, file_name)}", place) from None
        return array[None] if array.ndim == 1 and len(array) else array

    def _packed(
        self, file: Path, key: str, column: str, archives: dict[Path, Archive], place: str
    ) -> NDArray[np.generic]:
        if file not in archives:
            for old in [archives.pop(known) for known in list(archives)]:
                old.close()
            archives[file] = Archive(file)
        archive = archives[file]
        keys = archive.keys
        key = key or (column if column in keys or len(keys) != 1 else keys[0])
        if key not in keys:
            raise ValueError(f"{file.name} has no array {key[:40]!r}, but {', '.join(keys[:9])[:200] or 'nothing'}")
        self.source.spend(archive.size(key), place)
        return archive.load(key)

    def whole(self, column: str, items: int) -> Ragged:
        """Rows of all items from one array and its offsets."""
        names = (f"{column}.npy", f"{column}.offsets.npy")
        try:
            values, offsets = map_npy(inside(self.root, names[0])), load_npy(inside(self.root, names[1]))
        except FAILURES as error:
            raise self.source.error(_reason(error, " or ".join(names))) from None
        if values.ndim != 2 or not values.shape[1]:
            raise self.source.error(f"{names[0]} has the shape {values.shape}, not (rows, columns)")
        if offsets.shape != (items + 1,) or offsets.dtype.kind not in "iu":
            raise self.source.error(f"{names[1]} holds {offsets.dtype} {offsets.shape}, not {items + 1} whole numbers")
        offsets = offsets.astype(np.int64)
        if offsets[0] != 0 or offsets[-1] != len(values) or (np.diff(offsets) < 0).any():
            raise self.source.error(f"{names[1]} does not rise from 0 to the {len(values)} rows of {names[0]}")
        known = self.source.widths.setdefault(_kind(column), values.shape[1])
        if known != values.shape[1]:
            raise self.source.error(f"{names[0]} has {values.shape[1]} columns, the other segment has {known}")
        return Ragged(self._converted(values, column), offsets)

    def _converted(self, values: NDArray[np.generic], column: str) -> NDArray[np.floating]:
        """The values in the wanted type, mapped if they have it, with -inf, inf and nan as 0."""
        kept = values.dtype in (np.dtype(self.source.dtype), np.dtype(np.float16))
        if not kept:
            self.source.spend(values.size * np.dtype(self.source.dtype).itemsize, column)
        made: NDArray[Any] = np.asarray(values) if kept else np.empty(values.shape, self.source.dtype)
        repaired = 0
        for start in range(0, len(values), _CHUNK):
            part = made[start : start + _CHUNK]
            if not kept:
                with np.errstate(over="ignore", invalid="ignore"):
                    part[...] = values[start : start + _CHUNK]
            finite = np.isfinite(part)
            if not finite.all():
                repaired += int((~finite.all(axis=1)).sum())
                part[~finite] = 0
        if repaired:
            self.source.repaired[f"table/{column}"] = repaired
        return made


def _is_named(cell: object) -> bool:
    """Whether a cell of rows names a file; an empty one says that the item has none."""
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _kind(column: str) -> str:
    """Name of the rows in a segment."""
    return ROWS[column.removeprefix("context_")]


def _reason(error: BaseException, name: str) -> str:
    text = reason(error)
    return text if text.startswith("names ") or name in text else f"{name[:80]!a} cannot be read as numpy data: {text}"


LAYOUT = Layout(
    "folder",
    "folder",
    sniff,
    read,
    "folder: data.csv or data.parquet with id, split, text, label and .npy rows (docs/own_data.md)",
    write,
)
