"""The row of each word in aligned MMSA files, whose rows stand under words or under sub-words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlcl.data.formats.mmsa.subwords import BEYOND, Spoken, first_tokens, run_ends

_SPECIAL = 2  # [CLS] and [SEP]
_MOST_UNKNOWN = 0.05  # of the words; a file with more is no better than one without alignment

Matrices = list[NDArray[np.generic]]
Rows = dict[str, Matrices]
Found = tuple[list[Rows], list[str]]  # rows per split, and notes


def rows_of_words(rows: Sequence[Rows], words: Sequence[list[list[str]]]) -> Found | None:
    """Return one row per word of rows that stand under words; words behind the last row have rows of zeros.

    None if an item has more rows than words.
    """
    made = []
    for cut, items in zip(rows, words, strict=True):
        if any(
            len(matrix) > len(spoken)
            for matrices in cut.values()
            for matrix, spoken in zip(matrices, items, strict=True)
        ):
            return None
        made.append(
            {
                name: [_extended(matrix, len(spoken)) for matrix, spoken in zip(matrices, items, strict=True)]
                for name, matrices in cut.items()
            }
        )
    return made, []


def _extended(rows: NDArray[np.generic], count: int) -> NDArray[np.generic]:
    if len(rows) == count:
        return rows
    return np.concatenate([rows, np.zeros((count - len(rows), rows.shape[1]), rows.dtype)])


def rows_of_sub_words(
    rows: Sequence[Rows], steps: Sequence[Sequence[int]], words: Sequence[list[list[str]]]
) -> Found | None:
    """Return one row per word of rows that stand under sub-words, each a copy of its word's.

    Words that were cut off, or that cannot be told from their neighbours, have rows of zeros. None if the rows are no
    such copies, or if too many words cannot be told.

    Args:
        rows: Per split, by name, the rows of each item, without those of [CLS] and [SEP].
        steps: Per split the steps of each item, with everything.
        words: Per split the words of each item.
    """
    spoken = [
        Spoken(item, run_ends(np.concatenate(parts, axis=1)), cut=len(parts[0]) + _SPECIAL == size)
        for cut, sizes, items in zip(rows, steps, words, strict=True)
        for item, size, *parts in zip(items, sizes, *cut.values(), strict=True)
    ]
    found = first_tokens(spoken)
    if found is None:
        return None
    unknown, every = sum(item.count(None) for item in found), sum(map(len, found))
    if unknown > _MOST_UNKNOWN * every:
        return None
    made, first = [], 0
    for cut in rows:
        last = first + len(next(iter(cut.values())))
        tokens = found[first:last]
        made.append(rows_at(cut, tokens))
        first = last
    note = (
        f"rows stand under sub-words: {unknown} of {every} words cannot be told from their neighbours, "
        "and have rows of zeros"
    )
    return made, [note] if unknown else []


def rows_at(rows: Rows, tokens: Sequence[Sequence[int | None]]) -> Rows:
    """Return per item the row of each word, given which one it is; zeros where it is none."""
    return {name: list(map(_taken, matrices, tokens)) for name, matrices in rows.items()}


def _taken(rows: NDArray[np.generic], tokens: Sequence[int | None]) -> NDArray[np.generic]:
    """The row of each word; zeros where it has none."""
    index = np.array([BEYOND if token is None else token for token in tokens], dtype=np.intp)
    taken = np.zeros((len(index), rows.shape[1]), rows.dtype)
    taken[index != BEYOND] = rows[index[index != BEYOND]]
    return taken
