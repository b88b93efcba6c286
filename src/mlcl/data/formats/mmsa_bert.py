"""text_bert of the MMSA layout: token ids for a BERT, rows under them, and which word each token is of."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.data.align import SubWordTokenizer
from mlcl.data.corpus import Ragged, Split
from mlcl.data.formats.arrays import AUDIO_AND_VISION, ArraySplit
from mlcl.data.formats.writing import refuse
from mlcl.data.layout import TokenSequences, lay_out

TOKEN_WORDS = "token_words"
_NO_WORD = -1
_NO_LIMIT = 2**31


def under_tokens(
    split: Split, tokenizer: SubWordTokenizer, *, word_aligned: bool, place: str, path: Path
) -> dict[str, NDArray[Any]]:
    """Return the arrays that a tokenizer adds to a split, or puts in the place of others.

    ``text_bert`` (N, 3, T) holds ids, mask and types of ``[CLS] words [SEP]``, never truncated. Where rows belong to
    words, ``audio`` and ``vision`` (N, T, d) stand under the tokens, and ``token_words`` (N, T) holds the number of
    each token's word, -1 for special tokens and padding.

    Args:
        split: The items.
        tokenizer: What splits words.
        word_aligned: Whether row k belongs to word k.
        place: Name of the split, for errors.
        path: Where it is to be written, for errors.

    Raises:
        DataError: If a word has rows and no sub-word.
    """
    tokens = lay_out(split, tokenizer, alignment="word", max_length=_NO_LIMIT, lower_case=False)
    lengths = np.diff(tokens.offsets)
    real = np.arange(int(lengths.max(initial=0))) < lengths[:, None]
    text = np.zeros((len(split), 3, real.shape[1]), np.int64)
    text[:, 0] = _laid(tokens.ids, real, tokenizer.pad_id)
    text[:, 1] = real
    arrays: dict[str, NDArray[Any]] = {"text_bert": text}
    if not word_aligned or not split.main.rows:
        return arrays
    arrays[TOKEN_WORDS] = _laid(tokens.rows, real, _NO_WORD)
    for ours, theirs in AUDIO_AND_VISION.items():
        if ours in split.main.rows:
            _check_kept(split, ours, tokens, place, path)
            arrays[theirs] = _rows_under(split.main.rows[ours], arrays[TOKEN_WORDS])
    return arrays


def words_of_tokens(split: ArraySplit, steps: list[int], counts: list[int]) -> list[list[int | None]] | None:
    """Return, of a split with ``token_words``, the first token of each word; None for a word without.

    Args:
        split: The file's split.
        steps: Per item how many rows it has, with everything.
        counts: Per item how many words it has.

    Raises:
        DataError: If the array does not fit the items.
    """
    if TOKEN_WORDS not in split:
        return None
    found: list[list[int | None]] = []
    for index, (entry, size, count) in enumerate(zip(split.entries(TOKEN_WORDS), steps, counts, strict=True)):
        place = split.place(TOKEN_WORDS, index)
        if not isinstance(entry, np.ndarray) or entry.dtype.kind not in "iu" or entry.shape != (size,):
            raise split.source.error(f"is not one whole number for each of the {size} steps", place)
        words = np.asarray(entry)
        wrong = (words < _NO_WORD) | (words >= count)
        if wrong.any():
            raise split.source.error(f"is {words[wrong][0]}; the item's words are 0 to {count - 1}, -1 is none", place)
        first: list[int | None] = [None] * count
        for step in reversed(np.flatnonzero(words != _NO_WORD).tolist()):
            first[int(words[step])] = step
        found.append(first)
    return found


def _laid(values: NDArray[np.int64], real: NDArray[np.bool_], padding: int) -> NDArray[np.int64]:
    """(items, steps) of flat values, padded behind."""
    block = np.full(real.shape, padding, np.int64)
    block[real] = values
    return block


def _rows_under(rows: Ragged, words: NDArray[np.int64]) -> NDArray[np.floating]:
    """(items, steps, columns) the row of each token's word; zeros where it has none."""
    block = np.zeros((*words.shape, rows.width), rows.values.dtype)
    inside = words != _NO_WORD
    block[inside] = rows.values[(rows.offsets[:-1, None] + words)[inside]]
    return block


def _check_kept(split: Split, kind: str, tokens: TokenSequences, place: str, path: Path) -> None:
    """Refuse words without sub-words, whose rows nothing would hold."""
    rows = split.main.rows[kind]
    held = np.zeros(len(rows.values), bool)
    items = np.repeat(np.arange(len(split)), np.diff(tokens.offsets))
    inside = tokens.rows != _NO_WORD
    held[(rows.offsets[items] + tokens.rows)[inside]] = True
    lost = np.flatnonzero(~held & rows.values.any(axis=1))
    if len(lost):
        item = int(np.searchsorted(rows.offsets, lost[0], side="right")) - 1
        word = split.main.words[item][lost[0] - rows.offsets[item]]
        what = f"the {kind} row of {place}[{item}] under the word {word[:40]!a}, of which the tokenizer makes nothing,"
        raise refuse(path, what, "take another tokenizer, or leave --text out")
