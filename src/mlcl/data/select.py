"""Items of a split chosen anew."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Ragged, Segment, Split


def take(split: Split, items: NDArray[np.int64]) -> Split:
    """The items with these indices, in this order."""
    return Split(
        ids=[split.ids[item] for item in items],
        main=_take_segment(split.main, items),
        context=None if split.context is None else _take_segment(split.context, items),
        labels=None if split.labels is None else split.labels[items],
        columns={name: values[items] for name, values in split.columns.items()},
        speakers=None if split.speakers is None else [split.speakers[item] for item in items],
    )


def _take_segment(segment: Segment, items: NDArray[np.int64]) -> Segment:
    return replace(
        segment,
        words=[segment.words[item] for item in items],
        rows={name: _take_rows(rows, items) for name, rows in segment.rows.items()},
        sentences=None if segment.sentences is None else [segment.sentences[item] for item in items],
    )


def _take_rows(rows: Ragged, items: NDArray[np.int64]) -> Ragged:
    return Ragged.stack([rows[item] for item in items], width=rows.width, dtype=rows.values.dtype.type)
