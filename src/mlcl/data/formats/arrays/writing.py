"""What the writers of array files share: a refusal that says what would be lost, and padded arrays."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Ragged
from mlcl.errors import DataError

FILE_NAMES = {"dev": "valid"}  # what MMSA, MulT and MultiBench call our splits


def refuse(path: Path, what: str, step: str) -> DataError:
    """An error for a corpus that a layout cannot hold."""
    return DataError(f"cannot be written: {what} would be lost; {step}", path=path)


def check_common(corpus: Corpus, path: Path, layout: str) -> None:
    """Raise if a corpus has anything that no array file holds: context, speakers, sentences, or rows of other kinds."""
    for split in corpus.splits.values():
        parts = {"context": split.context, "speakers": split.speakers, "sentences": split.main.sentences}
        for name, part in parts.items():
            if part is not None:
                raise refuse(path, f"the {name}, which {layout} has no place for,", f"write a layout with {name}")
        other = set(split.main.rows) - {"text", "acoustic", "visual"}
        if other:
            raise refuse(path, f"the {', '.join(sorted(other))} rows", "leave them out of the corpus")


def padded(rows: Ragged, steps: int, *, front: bool = False) -> NDArray[np.floating]:
    """(items, steps, columns) with zeros behind the rows of each item, or before them."""
    block = np.zeros((len(rows), steps, rows.width), rows.values.dtype)
    for index, length in enumerate(rows.lengths):
        block[index, steps - length if front else 0 : steps if front else length] = rows[index]
    return block
