"""Reader of label.csv, in which MMSA keeps texts and labels of MOSI, MOSEI and CH-SIMS."""

from pathlib import Path

from mlcl.data.corpus import Corpus
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.shared.builder import SplitBuilder
from mlcl.data.formats.shared.source import SPLIT_NAMES, Source, split_name
from mlcl.data.formats.texts.labelled import Labels, build_labelled
from mlcl.errors import nearest
from mlcl.safe.csv_file import column_names, read_table
from mlcl.safe.text_file import CP1252_NOTE

_COLUMNS = ("video_id", "clip_id", "text", "label", "mode")
_MODALITIES = {"label_T": "T", "label_A": "A", "label_V": "V"}
_ANNOTATION = "annotation"
_CLASSES = ("Negative", "Neutral", "Positive")


def sniff(path: Path) -> bool:
    """Whether a table has the columns of label.csv."""
    return column_names(path) >= set(_COLUMNS)


def read(data: Path, source: Source) -> Corpus:
    """Read the file.

    Format:
        A csv table with ``video_id``, ``clip_id``, ``text``, ``label`` (a number) and ``mode`` (train, valid or test),
        and perhaps ``label_T``, ``label_A``, ``label_V`` and ``annotation``. There are no feature rows.

    The labels are ``M``, the chosen one, ``T``, ``A`` and ``V`` where any item has one, and ``class`` for the
    annotation. Ids are ``video$_$clip``.

    Raises:
        DataError: If anything differs from the format, with the place.
    """
    table = read_table(source, data, _COLUMNS, [*_MODALITIES, _ANNOTATION])
    others = [*_MODALITIES.items(), (_ANNOTATION, "class")]
    cells = {"M": "label"} | {
        name: column for column, name in others if column in table.names and any(map(str.strip, table.cells[column]))
    }
    labels = Labels({"class": list(_CLASSES)} if "class" in cells else {})
    splits: dict[str, SplitBuilder] = {}
    for row in table.rows:
        mode = split_name(row["mode"])
        if mode is None:
            raise source.error(
                f"mode is {row['mode'][:40]!a}; {nearest(row['mode'][:40], list(SPLIT_NAMES))}", row.place
            )
        split = splits.setdefault(mode, SplitBuilder(source, mode, mode, sentences=True))
        split.add_text(row["text"], (), row.place)
        values = {name: labels.value(name, row[column], source, row.place) for name, column in cells.items()}
        split.add_labels(f"{row['video_id']}$_${row['clip_id']}", values, row.place)
    order = [splits[name] for name in ("train", "dev", "test") if name in splits]
    notes = [CP1252_NOTE] * table.latin1
    return build_labelled(source, order, "label_csv", classes=labels.classes, notes=notes)


LAYOUT = Layout("label_csv", "text", sniff, read, f"label.csv of MOSI, MOSEI, CH-SIMS: csv with {', '.join(_COLUMNS)}")
