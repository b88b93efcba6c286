"""text_bert of the MMSA layout: token ids for a BERT, rows under them, and which word each token is of."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.data.align import SubWordTokenizer
from mlcl.data.corpus import Corpus, Ragged, Split
from mlcl.data.formats.arrays.arrays import AUDIO_AND_VISION, ArraySplit
from mlcl.data.formats.arrays.padding import Span, filled
from mlcl.data.formats.mmsa.vocabulary import Spelling, Vocabulary
from mlcl.data.layout import TokenSequences, lay_out
from mlcl.errors import DataError

TOKEN_WORDS = "token_words"
_NO_WORD = -1
_NO_LIMIT = 2**31
_BERT_ROWS = 3  # ids, mask, types
_WORD_BYTES = 64  # what a word takes, roughly


def under_tokens(corpus: Corpus, tokenizer: SubWordTokenizer, path: Path) -> dict[str, dict[str, NDArray[Any]]]:
    """Return by split the arrays that a tokenizer adds, or puts in the place of others.

    ``text_bert`` (N, 3, T) holds ids, mask and types of ``[CLS] words [SEP]``, never truncated. Where rows belong to
    words, ``audio`` and ``vision`` (N, T, d) stand under the tokens, and ``token_words`` (N, T) holds the number of
    each token's word, -1 for special tokens and padding. T is that of the longest item of all splits.

    Raises:
        DataError: If the tokenizer has no [CLS].
    """
    if tokenizer.cls_id is None:
        raise DataError("text_bert begins with [CLS], and the tokenizer has none; take another for --text", path=path)
    tokens = {
        name: lay_out(split, tokenizer, alignment="word", max_length=_NO_LIMIT, lower_case=False)
        for name, split in corpus.splits.items()
    }
    steps = max(int(np.diff(laid.offsets).max(initial=0)) for laid in tokens.values())
    return {
        name: _arrays(split, tokens[name], steps, pad_id=tokenizer.pad_id, word_aligned=corpus.word_aligned)
        for name, split in corpus.splits.items()
    }


def _arrays(
    split: Split, tokens: TokenSequences, steps: int, *, pad_id: int, word_aligned: bool
) -> dict[str, NDArray[Any]]:
    real = np.arange(steps) < np.diff(tokens.offsets)[:, None]
    text = np.zeros((len(split), 3, steps), np.int64)
    text[:, 0] = _laid(tokens.ids, real, pad_id)
    text[:, 1] = real
    arrays: dict[str, NDArray[Any]] = {"text_bert": text}
    if not word_aligned or not split.main.rows:
        return arrays
    arrays[TOKEN_WORDS] = _laid(tokens.rows, real, _NO_WORD)
    for ours, theirs in AUDIO_AND_VISION.items():
        if ours in split.main.rows:
            arrays[theirs] = _rows_under(split.main.rows[ours], arrays[TOKEN_WORDS])
    return arrays


def token_spans(split: ArraySplit) -> list[Span] | None:
    """Per item where the tokens of text_bert are, special ones included; None for a split without."""
    if "text_bert" not in split:
        return None
    spans = []
    for index, entry in enumerate(split.entries("text_bert")):
        place = split.place("text_bert", index)
        if not isinstance(entry, np.ndarray) or entry.dtype.kind not in "fiub":
            raise split.source.error("is no array of numbers: ids, mask and types", place)
        if entry.ndim != 2 or _BERT_ROWS not in entry.shape:
            raise split.source.error(f"has shape {entry.shape}, not (3, tokens)", place)
        mask = entry[1] if len(entry) == _BERT_ROWS else entry[:, 1]
        spans.append(filled(mask[:, None]))
    return spans


def spoken(tokens: Span) -> slice:
    """The tokens between [CLS] and [SEP]."""
    return slice(tokens[0] + 1, max(tokens[0] + 1, tokens[1] - 1))


def spelled(split: ArraySplit, vocabulary: Vocabulary) -> list[Spelling]:
    """What the token ids of each item of text_bert spell, special tokens left out.

    Raises:
        DataError: If one of them is no id of the vocabulary.
    """
    spans, items = token_spans(split) or [], []
    for index, (entry, span) in enumerate(zip(split.entries("text_bert"), spans, strict=True)):
        place, table = split.place("text_bert", index), np.asarray(entry)
        ids = (table[0] if len(table) == _BERT_ROWS else table[:, 0])[spoken(span)]
        split.source.spend(_WORD_BYTES * len(ids), place)
        try:
            items.append(vocabulary.spell(ids))
        except ValueError as error:
            raise split.source.error(f"{error}; is it that of another tokenizer?", place) from None
    return items


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
