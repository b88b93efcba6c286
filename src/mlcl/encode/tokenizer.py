"""Tokenizers: any pretrained one, reduced to what the data room needs."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, BertTokenizer

from mlcl.encode.pretrained import load_pretrained, naming
from mlcl.errors import DataError, EncoderError
from mlcl.safe.text_file import read_json, read_text

_MOST_TEXT = 2**26  # bytes of a vocabulary


class SubWords:
    """A pretrained fast tokenizer of transformers as a `mlcl.data.align.SubWordTokenizer`."""

    def __init__(self, pretrained: Any) -> None:
        self.pretrained = pretrained
        pretrained.backend_tokenizer.no_truncation()
        pretrained.backend_tokenizer.no_padding()
        cls, sep, pad, unknown = (getattr(pretrained, f"{name}_token_id") for name in ("cls", "sep", "pad", "unk"))
        begin, end = pretrained.bos_token_id, pretrained.eos_token_id
        self.cls_id: int | None = begin if cls is None else cls
        self.sep_id: int = _first(sep, end, begin, unknown)  # GPT-1 has no token but the unknown one
        self.pad_id: int = _first(pad, end, self.sep_id)
        self.unknown_id: int = _first(unknown, self.sep_id)
        self.cls_last = _ends_with_cls(pretrained)
        self.cls_type = _segment_of_cls(pretrained, self.cls_id)

    @cached_property
    def lower_cased(self) -> bool:
        """Whether capitals mean nothing to it: it lowers them itself, or its vocabulary has none."""
        normalizer = self.pretrained.backend_tokenizer.normalizer
        if normalizer is not None and normalizer.normalize_str("AB") == normalizer.normalize_str("ab"):
            return True
        special = set(self.pretrained.all_special_tokens)
        return not any(token != token.lower() for token in self.pretrained.get_vocab() if token not in special)

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids."""
        return len(self.pretrained)

    def fingerprint(self) -> str:
        """Hash of all that decides about the ids of a text."""
        rules = [
            self.pretrained.backend_tokenizer.to_str(),
            str([self.cls_id, self.sep_id, self.pad_id, self.unknown_id, self.cls_last, self.cls_type]),
        ]
        return hashlib.sha256("\n".join(rules).encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Sub-word ids of each text, without special tokens; never truncated."""
        if not texts:
            return []
        encoded = self.pretrained.backend_tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [piece.ids for piece in encoded]

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """Sub-words of ids."""
        return list(self.pretrained.convert_ids_to_tokens(list(ids)))

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files."""
        self.pretrained.save_pretrained(str(folder))


def load_tokenizer(name: str) -> SubWords:
    """Load the tokenizer of a folder or hub name.

    A folder of the release's time may hold ``vocab.txt`` alone; it is read as BERT's.

    Raises:
        EncoderError: If there is no usable tokenizer.
    """
    folder = Path(name)
    if folder.is_dir() and not (folder / "tokenizer.json").exists() and (folder / "vocab.txt").exists():
        return _read_vocabulary(folder)
    pretrained = load_pretrained(AutoTokenizer.from_pretrained, name, add_prefix_space=True)
    if len(pretrained) <= len(pretrained.all_special_ids):  # what transformers builds when it finds no vocabulary
        raise EncoderError(f"text encoder {name!r} has no vocabulary: the folder needs tokenizer.json or vocab.txt")
    if not getattr(pretrained, "is_fast", False):
        raise EncoderError(f"the tokenizer of {name!r} has no fast version; pass a folder with tokenizer.json")
    with naming(name):
        return SubWords(pretrained)


def _read_vocabulary(folder: Path) -> SubWords:
    settings = folder / "tokenizer_config.json"
    try:
        text, latin1 = read_text(folder / "vocab.txt", max_bytes=_MOST_TEXT)
        lower = not settings.exists() or read_json(settings).get("do_lower_case", True)
    except (DataError, AttributeError) as error:
        raise EncoderError(f"text encoder {str(folder)!r} cannot be read ({error})") from error
    if latin1:
        raise EncoderError(f"text encoder {str(folder)!r}: vocab.txt is not UTF-8 text")
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) < 2:
        raise EncoderError(f"text encoder {str(folder)!r}: vocab.txt is empty; it needs one token a line")
    if "[UNK]" not in lines:
        raise EncoderError(f"text encoder {str(folder)!r}: vocab.txt is no BERT vocabulary, it lacks [UNK]")
    return SubWords(BertTokenizer(vocab={token: number for number, token in enumerate(lines)}, do_lower_case=lower))


def word_tokenizer(words: Iterable[str]) -> SubWords:
    """A WordPiece tokenizer whose vocabulary is the given words, lower-cased and split at punctuation."""
    pieces = sorted({piece for word in words for piece in re.findall(r"\w+|[^\w\s]", word.lower())})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return SubWords(BertTokenizer(vocab={token: number for number, token in enumerate([*special, *pieces])}))


def _ends_with_cls(pretrained: Any) -> bool:
    """Whether the tokenizer's own sequences end with [CLS], as XLNet's do, which also pad on the left.

    Their padding stays on the right here: XLNet's positions are relative, so its states at real tokens are the same.
    """
    if pretrained.cls_token_id is None or pretrained.padding_side != "left":
        return False
    special = pretrained.backend_tokenizer.encode("", add_special_tokens=True).ids
    return bool(special) and special[-1] == pretrained.cls_token_id and special[0] != pretrained.cls_token_id


def _segment_of_cls(pretrained: Any, cls_id: int | None) -> int:
    """Segment id that the tokenizer itself gives [CLS]: 0 in BERT's sequences, 2 in XLNet's and Funnel's."""
    special = pretrained.backend_tokenizer.encode("", add_special_tokens=True)
    return dict(zip(special.ids, special.type_ids, strict=True)).get(cls_id, 0)


def _first(*ids: int | None) -> int:
    for token_id in ids:
        if token_id is not None:
            return token_id
    raise EncoderError("its tokenizer has no special token: none to end a text, and none for words that it lacks")
