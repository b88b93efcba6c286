"""One of several labels kept, the others left out."""

from dataclasses import replace

import numpy as np

from mlcl.data.corpus import Corpus, infer_task
from mlcl.errors import UsageError, nearest


def keep_label(corpus: Corpus, name: str) -> Corpus:
    """The corpus with one label, which has no name any more.

    Range and classes stay only with the label that they were declared for.

    Raises:
        UsageError: If there is no label of this name.
    """
    names = next(iter(corpus.splits.values())).columns
    if name not in names:
        known = nearest(name, list(names)) if names else "its items have one label without a name"
        raise UsageError(f"{corpus.path}: no label {name!r}; {known}")
    splits = {}
    for key, split in corpus.splits.items():
        values = split.columns[name]
        splits[key] = replace(split, labels=None if np.isnan(values).all() else values, columns={})
    kept = replace(corpus, splits=splits, label="")
    if name == corpus.label:
        return kept
    labels = [split.labels for split in splits.values() if split.labels is not None]
    return replace(kept, task=infer_task(labels), classes=(), label_range=None)
