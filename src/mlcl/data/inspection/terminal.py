"""The account of a data file, for the terminal."""

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from mlcl.data.inspection import Inspection
from mlcl.data.inspection.result import LabelFacts, SegmentFacts, Spread
from mlcl.inert import printable


def inspection_lines(found: Inspection) -> Iterator[Text | Table]:
    """Yield what is printed, part by part."""
    yield _text(f"{found.path}\nsha256 {found.sha256}")
    kind = "; rows belong to words" if found.word_aligned else "; rows on their own clock"
    yield _text(f"layout {found.layout}; {found.task}{_labels(found)}{kind if found.widths else ''}")
    yield _table(found)
    yield _text("Lengths are the least, the median and the greatest of an item.")
    for title, lines in (("What it is", found.identity), ("Notes", found.notes)):
        if lines:
            yield _text("\n".join([title, *(f"  {line}" for line in lines)]))
    problems = [
        f"  {finding.level} {finding.check}: {finding.place and f'{finding.place}: '}{finding.text}"
        for finding in found.findings
    ]
    yield _text("\n".join(["What looks wrong", *(problems or ["  nothing"])]))
    yield _text(f"Next\n  {found.next_step}")


def _text(lines: str) -> Text:
    """Lines as they are: no markup, no control characters but the ends of lines."""
    return Text("\n".join(map(printable, lines.split("\n"))))


def _labels(found: Inspection) -> str:
    """Name, classes and range of the label, where there are any."""
    name = f" of {found.label!r}" if found.label else ""
    if found.classes:
        return f"{name}, classes {', '.join(found.classes)}"
    return f"{name} in [{found.label_range[0]:g}, {found.label_range[1]:g}]" if found.label_range else name


def _table(found: Inspection) -> Table:
    """One column per split."""
    table = Table()
    for heading in ("", *found.splits):
        table.add_column(heading)
    splits = list(found.splits.values())
    table.add_row("items", *(f"{split.items:,}" for split in splits))
    _add_segment(table, found, [split.main for split in splits], "")
    contexts = [split.context for split in splits]
    if any(contexts):
        _add_segment(table, found, contexts, "context ")
    for name in dict.fromkeys(name for split in splits for name in split.labels):
        table.add_row(Text(printable(name)), *(_label(split.labels.get(name)) for split in splits))
    for name in ("videos", "speakers"):
        counts = [getattr(split, name) for split in splits]
        if any(counts):
            table.add_row(name, *("" if count is None else str(count) for count in counts))
    return table


def _add_segment(table: Table, found: Inspection, segments: Sequence[SegmentFacts | None], before: str) -> None:
    """Lengths, empty texts and missing modalities; rows that belong to words are as many as those."""
    known = [segment for segment in segments if segment is not None]
    table.add_row(f"{before}words", *("" if segment is None else _spread(segment.words) for segment in segments))
    if any(segment.empty_texts for segment in known):
        counts = ("" if segment is None else str(segment.empty_texts) for segment in segments)
        table.add_row(f"{before}items without words", *counts)
    for kind, width in found.widths.items():
        name = f"{before}{kind}, {width} column{'' if width == 1 else 's'}"
        table.add_row(name, *(_rows(found, segment, kind) for segment in segments))


def _rows(found: Inspection, segment: SegmentFacts | None, kind: str) -> str:
    """Rows of one kind in one split."""
    if segment is None or kind not in segment.rows:
        return "none"
    by_word = found.word_aligned and segment.words.most
    lengths = "one per word" if by_word else f"{_spread(segment.rows[kind])} rows"
    missing = segment.missing[kind]
    return f"{lengths}; {missing} without" if missing else lengths


def _spread(spread: Spread) -> str:
    return f"{spread.least} / {spread.median:g} / {spread.most}"


def _label(label: LabelFacts | None) -> str:
    if label is None or label.least is None or label.mean is None:
        return "none"
    if label.counts:
        return ", ".join(f"{value}: {count}" for value, count in label.counts.items())
    return f"{label.least:.4g} to {label.most:.4g}, mean {round(label.mean, 2):g}"
