"""Hugging Face `datasets` objects from and to a corpus; needs the extra ``hub``."""

import importlib
from collections.abc import Mapping
from typing import Any

from mlcl.data.corpus import Corpus
from mlcl.data.formats.own.arrow import batches_of, corpus_of, description_of
from mlcl.data.formats.own.to_table import to_table
from mlcl.data.formats.shared.source import Source
from mlcl.errors import UsageError


def from_datasets(data: Any) -> Corpus:
    """Build a corpus from a `Dataset` or `DatasetDict`; see `saved_datasets.read` for the columns.

    Raises:
        DataError: If the columns or values differ from that form.
        UsageError: If `datasets` is not installed.
    """
    _package()
    parts: Mapping[str, Any] = data if isinstance(data, Mapping) else {"": data}
    tables = {str(name): part.with_format("arrow")[:] for name, part in parts.items()}
    first = next(iter(parts.values()), None)
    features = {} if first is None else first.features
    classes = {name: list(feature.names) for name, feature in features.items() if getattr(feature, "names", None)}
    description = "" if first is None else first.info.description or ""
    return corpus_of(tables, description, classes, Source(None))


def to_datasets(corpus: Corpus) -> Any:
    """Build a `DatasetDict`; `from_datasets` gives the corpus back.

    Raises:
        DataError: If columns cannot hold the corpus.
        UsageError: If `datasets` is not installed.
    """
    datasets = _package()
    import pyarrow as pa

    table = to_table(corpus, corpus.path or "datasets")
    info = datasets.DatasetInfo(description=description_of(table))
    return datasets.DatasetDict(
        {
            name: datasets.Dataset(pa.Table.from_batches(list(batches_of(table, name))), info=info)
            for name in table.cells
        }
    )


def _package() -> Any:
    try:
        return importlib.import_module("datasets")
    except ImportError:
        raise UsageError("needs the package datasets; install it with: pip install 'mlcl[hub]'") from None
