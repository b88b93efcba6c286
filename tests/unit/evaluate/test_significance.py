"""Intervals and tests against known answers: scipy, hand counts, and simulations whose truth is known."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from mlcl.evaluate.regression import corr, mae
from mlcl.evaluate.significance import Comparison, Interval, compare, holm, interval, sentence, sign_flip_test

Array = NDArray[np.float64]
ITEMS = 60


def sample(rng: np.random.Generator, noise: float, labels: Array, seeds: int = 2) -> Array:
    return labels + noise * rng.standard_normal((seeds, len(labels)))


def test_the_interval_of_the_error_is_scipy_s_interval_of_the_mean() -> None:
    rng = np.random.default_rng(0)
    labels = rng.normal(size=ITEMS)
    predictions = sample(rng, 1.0, labels, seeds=1)
    found = interval(mae, predictions, labels, resamples=999, seed=3)
    errors = np.abs(predictions[0] - labels)
    expected = stats.bootstrap((errors,), np.mean, n_resamples=999, rng=np.random.default_rng(3))
    assert found.estimate == pytest.approx(errors.mean())
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval), abs=1e-12)


@pytest.mark.long
def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """The mean absolute value of a normal error is sqrt(2 / pi); 300 samples of 60 items, confidence 90 %.

    The share is binomial with a standard deviation of .017; a BCa interval at this size is up to .02 too short.
    """
    rng, truth, hits = np.random.default_rng(1), np.sqrt(2 / np.pi), 0
    for number in range(300):
        labels = rng.normal(size=ITEMS)
        found = interval(mae, sample(rng, 1.0, labels, 1), labels, confidence=0.9, resamples=199, seed=number)
        hits += found.low <= truth <= found.high
    assert 0.83 < hits / 300 < 0.95


@pytest.mark.long
def test_equal_systems_are_rarely_called_different_and_unequal_ones_mostly() -> None:
    """False positives at level .1 over 300 null samples: deviation .017. Power at a fifth less noise, 200 items."""
    rng = np.random.default_rng(2)
    false = true = 0
    for number in range(300):
        labels = rng.normal(size=200)
        a, b, better = (sample(rng, noise, labels, 1) for noise in (1.0, 1.0, 0.75))
        gap = lambda x, y: (np.abs(x - labels) - np.abs(y - labels))[0]  # noqa: E731, B023
        false += sign_flip_test(gap(a, b), resamples=199, seed=number) < 0.1
        true += sign_flip_test(gap(a, better), resamples=199, seed=number) < 0.1
    assert 0.05 < false / 300 < 0.15
    assert true / 300 > 0.9


@pytest.mark.long
def test_the_interval_of_a_paired_difference_covers_the_truth_and_the_test_keeps_its_level() -> None:
    """Two systems of three seeds that share what is hard about the items; the true difference is known.

    The error of an item is the absolute value of a normal of deviation s, whose mean is s sqrt(2 / pi). 100 samples of
    50 items, 90 %: the share that covers deviates by .03, and a BCa interval at this size is up to .02 too short. The
    test of equal systems at level .1 deviates by .03 too.
    """
    rng, hits, false = np.random.default_rng(3), 0, 0
    truth = (np.hypot(0.8, 0.6) - np.hypot(0.8, 0.9)) * np.sqrt(2 / np.pi)
    labels = np.zeros(50)
    for number in range(100):
        shared = 0.8 * rng.standard_normal(50)
        a, b, equal = (shared + noise * rng.standard_normal((3, 50)) for noise in (0.6, 0.9, 0.6))
        found = compare(mae, a, b, labels, confidence=0.9, resamples=99, seed=number)
        hits += found.difference.low <= truth <= found.difference.high
        gaps = np.abs(a).mean(axis=0) - np.abs(equal).mean(axis=0)
        false += sign_flip_test(gaps, resamples=99, seed=number) < 0.1
    assert 0.8 < hits / 100 < 0.98
    assert 0.02 < false / 100 < 0.19


@pytest.mark.parametrize("items", [12, 30])
def test_power_is_that_of_the_paired_t_test_where_gaps_are_normal(items: int) -> None:
    """Fisher's test loses next to nothing there (Hoeffding 1952). d = .6, level .05, 300 samples: deviation .029."""
    rng, effect = np.random.default_rng(4), 0.6
    critical = stats.t.ppf(0.975, items - 1)
    shift = effect * np.sqrt(items)
    expected = 1 - stats.nct.cdf(critical, items - 1, shift) + stats.nct.cdf(-critical, items - 1, shift)
    found = [sign_flip_test(rng.normal(effect, 1, items), resamples=399, seed=n) < 0.05 for n in range(300)]
    assert np.mean(found) == pytest.approx(expected, abs=0.09)


def test_the_effect_size_is_the_mean_gap_in_deviations_whatever_the_unit() -> None:
    """Errors of 5 + z + d against 5: the effect is d, up to 1 / sqrt(items); a change of unit does not change it."""
    rng, labels = np.random.default_rng(5), np.zeros(2000)
    first = 5 + 0.4 + rng.standard_normal((1, 2000))
    second = np.full((1, 2000), 5.0)
    found = compare(mae, first, second, labels, resamples=9).effect
    assert found == pytest.approx(0.4, abs=4 / np.sqrt(2000))
    assert compare(mae, 100 * first, 100 * second, labels, resamples=9).effect == pytest.approx(found)
    assert compare(mae, second, first, labels, resamples=9).effect == pytest.approx(-found)


