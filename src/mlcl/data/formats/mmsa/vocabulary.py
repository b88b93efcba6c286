"""Words out of token ids, for files whose text is nothing else: a WordPiece vocabulary says which piece an id is."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece

from mlcl.errors import UsageError
from mlcl.files import read_bytes

_FILES = ("vocab.txt", "tokenizer.json")
_MOST_BYTES = 2**26
_MOST_IDS = 2**31
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
    """The pieces of a WordPiece tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.continues: str = tokenizer.model.continuing_subword_prefix

    def spell(self, ids: NDArray[np.generic]) -> Spelling:
        """Join the pieces of tokens, special ones left out, to words.

        Raises:
            ValueError: If one of them is no id of this vocabulary, with the reason.
        """
        words: list[str] = []
        first: list[int] = []
        for position, value in enumerate(ids.tolist()):
            known = isinstance(value, int | float) and 0 <= value < _MOST_IDS and value == int(value)
            piece = self.tokenizer.id_to_token(int(value)) if known else None
            if piece is None:
                size = self.tokenizer.get_vocab_size()
                raise ValueError(f"token {position} is {value}, no id of the vocabulary of {size} pieces")
            if piece.startswith(self.continues) and words:
                words[-1] += piece.removeprefix(self.continues)
            else:
                words.append(piece)
                first.append(position)
        return Spelling(words, first)


def read_vocabulary(path: str | Path) -> Vocabulary:
    """Read the vocabulary of a BERT tokenizer: ``vocab.txt``, ``tokenizer.json`` or a folder with one of them.

    Raises:
        UsageError: If there is none, or it is not WordPiece's.
    """
    file = Path(path)
    if file.is_dir():
        file = next((file / name for name in _FILES if (file / name).is_file()), file / _FILES[0])
    try:
        text = read_bytes(file, _MOST_BYTES).decode("utf-8").replace("\r\n", "\n")
        if file.suffix == ".json":
            tokenizer = Tokenizer.from_str(text)
        else:
            pieces = text.rstrip("\n").split("\n")
            tokenizer = Tokenizer(WordPiece({piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]"))
        if not isinstance(tokenizer.model, WordPiece):
            raise ValueError(type(tokenizer.model).__name__)
    except OSError as error:
        raise UsageError(f"--vocabulary {path}: cannot be read: {error.strerror}; {_NEXT}") from None
    except Exception:  # noqa: BLE001 - the library raises nothing more special
        raise UsageError(f"--vocabulary {path}: is no WordPiece vocabulary; {_NEXT}") from None
    if tokenizer.token_to_id("[CLS]") is None or tokenizer.token_to_id("[SEP]") is None:
        raise UsageError(f"--vocabulary {path}: has no [CLS] and [SEP], as BERT's has; {_NEXT}")
    return Vocabulary(tokenizer)
