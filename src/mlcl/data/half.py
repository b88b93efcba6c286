"""Feature rows in half precision, for storage."""

from dataclasses import replace

import numpy as np

from mlcl.data.corpus import Corpus, Ragged, Segment
from mlcl.errors import DataError


def halved(corpus: Corpus) -> Corpus:
    """The same corpus with float16 rows: three significant digits, half the size. They are computed with as float32.

    Raises:
        DataError: If a value is beyond what float16 holds, 65504.
    """

    def segment(part: Segment) -> Segment:
        return replace(part, rows={name: _half(rows, name, corpus) for name, rows in part.rows.items()})

    return corpus.with_splits({name: split.with_segments(segment) for name, split in corpus.splits.items()})


def _half(rows: Ragged, name: str, corpus: Corpus) -> Ragged:
    with np.errstate(over="ignore"):
        values = rows.values.astype(np.float16)
    if not np.isfinite(values).all():
        worst = float(np.abs(rows.values).max())
        raise DataError(f"{name} rows reach {worst:g}, float16 only 65504; write them without --half", path=corpus.path)
    return Ragged(values, rows.offsets)
