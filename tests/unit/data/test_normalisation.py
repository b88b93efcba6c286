"""Standardisation: statistics of the train split's real rows alone, zeros that stay zeros, constant columns."""

from typing import Any

import numpy as np
import pytest

import tiny
from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.processor import Processor
from prepare import config, encode, pair_corpus


@pytest.mark.parametrize("name", ["acoustic", "visual"])
def test_columns_of_the_train_split_are_standardised_over_its_real_rows(name: str) -> None:
    """Tolerance: means over some 40 float32 rows."""
    corpus = tiny.corpus()
    rows = corpus.splits["train"].main.rows[name].values
    real = rows[(rows != 0).any(axis=1)].astype(np.float64)
    processor = Processor.fit(corpus, config())
    assert processor.shift[name] == pytest.approx(real.mean(axis=0).tolist(), rel=1e-6)
    assert processor.scale[name] == pytest.approx(real.std(axis=0).tolist(), rel=1e-6)
    stored = encode(corpus).rows[name]
    standard = stored.values[stored.real]
    assert len(standard) == len(real)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(standard.std(axis=0), 1, atol=1e-5)


def test_dev_and_test_have_no_influence_on_the_statistics() -> None:
    corpus = tiny.corpus()
    other = corpus.with_splits({**corpus.splits, "dev": tiny.corpus(seed=7).splits["dev"]})
    del other.splits["test"]
    assert Processor.fit(corpus, config()) == Processor.fit(other, config())
    changed = corpus.with_splits({**corpus.splits, "train": tiny.corpus(seed=7).splits["train"]})
    assert Processor.fit(corpus, config()).shift != Processor.fit(changed, config()).shift


def test_context_rows_count_for_the_statistics_and_are_standardised() -> None:
    corpus = pair_corpus()
    train = corpus.splits["train"]
    assert train.context is not None
    rows = np.concatenate([train.context.rows["acoustic"].values, train.main.rows["acoustic"].values])
    mean = rows[(rows != 0).any(axis=1)].mean(axis=0, dtype=np.float64)
    assert Processor.fit(corpus, config()).shift["acoustic"] == pytest.approx(mean.tolist(), rel=1e-6)
    stored = encode(corpus).rows["acoustic"]
    np.testing.assert_allclose(stored.values[stored.real].mean(axis=0), 0, atol=1e-5)


def test_rows_of_zeros_stay_zero_and_masked_and_the_corpus_is_not_changed() -> None:
    corpus = tiny.corpus()
    for rows in corpus.splits["train"].main.rows.values():
        rows.values[0], rows.values[1], rows.values[1, 0] = 0.0, 1.0, 0.0  # one zero makes no row of zeros
    before = {name: rows.values.copy() for name, rows in corpus.splits["train"].main.rows.items()}
    encoded = encode(corpus)
    for name, rows in corpus.splits["train"].main.rows.items():
        zero = (rows.values == 0).all(axis=1)
        assert zero.any()
        assert (encoded.rows[name].values[:-1][zero] == 0).all()
        assert encoded.rows[name].real[:-1].tolist() == (~zero).tolist()
        assert np.array_equal(rows.values, before[name])


def test_a_row_that_becomes_zero_by_standardisation_stays_real() -> None:
    """A row equal to the mean is information, not padding."""
    rows = Ragged.stack([np.array([[1.0], [3.0], [2.0]], np.float32)], width=1)
    split = Split(["a"], Segment([["ab", "cd", "ef"]], {"acoustic": rows}), labels=np.array([0.5]))
    values, mask = encode(Corpus({"train": split}, "test", "regression")).gather("acoustic", np.array([0]))
    assert values[0, 3].eq(0).all()
    assert mask[0].tolist() == [False, True, True, True, False]


@pytest.mark.parametrize("constant", [0.0, 3.0, 0.1, 1e6, 1e-20])
def test_a_constant_column_becomes_zero_and_not_noise(constant: float) -> None:
    values = np.random.default_rng(0).normal(size=(101, 2)).astype(np.float32)
    values[:, 1] = constant
    split = Split(["a"], Segment([["ab"] * 101], {"visual": Ragged.stack([values], width=2)}), labels=np.zeros(1))
    stored = encode(Corpus({"train": split}, "test", "regression")).rows["visual"].values
    assert np.abs(stored[:, 1]).max() <= 1e-6 * abs(constant)


def test_a_train_split_of_zero_rows_standardises_by_nothing() -> None:
    corpus = tiny.corpus()
    for rows in corpus.splits["train"].main.rows.values():
        rows.values[:] = 0
    processor = Processor.fit(corpus, config())
    assert set(processor.shift["acoustic"]) == {0.0}
    assert set(processor.scale["acoustic"]) == {1.0}


def test_without_normalisation_rows_are_those_of_the_file() -> None:
    corpus = tiny.corpus()
    encoded = encode(corpus, normalise="none")
    assert Processor.fit(corpus, config(normalise="none")).shift == {}
    for name, rows in corpus.splits["train"].main.rows.items():
        assert np.array_equal(encoded.rows[name].values[:-1], rows.values)


@pytest.mark.parametrize("make", [tiny.corpus, pair_corpus])
def test_each_item_is_standardised_by_itself_over_its_real_rows(make: Any) -> None:
    corpus = make()
    processor = Processor.fit(corpus, config(normalise="item"))
    assert processor.per_item
    assert (processor.shift, processor.scale) == ({}, {})
    plain, ours = encode(corpus, normalise="none").rows["acoustic"], encode(corpus, normalise="item").rows["acoustic"]
    assert ours.real.tolist() == plain.real.tolist()
    split = corpus.splits["train"]
    segments = [segment for segment in (split.context, split.main) if segment is not None]
    ends = np.cumsum(np.sum([segment.rows["acoustic"].lengths for segment in segments], axis=0))
    many = 0
    for start, stop in zip([0, *ends[:-1]], ends, strict=True):
        rows, real = plain.values[start:stop], plain.real[start:stop]
        if real.any():
            found = rows[real].astype(np.float64)
            deviation = found.std(axis=0)
            expected = (found - found.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
            np.testing.assert_allclose(ours.values[start:stop][real], expected, atol=1e-5)
            many += len(found) > 1
        assert (ours.values[start:stop][~real] == 0).all()
    assert many > 3


def test_the_only_row_of_an_item_becomes_zero_and_stays_real() -> None:
    rows = Ragged.stack([np.full((1, 3), 7.0, np.float32), np.arange(6, dtype=np.float32).reshape(2, 3)], width=3)
    corpus = Corpus({"train": Split(["a", "b"], Segment([["x"], ["y", "z"]], {"visual": rows}))}, "test", "regression")
    encoded = encode(corpus, normalise="item").rows["visual"]
    np.testing.assert_allclose(encoded.values[:3], [[0, 0, 0], [-1, -1, -1], [1, 1, 1]], atol=1e-6)
    assert encoded.real[:3].all()


def test_an_item_s_standardisation_does_not_see_the_other_items() -> None:
    corpus = tiny.corpus()
    changed = tiny.corpus()
    changed.splits["train"].main.rows["visual"][0][:] += 100
    first, second = (encode(made, normalise="item").batch(np.arange(1, 11)).visual for made in (corpus, changed))
    assert first.equal(second)
    over_train = [encode(made).batch(np.arange(1, 11)).visual for made in (corpus, changed)]
    assert not over_train[0].equal(over_train[1])  # the negative control
