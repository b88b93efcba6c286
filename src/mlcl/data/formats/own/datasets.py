"""Reader and writer of what `save_to_disk` of Hugging Face `datasets` makes; needs pyarrow only."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa

from mlcl.data.corpus import Corpus
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.own.arrow import batches_of, corpus_of, description_of
from mlcl.data.formats.own.to_table import to_table
from mlcl.data.formats.shared.source import Source
from mlcl.errors import reason
from mlcl.files import new_folder
from mlcl.safe.arrow import map_file, read_stream
from mlcl.safe.inside import inside
from mlcl.safe.text_file import read_json

_SPLITS, _STATE, _INFO = "dataset_dict.json", "state.json", "dataset_info.json"
_DATA = "data-00000-of-00001.arrow"
_MAX_BYTES = 2**24  # of a JSON file
_MAX_NAME = 200  # letters


def sniff(path: Path) -> bool:
    """Whether a folder is a saved `Dataset` or `DatasetDict`."""
    return (path / _SPLITS).is_file() or ((path / _STATE).is_file() and (path / _INFO).is_file())


def read(data: Path, source: Source) -> Corpus:
    """Read a folder that `save_to_disk` made.

    Format:
        A `DatasetDict` with splits ``train``, ``validation`` (or ``dev``) and ``test``, or one `Dataset` with a column
        ``split``. Its columns are those of our own folder: ``id``; ``text``, ``words`` or ``sentences``; ``label``, a
        number, text or `ClassLabel`; and so on. Feature rows stand in ``acoustic``, ``visual``, ``hcf``, ``vectors`` as
        a list of rows of numbers per item, or one list of numbers per item.

    Raises:
        DataError: If anything differs from the format.
    """
    root = data.resolve()
    names = _json(root, _SPLITS, source).get("splits") if (data / _SPLITS).is_file() else [""]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise source.error("has no list of splits", _SPLITS)
    if max(map(len, names)) > _MAX_NAME:
        raise source.error(f"has a split whose name has more than {_MAX_NAME} letters", _SPLITS)
    with ExitStack() as stack:
        tables, infos = {}, []
        for name in names:
            tables[name] = _table(root, name, source, stack)
            infos.append(_json(root, str(Path(name, _INFO)), source))
        description = infos[0].get("description")
        try:
            return corpus_of(tables, description if isinstance(description, str) else "", _classes(infos[0]), source)
        except (pa.ArrowException, ValueError, OverflowError, MemoryError) as error:
            raise source.error(f"cannot be read as a saved data set: {reason(error)}") from None


def write(corpus: Corpus, path: Path) -> None:
    """Write a corpus as `save_to_disk` does, whole or not at all; `datasets.load_from_disk` opens it.

    Raises:
        DataError: If there is something at `path` already, or columns cannot hold the corpus.
    """
    table = to_table(corpus, path)
    with new_folder(path) as folder:
        (folder / _SPLITS).write_text(json.dumps({"splits": list(table.cells)}), encoding="utf-8")
        for name in table.cells:
            (folder / name).mkdir()
            schema = _write_table(folder / name / _DATA, batches_of(table, name))
            info = {"description": description_of(table), "features": _features(schema), "splits": None}
            state: dict[str, Any] = {"_data_files": [{"filename": _DATA}], "_fingerprint": "0" * 16, "_split": name}
            state |= {"_format_columns": None, "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False}
            (folder / name / _INFO).write_text(json.dumps(info), encoding="utf-8")
            (folder / name / _STATE).write_text(json.dumps(state), encoding="utf-8")


def _write_table(file: Path, batches: Iterator[Any]) -> Any:
    first = next(batches)
    with pa.ipc.new_stream(str(file), first.schema) as stream:
        stream.write_batch(first)
        for batch in batches:
            stream.write_batch(batch.cast(first.schema))
    return first.schema


def _features(schema: Any) -> dict[str, Any]:
    """The columns as `datasets` describes them."""
    return {column.name: _feature(column.type) for column in schema}


def _feature(kind: Any) -> Any:
    if pa.types.is_list(kind):
        return [_feature(kind.value_type)]
    names = {"float": "float32", "double": "float64", "halffloat": "float16"}
    return {"dtype": names.get(str(kind), str(kind)), "_type": "Value"}


def _table(root: Path, name: str, source: Source, stack: ExitStack) -> Any:
    """The arrow table of a split, memory-mapped and checked."""
    state = _json(root, str(Path(name, _STATE)), source)
    files = state.get("_data_files")
    if state.get("_indices_data_files"):
        raise source.error("is a selection of a data set; save it again with flatten_indices()", name)
    if not isinstance(files, list) or not files:
        raise source.error("names no data files", _STATE)
    parts = []
    for entry in files:
        try:
            file = inside(root, str(Path(name, str(entry["filename"]))))
            parts.append(read_stream(stack.enter_context(map_file(file)), source, name))
        except (OSError, pa.ArrowException, ValueError, LookupError, TypeError, MemoryError) as error:
            raise source.error(f"cannot be read as arrow data: {reason(error)}", name or _STATE) from None
    return pa.concat_tables(parts)


def _json(root: Path, name: str, source: Source) -> dict[str, Any]:
    try:
        values = read_json(inside(root, name), max_bytes=_MAX_BYTES)
    except ValueError as error:
        raise source.error(reason(error), name) from None
    if not isinstance(values, dict):
        raise source.error("is no JSON object", name)
    return values


def _classes(info: dict[str, Any]) -> dict[str, list[str]]:
    """Names of classes, by column."""
    features = info.get("features")
    found = {}
    for column, feature in features.items() if isinstance(features, dict) else ():
        names = feature.get("names") if isinstance(feature, dict) else None
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            found[column] = names
    return found


LAYOUT = Layout("datasets", "folder", sniff, read, "datasets: what save_to_disk of Hugging Face datasets makes", write)
