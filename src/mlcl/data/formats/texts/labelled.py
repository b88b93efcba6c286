"""What the readers of original distributions share: items with several named labels, in splits that may be unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, infer_task
from mlcl.data.formats.shared.builder import SegmentBuilder, SplitBuilder, build_corpus
from mlcl.data.formats.shared.source import Source

NO_SPLIT = "the data say nothing of splits: every item stands in train; divide them with mlcl data split"
_ITEM_BYTES = 512
_MAX_CLASSES = 1000


@dataclass
class Labels:
    """Cells to numbers.

    Attributes:
        classes: Names of the classes of each label whose values are names; names that a file adds come after them.
            Values of other labels are numbers.
    """

    classes: dict[str, list[str]] = field(default_factory=dict)

    def value(self, name: str, cell: object, source: Source, place: str) -> float:
        """One label as a number; nan if its cell is empty."""
        text = cell.strip() if isinstance(cell, str) else cell
        if text is None or text == "":
            return np.nan
        if name not in self.classes:
            try:
                return source.label(float(text) if isinstance(text, str) else text, place)
            except ValueError:
                raise source.error(f"{name} is {str(text)[:40]!a}, not a number", place) from None
        names, called = self.classes[name], source.read_words([text], place)[0]
        if called not in names:
            if len(names) >= _MAX_CLASSES or len(called) > _MAX_CLASSES:
                raise source.error(f"{name} has more than {_MAX_CLASSES} classes; is it the right column?", place)
            names.append(called)
        return float(names.index(called))


class LabelledSplit:
    """A split while it is read, with speakers and every label.

    Args:
        source: What is read.
        name: Our name of the split.
        context: Whether items have sentences before them.
        sentences: Whether sentences are kept beside their words.
    """

    def __init__(self, source: Source, name: str, *, context: bool = False, sentences: bool = True) -> None:
        main = SegmentBuilder(source, sentences=sentences)
        self.builder = SplitBuilder(
            source, name, name, main, SegmentBuilder(source, sentences=True) if context else None
        )
        self.columns: dict[str, list[float]] = {}
        self.speakers: list[str] = []

    def add_text(self, sentence: object, context: Sequence[object] | None, place: str) -> None:
        """Add an item's sentence, and those before it."""
        self._add_sentences(self.builder.main, [sentence], place)
        if self.builder.context is not None:
            self._add_sentences(self.builder.context, context or (), place)

    def add_labels(
        self, identifier: object, labels: Mapping[str, float], place: str, *, speaker: object = None
    ) -> None:
        """Add an item's id, labels and speaker."""
        source = self.builder.source
        source.spend(_ITEM_BYTES, place)
        for name, value in labels.items():
            self.columns.setdefault(name, []).append(source.label(value, place))
        self.builder.add(identifier, next(iter(labels.values()), None), place)
        if speaker is not None:
            self.speakers.append(source.identifier(speaker, "", place))

    def _add_sentences(self, builder: SegmentBuilder, sentences: Sequence[object], place: str) -> None:
        source = builder.source
        texts = source.read_words(list(sentences), place)
        source.spend(2 * sum(map(len, texts)), place)
        words = source.read_words([word for text in texts for word in text.split()], place)
        builder.add(words, {}, texts)


def build_labelled(
    source: Source,
    splits: Sequence[LabelledSplit],
    layout: str,
    *,
    classes: Mapping[str, Sequence[str]] | None = None,
    notes: Sequence[str] = (),
    word_aligned: bool = True,
) -> Corpus:
    """Join splits with their labels; the task is classification where the chosen label has class names."""
    corpus = build_corpus(source, [split.builder for split in splits], layout)
    label = next((name for split in splits for name in split.columns), "")
    label_classes = {name: tuple(names) for name, names in (classes or {}).items()}
    several = any(len(split.columns) > 1 for split in splits)
    made = {}
    for split in splits:
        columns: dict[str, NDArray[np.float64]] = {name: np.array(column) for name, column in split.columns.items()}
        made[split.builder.name] = replace(
            corpus.splits[split.builder.name], columns=columns if several else {}, speakers=split.speakers or None
        )
    labels = [split.labels for split in made.values() if split.labels is not None]
    return replace(
        corpus,
        splits=made,
        label=label if several else "",
        classes=label_classes.get(label, ()),
        label_classes=label_classes if several else {},
        task="classification" if label_classes.get(label) else infer_task(labels),
        notes=tuple(notes),
        word_aligned=word_aligned,
    )
