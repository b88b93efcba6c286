"""Words out of token ids, for files whose text is nothing else: a WordPiece vocabulary says which piece an id is."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import UsageError

_FILES = ("vocab.txt", "tokenizer.json")
_CONTINUES = "##"
_MOST_BYTES = 2**26
_NEXT = "name a BERT tokenizer's folder, or the vocab.txt or tokenizer.json in it"


@dataclass(frozen=True)
class Spelling:
    """The words that token ids spell.

    Attributes:
        words: One after the other, lower-cased where the tokenizer does that.
        first: Which token each word begins with.
    """

    words: list[str]
    first: list[int]


class Vocabulary:
    """The pieces of a WordPiece tokenizer.

    Args:
        pieces: By id; None for an id that is not used.
    """

    def __init__(self, pieces: list[str | None]) -> None:
        self.pieces = pieces

    def spell(self, ids: NDArray[np.generic]) -> Spelling:
        """Join the pieces of tokens, special ones left out, to words.

        Raises:
            ValueError: If one of them is no id of this vocabulary, with the reason.
        """
        words: list[str] = []
        first: list[int] = []
        for position, value in enumerate(ids.tolist()):
            number = int(value) if isinstance(value, int | float) and value == value // 1 else -1
            piece = self.pieces[number] if 0 <= number < len(self.pieces) else None
            if piece is None:
                raise ValueError(f"token {position} is {value}, no id of the vocabulary of {len(self.pieces)} pieces")
            if piece.startswith(_CONTINUES) and words:
                words[-1] += piece.removeprefix(_CONTINUES)
            else:
                words.append(piece)
                first.append(position)
        return Spelling(words, first)


def read_vocabulary(path: str | Path) -> Vocabulary:
    """Read the vocabulary of a BERT tokenizer.

    Args:
        path: ``vocab.txt``, ``tokenizer.json`` or a folder with one of them.

    Raises:
        UsageError: If there is none, or it is not WordPiece's.
    """
    file = Path(path)
    if file.is_dir():
        file = next((file / name for name in _FILES if (file / name).is_file()), file / _FILES[0])
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise UsageError(f"--vocabulary {path}: far too large for a vocabulary; {_NEXT}")
        text = file.read_text(encoding="utf-8")
        pieces: list[str | None] = _of_json(text) if file.suffix == ".json" else [*text.rstrip("\n").split("\n")]
    except OSError as error:
        raise UsageError(f"--vocabulary {path}: cannot be read: {error.strerror}; {_NEXT}") from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UsageError(f"--vocabulary {path}: is no WordPiece vocabulary; {_NEXT}") from None
    if "[CLS]" not in pieces or "[SEP]" not in pieces:
        raise UsageError(f"--vocabulary {path}: has no [CLS] and [SEP], as BERT's has; {_NEXT}")
    return Vocabulary(pieces)


def _of_json(text: str) -> list[str | None]:
    model = json.loads(text)["model"]
    numbers = model["vocab"]
    if model["type"] != "WordPiece" or not isinstance(numbers, dict):
        raise ValueError(model["type"])
    pieces: list[str | None] = [None] * len(numbers)
    for piece, number in numbers.items():
        if number < 0:
            raise ValueError(number)
        pieces[number] = piece
    return pieces
