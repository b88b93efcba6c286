"""The planted corpus as a file in the MAG layout, in any size, and with labels spoilt on purpose."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from mlcl.data.synthetic import PlantedSettings, planted_corpus
from writers import write_pickle


def write_planted(path: Path, *, train: int, dev: int, test: int = 8, shuffled: Collection[str] = ()) -> Path:
    """Write the corpus; the labels of the `shuffled` splits are permuted, so that they say nothing about the items."""
    corpus = planted_corpus(PlantedSettings(num_train=train, num_dev=dev, num_test=test))
    rng = np.random.default_rng(1)
    data = {}
    for name, split in corpus.splits.items():
        labels = split.labels if name not in shuffled else rng.permutation(split.labels)
        rows = split.main.rows
        data[name] = [
            ((words, np.array(rows["visual"][item]), np.array(rows["acoustic"][item])), float(labels[item]), identifier)
            for item, (words, identifier) in enumerate(zip(split.main.words, split.ids, strict=True))
        ]
    return write_pickle(path, data)
