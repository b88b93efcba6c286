"""Small valid data in the layouts MMSA, MulT and MISA, as their tools make them, and what two corpora must share."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Ragged, Segment
from writers import SIZES, VOCABULARY, Data

Arrays = dict[str, dict[str, Any]]
CLS, SEP, FIRST = 101, 102, 1000  # FIRST is the id of the vocabulary's first word


def block(items: Sequence[NDArray[Any]], steps: int, *, front: bool = False) -> NDArray[Any]:
    """Items padded with zeros: behind, or before."""
    made = np.zeros((len(items), steps, items[0].shape[1]), items[0].dtype)
    for index, item in enumerate(items):
        start = steps - len(item) if front else 0
        made[index, start : start + len(item)] = item
    return made


def real(rng: np.random.Generator, count: int, width: int) -> NDArray[Any]:
    """Rows none of which is all zeros."""
    return rng.uniform(0.5, 1.5, size=(count, width)) * rng.choice((-1, 1), size=(count, width))


def mmsa_data(
    sizes: Mapping[str, int] = SIZES, *, seed: int = 0, aligned: bool = False, front: bool = False, sims: bool = False
) -> Arrays:
    """Data in the MMSA layout; an aligned file has one row per sub-word, and one sub-word per word."""
    rng = np.random.default_rng(seed)
    return {
        {"dev": "valid"}.get(name, name): _mmsa_split(rng, name, count, aligned, front, sims)
        for name, count in sizes.items()
    }


def _mmsa_split(
    rng: np.random.Generator, name: str, count: int, aligned: bool, front: bool, sims: bool
) -> dict[str, Any]:
    words = [list(rng.choice(VOCABULARY, size=rng.integers(1, 8))) for _ in range(count)]
    steps = 11
    bert = np.zeros((count, 3, steps))
    for index, item in enumerate(words):
        ids = [CLS, *(FIRST + VOCABULARY.index(word) for word in item), SEP]
        start = steps - len(ids) if front else 0
        bert[index, 0, start : start + len(ids)] = ids
        bert[index, 1, start : start + len(ids)] = 1
    labels = rng.uniform(-0.9, 0.9, size=count) * (1 if sims else 3)
    split: dict[str, Any] = {
        "raw_text": np.array([" ".join(item) for item in words]),
        "text": rng.normal(size=(count, steps, 6)).astype(np.float32),
        "text_bert": bert,
        "annotations": np.array(["Negative", "Neutral", "Positive"])[(np.sign(labels) + 1).astype(int)],
        "classification_labels": np.sign(labels) + 1,
        "regression_labels": labels,
        "id": [f"{name}$_${index}" for index in range(count)],
    }
    if sims:
        for modality in "TAV":
            split[f"regression_labels_{modality}"] = rng.uniform(-1, 1, size=count)
    for key, width in (("audio", 5), ("vision", 3)):
        if aligned:
            rows = [np.pad(real(rng, len(item), width), ((1, 1), (0, 0))) for item in words]
        else:
            steps = {"audio": 17, "vision": 13}[key]
            rows = [real(rng, int(rng.integers(1, steps)), width) for _ in words]
            split[f"{key}_lengths"] = [len(item) for item in rows]
        split[key] = block(rows, steps, front=front)
    return split


def mult_data(sizes: Mapping[str, int] = SIZES, *, seed: int = 0, aligned: bool = True, front: bool = True) -> Arrays:
    """Data in the MulT layout: padded before the rows."""
    rng = np.random.default_rng(seed)
    data = {}
    for name, count in sizes.items():
        split: dict[str, Any] = {
            "labels": rng.uniform(-3, 3, size=(count, 1, 1)),
            "id": np.array([[f"{name}[{index}]".encode(), b"0.1", b"2.5"] for index in range(count)]),
        }
        lengths = rng.integers(1, 8, size=count)
        for key, width in (("text", 6), ("audio", 5), ("vision", 3)):
            counts = lengths if aligned else rng.integers(1, 8, size=count)
            steps = 9 if aligned else {"text": 9, "audio": 17, "vision": 13}[key]
            split[key] = block([real(rng, int(length), width) for length in counts], steps, front=front)
        data[{"dev": "valid"}.get(name, name)] = split
    return data


def misa_data(sizes: Mapping[str, int] = SIZES, *, seed: int = 0, labels: int = 1, segment: bool = True) -> Data:
    """Data in the MISA layout."""
    rng = np.random.default_rng(seed)
    data: Data = {}
    for name, count in sizes.items():
        data[name] = []
        for index in range(count):
            words = [str(word) for word in rng.choice(VOCABULARY, size=rng.integers(1, 8))]
            features = (
                np.arange(len(words)),
                rng.normal(size=(len(words), 3)),
                rng.normal(size=(len(words), 5)),
                words,
            )
            item = (features, rng.uniform(-3, 3, size=(1, labels)))
            data[name].append((*item, f"{name}[{index}]") if segment else item)
    return data


def assert_same(found: Corpus, expected: Corpus, *, labels: bool = True) -> None:
    """Assert that two corpora hold the same items, bit for bit; and the same named labels, if `labels`."""
    assert (found.task, found.word_aligned) == (expected.task, expected.word_aligned)
    assert list(found.splits) == list(expected.splits)
    if labels:
        assert (found.label, found.classes) == (expected.label, expected.classes)
        assert found.label_range == expected.label_range
        assert found.label_classes == expected.label_classes
    for name, split in expected.splits.items():
        other = found.splits[name]
        assert other.ids == split.ids
        np.testing.assert_array_equal(other.labels, split.labels, strict=split.labels is not None)
        _assert_same_segment(other.main, split.main)
        if labels:
            assert list(other.columns) == list(split.columns)
            for column, values in split.columns.items():
                np.testing.assert_array_equal(other.columns[column], values, strict=True)


def _assert_same_segment(found: Segment, expected: Segment) -> None:
    assert found.words == expected.words
    assert sorted(found.rows) == sorted(expected.rows)
    for name, rows in expected.rows.items():
        np.testing.assert_array_equal(found.rows[name].offsets, rows.offsets, strict=True)
        np.testing.assert_array_equal(found.rows[name].values, rows.values, strict=True)


def assert_rows(rows: Ragged, items: Sequence[NDArray[Any]]) -> None:
    """Assert that rows are those of the items, as float32."""
    assert rows.lengths.tolist() == [len(item) for item in items]
    for index, item in enumerate(items):
        np.testing.assert_array_equal(rows[index], item.astype(np.float32), strict=True)
