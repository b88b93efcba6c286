"""Reader of MUStARD++: one csv file with every utterance of every scene, the last of which is labelled."""

from pathlib import Path

from mlcl.data.corpus import Corpus
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.shared.builder import SplitBuilder
from mlcl.data.formats.shared.source import Source
from mlcl.data.formats.texts.labelled import NO_SPLIT, Labels, build_labelled
from mlcl.safe.csv_file import column_names, read_table
from mlcl.safe.text_file import CP1252_NOTE

_COLUMNS = ("SCENE", "SENTENCE", "SPEAKER", "Sarcasm", "Sarcasm_Type", "Valence", "Arousal")
_EMOTIONS = {"Implicit_Emotion": "implicit_emotion", "Explicit_Emotion": "explicit_emotion"}
_TYPES = ("NONE", "PRO", "ILL", "EMB", "LIK")  # none, propositional, illocutionary, embedded, like-prefixed


def sniff(path: Path) -> bool:
    """Whether a table has the columns of MUStARD++."""
    return column_names(path) >= set(_COLUMNS)


def read(data: Path, source: Source) -> Corpus:
    """Read the file.

    Format:
        A csv table with ``SCENE``, ``SENTENCE``, ``SPEAKER``, ``Sarcasm`` (0 or 1), ``Sarcasm_Type``, ``Valence``,
        ``Arousal``, and perhaps ``Implicit_Emotion`` and ``Explicit_Emotion``. A row with ``Sarcasm`` is an item, named
        by its scene; the rows of its scene above it, without labels, are its context. There are no feature rows.

    The labels are ``sarcasm``, the chosen one, ``sarcasm_type`` and the emotions with class names, ``valence`` and
    ``arousal`` from 1 to 9.

    Raises:
        DataError: If anything differs from the format, with the place.
    """
    table = read_table(source, data, _COLUMNS, list(_EMOTIONS))
    emotions = {column: name for column, name in _EMOTIONS.items() if column in table.names}
    labels = Labels({"sarcasm_type": list(_TYPES), **{name: [] for name in emotions.values()}})
    cells = {"sarcasm": "Sarcasm", "sarcasm_type": "Sarcasm_Type", "valence": "Valence", "arousal": "Arousal"}
    cells |= {name: column for column, name in emotions.items()}
    split, scene, before = SplitBuilder(source, "train", "train", context=True, sentences=True), "", list[str]()
    for row in table.rows:
        if row["SCENE"] != scene:
            scene, before = row["SCENE"], []
        if not row["Sarcasm"]:
            before.append(row["SENTENCE"])
            continue
        values = {name: labels.value(name, row[column], source, row.place) for name, column in cells.items()}
        if values["sarcasm"] not in (0, 1):
            raise source.error(f"Sarcasm is {row['Sarcasm'][:40]!a}, not 0 or 1", row.place)
        split.add_text(row["SENTENCE"], before, row.place)
        split.add_labels(scene, values, row.place, speaker=row["SPEAKER"])
    if not split.ids:
        raise source.error("has no row with a label in column Sarcasm")
    notes = [NO_SPLIT, *[CP1252_NOTE] * table.latin1]
    return build_labelled(source, [split], "mustard++", classes=labels.classes, notes=notes)


LAYOUT = Layout("mustard++", "text", sniff, read, f"MUStARD++: csv with {', '.join(_COLUMNS)}")
