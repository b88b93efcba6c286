"""The reader and the writer of the MulT and MultiBench layout."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.formats import read_corpus
from mlcl.data.formats.arrays import mult
from mlcl.data.formats.items import mag
from mlcl.data.formats.mmsa import read as mmsa
from mlcl.data.labels import keep_label
from mlcl.errors import DataError
from reading import read_with
from writers import mag_data, write_pickle
from writers_arrays import Arrays, assert_rows, assert_same, mmsa_data, mult_data

NAMES = {"train": "train", "valid": "dev", "test": "test"}
MODALITIES = {"text": "text", "audio": "acoustic", "vision": "visual"}


def read(data: Any, **options: Any) -> Corpus:
    return read_with(mult, data, path="data.pkl", **options)


def labelled(labels: Any) -> Arrays:
    data = mult_data({"train": len(labels)})
    data["train"]["labels"] = labels
    return data


@pytest.mark.parametrize("front", [True, False])
@pytest.mark.parametrize("aligned", [True, False])
def test_file_is_read_whole(tmp_path: Path, aligned: bool, front: bool) -> None:
    data = mult_data(aligned=aligned, front=front)
    corpus = read_corpus(write_pickle(tmp_path / "any name", data))
    assert (corpus.layout, corpus.task, corpus.word_aligned, corpus.label) == ("mult", "regression", False, "")
    assert (corpus.label_range, corpus.notes, corpus.repaired) == ((-3, 3), (), {})
    assert corpus.widths() == {"text": 6, "acoustic": 5, "visual": 3}
    for name, arrays in data.items():
        split = corpus.splits[NAMES[name]]
        assert split.ids == [f"{NAMES[name]}[{index}]_0.1_2.5" for index in range(len(split))]
        assert split.main.words == [[] for _ in split.ids]
        np.testing.assert_array_equal(split.labels, arrays["labels"].ravel(), strict=True)
        for key, ours in MODALITIES.items():
            assert_rows(split.main.rows[ours], [rows[rows.any(axis=1)] for rows in arrays[key]])


def test_rows_of_zeros_inside_stay() -> None:
    data = mult_data({"train": 1}, aligned=False)
    rows = np.zeros((1, 6, 3))
    rows[0, [2, 5]] = 1
    data["train"]["vision"] = rows
    assert_rows(read(data).splits["train"].main.rows["visual"], [rows[0, 2:]])


def test_aligned_modalities_lose_the_padding_that_they_share() -> None:
    data = mult_data({"train": 2})
    first = [int(rows.any(axis=1).argmax()) for rows in data["train"]["text"]]
    data["train"]["vision"][0, first[0]] = 0  # no face at the first word
    rows = read(data).splits["train"].main.rows
    assert {tuple(ragged.lengths) for ragged in rows.values()} == {tuple(9 - start for start in first)}
    assert not rows["visual"][0][0].any()


def test_modalities_on_their_own_clock_lose_their_own_padding() -> None:
    data = mult_data({"train": 2}, aligned=False)
    expected = read(data).splits["train"].main.rows["visual"]
    data["train"]["vision"] = np.pad(data["train"]["vision"], ((0, 0), (40, 0), (0, 0)))
    found = read(data).splits["train"].main.rows["visual"]
    np.testing.assert_array_equal(found.values, expected.values)


def test_what_is_no_number_becomes_0_and_is_counted() -> None:
    data = mult_data()
    data["test"]["audio"][1, -1, 2] = -np.inf
    corpus = read(data)
    assert corpus.repaired == {"test/acoustic": 1}
    assert corpus.splits["test"].main.rows["acoustic"][1][-1, 2] == 0


def test_items_without_text_are_kept_and_noted() -> None:
    data = mult_data(aligned=False)
    data["train"]["text"][[1, 3]] = 0
    corpus = read(data)
    assert len(corpus.splits["train"]) == 5
    assert corpus.splits["train"].main.rows["text"].lengths[[1, 3]].tolist() == [0, 0]
    assert corpus.notes == ("2 items have no text, only vectors of zeros; they are kept, MultiBench leaves them out",)


def test_python_2_file_without_ids(tmp_path: Path) -> None:
    data = mult_data()
    for split in data.values():
        del split["id"]
    corpus = read_corpus(write_pickle(tmp_path / "data.pkl", data, protocol=2))
    assert corpus.splits["dev"].ids == ["dev[0]", "dev[1]"]


# ---- labels


def test_iemocap_has_four_emotions() -> None:
    yes = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]])
    corpus = read(labelled(np.stack([1 - yes, yes], axis=-1)))
    assert (corpus.task, corpus.label, corpus.label_range) == ("classification", "neutral", None)
    split = corpus.splits["train"]
    assert list(split.columns) == ["neutral", "happy", "sad", "angry"]
    np.testing.assert_array_equal(np.stack(list(split.columns.values()), axis=1), yes)
    assert split.labels is not None
    assert split.labels.tolist() == [1, 0, 0]


@pytest.mark.parametrize("shape", [(3, 1, 7), (3, 7)])
def test_mosei_has_seven_labels(shape: tuple[int, ...]) -> None:
    labels = np.arange(21.0).reshape(shape) / 7
    labels[1, ..., 4] = np.nan
    corpus = read(labelled(labels))
    assert (corpus.task, corpus.label, corpus.label_range) == ("regression", "sentiment", (-3, 3))
    columns = corpus.splits["train"].columns
    assert list(columns) == ["sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear"]
    np.testing.assert_array_equal(np.stack(list(columns.values()), axis=1), labels.reshape(3, 7))


def test_signs_are_two_classes() -> None:
    corpus = read(labelled(np.array([[-1.0], [1.0], [1.0]])))
    assert (corpus.task, corpus.label_range) == ("classification", None)
    assert corpus.splits["train"].labels is not None
    assert corpus.splits["train"].labels.tolist() == [0, 1, 1]
    assert corpus.notes == ("labels are -1 and 1 only: two classes, read as 0 and 1",)
    assert read(labelled([0, 1, 1])).task == "classification"
    assert read(labelled([-1, 0, 1])).task == "regression"


def test_labels_beyond_sentiment_have_no_range() -> None:
    assert read(labelled([1.0, -3.5])).label_range is None


def test_file_without_labels() -> None:
    data = mult_data()
    for split in data.values():
        del split["labels"]
    corpus = read(data)
    assert (corpus.splits["train"].labels, corpus.label, corpus.label_range) == (None, "", None)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((2, 5)), r"train labels\[0\]: the label is float64 of shape \(5,\)"),
        (np.full((2, 4, 2), "x"), "train labels: are not all finite numbers"),
        (np.full((2, 1, 7), np.inf), "train labels: are not all finite numbers"),
        ([np.zeros((4, 2)), 1.0], r"train labels\[0\]: the label is float64 of shape \(4, 2\)"),
    ],
)
def test_other_labels_are_errors(labels: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(labelled(labels))


def test_splits_must_have_the_same_labels() -> None:
    data = {**mult_data({"train": 2}), **mult_data({"test": 2})}
    data["test"]["labels"] = np.zeros((2, 1, 7))
    with pytest.raises(DataError, match="has labels of different shapes in its splits"):
        read(data)


# ---- recognition


def test_layouts_of_arrays_are_told_apart() -> None:
    assert mult.sniff(mult_data())
    assert not mmsa.sniff(mult_data())
    assert mmsa.sniff(mmsa_data())
    assert not mult.sniff(mmsa_data())


@pytest.mark.parametrize("other", [None, 5, [], {}, {"train": {"text": 1}}, {"train": [1]}, {"text": 1, "audio": 2}])
def test_sniff_takes_anything(other: object) -> None:
    assert not mult.sniff(other)


def test_other_arrays_are_errors() -> None:
    data = mult_data()
    data["valid"]["vision"] = data["valid"]["vision"][:1]
    with pytest.raises(DataError, match=r"data\.pkl, valid vision: has 1 entries for 2 items"):
        read(data)
    data = mult_data()
    data["test"]["text"] = data["test"]["text"][:, :, 0]
    with pytest.raises(DataError, match=r"test text: has shape \(3, 9\), not \(items, steps, columns\)"):
        read(data)


# ---- writing


@pytest.mark.parametrize("aligned", [True, False])
def test_what_was_read_comes_back(tmp_path: Path, aligned: bool) -> None:
    corpus = read(mult_data(aligned=aligned))
    mult.write(corpus, tmp_path / "copy.pkl")
    assert_same(read_corpus(tmp_path / "copy.pkl"), corpus)
    data: Any = np.load(tmp_path / "copy.pkl", allow_pickle=True)
    assert list(data) == ["train", "valid", "test"]
    assert data["train"]["labels"].shape == (5, 1, 1)
    assert not data["train"]["text"][:, 0].any()
    assert data["train"]["text"][:, -1].any(axis=1).all()


@pytest.mark.parametrize(
    "labels", [np.ones((3, 1, 7)), np.stack([np.eye(4)[:3], 1 - np.eye(4)[:3]], axis=-1), [0.0, 1.0, 1.0]], ids=str
)
def test_every_kind_of_label_comes_back(tmp_path: Path, labels: Any) -> None:
    corpus = read(labelled(labels))
    mult.write(corpus, tmp_path / "copy.pkl")
    assert_same(read_corpus(tmp_path / "copy.pkl"), corpus)


@pytest.mark.parametrize("aligned", [True, False])
def test_mmsa_with_words_and_vectors_becomes_mult_with_its_vectors(tmp_path: Path, aligned: bool) -> None:
    """Aligned steps stay so. Negative controls: unasked, and in a file where one split has no vectors, words stay."""
    data = mmsa_data(aligned=aligned)
    path = write_pickle(tmp_path / "mmsa.pkl", data)
    corpus = keep_label(read_corpus(path, wishes=mult.LAYOUT.wishes), "M")
    assert corpus.notes == ("the words are left out; the text is the vectors that the file has beside them",)
    mult.write(corpus, tmp_path / "mult.pkl")
    found = read_corpus(tmp_path / "mult.pkl")
    assert (found.layout, found.label_range) == ("mult", (-3, 3))
    for name, arrays in data.items():
        split, bert = found.splits[NAMES[name]], arrays["text_bert"][:, 1].astype(int).sum(axis=1)
        assert split.ids == arrays["id"]
        assert split.labels.tolist() == arrays["regression_labels"].tolist()
        assert_rows(split.main.rows["text"], [row[1 : n - 1] for row, n in zip(arrays["text"], bert, strict=True)])
        for key in ("audio", "vision"):
            real = bert - 1 if aligned else arrays[f"{key}_lengths"]
            items = [row[int(aligned) : n] for row, n in zip(arrays[key], real, strict=True)]
            assert_rows(split.main.rows[MODALITIES[key]], items)
    assert any(read_corpus(path).splits["train"].main.words)
    del data["test"]["text"]
    write_pickle(path, data)
    assert any(read_corpus(path, wishes=mult.LAYOUT.wishes).splits["train"].main.words)


fast = settings(deadline=None, max_examples=60, derandomize=True)


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """Corpora whose items begin with rows that are not all zeros."""
    splits = {}
    for name in draw(st.sampled_from([("train", "dev", "test"), ("test",)])):
        count, aligned = draw(st.integers(1, 3)), draw(st.booleans())
        shared = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
        made = {}
        for kind, width in (("text", 2), ("acoustic", 1), ("visual", 3)):
            lengths = shared if aligned else draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
            matrices = []
            for length in lengths:
                values = draw(st.lists(st.sampled_from([0, 1.5, -2]), min_size=length * width, max_size=length * width))
                matrix = np.array(values, np.float32).reshape(length, width)
                matrix[:1, 0] = 1
                matrices.append(matrix)
            made[kind] = Ragged.stack(matrices, width=width)
        labels = np.array(draw(st.lists(st.sampled_from([-2, 0.5, 1]), min_size=count, max_size=count)), float)
        labels[0] = 0.25
        splits[name] = Split([f"{name}{index}" for index in range(count)], Segment([[]] * count, made), labels=labels)
    return Corpus(splits, "any", "regression", word_aligned=False)


@fast
@given(corpora())
def test_any_corpus_comes_back(tmp_path_factory: pytest.TempPathFactory, corpus: Corpus) -> None:
    path = tmp_path_factory.mktemp("written") / "data.pkl"
    mult.write(corpus, path)
    assert_same(read_corpus(path), corpus, labels=False)


def test_nothing_is_lost_silently(tmp_path: Path) -> None:
    path = tmp_path / "data.pkl"
    with pytest.raises(DataError, match="the text: train has no word vectors, which are MulT's only text"):
        mult.write(read_with(mag, mag_data()), path)
    base = read(labelled([1.0, -1.0, 0.5]))
    split = base.splits["train"]
    rows = dict(split.main.rows)
    leading = Ragged.stack([np.zeros((2, 6)), np.ones((1, 6)), np.ones((1, 6))], width=6)

    def other(task: Any = "regression", **changes: Any) -> Corpus:
        values = {**vars(split), **changes}
        return Corpus({"train": Split(**values)}, "any", task)

    cases = {
        "the words": other(main=Segment([["a"], [], []], rows)),
        "the speakers": other(speakers=["a", "b", "c"]),
        r"a row of zeros at the beginning of train\[0\]": other(main=Segment([[]] * 3, {"text": leading})),
        "the labels joy": other(columns={"joy": np.zeros(3)}),
        "that labels of -1 and 1 only are numbers": other(labels=np.array([1.0, -1, 1])),
        "that the labels are classes": other("classification", labels=np.array([0.0, 1, 2])),
    }
    for message, corpus in cases.items():
        with pytest.raises(DataError, match=rf"cannot be written: {message}.* would be lost; "):
            mult.write(corpus, path)
        assert list(tmp_path.iterdir()) == []
