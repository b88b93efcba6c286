"""Text that is word vectors and nothing else: one step per vector, laid out as sub-words are."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from mlcl.data.corpus import Segment, Split
from mlcl.errors import DataError
from mlcl.modality import TEXT

_STEP = "."


class VectorSteps:
    """Stands where a tokenizer stands: a step is a vector, [CLS], [SEP] or padding.

    Its ids only make the layout; a text encoder for vectors reads the vectors, and zeros at the special steps.
    """

    pad_id, sep_id, unknown_id = 0, 2, 3
    cls_id: int | None = 1
    cls_last, cls_type = False, 0
    vocabulary_size = 4
    lower_cased = False

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """One id for each vector."""
        return [[3] * len(text.split()) for text in texts]

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """Names of the steps."""
        return [("[PAD]", "[CLS]", "[SEP]", _STEP)[step] for step in ids]

    def fingerprint(self) -> str:
        """Hash that no tokenizer has."""
        return hashlib.sha256(b"vectors").hexdigest()

    def save(self, folder: Path) -> None:
        """Nothing to write: there is no vocabulary."""


def stepwise(split: Split) -> Split:
    """The split with a placeholder word for each of its word vectors.

    Raises:
        DataError: If a segment has no word vectors.
    """
    return split.with_segments(_stepwise)


def _stepwise(segment: Segment) -> Segment:
    if TEXT not in segment.rows:
        raise DataError("has no text vectors; name a language model with --text-encoder")
    words = [[_STEP] * int(count) for count in segment.rows[TEXT].lengths]
    return Segment(words, {TEXT: segment.rows[TEXT], **segment.rows})
