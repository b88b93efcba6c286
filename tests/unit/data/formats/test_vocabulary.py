"""Files whose text is token ids alone: with the tokenizer's vocabulary they have words."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import refuse, succeed
from mlcl.data.formats import read_corpus
from mlcl.data.formats.mmsa import read as mmsa
from mlcl.data.formats.mmsa.vocabulary import Vocabulary, read_vocabulary
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.errors import DataError, UsageError
from reading import read_with
from writers import VOCABULARY, write_pickle
from writers_arrays import CLS, FIRST, SEP, assert_same, mmsa_data

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "play", "##ing", "##s", "the", "'"]


def without_words(data: dict[str, Any]) -> dict[str, Any]:
    for split in data.values():
        del split["raw_text"], split["text"]
    return data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A BERT vocabulary in which the writers' words have the ids that the writers gave them."""
    lines = [f"[unused{number}]" for number in range(FIRST + len(VOCABULARY))]
    lines[CLS], lines[SEP] = "[CLS]", "[SEP]"
    lines[FIRST:] = VOCABULARY
    made = tmp_path / "bert"
    made.mkdir()
    (made / "vocab.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made


@pytest.mark.parametrize("front", [False, True])
@pytest.mark.parametrize("aligned", [False, True])
def test_spelled_file_is_the_same_as_the_one_with_words(folder: Path, aligned: bool, front: bool) -> None:
    expected = read_with(mmsa, mmsa_data(aligned=aligned, front=front))
    found = read_with(mmsa, without_words(mmsa_data(aligned=aligned, front=front)), vocabulary=str(folder))
    assert found.word_aligned == expected.word_aligned
    assert "spelled from the token ids" in found.notes[0]
    assert_same(found, expected)


def test_each_word_has_the_row_of_its_first_piece(tmp_path: Path) -> None:
    """Rows that differ within a word leave no doubt which one is taken, nor do words that stand twice."""
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES), encoding="utf-8")
    bert = np.zeros((1, 3, 8))
    bert[0, 0, :6] = [2, 4, 5, 4, 6, 3]
    bert[0, 1, :6] = 1
    rows = np.zeros((1, 8, 2))
    rows[0, 1:5] = np.arange(1, 9).reshape(4, 2)
    data = {"train": {"text_bert": bert, "audio": rows, "vision": rows, "regression_labels": np.zeros(1)}}
    main = read_with(mmsa, data, vocabulary=str(tmp_path)).splits["train"].main
    assert main.words == [["playing", "plays"]]
    np.testing.assert_array_equal(main.rows["acoustic"].values, [[1, 2], [5, 6]])


@given(st.lists(st.from_regex(r"\A(w[0-9]{1,3}|'|é)\Z"), min_size=1, max_size=8))
def test_spelling_undoes_a_tokenizer(words: list[str]) -> None:
    tokenizer = word_tokenizer([*words, "é"])
    ids = np.array([number for word in words for number in tokenizer.encode([word])[0]], float)
    spelled = Vocabulary(tokenizer.pretrained.backend_tokenizer).spell(ids)
    assert [tokenizer.encode([word])[0] for word in spelled.words] == [tokenizer.encode([word])[0] for word in words]


def test_both_files_of_a_tokenizer_say_the_same(tmp_path: Path) -> None:
    word_tokenizer(["a", "b"]).save(tmp_path)
    pieces = word_tokenizer(["a", "b"]).tokens(range(7))
    assert read_vocabulary(tmp_path / "tokenizer.json").spell(np.arange(7)).words == pieces
    (tmp_path / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    assert read_vocabulary(tmp_path).spell(np.arange(7)).words == pieces


def test_words_of_the_file_come_first(folder: Path) -> None:
    assert_same(read_with(mmsa, mmsa_data(), vocabulary=str(folder)), read_with(mmsa, mmsa_data()))


@pytest.mark.parametrize("wrong", [9999, -1, 1000.5, np.nan, np.inf])
def test_an_id_of_another_tokenizer_is_refused(folder: Path, wrong: float) -> None:
    data = without_words(mmsa_data())
    data["train"]["text_bert"][2, 0, 1] = wrong
    with pytest.raises(DataError, match=r"train text_bert\[2\]: token 0 is .*, no id of the vocabulary"):
        read_with(mmsa, data, vocabulary=str(folder))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("vocab.txt", "a\nb\n", r"has no \[CLS\] and \[SEP\]"),
        ("vocab.txt", b"\xff\xfe", "no WordPiece vocabulary"),
        ("tokenizer.json", "{}", "no WordPiece vocabulary"),
        ("tokenizer.json", "[", "no WordPiece vocabulary"),
        ("tokenizer.json", json.dumps({"model": {"type": "BPE", "vocab": {"a": 0}}}), "no WordPiece vocabulary"),
        ("tokenizer.json", json.dumps({"model": {"type": "WordPiece", "vocab": {"a": 5}}}), "no WordPiece vocabulary"),
        ("other.txt", "[CLS]\n[SEP]", "cannot be read: No such file"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UsageError, match=message):
        read_vocabulary(tmp_path)


def test_a_file_of_any_size_is_no_vocabulary(tmp_path: Path) -> None:
    with (tmp_path / "vocab.txt").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(UsageError, match="has more than"):
        read_vocabulary(tmp_path)


def test_convert_spells_and_says_so_where_it_could(folder: Path, tmp_path: Path) -> None:
    file = write_pickle(tmp_path / "ids.pkl", without_words(mmsa_data()))
    assert "--vocabulary BERT_FOLDER" in succeed("data", "inspect", str(file))
    succeed("data", "convert", str(file), str(tmp_path / "out"), "--vocabulary", str(folder))
    assert read_corpus(tmp_path / "out").has_words
    assert "goes with mmsa" in refuse(
        2, "data", "convert", str(tmp_path / "out"), str(tmp_path / "again"), "--vocabulary", "x"
    )
