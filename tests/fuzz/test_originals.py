"""Damaged original distributions: a reader returns a valid corpus or raises DataError, and nothing else."""

import pickle
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlcl.data.corpus import SPLITS, Corpus
from mlcl.data.formats import read_corpus, ur_funny
from mlcl.errors import DataError
from originals import (
    csd_folder,
    label_rows,
    meld_rows,
    mustard_plus_rows,
    ur_funny_data,
    write_csv,
    write_matrices,
    write_mustard,
    write_ur_funny,
)

SECONDS = 5  # for one case at most
CASES = 40


def check(corpus: Corpus) -> None:
    """Raise AssertionError unless a corpus keeps every promise of its form."""
    assert corpus.splits
    assert set(corpus.splits) <= set(SPLITS)
    for split in corpus.splits.values():
        assert len(split.ids) > 0
        assert {type(identifier) for identifier in split.ids} == {str}
        if split.labels is not None:
            assert split.labels.shape == (len(split),)
            assert np.isfinite(split.labels).all()
        for column in split.columns.values():
            assert column.shape == (len(split),)
        assert split.speakers is None or len(split.speakers) == len(split)
        for segment in (split.main, *([split.context] if split.context else [])):
            assert len(segment) == len(split)
            assert all(word.encode().decode() == word for item in segment.words for word in item)
            for name, rows in segment.rows.items():
                assert rows.width == corpus.widths()[name] > 0
                assert np.isfinite(rows.values).all()
                if any(segment.words):
                    assert rows.lengths.tolist() == [len(item) for item in segment.words]
            assert len({tuple(rows.lengths) for rows in segment.rows.values()}) <= 1


def outcome(path: Path) -> str:
    """What became of one case."""
    started, corpus, message = time.perf_counter(), None, ""
    try:
        corpus = read_corpus(path)
    except DataError as error:
        message = str(error)
    assert time.perf_counter() - started < SECONDS
    if corpus is None:
        assert 0 < len(message) < 2000
        assert "\n" not in message
        return "error"
    check(corpus)
    return "corpus"


def damage(rng: np.random.Generator, content: bytes) -> bytes:
    """A few bytes changed, copied from elsewhere, or cut off."""
    damaged = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        place, other, length = (int(n) for n in rng.integers(len(damaged), size=3))
        kind = rng.integers(5)
        if kind == 0:
            damaged[place] ^= 1 << rng.integers(8)
        elif kind == 1:
            damaged[place] = rng.choice([0, 1, 127, 128, 255, 34, 44])
        elif kind == 2:
            damaged[place : place + length % 16] = content[other : other + length % 16]
        elif kind == 3:
            damaged[place : place + 8] = (0, 8, 2**31, 2**32, 2**63 - 1)[rng.integers(5)].to_bytes(8, "little")
        else:
            damaged[place : place + 4] = str(rng.integers(10**4)).encode()
    return bytes(damaged[: rng.integers(1, len(damaged))] if rng.random() < 0.05 else damaged)


def matrices(folder: Path) -> Path:
    write_matrices(folder, {"train": 3, "test": 2}, compression="gzip")
    return folder / "text_train_emb.h5"


# layout: writes into an empty folder; returns the file that is damaged; whether the folder is read
MAKERS: dict[str, tuple[Callable[[Path], Path], bool]] = {
    "csd words": (lambda folder: csd_folder(folder, videos=3) / "a.csd", True),
    "csd stream": (lambda folder: csd_folder(folder, videos=3) / "c.csd", True),
    "csd labels": (lambda folder: csd_folder(folder, videos=3) / "d.csd", True),
    "csd fold": (lambda folder: csd_folder(folder, videos=3) / "fold.json", True),
    "matrices": (matrices, True),
    "mustard": (lambda folder: write_mustard(folder) / "sarcasm_data.json", True),
    "mustard folds": (lambda folder: write_mustard(folder) / "split_indices.p", True),
    "mustard++": (lambda folder: write_csv(folder / "x.csv", mustard_plus_rows()), False),
    "meld": (lambda folder: write_csv(folder / "x.csv", meld_rows()), False),
    "label.csv": (lambda folder: write_csv(folder / "x.csv", label_rows({"train": 3, "test": 3})), False),
}


@pytest.mark.parametrize("layout", MAKERS)
def test_damaged_bytes(tmp_path: Path, layout: str) -> None:
    rng, (make, whole) = np.random.default_rng(30), MAKERS[layout]
    file = make(tmp_path)
    content, path = file.read_bytes(), tmp_path if whole else file
    assert outcome(path) == "corpus"
    seen = Counter[str]()
    for _ in range(CASES):
        file.unlink()
        file.write_bytes(damage(rng, content))
        seen[outcome(path)] += 1
    assert seen["error"] > 2
    assert seen["corpus"] > 0


ODD: tuple[Any, ...] = (
    None, True, -1, 2**100, 1.5, np.nan, "", "a b", "\ud800", b"\xff", [], (), {}, [""], ["a"], [["a"]], [None], [1.0],
    [[1.0]], [[[1.0]]], {"a": 1}, np.float32(1), np.zeros(0), np.zeros(3), np.zeros((0, 3)), np.ones((1, 3)),
    np.ones((2, 81)), np.ones((1, 81, 1)), np.array(["a"]), np.full((1, 81), np.inf), np.array(1.0),
)  # fmt: skip


def replaced(rng: np.random.Generator, value: Any) -> Any:
    """Put something odd in a random place of nested data."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.1:
        return ODD[rng.integers(len(ODD))]
    if isinstance(value, dict):
        key = list(value)[rng.integers(len(value))]
        return {**value, key: replaced(rng, value[key])}
    index = int(rng.integers(len(value)))
    return [*value[:index], replaced(rng, value[index]), *value[index + 1 :]]


def test_odd_values_anywhere_in_ur_funny(tmp_path: Path) -> None:
    rng = np.random.default_rng(31)
    data = ur_funny_data({"train": 3, "test": 2})
    for name in ("openface_features_sdk", "covarep_features_sdk"):
        data[name] = {key: {part: _lists(rows) for part, rows in item.items()} for key, item in data[name].items()}
    write_ur_funny(tmp_path, data)
    assert ur_funny.sniff(tmp_path)
    seen = Counter[str]()
    for _ in range(4 * CASES):
        name = list(data)[rng.integers(len(data))]
        file = tmp_path / f"{name}.pkl"
        kept = file.read_bytes()
        file.write_bytes(pickle.dumps(replaced(rng, data[name]), 4))
        seen[outcome(tmp_path)] += 1
        file.write_bytes(kept)
    assert min(seen["corpus"], seen["error"]) > 30


def _lists(rows: Any) -> Any:
    """Rows as lists, with 3 columns."""
    return rows[:, :3].tolist() if isinstance(rows, np.ndarray) else [part[:, :3].tolist() for part in rows]
