"""A corpus while its file is read: items are added one by one, and joined when all widths are known."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Segment, Split, infer_task, known_labels
from mlcl.data.formats.shared.source import Source


class SegmentBuilder:
    """Words, rows and perhaps sentences of the items of one split.

    Args:
        source: The file.
        sentences: Whether sentences are kept.
    """

    def __init__(self, source: Source, *, sentences: bool = False) -> None:
        self.source = source
        self.words: list[list[str]] = []
        self.rows: dict[str, list[NDArray[np.generic]]] = {}
        self.sentences: list[list[str]] | None = [] if sentences else None

    def add(
        self, words: list[str], rows: Mapping[str, NDArray[np.generic]], sentences: list[str] | None = None
    ) -> None:
        """Add an item."""
        self.words.append(words)
        for name, matrix in rows.items():
            self.rows.setdefault(name, []).append(matrix)
        if self.sentences is not None:
            self.sentences.append(sentences or [])

    def add_aligned(self, words: object, visual: object, acoustic: object, place: str) -> None:
        """Add an item that has one row of each kind per word, or is refused."""
        rows = {
            "acoustic": self.source.matrix(acoustic, "acoustic", place),
            "visual": self.source.matrix(visual, "visual", place),
        }
        read = self.source.read_words(words, place)
        if not len(read) == len(rows["visual"]) == len(rows["acoustic"]):
            counts = f"{len(read)} words, {len(rows['visual'])} visual rows and {len(rows['acoustic'])} acoustic rows"
            message = f"has {counts}; each word needs one row of each: align the features to the words"
            raise self.source.error(message, place)
        self.add(read, rows)

    def build(self, split: str, columns: Mapping[str, list[int]]) -> Segment:
        """Join the items, with the given columns of a kind of rows, or all."""
        rows = {name: self.source.stack(items, name, split, columns.get(name)) for name, items in self.rows.items()}
        return Segment(self.words, rows, self.sentences)


class SplitBuilder:
    """The items of one split.

    Args:
        source: The file.
        name: Our name of the split.
        file_name: The file's name of it, for errors.
        main: An empty builder of the utterances or punchlines.
        context: An empty builder of what was said before, for layouts that have it.
    """

    def __init__(
        self, source: Source, name: str, file_name: str, main: SegmentBuilder, context: SegmentBuilder | None = None
    ) -> None:
        self.source, self.name, self.file_name = source, name, file_name
        self.main, self.context = main, context
        self.ids: list[str] = []
        self.labels: list[float] = []
        self.columns: dict[str, NDArray[np.float64]] = {}

    def add(self, identifier: object, label: object, place: str) -> None:
        """Add an item's id and label."""
        self.ids.append(self.source.identifier(identifier, f"{self.name}[{len(self.ids)}]", place))
        self.labels.append(self.source.label(label, place))

    def build(self, columns: Mapping[str, list[int]]) -> Split:
        """Join the items."""
        return Split(
            ids=self.ids,
            main=self.main.build(self.name, columns),
            context=None if self.context is None else self.context.build(self.name, columns),
            labels=known_labels(self.labels),
            columns=self.columns,
        )


def build_corpus(
    source: Source, builders: Sequence[SplitBuilder], layout: str, columns: Mapping[str, list[int]] | None = None
) -> Corpus:
    """Join the items of every split into a corpus; every split must hold the same kinds of rows."""
    for builder in builders[1:]:
        for kind in sorted(builders[0].main.rows.keys() ^ builder.main.rows.keys()):
            lacking = builder if kind in builders[0].main.rows else builders[0]
            raise source.error(f"has no {kind} rows, while another split has", lacking.file_name)
    splits = {builder.name: builder.build(columns or {}) for builder in builders}
    labels = [split.labels for split in splits.values() if split.labels is not None]
    return Corpus(splits, layout=layout, task=infer_task(labels), path=source.path, repaired=source.repaired)
