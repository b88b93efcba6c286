"""Readers of layouts, called as `read_corpus` calls them, without a file."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mlcl.data.corpus import Corpus
from mlcl.data.formats.shared.source import Source


def read_with(
    reader: ModuleType | Callable[..., Corpus],
    data: Any,
    *,
    path: str | None = None,
    dtype: type[np.floating] = np.float32,
    max_bytes: int | None = None,
    **options: Any,
) -> Corpus:
    """What a layout makes of data, or of a file or folder."""
    read: Callable[..., Corpus] = reader.read if isinstance(reader, ModuleType) else reader
    named = str(data) if path is None and isinstance(data, Path) else path
    return read(data, Source(named, max_bytes, dtype), **options)
