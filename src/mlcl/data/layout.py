"""One token sequence per item: special tokens, context and punchline, truncation, and the row under each token."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcl.data.align import Aligned, SubWordTokenizer, align_last_word, align_words
from mlcl.data.corpus import Segment, Split


@dataclass(frozen=True)
class TokenSequences:
    """Token sequences of every item.

    Attributes:
        ids: Flat token ids with special tokens, without padding.
        types: Flat segment ids, 0 or 1; [CLS] has the tokenizer's own.
        rows: Flat row numbers into the item's rows, context first; -1 under special tokens.
        offsets: (items + 1,).
        spoken: (items,) whether the item has any sub-word but the unknown tokens of words that have none.
        vanished: How many words have none.
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]
    spoken: NDArray[np.bool_]
    vanished: int


def lay_out(
    split: Split,
    tokenizer: SubWordTokenizer,
    *,
    alignment: str,
    max_length: int,
    lower_case: bool,
    use_text: bool = True,
) -> TokenSequences:
    """Tokenise, truncate and place every item.

    One segment: ``[CLS] words [SEP]``, cut from the right. Context and punchline: ``[CLS] context [SEP] punchline
    [SEP]`` with segment ids 0 and 1; while the pair is too long, the context loses its front, then the punchline its
    end (the rule of HKT and of MLCL's release). Where a tokenizer has its [CLS] last, as XLNet's, so have these; where
    it has none, as T5's, there is none.
    """
    end = "" if split.context is None else "."
    main = _align(split.main, tokenizer, alignment, lower_case, use_text, end)
    context = None if split.context is None else _align(split.context, tokenizer, alignment, lower_case, use_text, "")
    before = np.zeros(len(split), np.int64) if split.context is None else row_counts(split.context)
    items, room = len(split), max_length - (1 if context is None else 2) - (tokenizer.cls_id is not None)
    kept = np.minimum(np.diff(main.offsets), room)
    first = [] if tokenizer.cls_id is None else [_special(tokenizer.cls_id, items, tokenizer.cls_type)]
    if context is None:
        parts = [_Part(kept, main.offsets[:-1], main, 0), _special(tokenizer.sep_id, items, 0)]
    else:
        lengths = np.diff(context.offsets)
        dropped = np.minimum(lengths, np.maximum(0, lengths + np.diff(main.offsets) - room))
        parts = [
            _Part(lengths - dropped, context.offsets[:-1] + dropped, context, 0),
            _special(tokenizer.sep_id, items, 0),
            _Part(kept, main.offsets[:-1], main, 1, shift=before),
            _special(tokenizer.sep_id, items, 1),
        ]
    aligned = [main] if context is None else [main, context]
    vanished = np.sum([part.vanished for part in aligned], axis=0)
    spoken = np.sum([np.diff(part.offsets) for part in aligned], axis=0) > vanished
    return _joined([*parts, *first] if tokenizer.cls_last else [*first, *parts], spoken, int(vanished.sum()))


@dataclass(frozen=True, eq=False)
class _Part:
    """A stretch of every item's sequence: so many tokens of `source` from `starts` on, rows moved by `shift`."""

    lengths: NDArray[np.int64]
    starts: NDArray[np.int64]
    source: Aligned
    kind: int
    shift: NDArray[np.int64] | None = None


def _special(token: int, items: int, kind: int) -> _Part:
    once = Aligned(np.array([token]), np.array([-1]), np.array([0, 1]), np.array([0]))
    return _Part(np.ones(items, np.int64), np.zeros(items, np.int64), once, kind)


def _joined(parts: list[_Part], spoken: NDArray[np.bool_], vanished: int) -> TokenSequences:
    """The parts of each item one after the other; segment ids are the parts' kinds."""
    offsets = np.concatenate([[0], np.cumsum(np.sum([part.lengths for part in parts], axis=0))]).astype(np.int64)
    ids, types, rows = (np.empty(offsets[-1], np.int64) for _ in range(3))
    begin = offsets[:-1].copy()
    for part in parts:
        within = np.arange(part.lengths.sum()) - np.repeat(np.cumsum(part.lengths) - part.lengths, part.lengths)
        to, of = np.repeat(begin, part.lengths) + within, np.repeat(part.starts, part.lengths) + within
        ids[to], types[to], rows[to] = part.source.ids[of], part.kind, part.source.rows[of]
        if part.shift is not None:
            rows[to] += np.repeat(part.shift, part.lengths)
        begin += part.lengths
    return TokenSequences(ids, types, rows, offsets, spoken, vanished)


def row_counts(segment: Segment) -> NDArray[np.int64]:
    """(items,) number of rows of each item; 0 for a segment without rows."""
    for rows in segment.rows.values():
        return rows.lengths
    return np.zeros(len(segment), dtype=np.int64)


def _align(
    segment: Segment, tokenizer: SubWordTokenizer, alignment: str, lower_case: bool, use_text: bool, end: str
) -> Aligned:
    if not use_text:
        return align_words([[] for _ in segment.words], tokenizer)
    if alignment == "last_word":
        return align_last_word(_texts(segment, lower_case, end), row_counts(segment), tokenizer)
    words = [_punctuated(segment, item) for item in range(len(segment))]
    return align_words(words, tokenizer, lower_case=lower_case, replace_vanished=alignment == "word")


def _texts(segment: Segment, lower_case: bool, end: str) -> list[str]:
    """Whole texts as the release joins them: sentences by ". ", and a punchline's `end`; words alone by spaces."""
    if segment.sentences is None:
        texts = [" ".join(words) for words in segment.words]
    else:
        texts = [". ".join(sentences) + end for sentences in segment.sentences]
    return [text.lower() for text in texts] if lower_case else texts


def _punctuated(segment: Segment, item: int) -> list[str]:
    """The item's words, with a full stop at the end of each sentence that has no mark of its own."""
    if segment.sentences is None:
        return segment.words[item]
    words: list[str] = []
    for sentence in segment.sentences[item]:
        spoken = sentence.split()
        if spoken and spoken[-1][-1] not in ".,;:!?":
            spoken[-1] += "."
        words += spoken
    return words
