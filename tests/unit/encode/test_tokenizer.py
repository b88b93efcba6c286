"""Tokenizers reduced to what the data room needs, from every kind of folder."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import BertTokenizer, PreTrainedTokenizerFast, RobertaTokenizer, XLNetTokenizer

from mlcl.encode.tokenizer import SubWords, load_tokenizer, word_tokenizer
from mlcl.errors import EncoderError

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "movie", "##s", "un", "##able", "I", "i", ".", "e", "é"]
LONG = " ".join(["movies"] * 97)


def pretrained() -> BertTokenizer:
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(PIECES)})


def ids(*pieces: str) -> list[int]:
    return [PIECES.index(piece) for piece in pieces]


def vocabulary(folder: Path, pieces: list[str] = PIECES, newline: str = "\n") -> Path:
    (folder / "vocab.txt").write_bytes("".join(piece + newline for piece in pieces).encode())
    return folder


def test_encoding_gives_pieces_without_special_tokens() -> None:
    tokenizer = SubWords(pretrained())
    assert tokenizer.encode(["the movies", "unable", "", "zzz ."]) == [
        ids("the", "movie", "##s"),
        ids("un", "##able"),
        [],
        ids("[UNK]", "."),
    ]
    assert tokenizer.encode([]) == []
    assert tokenizer.tokens(ids("movie", "##s")) == ["movie", "##s"]
    assert (tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id) == (2, 3, 0)
    assert tokenizer.vocabulary_size == len(PIECES)


def test_xlnet_s_class_token_comes_last_and_bert_s_first(tmp_path: Path) -> None:
    special = ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>"]
    pieces = [(piece, 0.0) for piece in special] + [("▁the", -1.0), ("▁movie", -2.0), ("s", -3.0), ("▁", -9.0)]
    XLNetTokenizer(vocab=pieces, unk_id=0).save_pretrained(tmp_path)
    tokenizer = load_tokenizer(str(tmp_path))
    assert tokenizer.cls_last
    assert tokenizer.cls_type == 2
    assert [tokenizer.tokens(piece) for piece in tokenizer.encode(["the", "movies"])] == [["▁the"], ["▁movie", "s"]]
    assert tokenizer.tokens([tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id]) == ["<cls>", "<sep>", "<pad>"]
    bert = pretrained()
    assert not SubWords(bert).cls_last
    bert.padding_side = "left"
    assert not SubWords(bert).cls_last


def test_truncation_and_padding_of_the_saved_tokenizer_are_ignored(tmp_path: Path) -> None:
    whole = pretrained()
    whole.backend_tokenizer.enable_truncation(max_length=5)
    whole.backend_tokenizer.enable_padding(length=7)
    whole.save_pretrained(tmp_path)
    saved = json.loads((tmp_path / "tokenizer.json").read_text())
    assert saved["truncation"]["max_length"] == 5
    assert saved["padding"]["strategy"] == {"Fixed": 7}
    assert load_tokenizer(str(tmp_path)).encode([LONG, "the"]) == [97 * ids("movie", "##s"), ids("the")]


def test_a_saved_tokenizer_loads_as_it_was(tmp_path: Path) -> None:
    tokenizer = SubWords(pretrained())
    tokenizer.save(tmp_path)
    again = load_tokenizer(str(tmp_path))
    texts = ["the Movies", "unable, É I", LONG, ""]
    assert again.encode(texts) == tokenizer.encode(texts)
    assert (again.cls_id, again.sep_id, again.pad_id) == (tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id)
    assert again.vocabulary_size == tokenizer.vocabulary_size


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_folder_with_a_vocabulary_alone_is_read_as_bert_s(tmp_path: Path, newline: str) -> None:
    tokenizer = load_tokenizer(str(vocabulary(tmp_path, newline=newline)))
    texts = ["the movies", "The unable I.", "É"]
    assert tokenizer.encode(texts) == SubWords(pretrained()).encode(texts)
    assert tokenizer.encode(["I é"]) == [ids("i", "e")]  # lower-cased, accents stripped: BERT uncased
    assert tokenizer.vocabulary_size == len(PIECES)


def test_a_cased_vocabulary_stays_cased(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert load_tokenizer(str(vocabulary(tmp_path))).encode(["I i é"]) == [ids("I", "i", "é")]


@pytest.mark.parametrize("odd", ["\u2028", "\x85"], ids=ascii)
def test_a_token_that_is_a_line_break_to_unicode_alone_takes_one_line(tmp_path: Path, odd: str) -> None:
    """Lines of a vocabulary end at a line feed; multilingual vocabularies hold other separators as tokens."""
    tokenizer = load_tokenizer(str(vocabulary(tmp_path, [*PIECES, odd, "last"])))
    assert tokenizer.encode(["last"]) == [[len(PIECES) + 1]]


def test_a_byte_level_tokenizer_reads_words_as_after_a_space(tmp_path: Path) -> None:
    """RoBERTa's pieces differ at the start of a text; words are tokenised alone but stand inside a text."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "m", "o", "mo", "Ġ", "Ġm", "Ġmo"]
    merges = [("m", "o"), ("Ġ", "m"), ("Ġm", "o")]
    RobertaTokenizer(vocab={p: i for i, p in enumerate(pieces)}, merges=merges).save_pretrained(tmp_path)
    tokenizer = load_tokenizer(str(tmp_path))
    (alone,), (pair,) = tokenizer.encode(["mo"]), tokenizer.encode(["mo mo"])
    assert pair == 2 * alone
    assert (tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id) == (0, 2, 1)


