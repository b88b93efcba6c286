"""Lists of items with one row of each kind per word, and perhaps MOSEI's labels: what MAG's and MISA's files share."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mlcl.data.corpus import Corpus
from mlcl.data.formats.arrays.mult import EMOTIONS
from mlcl.data.formats.shared.builder import SegmentBuilder, SplitBuilder, build_corpus
from mlcl.data.formats.shared.source import Source

Parts = tuple[object, object, object, object, object]
"""Words, visual rows, acoustic rows, label and id of an item."""


def read_aligned(source: Source, data: object, layout: str, parts: Callable[[object, str], Parts]) -> Corpus:
    """Read the items of every split; `parts` takes an item, and its place, apart."""
    builders = []
    for name, file_name, items in source.splits(data):
        builder, labels = SplitBuilder(source, name, file_name), list[object]()
        for index, item in enumerate(items):
            place = f"{file_name}[{index}]"
            words, visual, acoustic, label, identifier = parts(item, place)
            _add(builder.main, words, visual, acoustic, place)
            builder.add(identifier, label, place)
            labels.append(label)
        builder.columns = _emotion_columns(source, labels, file_name)
        builders.append(builder)
    corpus = build_corpus(source, builders, layout)
    named = any(split.columns for split in corpus.splits.values())
    return replace(corpus, label=EMOTIONS[0]) if named else corpus


def _add(builder: SegmentBuilder, words: object, visual: object, acoustic: object, place: str) -> None:
    """Add an item that has one row of each kind per word, or is refused."""
    source = builder.source
    rows = {"acoustic": source.matrix(acoustic, "acoustic", place), "visual": source.matrix(visual, "visual", place)}
    read = source.read_words(words, place)
    if not len(read) == len(rows["visual"]) == len(rows["acoustic"]):
        counts = f"{len(read)} words, {len(rows['visual'])} visual rows and {len(rows['acoustic'])} acoustic rows"
        raise source.error(f"has {counts}; each word needs one row of each: align the features to the words", place)
    builder.add(read, rows)


def _emotion_columns(source: Source, labels: Sequence[object], split: str) -> dict[str, list[float]]:
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
    return dict(zip(EMOTIONS, block.T.tolist(), strict=True))
