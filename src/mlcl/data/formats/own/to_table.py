"""A corpus as a table with one item a row, to be written; `from_table` reads it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import SPLITS, Corpus, Ragged, Segment, Split
from mlcl.data.formats.own.facts import Facts
from mlcl.data.formats.own.from_table import CONTEXT, CONTEXT_TEXTS, LABEL, NAMED_LABEL, ROWS, TEXTS
from mlcl.errors import DataError

_COLUMN_OF = {kind: column for column, kind in ROWS.items()}


@dataclass(frozen=True)
class CorpusTable:
    """A corpus as columns.

    Attributes:
        cells: Per split the columns, each with one cell per item: text, numbers, lists of text, or None.
        rows: Per split the feature rows, by column.
        facts: What is known of the whole.
    """

    cells: dict[str, dict[str, list[object]]]
    rows: dict[str, dict[str, Ragged]]
    facts: Facts


def to_table(corpus: Corpus, path: str | Path) -> CorpusTable:
    """Turn a corpus into columns; raises a DataError if columns cannot hold it, with what would be lost."""
    _check(corpus, path)
    splits = corpus.splits
    columns = {
        **_texts([split.main for split in splits.values()], TEXTS),
        **_texts([split.context for split in splits.values() if split.context is not None], CONTEXT_TEXTS),
    }
    cells: dict[str, dict[str, list[object]]] = {}
    rows: dict[str, dict[str, Ragged]] = {}
    for number, (name, split) in enumerate(splits.items()):
        cells[name] = {
            "id": list(split.ids),
            "split": [name] * len(split),
            **{column: parts[number] for column, parts in columns.items()},
        }
        named = {NAMED_LABEL + label: values for label, values in split.columns.items()}
        labels: Mapping[str, NDArray[np.float64] | None] = named or {LABEL: split.labels}
        for column, values in labels.items():
            numbers = [None] * len(split) if values is None else values.tolist()
            cells[name][column] = [_label(value, corpus, column) for value in numbers]
        if any(part.speakers is not None for part in splits.values()):
            cells[name]["speaker"] = list(split.speakers or [""] * len(split))
        rows[name] = {
            prefix + _COLUMN_OF[kind]: ragged
            for prefix, segment in (("", split.main), (CONTEXT, split.context))
            for kind, ragged in (segment.rows.items() if segment is not None else ())
        }
    return CorpusTable(cells, rows, Facts.of(corpus))


def _label(value: float | None, corpus: Corpus, column: str) -> object:
    """A label as a cell: the name of its class, or a number."""
    if value is None or np.isnan(value):
        return None
    names = _classes(corpus, column)
    return names[int(value)] if names else value


def _classes(corpus: Corpus, column: str) -> tuple[str, ...]:
    """Names of the classes of a column of labels."""
    if column in (LABEL, NAMED_LABEL + corpus.label):
        return corpus.classes
    return corpus.label_classes.get(column.removeprefix(NAMED_LABEL), ())


def _texts(segments: Sequence[Segment], names: Sequence[str]) -> dict[str, list[list[object]]]:
    """Per column, per split, the cells that hold the words: as plain text wherever that gives the same words."""
    text, words, sentences = names
    if not segments:
        return {}
    found: dict[str, list[list[object]]] = {}
    kept = [segment.sentences for segment in segments if segment.sentences is not None]
    if kept:
        found[sentences] = [[list(item) for item in part] for part in kept]
        plain = all(
            [" ".join(item).split() for item in segment.sentences or []] == segment.words for segment in segments
        )
    else:
        plain = all(" ".join(item).split() == item for segment in segments for item in segment.words)
        if plain:
            found[text] = [[" ".join(item) for item in segment.words] for segment in segments]
    if not plain:
        found[words] = [[list(item) for item in segment.words] for segment in segments]
    return found


def _check(corpus: Corpus, path: str | Path) -> None:
    """Refuse what reading would not give back."""

    def refuse(message: str) -> DataError:
        return DataError(f"cannot be written: {message}", path=path)

    if not corpus.splits or not all(len(split) for split in corpus.splits.values()):
        raise refuse("a split without items would be lost; leave the split out")
    unknown = [name for name in corpus.splits if name not in SPLITS]
    if unknown:
        raise refuse(f"there is no split {unknown[0]!r}; splits are {', '.join(SPLITS)}")
    if len({_form(split) for split in corpus.splits.values()}) > 1:
        raise refuse("its splits differ in kinds of rows, labels or context; write each into a folder of its own")
    for name, split in corpus.splits.items():
        kinds = {kind for segment in split.segments for kind in segment.rows}
        if kinds - set(_COLUMN_OF):
            raise refuse(f"{min(kinds - set(_COLUMN_OF))} rows have no column; known are {', '.join(_COLUMN_OF)}")
        if any(label != label.strip() or not label for label in split.columns):
            raise refuse("the name of a label is empty or has white space at an end; name it otherwise")
        chosen = split.columns.get(corpus.label)
        if split.columns and not (chosen is not None and _same(split.labels, chosen)):
            raise refuse(f"its labels are not those named {corpus.label!r}; choose one of {', '.join(split.columns)}")
        named = {NAMED_LABEL + label: values for label, values in split.columns.items()}
        for column, values in {LABEL: split.labels, **named}.items():
            labels, names = np.zeros(0) if values is None else values[~np.isnan(values)], _classes(corpus, column)
            if names and not np.isin(labels, range(len(names))).all():
                raise refuse(f"{name} has a {column} that is none of its {len(names)} classes; correct it")


def _same(labels: NDArray[np.float64] | None, column: NDArray[np.float64]) -> bool:
    if labels is None:
        return bool(np.isnan(column).all())
    return bool(np.array_equal(labels, column, equal_nan=True))


def _form(split: Split) -> tuple[object, ...]:
    segments = [part and (part.sentences is None, *sorted(part.rows)) for part in (split.main, split.context)]
    return *segments, *sorted(split.columns)
