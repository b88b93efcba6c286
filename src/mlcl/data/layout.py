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
        types: Flat segment ids, 0 or 1; 2 for a [CLS] that comes last.
        rows: Flat row numbers into the item's rows, context first; -1 under special tokens.
        offsets: (items + 1,).
        spoken: (items,) whether the item has any sub-word.
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]
    spoken: NDArray[np.bool_]


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
    end (the rule of HKT and of MLCL's release). Where a tokenizer has its [CLS] last, as XLNet's, so have these.
    """
    end = "" if split.context is None else "."
    main = _align(split.main, tokenizer, alignment, lower_case, use_text, end)
    context = None if split.context is None else _align(split.context, tokenizer, alignment, lower_case, use_text, "")
    before = np.zeros(len(split), np.int64) if split.context is None else row_counts(split.context)
    cls, sep, none = np.array([tokenizer.cls_id]), np.array([tokenizer.sep_id]), np.array([-1])
    head, tail, bare_head, bare_tail = ([], [cls], [], [none]) if tokenizer.cls_last else ([cls], [], [none], [])

    ids: list[NDArray[np.int64]] = []
    rows: list[NDArray[np.int64]] = []
    types: list[NDArray[np.int64]] = []
    lengths = np.zeros(len(split), dtype=np.int64)
    for item in range(len(split)):
        words, word_rows = main[item]
        if context is None:
            room = max_length - 2
            parts = [*head, words[:room], sep, *tail]
            row_parts = [*bare_head, word_rows[:room], none, *bare_tail]
            first = len(words[:room])
        else:
            before_words, before_rows = context[item]
            room = max_length - 3
            dropped = min(len(before_words), max(0, len(before_words) + len(words) - room))
            before_words, before_rows = before_words[dropped:], before_rows[dropped:]
            parts = [*head, before_words, sep, words[:room], sep, *tail]
            row_parts = [*bare_head, before_rows, none, word_rows[:room] + before[item], none, *bare_tail]
            first = len(before_words)
        lengths[item] = sum(len(part) for part in parts)
        ids += parts
        rows += row_parts
        first += len(head) + 1
        types.append(np.repeat(np.arange(3), [first, lengths[item] - first - len(tail), len(tail)]))
    spoken = np.diff(main.offsets) > 0 if context is None else np.diff(main.offsets) + np.diff(context.offsets) > 0
    return TokenSequences(
        ids=np.concatenate(ids).astype(np.int64),
        types=np.concatenate(types),
        rows=np.concatenate(rows).astype(np.int64),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        spoken=spoken,
    )


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
    return align_words([[word.lower() for word in item] for item in words] if lower_case else words, tokenizer)


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
