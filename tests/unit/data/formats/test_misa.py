"""The reader of the MISA layout: one pickle, or a folder of one per split."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlcl.data.corpus import Corpus
from mlcl.data.formats import read_corpus
from mlcl.data.formats.items import hkt, mag, misa
from mlcl.errors import DataError
from reading import read_with
from writers import Data, hkt_data, mag_data, write_pickle
from writers_arrays import assert_rows, assert_same, misa_data

COLUMNS = ["sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear"]


def read(data: Any, **options: Any) -> Corpus:
    return read_with(misa, data, path="data.pkl", **options)


def edited(index: int, item: Any, **options: Any) -> Data:
    data = misa_data(**options)
    data["train"][index] = item
    return data


@pytest.mark.parametrize("labels", [1, 7])
def test_file_is_read_whole(tmp_path: Path, labels: int) -> None:
    data = misa_data(labels=labels)
    corpus = read_corpus(write_pickle(tmp_path / "any name", data))
    assert (corpus.layout, corpus.task, corpus.word_aligned) == ("misa", "regression", True)
    assert corpus.label == ("" if labels == 1 else "sentiment")
    for name, split in corpus.splits.items():
        assert split.ids == [item[2] for item in data[name]]
        assert split.main.words == [item[0][3] for item in data[name]]
        assert_rows(split.main.rows["visual"], [item[0][1] for item in data[name]])
        assert_rows(split.main.rows["acoustic"], [item[0][2] for item in data[name]])
        block = np.concatenate([item[1] for item in data[name]])
        np.testing.assert_array_equal(split.labels, block[:, 0], strict=True)
        assert list(split.columns) == (COLUMNS if labels == 7 else [])
        for column, values in enumerate(split.columns.values()):
            np.testing.assert_array_equal(values, block[:, column], strict=True)


def test_folder_of_one_pickle_per_split_is_the_same(tmp_path: Path) -> None:
    data = misa_data(labels=7)
    folder = tmp_path / "mosei"
    folder.mkdir()
    for name, items in data.items():
        write_pickle(folder / f"{'valid' if name == 'dev' else name}.pkl", items)
    (folder / "embedding_and_mapping.pt").write_bytes(b"x")
    corpus = read_corpus(folder)
    assert corpus.path == str(folder)
    assert corpus.layout == "misa"
    assert_same(corpus, read(data))


def test_other_folders_are_not_misas(tmp_path: Path) -> None:
    assert not misa.sniff_folder(tmp_path)
    assert not misa.sniff_folder(tmp_path / "absent")
    write_pickle(tmp_path / "train.pkl", [])
    assert misa.sniff_folder(tmp_path)
    write_pickle(tmp_path / "language_sdk.pkl", [])
    assert not misa.sniff_folder(tmp_path)


def test_folder_with_another_content_is_an_error_with_its_place(tmp_path: Path) -> None:
    write_pickle(tmp_path / "train.pkl", mag_data()["train"])
    with pytest.raises(DataError, match=r"train\[0\]: is tuple of 3, not \(word ids, visual, acoustic, words\)"):
        read_corpus(tmp_path)
    write_pickle(tmp_path / "train.pkl", {"a": 1})
    with pytest.raises(DataError, match="train: is dict, not a list of items"):
        read_corpus(tmp_path)
    (tmp_path / "dev.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(DataError, match=r"dev\.pkl: cannot be read as a pickle of plain data"):
        read_corpus(tmp_path)


def test_items_without_segment() -> None:
    found = read(misa_data(segment=False))
    assert found.splits["train"].ids == [f"train[{index}]" for index in range(5)]
    assert_same(found, read(misa_data()))


def test_layouts_of_items_are_told_apart() -> None:
    for maker, reader in ((misa_data, misa), (mag_data, mag), (hkt_data, hkt)):
        assert [layout.__name__ for layout in (misa, mag, hkt) if layout.sniff(maker())] == [reader.__name__]
    assert misa.sniff(misa_data(segment=False))


@pytest.mark.parametrize("other", [None, 5, {}, {"train": []}, {"train": [5]}, {"train": [((1, 2, 3, 4),)]}])
def test_sniff_takes_anything(other: object) -> None:
    assert not misa.sniff(other)


FEATURES = misa_data()["train"][2][0]
ONE = np.ones((1, 1))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ((FEATURES,), r"train\[2\]: is tuple of 1, not \(\(word ids, visual, acoustic, words\), label\)"),
        (5, r"train\[2\]: is int, not"),
        ((FEATURES[:3], ONE, "a"), r"train\[2\]: is tuple of 3, not \(word ids, visual, acoustic, words\)"),
        (((0, np.ones((1, 3)), np.ones((2, 5)), ["a"]), ONE, "a"), r"train\[2\]: has 1 words, 1 visual rows and 2 ac"),
        (((0, np.ones((1, 3)), np.ones((1, 5)), ["a", "b"]), ONE, "a"), r"train\[2\]: has 2 words, 1 visual rows"),
        ((FEATURES, np.ones((1, 7)), "a"), "train: has 1 items with 7 labels and 4 with one"),
        ((FEATURES, np.ones((1, 6)), "a"), r"train\[2\]: the label is float64 of shape \(1, 6\)"),
    ],
)
def test_other_items_are_errors(item: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(edited(2, item))


def test_a_named_label_that_is_not_finite_is_an_error() -> None:
    data = misa_data(labels=7)
    data["dev"][1][1][0, 3] = -np.inf
    with pytest.raises(DataError, match="dev: has labels that are not finite"):
        read(data)
