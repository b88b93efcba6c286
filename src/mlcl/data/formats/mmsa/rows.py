"""Which rows of an MMSA file are real, and what they belong to: words, sub-words, or their own clock."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlcl.data.formats.arrays.arrays import AUDIO_AND_VISION, ArraySplit
from mlcl.data.formats.arrays.padding import Span, filled, is_front_padded, joined, real_rows, unpadded
from mlcl.data.formats.mmsa.text_bert import spoken, token_spans, words_of_tokens
from mlcl.data.formats.mmsa.vocabulary import Spelling
from mlcl.data.formats.mmsa.word_rows import Matrices, Rows, rows_at, rows_of_sub_words, rows_of_words

_TEXT = "text"
_NO_WORDS = (
    "audio and vision stand under {} that cannot be matched with the words, so the rows keep their own order; "
    "models that need a row per word cannot use them"
)


@dataclass(frozen=True)
class Placed:
    """Real rows of every split.

    Attributes:
        rows: Per split the real rows by name, each a list with one matrix per item.
        word_aligned: Whether row ``k`` belongs to word ``k``.
    """

    rows: list[dict[str, Matrices]]
    word_aligned: bool
    notes: list[str]


def place_rows(
    splits: Sequence[ArraySplit], words: Sequence[list[list[str]]], spelling: Sequence[list[Spelling]] | None = None
) -> Placed:
    """Cut off the padding of every modality, and find out what the rows belong to.

    Args:
        splits: The file's splits.
        words: Per split the words of each item.
        spelling: The same, with the token of each, where the words are spelled from token ids.
    """
    blocks = [_Blocks.read(split) for split in splits]
    if not any(block.matrices for block in blocks):
        return Placed([block.text() for block in blocks], any(any(items) for items in words), [])
    if not all(block.aligned for block in blocks):
        return _own_clock(blocks)
    told = _told(splits, blocks, words)
    if told is not None:
        return Placed(told, True, [])
    tokens = [token_spans(split) for split in splits]
    under_tokens = _all_inside(blocks, tokens)
    spans = [
        [spoken(span) for span in inside or ()] if under_tokens else block.real()
        for block, inside in zip(blocks, tokens, strict=True)
    ]
    rows = [block.cut(slices) for block, slices in zip(blocks, spans, strict=True)]
    if under_tokens and spelling is not None:
        tokens_of = [[item.first for item in items] for items in spelling]
        return Placed([rows_at(cut, first) for cut, first in zip(rows, tokens_of, strict=True)], True, [])
    if not any("raw_text" in split for split in splits):
        return Placed([{**cut, **block.text()} for block, cut in zip(blocks, rows, strict=True)], False, [])
    if under_tokens:
        found = rows_of_sub_words(rows, [block.steps() for block in blocks], words)
    else:
        found = rows_of_words(rows, words)
    if found is None:
        return Placed(rows, False, [_NO_WORDS.format("sub-words" if under_tokens else "steps")])
    return Placed(found[0], True, found[1])


def _told(
    splits: Sequence[ArraySplit], blocks: Sequence["_Blocks"], words: Sequence[list[list[str]]]
) -> list[Rows] | None:
    """One row per word where every split tells the word of each token; else None."""
    told = []
    for split, block, items in zip(splits, blocks, words, strict=True):
        tokens = words_of_tokens(split, block.steps(), [len(item) for item in items])
        if tokens is None:
            return None
        told.append(rows_at(block.matrices, tokens))
    return told


def _own_clock(blocks: Sequence["_Blocks"]) -> Placed:
    """The real rows of each modality for itself."""
    rows = []
    beyond = 0
    for block in blocks:
        cut = dict(block.text())
        for name, items in block.matrices.items():
            lengths, spans = block.lengths[name], block.spans[name]
            steps = [len(rows) for rows in items]
            front = is_front_padded(spans, steps, lengths)
            known = lengths if lengths is not None else [None] * len(items)
            cut[name] = [
                matrix[real_rows(span, len(matrix), front=front, length=length)]
                for matrix, span, length in zip(items, spans, known, strict=True)
            ]
            if lengths is not None and not front:
                beyond += sum(stop > max(length, 1) for (_, stop), length in zip(spans, lengths, strict=True))
        rows.append(cut)
    note = f"{beyond} times an item has rows that are not zero beyond its length; they are left out, as MMSA does"
    return Placed(rows, False, [note] if beyond else [])


@dataclass(frozen=True)
class _Blocks:
    """The arrays of one split with their padding.

    Attributes:
        matrices: By name, one matrix per item.
        spans: By name, what `filled` says of each item.
        lengths: By name, what the file says of each item.
        aligned: Whether every modality has the same steps, and no lengths.
    """

    split: ArraySplit
    matrices: dict[str, Matrices]
    spans: dict[str, list[Span]]
    lengths: dict[str, list[int] | None]
    aligned: bool

    @classmethod
    def read(cls, split: ArraySplit) -> "_Blocks":
        """Find the modalities that a split has."""
        matrices = {name: split.matrices(key, name) for name, key in AUDIO_AND_VISION.items() if key in split}
        steps = {name: [len(rows) for rows in items] for name, items in matrices.items()}
        lengths = {name: split.lengths(f"{AUDIO_AND_VISION[name]}_lengths", counts) for name, counts in steps.items()}
        agree = all(counts == next(iter(steps.values())) for counts in steps.values())
        return cls(
            split,
            matrices,
            {name: [filled(rows) for rows in items] for name, items in matrices.items()},
            lengths,
            bool(matrices) and agree and not any(lengths.values()),
        )

    def steps(self) -> list[int]:
        """Per item the steps of aligned modalities."""
        return [len(rows) for rows in next(iter(self.matrices.values()))]

    def joint(self) -> list[Span]:
        """Per item the span in which any modality has rows."""
        return [joined(spans) for spans in zip(*self.spans.values(), strict=True)]

    def real(self) -> list[slice]:
        """Per item the real rows of aligned modalities."""
        spans, steps = self.joint(), self.steps()
        front = is_front_padded(spans, steps)
        return [real_rows(span, size, front=front) for span, size in zip(spans, steps, strict=True)]

    def cut(self, slices: Sequence[slice]) -> dict[str, Matrices]:
        """The same rows of every modality."""
        return {
            name: [rows[stretch] for rows, stretch in zip(items, slices, strict=True)]
            for name, items in self.matrices.items()
        }

    def text(self) -> dict[str, Matrices]:
        """Word vectors, where the split has no words: those between [CLS] and [SEP], or within the padding."""
        split = self.split
        if "raw_text" in split or _TEXT not in split:
            return {}
        items = split.matrices(_TEXT, _TEXT)
        tokens = token_spans(split)
        if tokens is not None:
            return {_TEXT: [rows[spoken(span)] for rows, span in zip(items, tokens, strict=True)]}
        return {_TEXT: unpadded(items, list(map(filled, items)))}


def _all_inside(blocks: Sequence[_Blocks], tokens: Sequence[list[Span] | None]) -> bool:
    """Whether all rows lie under sub-words, none under [CLS], [SEP] or padding."""
    some = False
    for block, spans in zip(blocks, tokens, strict=True):
        if spans is None:
            return False
        for (start, stop), (first, last) in zip(block.joint(), spans, strict=True):
            if stop and not first < start <= stop < last:
                return False
            some = some or bool(stop)
    return some
