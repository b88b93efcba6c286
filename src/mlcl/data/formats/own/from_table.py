"""A corpus as a table with one item a row: what `folder` and `datasets` share.

Columns: ``id``, ``split``; the text as one of ``text`` (a string), ``words`` (a list of strings, or its JSON) and
``sentences`` (likewise); ``label``, or several ``label_NAME``; ``speaker``. What was said before stands in ``context``,
``context_words`` or ``context_sentences``. Feature rows stand beside the table, under the names of `ROWS`.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Ragged, Segment, Split, infer_task, known_labels, take_segment
from mlcl.data.formats.own.facts import Facts
from mlcl.data.formats.shared.source import SPLIT_NAMES, Source, split_name
from mlcl.data.formats.shared.words import is_sequence
from mlcl.data.formats.texts.labelled import NO_SPLIT
from mlcl.errors import nearest
from mlcl.safe.text_file import parse_json

# Column of rows: the name of these rows in a `Segment`.
ROWS = {"acoustic": "acoustic", "visual": "visual", "hcf": "hcf", "vectors": "text"}
CONTEXT = "context_"
TEXTS = ("text", "words", "sentences")
CONTEXT_TEXTS = ("context", "context_words", "context_sentences")
LABEL = "label"
NAMED_LABEL = "label_"
ROW_COLUMNS = (*ROWS, *(CONTEXT + name for name in ROWS))
COLUMNS = ("id", "split", *TEXTS, LABEL, "speaker", *CONTEXT_TEXTS, *ROW_COLUMNS)
_MAX_CLASSES = 1000
_ITEM_BYTES = 256

Cells = Sequence[object]


def check_names(names: Sequence[str], source: Source) -> None:
    """Refuse a table with an unknown column, or without ``id``. Columns that begin with ``_`` are the user's own."""
    for name, count in Counter(names).items():
        known = name in COLUMNS or name.startswith("_") or (name.startswith(NAMED_LABEL) and name != NAMED_LABEL)
        if not known:
            allowed = nearest(name[:40], [*COLUMNS, "label_NAME", "_NAME"])
            raise source.error(f"has a column {name[:40]!r}; {allowed}")
        if count > 1:
            raise source.error(f"has {count} columns {name[:40]!r}; keep one")
    if "id" not in names:
        raise source.error("has no column 'id'")


