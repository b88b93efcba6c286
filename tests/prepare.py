"""Corpora of every shape, and their way through the processor, for tests of the data room."""

from dataclasses import replace
from typing import Any

import numpy as np

import tiny
from chunks import Chunks
from mlcl.config import DataConfig
from mlcl.data.batch import EncodedSplit
from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.processor import Processor


def config(**options: Any) -> DataConfig:
    """Data settings without a file."""
    return DataConfig(**{"file": "", **options})


def encode(corpus: Corpus, split: str = "train", **options: Any) -> EncodedSplit:
    """Fit a processor on the corpus and encode one split."""
    processor = Processor.fit(corpus, config(**options))
    return processor.encode(corpus.splits[split], Chunks(), word_aligned=corpus.word_aligned)


def pair_corpus(seed: int = 0) -> Corpus:
    """Context and punchline, the context sometimes empty."""
    main, context = tiny.corpus(seed=seed), tiny.corpus(seed=seed + 1)
    splits = {}
    for name, split in main.splits.items():
        before = context.splits[name].main
        words = [item if index % 3 else [] for index, item in enumerate(before.words)]
        rows = {
            kind: Ragged.stack([r[i] if i % 3 else r[i][:0] for i in range(len(r))], width=r.width)
            for kind, r in before.rows.items()
        }
        splits[name] = replace(split, context=Segment(words, rows))
    return main.with_splits(splits)


def unaligned_corpus() -> Corpus:
    """Each modality on its own clock: 4 or 3 words, 2 or 7 acoustic rows, 5 or 1 visual rows."""
    rng = np.random.default_rng(0)
    rows = {
        name: Ragged.stack([rng.normal(5, 2, (count, width)).astype(np.float32) for count in counts], width=width)
        for name, counts, width in (("acoustic", (2, 7), 3), ("visual", (5, 1), 2))
    }
    split = Split(["a", "b"], Segment([["ab"] * 4, ["cd"] * 3], rows), labels=np.array([0.5, -1.0]))
    return Corpus({"train": split}, layout="test", task="regression", word_aligned=False)
