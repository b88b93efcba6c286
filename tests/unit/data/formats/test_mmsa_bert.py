"""text_bert of written MMSA files: ids for a BERT, and rows under them that come back as they were."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from corpora import corpora
from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.formats import read_corpus
from mlcl.data.formats.items import mag
from mlcl.data.formats.mmsa import read as mmsa
from mlcl.errors import DataError
from reading import read_with
from writers import mag_data, write_pickle
from writers_arrays import assert_same, mmsa_data


class Letters:
    """A tokenizer whose sub-words are letters: ids from 3 on; it makes nothing of a full stop."""

    cls_id, sep_id, pad_id, unknown_id, cls_last, cls_type = 1, 2, 0, 3, False, 0
    lower_cased = False

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [[ord(letter) - 94 for letter in text if letter != "."] for text in texts]

    def tokens(self, ids: Sequence[int]) -> list[str]:
        return [chr(number + 94) for number in ids]


class LastLetters(Letters):
    """The same with [CLS] at the end, as XLNet's."""

    cls_last, cls_type = True, 2


def written(corpus: Corpus, path: Path, tokenizer: Letters | None = None) -> Any:
    mmsa.write(corpus, path, tokenizer=tokenizer or Letters())
    return np.load(path, allow_pickle=True)


def spoken(corpus: Corpus) -> bool:
    return any(words for split in corpus.splits.values() for words in split.main.words)


@given(
    corpora(words=st.lists(st.text("abc", min_size=1, max_size=3), max_size=4)).filter(spoken)
    | corpora(words=st.lists(st.text("ab", min_size=1, max_size=3), max_size=4), aligned=False).filter(spoken),
    st.sampled_from([Letters(), LastLetters()]),
    st.booleans(),
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_any_rows_come_back(
    tmp_path_factory: pytest.TempPathFactory, corpus: Corpus, tokenizer: Letters, zeros: bool
) -> None:
    if zeros:  # neither rows of zeros nor equal neighbours hide where a word is
        for split in corpus.splits.values():
            for rows in split.main.rows.values():
                rows.values[: len(rows.values) // 2] = 0
                rows.values[len(rows.values) // 2 :] = 1
    path = tmp_path_factory.mktemp("written") / "data.pkl"
    written(corpus, path, tokenizer)
    assert_same(read_corpus(path), corpus, labels=False)


def test_rows_stand_under_the_sub_words_of_their_word(tmp_path: Path) -> None:
    rows = {"acoustic": np.array([[1.0], [2.0]]), "visual": np.array([[3.0, 4.0], [0.0, 6.0]])}
    one = {name: Ragged.stack([matrix, matrix[:1]], width=matrix.shape[1]) for name, matrix in rows.items()}
    split = Split(["x", "y"], Segment([["ab", "c"], ["d"]], one), labels=np.array([0.5, -1]))
    data = written(Corpus({"dev": split}, "any", "regression"), tmp_path / "data.pkl")["valid"]
    assert data["text_bert"][:, 0].tolist() == [[1, 3, 4, 5, 2], [1, 6, 2, 0, 0]]
    assert data["text_bert"][:, 1].tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert not data["text_bert"][:, 2].any()
    assert data["token_words"].tolist() == [[-1, 0, 0, 1, -1], [-1, 0, -1, -1, -1]]
    assert data["audio"][..., 0].tolist() == [[0, 1, 1, 2, 0], [0, 1, 0, 0, 0]]
    assert data["vision"][0].tolist() == [[0, 0], [3, 4], [3, 4], [0, 6], [0, 0]]


def test_every_split_has_the_steps_of_the_longest_item(tmp_path: Path) -> None:
    corpus = read_with(mag, mag_data())
    data = written(corpus, tmp_path / "data.pkl")
    for key in ("text_bert", "audio", "vision", "token_words"):
        assert len({split[key].shape[1:] for split in data.values()}) == 1
    counts = [split["text_bert"][:, 1].sum(axis=1).max() for split in data.values()]
    assert data["test"]["text_bert"].shape[2] == max(counts) > min(counts)


def test_streams_keep_their_own_clock_beside_the_tokens(tmp_path: Path) -> None:
    corpus = read_with(mmsa, mmsa_data())
    mmsa.write(corpus, tmp_path / "without.pkl")
    data, without = written(corpus, tmp_path / "with.pkl"), np.load(tmp_path / "without.pkl", allow_pickle=True)
    for name, split in data.items():
        assert set(split) - set(without[name]) == {"text_bert"}
        np.testing.assert_array_equal(split["audio"], without[name]["audio"])
        words = sum(len(text.replace(" ", "").replace(".", "")) for text in split["raw_text"])
        assert split["text_bert"][:, 1].sum() == words + 2 * len(split["id"])


def test_a_note_says_what_is_missing_only_without_a_tokenizer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    corpus = read_with(mag, mag_data())
    written(corpus, tmp_path / "with.pkl")
    assert not caplog.records
    mmsa.write(corpus, tmp_path / "without.pkl")
    assert "without text_bert" in caplog.text
    assert "--text" in caplog.text


def test_words_of_which_nothing_is_left_keep_their_row_under_the_unknown_token(tmp_path: Path) -> None:
    rows = Ragged.stack([np.ones((1, 1)), np.array([[1.0], [2.0]])], width=1)
    corpus = Corpus({"train": Split(["x", "y"], Segment([["a"], ["b", "..."]], {"visual": rows}))}, "any", "regression")
    data = written(corpus, tmp_path / "data.pkl")
    assert data["train"]["text_bert"][1, 0].tolist() == [Letters.cls_id, 4, Letters.unknown_id, Letters.sep_id]
    assert_same(read_corpus(tmp_path / "data.pkl"), corpus)


def test_a_tokenizer_without_cls_is_refused(tmp_path: Path) -> None:
    class Bare(Letters):
        cls_id = None

    with pytest.raises(DataError, match=r"text_bert begins with \[CLS\], and the tokenizer has none"):
        written(tiny.corpus(), tmp_path / "data.pkl", Bare())
    assert list(tmp_path.iterdir()) == []


def test_a_corpus_without_words_has_no_token_ids(tmp_path: Path) -> None:
    data = mmsa_data()
    for split in data.values():
        del split["raw_text"]
    with pytest.raises(DataError, match="the corpus has no words; leave --text out"):
        written(read_with(mmsa, data), tmp_path / "data.pkl")


WRONG = {
    "shape": (lambda words: words[:, 1:], r"is not one whole number for each of the \d+ steps"),
    "kind": (lambda words: words.astype(float), "is not one whole number"),
    "great": (lambda words: words + 9, "the item's words are 0 to"),
    "small": (lambda words: words - 1, "is -2; the item's words"),
    "count": (lambda words: words[1:], "has 4 entries for 5 items"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_token_words_is_named(case: str, tmp_path: Path) -> None:
    data = written(read_with(mag, mag_data()), tmp_path / "right.pkl")
    change, message = WRONG[case]
    data["train"]["token_words"] = change(data["train"]["token_words"])
    with pytest.raises(DataError, match=rf"train token_words.*{message}"):
        read_corpus(write_pickle(tmp_path / "wrong.pkl", data))