@dataclass
class TableReader:
    """A table on its way to a corpus.

    Attributes:
        cells: Columns by name, all of one length.
        place: Names an item by its index, for errors.
    """

    source: Source
    cells: Mapping[str, Cells]
    facts: Facts
    place: Callable[[int], str]
    layout: str
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.cells["id"])

    def build(self, rows: Mapping[str, Ragged]) -> Corpus:
        """Join the table with its feature rows, by column, of all items in the table's order.

        Raises:
            DataError: If the table differs from its form, with the place.
        """
        if not len(self):
            raise self.source.error("has no items")
        self.source.spend(_ITEM_BYTES * len(self), "table")
        main = self._segment(TEXTS, rows, "") or Segment([[] for _ in range(len(self))])
        context = self._segment(CONTEXT_TEXTS, rows, CONTEXT)
        segments = [segment for segment in (main, context) if segment is not None]
        aligned = self._is_aligned(segments)
        if aligned:
            segments = [self._filled(segment) for segment in segments]
        names = [name for name in self.cells if name.startswith(NAMED_LABEL)]
        if names and LABEL in self.cells:
            raise self.source.error(f"has columns {LABEL!r} and {names[0]!r}; name all labels or none")
        chosen, classes, values = self._chosen(names), self._stated_classes(names), {}
        for name in names or [LABEL] * (LABEL in self.cells):
            values[name], classes[name] = self._labels(name, classes.get(name, ()), chosen=name == chosen)
        splits = {}
        for name, items in self._splits().items():
            labels = values.get(chosen)
            ids = [
                self.source.identifier(self.cells["id"][i], f"{name}[{n}]", self.place(i)) for n, i in enumerate(items)
            ]
            splits[name] = Split(
                ids=ids,
                main=take_segment(segments[0], items),
                context=take_segment(segments[1], items) if context is not None else None,
                labels=None if labels is None else known_labels(labels[items]),
                columns={column.removeprefix(NAMED_LABEL): values[column][items] for column in names},
                speakers=self._speakers(items),
            )
        task = self.facts.task or ("classification" if classes.get(chosen) else None)
        return Corpus(
            splits,
            layout=self.layout,
            task=task or infer_task([split.labels for split in splits.values() if split.labels is not None]),
            word_aligned=aligned,
            path=self.source.path,
            repaired=self.source.repaired,
            label=chosen.removeprefix(NAMED_LABEL) if names else "",
            classes=classes.get(chosen, ()),
            label_classes={name.removeprefix(NAMED_LABEL): classes[name] for name in names if classes[name]},
            label_range=None
            if self.facts.label_range is None
            else (self.facts.label_range[0], self.facts.label_range[1]),
            notes=(*self.facts.notes, *self.notes),
        )

    def _segment(self, columns: Sequence[str], rows: Mapping[str, Ragged], prefix: str) -> Segment | None:
        """The words and rows of one stretch of speech, or None if the table has nothing of it."""
        text, words, sentences = columns
        kinds = {kind: rows[prefix + name] for name, kind in ROWS.items() if prefix + name in rows}
        present = [column for column in columns if column in self.cells]
        if not present:
            return Segment([[] for _ in range(len(self))], kinds) if kinds else None
        if text in present and len(present) > 1:
            raise self.source.error(f"has columns {text!r} and {present[1]!r}; keep one")
        if text in present:
            texts = (self._text(index, text).split() for index in range(len(self)))
            return Segment([self.source.read_words(item, self.place(n)) for n, item in enumerate(texts)], kinds)
        kept = [self._list(index, sentences) for index in range(len(self))] if sentences in present else None
        if words in present:
            return Segment([self._list(index, words) for index in range(len(self))], kinds, kept)
        texts = (" ".join(item).split() for item in kept or [])
        return Segment([self.source.read_words(item, self.place(n)) for n, item in enumerate(texts)], kinds, kept)

    def _text(self, index: int, column: str) -> str:
        cell = self.cells[column][index]
        if cell is None:
            return ""
        if not isinstance(cell, str):
            raise self.source.error(f"{column} is {type(cell).__name__}, not text", self.place(index))
        self.source.spend(len(cell), self.place(index))
        return cell

    def _list(self, index: int, column: str) -> list[str]:
        cell, place = self.cells[column][index], self.place(index)
        if cell is None or cell == "":
            return []
        if isinstance(cell, str):
            try:
                cell = parse_json(cell)
            except ValueError:
                cell = None
        if not is_sequence(cell):
            raise self.source.error(f'{column} is not a JSON list of texts as in ["so", "good"]', place)
        return self.source.read_words(cell, place)

    def _speakers(self, items: NDArray[np.int64]) -> list[str] | None:
        if "speaker" not in self.cells:
            return None
        speakers = [self._text(int(index), "speaker").strip() for index in items]
        return speakers if any(speakers) else None

    def _splits(self) -> dict[str, NDArray[np.int64]]:
        """Item indices of each split, in the order in which the table names them."""
        if "split" not in self.cells:
            self.notes.append(NO_SPLIT)
            return {"train": np.arange(len(self))}
        found: dict[str, list[int]] = {}
        for index in range(len(self)):
            name = self._text(index, "split").strip()
            ours = split_name(name)
            if ours is None:
                raise self.source.error(
                    f"split is {name[:40]!r}; {nearest(name[:40], list(SPLIT_NAMES))}", self.place(index)
                )
            found.setdefault(ours, []).append(index)
        return {name: np.array(items) for name, items in found.items()}

    def _chosen(self, names: Sequence[str]) -> str:
        """The column of the label that is learned."""
        if not self.facts.label:
            return names[0] if names else LABEL
        if NAMED_LABEL + self.facts.label not in names:
            allowed = nearest(self.facts.label, [name.removeprefix(NAMED_LABEL) for name in names])
            raise self.source.error(f"has no label {self.facts.label[:40]!r}; {allowed}")
        return NAMED_LABEL + self.facts.label

    def _stated_classes(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Names of the classes of each column of labels, as far as the facts hold them."""
        stated = {NAMED_LABEL + label: tuple(classes) for label, classes in self.facts.label_classes.items()}
        for name in stated:
            if name not in names:
                label, known = name.removeprefix(NAMED_LABEL), [name.removeprefix(NAMED_LABEL) for name in names]
                raise self.source.error(f"label_classes names {label[:40]!r}, no label; {nearest(label[:40], known)}")
        if self.facts.classes:
            stated[self._chosen(names)] = tuple(self.facts.classes)
        return stated

    def _labels(
        self, column: str, classes: tuple[str, ...], *, chosen: bool
    ) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """(items,) numbers of one label column, nan where an item has none, and the names of the classes."""
        longest = max((len(cell) for cell in self.cells[column] if isinstance(cell, str)), default=0)
        if longest > _MAX_CLASSES:
            raise self.source.error(f"{column} has a cell of {longest} characters; is it the right column?")
        cells = [cell.strip() if isinstance(cell, str) else cell for cell in self.cells[column]]
        names = {name: float(index) for index, name in enumerate(classes)}
        texts = {
            cell for cell in cells if isinstance(cell, str) and cell and cell not in names and _number(cell) is None
        }
        if texts and not names and all(cell in texts or cell in (None, "") for cell in cells):
            if len(texts) > _MAX_CLASSES:
                raise self.source.error(f"{column} has {len(texts)} different texts; classes may be {_MAX_CLASSES}")
            names = {name: float(index) for index, name in enumerate(sorted(texts))}
            classes = tuple(names)
        values = np.empty(len(cells))
        for index, cell in enumerate(cells):
            value = names.get(cell, _number(cell)) if isinstance(cell, str) else cell
            if isinstance(cell, str) and cell and value is None:
                what = f"neither a number nor one of {', '.join(names)}" if names else "not a number"
                raise self.source.error(f"{column} is {cell[:40]!r}, {what[:200]}", self.place(index))
            values[index] = self.source.label(None if cell == "" else value, self.place(index))
        if classes or (chosen and self.facts.task == "classification"):
            most = len(classes) or _MAX_CLASSES
            wrong = ~np.isnan(values) & ~np.isin(values, np.arange(most))
            if wrong.any():
                index = int(wrong.argmax())
                raise self.source.error(
                    f"{column} is {values[index]:g}; classes are 0 to {most - 1}", self.place(index)
                )
        return values, classes

    def _is_aligned(self, segments: Sequence[Segment]) -> bool:
        """Whether row k belongs to word k: what the facts say, if it can be; else what the counts say."""
        stated, pairs, agreeing = self.facts.word_aligned, 0, 0
        if stated is False:
            return False
        misfits: list[tuple[bool, int, str]] = []  # whether the item has no words, which it is, what it has
        for segment in segments:
            words = np.array(_counts(segment) if stated else [len(item) for item in segment.words])
            for name, rows in segment.rows.items():
                there = rows.lengths > 0
                compared = there & ((words > 0) | (stated is True))
                agree = compared & (rows.lengths == words)
                pairs, agreeing = pairs + int(compared.sum()), agreeing + int(agree.sum())
                for speechless, wrong in ((False, compared & ~agree), (True, there & ~compared)):
                    if wrong.any():
                        index = int(wrong.argmax())
                        misfits.append((speechless, index, f"{words[index]} words and {rows.lengths[index]} {name}"))
        speechless, where, counts = min(misfits, key=lambda misfit: misfit[0], default=(True, 0, ""))
        if not counts or (speechless and not pairs):
            return bool(pairs or stated) or not any(segment.rows for segment in segments)
        if stated or 2 * agreeing > pairs:
            raise self.source.error(
                f"has {counts} rows, though {agreeing} of {pairs} items and modalities have one row per word; correct "
                "it, or state word_aligned: false in data.yaml if rows have their own clock",
                self.place(where),
            )
        return False

    def _filled(self, segment: Segment) -> Segment:
        """A word-aligned segment in which items without rows have rows of zeros, one per word."""
        counts = _counts(segment)
        rows = {}
        for name, ragged in segment.rows.items():
            rows[name] = ragged
            if ragged.lengths.tolist() != counts:
                self.source.spend(sum(counts) * ragged.width * ragged.values.itemsize, name)
                parts = [
                    item if len(item) else np.zeros((count, ragged.width), ragged.values.dtype)
                    for item, count in zip((ragged[index] for index in range(len(ragged))), counts, strict=True)
                ]
                rows[name] = Ragged.stack(parts, width=ragged.width, dtype=ragged.values.dtype.type)
        return Segment(segment.words, rows, segment.sentences)


def _counts(segment: Segment) -> list[int]:
    """How many words each item has; vectors stand for words where there are none."""
    if "text" in segment.rows and not any(segment.words):
        return segment.rows["text"].lengths.tolist()
    return [len(item) for item in segment.words]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
