"""MOSEI's seven labels of an item: its sentiment, then six emotions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlcl.data.formats.arrays.mult_writer import EMOTIONS
from mlcl.data.formats.shared.source import Source


def emotion_columns(source: Source, labels: Sequence[object], split: str) -> dict[str, NDArray[np.float64]]:
    """MOSEI's seven labels by name, where every item of a split has them."""
    shape = (1, len(EMOTIONS))
    rows = [label for label in labels if isinstance(label, np.ndarray) and label.shape == shape]
    if not rows:
        return {}
    if len(rows) < len(labels):
        counts = f"{len(rows)} items with {shape[1]} labels and {len(labels) - len(rows)} with one"
        raise source.error(f"has {counts}; give every item the same", split)
    block = np.concatenate(rows).astype(np.float64)
    if np.isinf(block).any():
        raise source.error("has labels that are not finite", split)
    return {name: block[:, index].copy() for index, name in enumerate(EMOTIONS)}
