"""Damaged files of arrays: a reader returns a valid corpus or raises DataError, and nothing else."""

import copy
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlcl.data.corpus import Corpus
from mlcl.data.formats import misa, mmsa, mult
from mlcl.data.formats.layout import Layout
from mlcl.errors import DataError
from writers_arrays import misa_data, mmsa_data, mult_data

SIZES = {"train": 2, "valid": 1}
CASES = 400


def _lists(value: Any) -> Any:
    """The same data with lists for tuples, so that any part can be replaced."""
    if isinstance(value, dict):
        return {key: _lists(part) for key, part in value.items()}
    return [_lists(part) for part in value] if isinstance(value, list | tuple) else value


FILES: dict[str, tuple[Layout, Callable[[], Any]]] = {
    "mmsa unaligned": (mmsa.LAYOUT, lambda: mmsa_data(SIZES, sims=True)),
    "mmsa aligned": (mmsa.LAYOUT, lambda: mmsa_data(SIZES, aligned=True)),
    "mult": (mult.LAYOUT, lambda: mult_data(SIZES)),
    "misa": (misa.LAYOUT, lambda: _lists(misa_data(SIZES, labels=7))),
}
ODD: tuple[Any, ...] = (
    *(None, 0, -1, 2**70, np.nan, np.inf, "", "é", "\ud83d", b"\xff", (), [], {}, [[]], {"a": 1}, [None], [1, "a"]),
    *(np.zeros(0), np.zeros((0, 0, 0)), np.array(1.5), np.array(["a", "b"]), np.array([["a"]]), np.zeros((2, 3), bool)),
    *(np.full((2, 3, 4), np.nan), np.full((2, 2, 3), -np.inf), np.zeros((2, 1, 7)), np.ones((2, 4, 2)), [np.nan, "x"]),
    *(np.array(["a", None], object), np.ones((2, 3, 3), np.float16), np.ones((2, 1, 1), complex), ["a b", "c"]),
)


def damaged(rng: np.random.Generator, data: Any) -> Any:
    """Replace, rename or remove one to three parts somewhere."""
    data = copy.deepcopy(data)
    for _ in range(rng.integers(1, 4)):
        part, parents = data, []
        while isinstance(part, dict | list) and len(part) and rng.random() < 0.8:
            keys = list(part) if isinstance(part, dict) else range(len(part))
            key = keys[rng.integers(len(keys))]
            parents.append((part, key))
            part = part[key]
        if not parents:
            continue
        holder, key = parents[-1]
        if isinstance(part, np.ndarray) and part.dtype.kind in "fiu" and part.ndim and part.size and rng.random() < 0.5:
            part = part.astype(float, copy=True)
            part.flat[rng.integers(part.size)] = rng.choice([0, 1, -5, 1e300])
            holder[key] = part[: rng.integers(len(part) + 1)] if rng.random() < 0.3 else part
        elif isinstance(holder, dict) and rng.random() < 0.2:
            del holder[key]
        else:
            holder[key] = ODD[rng.integers(len(ODD))]
    return data


def check(corpus: Corpus) -> None:
    """Raise AssertionError unless a corpus keeps every promise of its form."""
    for split in corpus.splits.values():
        assert len(split.ids) == len(split.main) > 0
        for values in (split.labels, *split.columns.values()):
            if values is not None:
                assert values.shape == (len(split),)
                assert not np.isinf(values).any()
        assert split.labels is None or np.isfinite(split.labels).all()
        for rows in split.main.rows.values():
            assert len(rows) == len(split)
            assert rows.values.dtype == np.float32
            assert np.isfinite(rows.values).all()
            if corpus.word_aligned:
                assert rows.lengths.tolist() == [len(item) for item in split.main.words]


@pytest.mark.parametrize("name", FILES)
def test_damaged_data(name: str) -> None:
    layout, make = FILES[name]
    rng, seen = np.random.default_rng(0), Counter[str]()
    whole = make()
    for _ in range(CASES):
        data = damaged(rng, whole)
        if not layout.sniff(data):
            seen["other"] += 1
            continue
        started = time.perf_counter()
        corpus, message = None, ""
        try:
            corpus = layout.read(data, path="data.pkl", max_bytes=2**24)
        except DataError as error:
            message = str(error)
        assert time.perf_counter() - started < 5
        if corpus is None:
            assert 0 < len(message) < 1000
            assert "\n" not in message
        else:
            check(corpus)
        seen["error" if corpus is None else "corpus"] += 1
    assert seen["corpus"] > 20, seen
    assert seen["error"] > 100, seen
