"""Files to corpora: one module per on-disk layout, each with a `LAYOUT`."""

import contextlib
import ctypes
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlcl.data.corpus import Corpus
from mlcl.data.formats.arrays import mult
from mlcl.data.formats.items import hkt, mag, misa
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.mmsa import read as mmsa
from mlcl.data.formats.opening import content_hash, open_content
from mlcl.data.formats.originals import csd, matrices, ur_funny
from mlcl.data.formats.own import datasets as saved_datasets
from mlcl.data.formats.own import folder
from mlcl.data.formats.shared.source import Source
from mlcl.data.formats.texts import label_csv, meld, mustard, mustard_plus
from mlcl.data.formats.unknown import describe_unknown
from mlcl.errors import DataError, UsageError

__all__ = ["LAYOUTS", "Layout", "read_corpus"]

_log = logging.getLogger(__name__)

# Items may take this many times the file's size in memory, and a fixed amount more. Text and small integers grow
# when they become Python objects and float32; only a file that shares one array among many items takes more.
_MEMORY_FACTOR = 16
_MEMORY_MORE = 2**28


LAYOUTS: tuple[Layout, ...] = (
    folder.LAYOUT,
    mag.LAYOUT,
    hkt.LAYOUT,
    misa.LAYOUT,
    misa.FOLDER,
    mmsa.LAYOUT,
    mult.LAYOUT,
    csd.LAYOUT,
    csd.FOLDER_LAYOUT,
    ur_funny.LAYOUT,
    matrices.LAYOUT,
    mustard.LAYOUT,
    mustard.FOLDER_LAYOUT,
    mustard_plus.LAYOUT,
    meld.LAYOUT,
    meld.FOLDER_LAYOUT,
    label_csv.LAYOUT,
    saved_datasets.LAYOUT,
)


def read_corpus(
    path: str | Path,
    *,
    dtype: type[np.floating] = np.float32,
    options: Mapping[str, object] | None = None,
    wishes: Mapping[str, object] | None = None,
) -> Corpus:
    """Read a data file of any known layout; the layout is recognised by its structure.

    Ids may occur twice, in one split or in two.

    Format:
        Any of `LAYOUTS`; each one's `read` says what it takes.

    Args:
        path: The file.
        dtype: What feature rows are converted to.
        options: What the layout's reader is told beside, see `Layout.read_options`.
        wishes: The same, left out where the layout's reader does not take it.

    Returns:
        The corpus, with the SHA-256 of the file's bytes.

    Raises:
        DataError: If the file cannot be opened, is of no known layout, or differs from its layout somewhere.
        UsageError: If the layout does not take one of the options, or not this value.
    """
    opening, data = open_content(path)
    layout = next((known for known in LAYOUTS if known.opening == opening and known.sniff(data)), None)
    if layout is None:
        known = [layout.summary for layout in LAYOUTS if layout.opening == opening]
        raise DataError(describe_unknown(data, known), path=path)
    _check_options(options or {}, layout, path)
    told = {name: value for name, value in (wishes or {}).items() if name in layout.read_options} | dict(options or {})
    size, digest = content_hash(path)
    source = Source(str(path), _MEMORY_FACTOR * size + _MEMORY_MORE, dtype)
    corpus = replace(layout.read(data, source, **told), sha256=digest)
    del data
    _give_memory_back()
    if corpus.repaired:
        rows = ", ".join(f"{count} in {place}" for place, count in corpus.repaired.items())
        _log.warning("note: %s: rows with -inf, inf or nan, those values set to 0: %s", path, rows)
    return corpus


def _check_options(options: Mapping[str, object], layout: Layout, path: str | Path) -> None:
    """Refuse an option that the layout's reader does not take, with the layouts that do."""
    for name in options:
        if name not in layout.read_options:
            takers = sorted({known.name for known in LAYOUTS if name in known.read_options})
            raise UsageError(
                f"{path}: option {name} goes with {' and '.join(takers)}, not with {layout.name}; leave it out"
            )


def _give_memory_back() -> None:
    """Return the freed memory of thousands of small arrays to the system, where the C library keeps it otherwise."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # no glibc
        ctypes.CDLL(None).malloc_trim(0)
