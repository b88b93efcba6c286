"""What the readers of original distributions share: items with several named labels, in splits that may be unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mlcl.data.corpus import Corpus
from mlcl.data.formats.shared.builder import SplitBuilder, build_corpus
from mlcl.data.formats.shared.source import Source

NO_SPLIT = "the data say nothing of splits: every item stands in train; divide them with mlcl data split"
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


def build_labelled(
    source: Source,
    splits: Sequence[SplitBuilder],
    layout: str,
    *,
    classes: Mapping[str, Sequence[str]] | None = None,
    notes: Sequence[str] = (),
) -> Corpus:
    """Join splits with their labels; the task is classification where the chosen label has class names."""
    label = next((name for split in splits for name in split.columns), "")
    label_classes = {name: tuple(names) for name, names in (classes or {}).items()}
    several = any(len(split.columns) > 1 for split in splits)
    if not several:
        for split in splits:
            split.columns = {}
    corpus = build_corpus(source, splits, layout)
    return replace(
        corpus,
        label=label if several else "",
        classes=label_classes.get(label, ()),
        label_classes=label_classes if several else {},
        task="classification" if label_classes.get(label) else corpus.task,
        notes=tuple(notes),
    )
