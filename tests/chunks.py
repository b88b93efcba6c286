"""A tokenizer that a reader can run in the head: a word is cut in chunks of two letters; a word of signs is nothing."""

from collections.abc import Sequence


class Chunks:
    """A `mlcl.data.align.SubWordTokenizer`; ids count distinct chunks from 10 on."""

    cls_id, sep_id, pad_id, unknown_id, cls_last, cls_type = 1, 2, 0, 3, False, 0
    lower_cased = False

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.calls: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        self.calls.append(list(texts))
        return [[self._id(chunk) for word in text.split() for chunk in self._chunks(word)] for text in texts]

    def tokens(self, ids: Sequence[int]) -> list[str]:
        names = {number: chunk for chunk, number in self.known.items()}
        return [names[number] for number in ids]

    def _id(self, chunk: str) -> int:
        return self.known.setdefault(chunk, 10 + len(self.known))

    @staticmethod
    def _chunks(word: str) -> list[str]:
        word = word.strip("*")
        return [word[start : start + 2] for start in range(0, len(word), 2)]
