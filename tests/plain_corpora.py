"""Small corpora made by hand, for tests that want full control of what is in them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlcl.data.corpus import Corpus, Ragged, Segment, Split

SIZES = {"train": 6, "dev": 3, "test": 3}
WORDS = ["so", "this", "is", "what", "one", "of", "them", "said", "to", "me"]


def make_split(name: str, items: int, *, seed: int = 0, widths: dict[str, int] | None = None, **fields: Any) -> Split:
    """A split in which nothing is wrong: distinct ids and texts, rows of normal numbers, labels spread over [-2, 2]."""
    rng = np.random.default_rng([seed, *name.encode()])
    words = [[*WORDS[: 2 + item % 5], f"{name}{item}"] for item in range(items)]
    rows = {
        kind: Ragged.stack([rng.normal(size=(len(item), width)) for item in words], width=width)
        for kind, width in (widths or {"acoustic": 3, "visual": 2}).items()
    }
    made: dict[str, Any] = {
        "ids": [f"{name}{item}" for item in range(items)],
        "main": Segment(words, rows),
        "labels": np.linspace(-2, 2, items),
    }
    return Split(**{**made, **fields})


def make_corpus(sizes: dict[str, int] | None = None, **fields: Any) -> Corpus:
    """A regression corpus in which nothing is wrong."""
    splits = {name: make_split(name, items) for name, items in (sizes or SIZES).items()}
    made: dict[str, Any] = {"splits": splits, "layout": "mag", "task": "regression", "path": "mosi.pkl"}
    return Corpus(**{**made, **fields})


def with_rows(split: Split, kind: str, matrices: Sequence["np.ndarray[Any, Any]"] | None) -> Split:
    """The split with other rows of a kind, or without any."""
    rows = {name: value for name, value in split.main.rows.items() if name != kind}
    if matrices is not None:
        rows[kind] = Ragged.stack(matrices, width=matrices[0].shape[1])
    return Split(
        split.ids,
        Segment(split.main.words, rows, split.main.sentences),
        split.context,
        split.labels,
        split.columns,
        split.speakers,
    )
