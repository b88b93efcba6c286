"""Reader of MELD's texts: one csv file, or a folder with one for each split."""

from pathlib import Path

from mlcl.data.corpus import Corpus
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.shared.builder import SplitBuilder
from mlcl.data.formats.shared.source import Source, split_name
from mlcl.data.formats.texts.labelled import NO_SPLIT, Labels, build_labelled
from mlcl.safe.csv_file import column_names, read_table
from mlcl.safe.text_file import CP1252_NOTE

_COLUMNS = ("Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID")
_EMOTIONS = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
_SENTIMENTS = ("negative", "neutral", "positive")


def sniff(path: Path) -> bool:
    """Whether a table has the columns of MELD."""
    return column_names(path) >= set(_COLUMNS)


def sniff_folder(path: Path) -> bool:
    """Whether a folder holds such tables whose names begin with a split."""
    return any(map(sniff, _files(path).values()))


def read(data: Path, source: Source) -> Corpus:
    """Read one table, whose items then stand in ``train``, or those of a folder.

    Format:
        csv tables with ``Utterance``, ``Speaker``, ``Emotion``, ``Sentiment``, ``Dialogue_ID`` and ``Utterance_ID``;
        others are left out. In a folder, ``train``, ``dev`` (or ``valid``, ``val``) and ``test`` begin the file names,
        as in ``dev_sent_emo.csv``; any may be absent. There are no feature rows.

    The labels are ``emotion``, the chosen one, and ``sentiment``, with class names. The utterances of the same
    dialogue above an item are its context. Ids are ``dia3_utt5``, and ``dev_dia3_utt5`` in a folder, whose tables count
    dialogues from 0 each.

    Raises:
        DataError: If anything differs from the format, with the place.
    """
    files = _files(data) if data.is_dir() else {"train": data}
    labels = Labels({"emotion": list(_EMOTIONS), "sentiment": list(_SENTIMENTS)})
    splits, latin1 = [], False
    for name, file in files.items():
        split = SplitBuilder(source, name, name, context=True, sentences=True)
        table = read_table(source, file, _COLUMNS)
        latin1 |= table.latin1
        dialogue, before, prefix = "", list[str](), f"{name}_" * data.is_dir()
        for row in table.rows:
            if row["Dialogue_ID"] != dialogue:
                dialogue, before = row["Dialogue_ID"], []
            split.add_text(row["Utterance"], before, row.place)
            values = {
                name: labels.value(name, row[column].lower(), source, row.place)
                for name, column in (("emotion", "Emotion"), ("sentiment", "Sentiment"))
            }
            identifier = f"{prefix}dia{dialogue}_utt{row['Utterance_ID']}"
            split.add_labels(identifier, values, row.place, speaker=row["Speaker"])
            before.append(row["Utterance"])
        splits.append(split)
    notes = [NO_SPLIT] * (not data.is_dir()) + [CP1252_NOTE] * latin1
    return build_labelled(source, splits, "meld", classes=labels.classes, notes=notes)


def _files(folder: Path) -> dict[str, Path]:
    """The table of each split, by our name."""
    try:
        tables = [entry for entry in sorted(folder.glob("*.csv")) if entry.is_file()]
    except OSError:
        return {}
    found: dict[str, Path] = {}
    for entry in tables:
        name = split_name(entry.stem.split("_")[0])
        if name is not None:
            found.setdefault(name, entry)
    return {name: found[name] for name in ("train", "dev", "test") if name in found}


_SUMMARY = f"MELD: csv with {', '.join(_COLUMNS)}"
LAYOUT = Layout("meld", "text", sniff, read, _SUMMARY)
FOLDER_LAYOUT = Layout("meld", "folder", sniff_folder, read, f"{_SUMMARY}; a folder of train, dev and test")
