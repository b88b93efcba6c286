"""The one in-memory form of a data set: splits of items with words, ragged rows and labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mlcl.data.target import Task
from mlcl.media.specification import FeatureSpecification

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, eq=False)
class Ragged:
    """Matrices of one width and different lengths, stored as one matrix and offsets.

    Attributes:
        values: (rows, width), the items' rows one after the other.
        offsets: (items + 1,) int64; item ``i`` is ``values[offsets[i]:offsets[i + 1]]``.
    """

    values: NDArray[np.floating]
    offsets: NDArray[np.int64]

    @classmethod
    def stack(
        cls, items: Sequence[NDArray[np.floating]], *, width: int, dtype: type[np.floating] = np.float32
    ) -> "Ragged":
        """Build from a list of (length, width) matrices; an empty list is legal."""
        offsets = np.zeros(len(items) + 1, dtype=np.int64)
        np.cumsum([len(item) for item in items], out=offsets[1:])
        values = np.empty((int(offsets[-1]), width), dtype=dtype)
        for start, stop, item in zip(offsets[:-1], offsets[1:], items, strict=True):
            values[start:stop] = item
        return cls(values, offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> NDArray[np.floating]:
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.values.shape[1])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(items,) number of rows of each item."""
        return np.diff(self.offsets)


@dataclass(frozen=True, eq=False)
class Segment:
    """One stretch of speech per item: its words and the feature rows that go with them.

    Attributes:
        words: Per item its words in order. In a word-aligned corpus row ``k`` belongs to word ``k``.
        rows: Feature rows by name: ``acoustic``, ``visual``, and where a file has them ``hcf`` (humor-centric) and
            ``text`` (word vectors, for files whose text is nothing else). A name that is absent is a modality that the
            file lacks.
        sentences: Per item the raw sentence strings that `words` were split from, where the layout keeps sentences.
    """

    words: list[list[str]]
    rows: dict[str, Ragged] = field(default_factory=dict)
    sentences: list[list[str]] | None = None

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True, eq=False)
class Split:
    """The items of one split.

    Attributes:
        ids: One identifier per item, in the file's order.
        main: The utterance, or the punchline.
        context: What was said before it, for layouts that have context.
        labels: (items,) float64, nan where an item has none; or None where no item has one. The chosen label, where
            items have several.
        columns: Every named label of the file, the chosen one among them, each (items,) float64 with nan where an item
            lacks it; empty for layouts with one label.
        speakers: Who speaks, where the file says so.
    """

    ids: list[str]
    main: Segment
    context: Segment | None = None
    labels: NDArray[np.float64] | None = None
    columns: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    speakers: list[str] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def segments(self) -> list[Segment]:
        """What was said before, where there is anything, and the utterances."""
        return [self.main] if self.context is None else [self.context, self.main]

    def with_segments(self, change: Callable[[Segment], Segment]) -> "Split":
        """The same items with their segments changed."""
        return replace(self, main=change(self.main), context=None if self.context is None else change(self.context))


@dataclass(frozen=True, eq=False)
class Corpus:
    """A data set as read from a file or generated.

    Attributes:
        splits: By name, in the file's order; usually ``train``, ``dev``, ``test``.
        layout: Which reader made it: a name in `mlcl.data.formats.LAYOUTS`, or ``synthetic``.
        task: ``classification`` when every label is 0 or 1 or the file names classes, else ``regression``.
        word_aligned: Whether row ``k`` of a segment belongs to word ``k``.
        path: The file, as the user named it.
        sha256: Hash of the file's bytes; of the generator's settings for a generated corpus.
        repaired: How many rows were repaired because they held -inf, inf or nan, by ``split/name``.
        label: Name of the chosen label, where items have several.
        classes: Names of the classes 0, 1, ... where the file names them.
        label_classes: The same for every named label that has any, the chosen one's among them.
        label_range: Least and greatest possible label of a regression that the layout or the file declares.
        notes: What a user should know of the file: one sentence each.
        features: How the rows were made of recordings, where ``mlcl extract`` made them.
    """

    splits: dict[str, Split]
    layout: str
    task: Task
    word_aligned: bool = True
    path: str | None = None
    sha256: str = ""
    repaired: dict[str, int] = field(default_factory=dict)
    label: str = ""
    classes: tuple[str, ...] = ()
    label_range: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    label_classes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    features: FeatureSpecification | None = None

    @property
    def has_words(self) -> bool:
        """Whether any item has a word."""
        return any(any(segment.words) for segment in self._segments())

    @property
    def has_text_vectors(self) -> bool:
        """Whether items carry word vectors."""
        return any("text" in segment.rows for segment in self._segments())

    @property
    def has_context(self) -> bool:
        """Whether items carry a context segment."""
        return any(split.context is not None for split in self.splits.values())

    def widths(self) -> dict[str, int]:
        """Number of columns of each kind of row."""
        for split in self.splits.values():
            return {name: rows.width for name, rows in split.main.rows.items()}
        return {}

    def with_splits(self, splits: dict[str, Split]) -> "Corpus":
        """The same corpus with other splits."""
        return replace(self, splits=splits)

    def without_test(self) -> "Corpus":
        """The same corpus as if its file had no test split: nothing of what is left depends on one."""
        splits = {name: split for name, split in self.splits.items() if name != "test"}
        repaired = {place: count for place, count in self.repaired.items() if place.partition("/")[0] != "test"}
        labels = [split.labels for split in splits.values() if split.labels is not None]
        declared = self.classes or self.label_range is not None
        return replace(self, splits=splits, repaired=repaired, task=self.task if declared else infer_task(labels))

    def _segments(self) -> list[Segment]:
        return [segment for split in self.splits.values() for segment in split.segments]


def known_labels(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64] | None:
    """One label per item, nan where it is missing; None if no item has one."""
    labels = np.asarray(values, dtype=np.float64)
    return None if np.isnan(labels).all() else labels


def infer_task(labels: Sequence[NDArray[np.float64]]) -> Task:
    """Return ``classification`` when every label of every split is 0 or 1, else ``regression``."""
    every = np.concatenate([np.zeros(0), *labels])
    every = every[~np.isnan(every)]
    return "classification" if every.size and bool(np.isin(every, (0.0, 1.0)).all()) else "regression"


def take(split: Split, items: NDArray[np.int64]) -> Split:
    """The items with these indices, in this order."""
    return replace(
        split.with_segments(lambda segment: take_segment(segment, items)),
        ids=[split.ids[item] for item in items],
        labels=None if split.labels is None else split.labels[items],
        columns={name: values[items] for name, values in split.columns.items()},
        speakers=None if split.speakers is None else [split.speakers[item] for item in items],
    )


def take_segment(segment: Segment, items: NDArray[np.int64]) -> Segment:
    """The same of a segment; rows of items that follow one another are a view."""
    return replace(
        segment,
        words=[segment.words[item] for item in items],
        rows={name: _take_rows(rows, items) for name, rows in segment.rows.items()},
        sentences=None if segment.sentences is None else [segment.sentences[item] for item in items],
    )


def _take_rows(rows: Ragged, items: NDArray[np.int64]) -> Ragged:
    if len(items) and (np.diff(items) == 1).all():
        offsets = rows.offsets[items[0] : items[-1] + 2]
        return Ragged(rows.values[offsets[0] : offsets[-1]], offsets - offsets[0])
    return Ragged.stack([rows[item] for item in items], width=rows.width, dtype=rows.values.dtype.type)