def test_more_seeds_make_the_effect_of_the_same_systems_clearer() -> None:
    """Averaging over seeds takes noise out of the items' errors, and leaves their mean difference."""
    rng, labels = np.random.default_rng(6), np.zeros(400)
    few, many = (
        compare(mae, 1.3 * rng.standard_normal((n, 400)), rng.standard_normal((n, 400)), labels, resamples=9)
        for n in (1, 10)
    )
    assert many.effect > 2 * few.effect > 0


def test_a_small_sign_flip_test_counts_every_pattern() -> None:
    gaps = np.array([0.3, -0.1, 0.8, 0.4, -0.2])
    patterns = [abs(np.mean(np.array(signs) * gaps)) for signs in itertools.product((1, -1), repeat=5)]
    share = np.mean([value >= abs(gaps.mean()) - 1e-12 for value in patterns])
    assert sign_flip_test(gaps) == pytest.approx(share)


def test_the_p_value_is_symmetric_never_zero_and_one_for_equal_systems() -> None:
    gaps = np.random.default_rng(0).normal(5, 0.1, ITEMS)
    assert sign_flip_test(gaps, resamples=99) == pytest.approx(0.02)  # (0 + 1) / (99 + 1), on each side
    assert sign_flip_test(gaps, resamples=99) == sign_flip_test(-gaps, resamples=99)
    assert sign_flip_test(np.zeros(5)) == 1.0


def test_a_comparison_of_a_system_with_itself_is_nothing() -> None:
    rng = np.random.default_rng(0)
    labels = rng.normal(size=ITEMS)
    predictions = sample(rng, 1.0, labels)
    found = compare(mae, predictions, predictions, labels, resamples=99)
    assert found.difference.estimate == 0
    assert found.p_value == 1
    assert found.effect == 0


@pytest.mark.parametrize("seeds", [1, 3])
def test_one_item_decides_nothing(seeds: int) -> None:
    """Both signs of its gap are as far from 0, and no other item was drawn."""
    labels, rng = np.zeros(1), np.random.default_rng(0)
    first, second = rng.normal(size=(seeds, 1)), rng.normal(size=(2, 1))
    found = compare(mae, first, second, labels, resamples=99)
    assert found.difference.estimate == pytest.approx(np.abs(first).mean() - np.abs(second).mean())
    assert np.isnan([found.difference.low, found.difference.high]).all()
    assert (found.p_value, found.effect) == (1.0, 0.0)
    said = sentence("a", "b", "mae", found, lower_is_better=True, p_value=found.p_value)
    assert "a and b are not distinguishable on mae" in said
    assert "without an interval, p = 1.000" in said
    assert "nan" not in said


def test_swapping_the_systems_swaps_the_signs() -> None:
    rng = np.random.default_rng(0)
    labels = rng.normal(size=ITEMS)
    a, b = sample(rng, 1.0, labels, 2), sample(rng, 0.5, labels, 3)
    there, back = (compare(mae, *pair, labels, resamples=199) for pair in ((a, b), (b, a)))
    assert there.difference.estimate == pytest.approx(-back.difference.estimate)
    assert there.effect == pytest.approx(-back.effect)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.difference.low > 0 > back.difference.high


def test_pairing_makes_the_interval_narrower_than_two_intervals() -> None:
    """Two systems that share most of their errors: the difference is known far better than each of them."""
    rng = np.random.default_rng(0)
    labels = rng.normal(size=200)
    a = sample(rng, 1.0, labels, 1)
    b = a + 0.05 * rng.standard_normal(a.shape)
    found = compare(corr, a, b, labels, resamples=199).difference
    single = interval(corr, a, labels, resamples=199)
    assert found.high - found.low < 0.3 * (single.high - single.low)


def test_seeds_are_averaged_in_the_metric_and_not_in_the_prediction() -> None:
    labels = np.zeros(4)
    predictions = np.array([[1.0, 1, 1, 1], [-1, -1, -1, -1]])
    assert interval(mae, predictions, labels, resamples=9).estimate == 1.0


def test_holm_is_the_textbook_s() -> None:
    """Holm (1979): sorted .01, .02, .03, .04 times 4, 3, 2, 1, then made monotone."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_holm_keeps_the_rate_of_any_false_finding() -> None:
    """Twenty true nulls, 400 families, level .1: any finding in a tenth (deviation .015); uncorrected in nearly all."""
    rng = np.random.default_rng(0)
    families = rng.random((400, 20))
    assert np.mean([min(holm(family)) < 0.1 for family in families.tolist()]) < 0.1 + 3 * 0.015
    assert np.mean(families.min(axis=1) < 0.1) > 0.8


@pytest.mark.parametrize(
    ("estimate", "p", "lower", "expected"),
    [
        (-0.02, 0.01, True, "mlcl is better than text on mae: difference -0.020 [-0.030, +0.010], p = 0.010."),
        (-0.02, 0.01, False, "text is better than mlcl on mae: difference -0.020 [-0.030, +0.010], p = 0.010."),
        (
            0.02,
            0.2,
            True,
            "mlcl and text are not distinguishable on mae: difference +0.020 [-0.030, +0.010], p = 0.200.",
        ),
    ],
)
def test_the_sentence_says_who_and_by_how_much(estimate: float, p: float, lower: bool, expected: str) -> None:
    found = Comparison(Interval(estimate, -0.03, 0.01), p, 0.1)
    assert sentence("mlcl", "text", "mae", found, lower_is_better=lower, p_value=p) == expected
