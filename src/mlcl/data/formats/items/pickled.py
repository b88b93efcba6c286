"""What the writers of pickled item lists share."""

import pickle
from pathlib import Path

from mlcl.data.corpus import Corpus, Split, infer_task
from mlcl.errors import DataError
from mlcl.files import new_file


def write_pickle(data: object, path: Path) -> None:
    """Pickle plain data and arrays, whole or not at all; raises a DataError if there is something at `path` already."""
    with new_file(path) as stream:
        pickle.dump(data, stream, protocol=4)


def refuse_loss(corpus: Corpus, path: Path, layout: str, rows: set[str]) -> None:
    """Refuse a corpus of which a layout of word-aligned items with these rows and one label would lose something.

    Raises:
        DataError: With what would be lost, and the next step.
    """

    def refuse(what: str) -> DataError:
        return DataError(f"cannot be written as {layout}: {what}; write it --to folder", path=path)

    if not corpus.splits or not all(len(split) for split in corpus.splits.values()):
        raise refuse("a split without items would be lost")
    if not corpus.word_aligned:
        raise refuse("rows on their own clock would be lost, as it has one row per word")
    labels = [split.labels for split in corpus.splits.values() if split.labels is not None]
    if labels and corpus.task != infer_task(labels):
        raise refuse(f"that its labels are those of a {corpus.task} would be lost")
    for split in corpus.splits.values():
        for segment in split.segments:
            if set(segment.rows) != rows:
                have = ", ".join(sorted(segment.rows)) or "no"
                raise refuse(f"it needs {', '.join(sorted(rows))} rows, and nothing else, but here are {have} rows")
        if len(split.columns) > 1:
            names = ", ".join(split.columns)
            raise DataError(f"cannot be written as {layout}: it has one label; choose --label {names}", path=path)
        if corpus.classes:
            raise refuse("the names of its classes would be lost")
        if split.speakers is not None:
            raise refuse("the speakers would be lost")


def label_cells(split: Split) -> list[float | None]:
    """Per item the label, or None."""
    return [None] * len(split) if split.labels is None else split.labels.tolist()
