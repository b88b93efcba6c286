"""Words of a file: checked, decoded, and one object per distinct word."""

from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

_KINDS = frozenset({str, bytes, np.str_, np.bytes_})


def is_sequence(value: object) -> TypeGuard[Sequence[object]]:
    """Whether a value is a list or a tuple."""
    return isinstance(value, list | tuple)


def to_text(word: str | bytes) -> str:
    """Text from str, or from bytes as UTF-8, or as latin-1 where they are not UTF-8.

    Raises:
        ValueError: If the text holds a lone surrogate: it could neither be tokenised nor written.
    """
    if isinstance(word, bytes):
        try:
            return word.decode("utf-8")
        except UnicodeDecodeError:
            return word.decode("latin1")
    try:
        word.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{word[:20]!a} holds a lone surrogate, which is not text") from None
    return str(word)


class Words(dict[str | bytes, str]):
    """The distinct words met so far, as the file has them, and as text."""

    def __missing__(self, word: str | bytes) -> str:
        self[word] = text = to_text(word)
        return text

    def read(self, words: object) -> list[str]:
        """Return the words of one item as text.

        Args:
            words: A list, tuple or one-axis array of str or bytes; an array without items may have any dtype.

        Raises:
            ValueError: If they are anything else, with the reason.
        """
        if isinstance(words, np.ndarray) and words.ndim == 1:
            words = words.tolist()
        if not is_sequence(words):
            raise ValueError(f"words are {type(words).__name__}, not a list of str")
        other = set(map(type, words)) - _KINDS
        if other:
            raise ValueError(f"a word is {min(kind.__name__ for kind in other)}, not str")
        return [self[word] for word in words if isinstance(word, str | bytes)]
