"""A corpus while its file is read: items are added one by one, and joined when all widths are known."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Segment, Split, infer_task, known_labels
from mlcl.data.formats.shared.source import Source

_ITEM_BYTES = 512


class SegmentBuilder:
    """Words, rows and perhaps sentences of the items of one split."""

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

    def add_sentences(self, sentences: Sequence[object], place: str) -> None:
        """Add an item that has no rows, its words apart by white space."""
        texts = self.source.read_words(list(sentences), place)
        self.source.spend(2 * sum(map(len, texts)), place)
        self.add(self.source.read_words([word for text in texts for word in text.split()], place), {}, texts)

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
        context: Whether something was said before the utterances, or punchlines.
        sentences: Whether sentences are kept beside their words; those of the context always are.
    """

    def __init__(
        self, source: Source, name: str, file_name: str, *, context: bool = False, sentences: bool = False
    ) -> None:
        self.source, self.name, self.file_name = source, name, file_name
        self.main = SegmentBuilder(source, sentences=sentences)
        self.context = SegmentBuilder(source, sentences=True) if context else None
        self.ids: list[str] = []
        self.labels: list[float] = []
        self.columns: dict[str, list[float]] = {}
        self.speakers: list[str] = []

    def add(self, identifier: object, label: object, place: str) -> None:
        """Add an item's id and label."""
        self.ids.append(self.source.identifier(identifier, f"{self.name}[{len(self.ids)}]", place))
        self.labels.append(self.source.label(label, place))

    def add_text(self, sentence: object, context: Sequence[object], place: str) -> None:
        """Add an item's sentence, and those before it."""
        self.main.add_sentences([sentence], place)
        if self.context is not None:
            self.context.add_sentences(context, place)

    def add_labels(
        self, identifier: object, labels: Mapping[str, float], place: str, *, speaker: object = None
    ) -> None:
        """Add an item's id, labels, the first of which is the chosen one, and speaker."""
        self.source.spend(_ITEM_BYTES, place)
        for name, value in labels.items():
            self.columns.setdefault(name, []).append(self.source.label(value, place))
        self.add(identifier, next(iter(labels.values()), None), place)
        if speaker is not None:
            self.speakers.append(self.source.identifier(speaker, "", place))

    def build(self, columns: Mapping[str, list[int]]) -> Split:
        """Join the items."""
        return Split(
            ids=self.ids,
            main=self.main.build(self.name, columns),
            context=None if self.context is None else self.context.build(self.name, columns),
            labels=known_labels(self.labels),
            columns={name: np.array(values) for name, values in self.columns.items()},
            speakers=self.speakers or None,
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
