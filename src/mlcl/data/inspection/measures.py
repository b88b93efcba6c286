"""Counts over one split: lengths, empty texts, missing modalities, labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import SPLITS, Ragged, Segment, Split
from mlcl.data.inspection.result import LabelFacts, SegmentFacts, SplitFacts, Spread
from mlcl.data.video import video_of

_MOST_VALUES = 20  # distinct labels that are counted one by one


def measure_split(split: Split, label: str) -> SplitFacts:
    """Count what a split with items holds; `label` is the name of the chosen label, perhaps empty."""
    videos = videos_of(split)
    return SplitFacts(
        items=len(split),
        main=_measure_segment(split.main),
        context=None if split.context is None else _measure_segment(split.context),
        labels={name: _measure_label(values) for name, values in labels_of(split, label).items()},
        videos=len(set(videos)) if videos else None,
        speakers=None if split.speakers is None else len(set(split.speakers)),
    )


def labels_of(split: Split, label: str) -> dict[str, NDArray[np.float64]]:
    """Every label of a split by name, the chosen one first; a label without a name is called ``label``."""
    chosen = {} if split.labels is None else {label or "label": split.labels}
    return {**chosen, **{name: values for name, values in split.columns.items() if name not in chosen}}


def videos_of(split: Split) -> list[str]:
    """The video of each item; nothing if ids do not name videos, each of which has several items."""
    videos = [video_of(identifier) for identifier in split.ids]
    distinct = set(videos)
    named = len(distinct) < len(videos) and not distinct <= set(SPLITS) and not all(map(str.isdigit, distinct))
    return videos if named else []


def has_content(rows: Ragged) -> NDArray[np.bool_]:
    """(items,) whether an item has a row other than zeros."""
    before = np.concatenate([[0], np.cumsum(rows.values.any(axis=1))])
    return before[rows.offsets[1:]] > before[rows.offsets[:-1]]


def _measure_segment(segment: Segment) -> SegmentFacts:
    lengths = np.array([len(words) for words in segment.words], np.int64)
    return SegmentFacts(
        words=_spread(lengths),
        rows={name: _spread(rows.lengths) for name, rows in segment.rows.items()},
        empty_texts=int((lengths == 0).sum()),
        missing={name: int((~has_content(rows)).sum()) for name, rows in segment.rows.items()},
    )


def _spread(counts: NDArray[np.int64]) -> Spread:
    return Spread(int(counts.min()), float(np.median(counts)), int(counts.max()))


def _measure_label(values: NDArray[np.float64]) -> LabelFacts:
    found = values[~np.isnan(values)]
    if not len(found):
        return LabelFacts(0, None, None, None, {})
    distinct, counts = np.unique(found, return_counts=True)
    return LabelFacts(
        len(found), float(found.min()), float(found.mean()), float(found.max()), _counts(distinct, counts.tolist())
    )


def _counts(distinct: NDArray[np.float64], counts: Sequence[int]) -> dict[str, int]:
    if len(distinct) > _MOST_VALUES or (distinct % 1).any():
        return {}
    return {f"{value:g}": count for value, count in zip(distinct.tolist(), counts, strict=True)}
