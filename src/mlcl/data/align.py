"""Words to sub-words to rows: which row of features goes with which sub-word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import DataError


class SubWordTokenizer(Protocol):
    """What the data room needs of a tokenizer.

    Attributes:
        cls_id: In front of a text, or behind it with `cls_last`; None for tokenizers without.
        sep_id: Behind each segment.
        pad_id: Of padding.
        unknown_id: In the place of a word that it makes nothing of.
        cls_last: Where [CLS] is.
        cls_type: Segment id of [CLS].
    """

    cls_id: int | None
    sep_id: int
    pad_id: int
    unknown_id: int
    cls_last: bool
    cls_type: int

    @property
    def lower_cased(self) -> bool:
        """Whether capitals mean nothing to it."""

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Sub-word ids of each text, without special tokens."""

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """Sub-words of ids."""


@dataclass(frozen=True)
class Aligned:
    """Sub-words of one segment of every item, and the row that each belongs to.

    Attributes:
        ids: Flat sub-word ids.
        rows: Flat row numbers, counted from the item's first row of the segment; -1 for none.
        offsets: (items + 1,); item ``i`` is ``ids[offsets[i]:offsets[i + 1]]``.
        vanished: (items,) words that the tokenizer makes nothing of: each is the unknown token, above its row.
    """

    ids: NDArray[np.int64]
    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]
    vanished: NDArray[np.int64]

    def __getitem__(self, item: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        span = slice(self.offsets[item], self.offsets[item + 1])
        return self.ids[span], self.rows[span]


def align_words(
    words: Sequence[Sequence[str]],
    tokenizer: SubWordTokenizer,
    *,
    lower_case: bool = False,
    replace_vanished: bool = True,
) -> Aligned:
    """Tokenise word by word; every sub-word belongs to its word's row. Each distinct word is tokenised once.

    A word that gives none is the unknown token, so that its row stays; unless `replace_vanished` is off, as in the
    releases, which leave out both.
    """
    code: dict[str, int] = {}
    codes = np.array([code.setdefault(word, len(code)) for item in words for word in item], dtype=np.int64)
    pieces = tokenizer.encode([word.lower() for word in code] if lower_case else list(code)) if code else []
    blank = np.array([replace_vanished and not piece for piece in pieces], dtype=bool)
    if replace_vanished:
        pieces = [piece or [tokenizer.unknown_id] for piece in pieces]
    piece_count = np.array([len(piece) for piece in pieces], dtype=np.int64)
    piece_start = np.cumsum(piece_count) - piece_count
    vocabulary = np.array([token for piece in pieces for token in piece], dtype=np.int64)

    word_count = np.array([len(item) for item in words], dtype=np.int64)
    item_start = np.cumsum(word_count) - word_count
    word_number = np.arange(len(codes)) - np.repeat(item_start, word_count)
    counts = piece_count[codes]
    vanished = np.concatenate([[0], np.cumsum(blank[codes])])
    bounds = np.concatenate([[0], np.cumsum(word_count)])
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    ends = np.concatenate([[0], np.cumsum(counts)])
    return Aligned(
        ids=vocabulary[np.repeat(piece_start[codes], counts) + within],
        rows=np.repeat(word_number, counts),
        offsets=ends[bounds],
        vanished=np.diff(vanished[bounds]),
    )


def align_last_word(texts: Sequence[str], row_counts: NDArray[np.int64], tokenizer: SubWordTokenizer) -> Aligned:
    """Tokenise whole texts as MLCL's release does for humor and sarcasm: every sub-word gets the last word's row.

    The release counts the tokens seen so far that contain an underscore, minus one, and takes that row. WordPiece
    hardly ever gives one, so the count stays at -1 and numpy's ``row[-1]`` is the segment's last row.

    Raises:
        DataError: If a text has more underscores than its segment has rows; the release stops there too.
    """
    pieces = tokenizer.encode(list(texts))
    rows = []
    for number, (piece, count) in enumerate(zip(pieces, row_counts, strict=True)):
        marked = np.array(["_" in token for token in tokenizer.tokens(piece)], dtype=np.int64)
        index = np.cumsum(marked) - 1
        if len(index) and index[-1] >= max(count, 1):
            raise DataError(
                f"item {number} has {index[-1] + 1} underscores and {count} rows; "
                "alignment last_word cannot place them, use --set data.alignment=word"
            )
        rows.append(np.where(index < 0, count - 1, index))
    return Aligned(
        ids=np.array([token for piece in pieces for token in piece], dtype=np.int64),
        rows=np.concatenate(rows).astype(np.int64) if rows else np.zeros(0, dtype=np.int64),
        offsets=np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64),
        vanished=np.zeros(len(texts), np.int64),
    )