def test_a_folder_without_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="text encoder"):
        load_tokenizer(str(tmp_path))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"model": 7}'])
def test_a_damaged_tokenizer_is_refused(tmp_path: Path, content: str) -> None:
    SubWords(pretrained()).save(tmp_path)
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(EncoderError, match="text encoder"):
        load_tokenizer(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"], ids=["empty", "not utf-8"])
def test_a_damaged_vocabulary_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vocab.txt").write_bytes(content)
    with pytest.raises(EncoderError, match="text encoder"):
        load_tokenizer(str(tmp_path))


def test_a_word_tokenizer_knows_exactly_the_words_it_was_made_of() -> None:
    tokenizer = word_tokenizer(["The", "don't", "movie", "the"])
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "'", "don", "movie", "t", "the"]
    assert tokenizer.vocabulary_size == len(names)
    encoded = tokenizer.encode(["the", "THE", "don't", "movies"])
    assert [tokenizer.tokens(piece) for piece in encoded] == [["the"], ["the"], ["don", "'", "t"], ["[UNK]"]]
    assert [token for piece in tokenizer.encode(["Don't the movie"]) for token in tokenizer.tokens(piece)] == [
        "don",
        "'",
        "t",
        "the",
        "movie",
    ]


def test_a_word_tokenizer_does_not_depend_on_the_order_of_words() -> None:
    first, second = word_tokenizer(["b", "a", "c"]), word_tokenizer(["c", "b", "a", "a"])
    assert first.encode(["a", "b", "c"]) == second.encode(["a", "b", "c"])


def words(special: list[str], template: str, **roles: str) -> SubWords:
    """A tokenizer of whole words whose sequences follow a template."""
    vocabulary = {token: number for number, token in enumerate([*special, "movie", "Movie"])}
    backend = Tokenizer(WordLevel(vocabulary, unk_token=special[-1]))
    backend.pre_tokenizer = Whitespace()
    named = [(token, number) for token, number in vocabulary.items() if token in special]
    backend.post_processor = TemplateProcessing(single=template, special_tokens=named)
    return SubWords(PreTrainedTokenizerFast(tokenizer_object=backend, **roles))


def test_a_tokenizer_without_a_class_token_has_none() -> None:
    t5 = words(["<pad>", "</s>", "<unk>"], "$A </s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    assert (t5.cls_id, t5.sep_id, t5.pad_id, t5.unknown_id) == (None, 1, 0, 2)
    first_gpt = words(["<unk>"], "$A", unk_token="<unk>")
    assert (first_gpt.cls_id, first_gpt.sep_id, first_gpt.pad_id, first_gpt.unknown_id) == (None, 0, 0, 0)
    gpt2 = words(["<eos>"], "$A", bos_token="<eos>", eos_token="<eos>")
    assert (gpt2.cls_id, gpt2.sep_id, gpt2.pad_id, gpt2.unknown_id) == (0, 0, 0, 0)
    with pytest.raises(EncoderError, match="no special token"):
        words(["<x>"], "$A")


def test_the_class_token_has_the_segment_that_the_tokenizer_gives_it() -> None:
    roles = {"cls_token": "<cls>", "sep_token": "<sep>", "unk_token": "<unk>"}
    assert words(["<cls>", "<sep>", "<unk>"], "<cls>:2 $A:0 <sep>:0", **roles).cls_type == 2
    assert words(["<cls>", "<sep>", "<unk>"], "<cls> $A <sep>", **roles).cls_type == 0


@pytest.mark.parametrize(
    ("pieces", "lowers", "expected"),
    [(PIECES, True, True), (PIECES, False, False), ([p for p in PIECES if p != "I"], False, True)],
    ids=["it lowers", "cased", "no capital in the vocabulary"],
)
def test_whether_capitals_mean_anything_is_the_tokenizer_s(pieces: list[str], lowers: bool, expected: bool) -> None:
    numbered = {piece: number for number, piece in enumerate(pieces)}
    assert SubWords(BertTokenizer(vocab=numbered, do_lower_case=lowers)).lower_cased is expected
