"""Files as strangers have them: each is read right, or refused with advice that can be followed."""

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from mlcl.data.formats import read_corpus
from mlcl.data.formats.arrays.mult import EMOTIONS
from mlcl.data.labels import choose_label, label_names, score_range
from mlcl.errors import DataError
from mlcl.safe.text_file import read_text
from writers_arrays import SIZES, misa_data, mmsa_data, mult_data

RNG = np.random.default_rng(0)
SAID = "I’m glad it’s “over”…"  # noqa: RUF001 - the quotes are what this is about


def mag_items(count: int, labels: np.ndarray | None = None) -> list[Any]:
    """Items in the MAG layout; row k of `labels` is the label of item k."""
    rows = [(RNG.normal(size=(2, 4)), RNG.normal(size=(2, 5))) for _ in range(count)]
    values = RNG.normal(size=(count, 1, 1)) if labels is None else labels
    return [((["so", "good"], *parts), values[item], f"v[{item}]") for item, parts in enumerate(rows)]


def write(path: Path, data: object) -> Path:
    path.write_bytes(pickle.dumps(data))
    return path


@pytest.mark.parametrize("content", [SAID.encode("cp1252"), SAID.encode("cp1252").decode("latin1").encode("utf-8")])
def test_quotes_of_windows_are_quotes(tmp_path: Path, content: bytes) -> None:
    """As they are, and as they were saved when someone took them for latin-1."""
    (tmp_path / "text.csv").write_bytes(content)
    assert read_text(tmp_path / "text.csv", prose=True) == (SAID, True)


@pytest.mark.parametrize("text", ["naïve café", SAID, "漢字"])
def test_clean_text_stays_and_needs_no_note(tmp_path: Path, text: str) -> None:
    (tmp_path / "text.csv").write_text(text, encoding="utf-8")
    assert read_text(tmp_path / "text.csv", prose=True) == (text, False)


def test_seven_labels_of_mag_are_seven_labels(tmp_path: Path) -> None:
    values = RNG.integers(0, 4, (9, 1, 7)).astype(float)
    corpus = read_corpus(write(tmp_path / "m.pkl", {"train": mag_items(9, values)}))
    assert (corpus.label, label_names(corpus)) == (EMOTIONS[0], list(EMOTIONS))
    for column, name in enumerate(EMOTIONS):
        found = choose_label(corpus, name).splits["train"].labels
        assert found is not None
        np.testing.assert_array_equal(found, values[:, 0, column])


@pytest.mark.parametrize("shape", [(6,), (1, 6)])
def test_six_emotions_of_mult_are_six_labels(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = RNG.integers(0, 4, (5, 6)).astype(float)
    arrays = {name: RNG.normal(size=(5, 3, 4)) for name in ("text", "audio", "vision")}
    data = {"train": {**arrays, "labels": values.reshape(5, *shape), "id": np.arange(5)}}
    corpus = read_corpus(write(tmp_path / "m.pkl", data))
    assert label_names(corpus) == list(EMOTIONS[1:])
    np.testing.assert_array_equal(corpus.splits["train"].columns[EMOTIONS[3]], values[:, 2])


@pytest.mark.parametrize("names", [("Train", "Valid", "Test"), ("TRAIN", "DEV", "TEST")])
def test_splits_may_have_capitals(tmp_path: Path, names: tuple[str, ...]) -> None:
    corpus = read_corpus(write(tmp_path / "m.pkl", {name: mag_items(2) for name in names}))
    assert list(corpus.splits) == ["train", "dev", "test"]


def test_a_split_named_twice_is_still_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="which are one split"):
        read_corpus(write(tmp_path / "m.pkl", {"Train": mag_items(2), "train": mag_items(2)}))


def test_advice_on_torch_and_pandas_can_be_followed(tmp_path: Path) -> None:
    torch.save({"train": mag_items(2)}, tmp_path / "features.pt")
    with pytest.raises(DataError, match=r"open it with torch\.load, turn its tensors into numpy arrays, and pickle"):
        read_corpus(tmp_path / "features.pt")
    with pytest.raises(DataError, match=r"turn each Series and table into a numpy array with to_numpy\(\)"):
        read_corpus(write(tmp_path / "m.pkl", {"train": {"labels": pd.Series([1.0])}}))


def test_matrices_with_joined_columns_are_named_for_what_they_are(tmp_path: Path) -> None:
    for name in ("X_train.h5", "y_train.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            file["d1"] = np.zeros((2, 3, 4))
    for place in (tmp_path, tmp_path / "X_train.h5"):
        with pytest.raises(DataError, match="write them as text_SPLIT"):
            read_corpus(place)


@pytest.mark.parametrize(("greatest", "limits"), [(0.8, (-1.0, 1.0)), (2.4, (-3.0, 3.0))])
def test_scores_are_judged_in_the_range_that_they_keep_to(
    tmp_path: Path, greatest: float, limits: tuple[float, float]
) -> None:
    labels = np.linspace(-greatest, greatest, 9)[:, None, None]
    corpus = read_corpus(write(tmp_path / "m.pkl", {"train": mag_items(9, labels)}))
    assert score_range(corpus) == limits


def test_a_column_that_is_always_empty_is_a_modality_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(
        "id,split,text,label,acoustic\na,train,so good,1.5,\nb,train,so bad,-1.5, \n", encoding="utf-8"
    )
    corpus = read_corpus(tmp_path)
    assert corpus.widths() == {}
    assert corpus.notes == ("the column acoustic is empty in every row, so the data have no such rows",)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-1, 1, (-1, 1)), (-3, 3, (-3, 3)), (-2.5, 2, (-3, 3)), (0, 1, None), (1, 5, None), (-5, 5, None), (0, 3, None)],
)
def test_one_range_of_labels_is_the_same_in_every_layout(
    tmp_path: Path, low: float, high: float, expected: Any
) -> None:
    """Seven classes are of labels in [-3, 3]; labels in [-1, 1], or never below 0, are judged by what they are."""
    mag = {name: mag_items(count, np.linspace(low, high, count)) for name, count in SIZES.items()}
    mmsa, mult, misa = mmsa_data(), mult_data(), misa_data()
    for name, part in misa.items():
        labels = np.linspace(low, high, len(part))
        misa[name] = [(item[0], np.full((1, 1), label), item[2]) for item, label in zip(part, labels, strict=True)]
    for data, key in ((mmsa, "regression_labels"), (mult, "labels")):
        for split in data.values():
            split[key] = np.linspace(low, high, len(split[key])).reshape(split[key].shape)
    for data in (mag, misa, mmsa, mult):
        assert score_range(read_corpus(write(tmp_path / "x.pkl", data))) == (expected or (low, high))
