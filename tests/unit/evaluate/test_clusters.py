"""Intervals over groups: coverage where items of a group resemble one another, and what must not change."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mlcl.evaluate.evaluator import Predictions
from mlcl.evaluate.fold_summary import pooled, summarise
from mlcl.evaluate.intervals import FEWEST, main_intervals
from mlcl.evaluate.metrics import MAIN
from mlcl.evaluate.regression import mae
from mlcl.evaluate.significance import cluster_interval, interval
from targets import SCORES, TWO

GROUPS, SIZE = 30, 6


def errors(rng: np.random.Generator, within: float) -> NDArray[np.float64]:
    """(1, items) errors of variance 1, of which the share `within` is common to a group."""
    common = np.repeat(rng.standard_normal(GROUPS), SIZE)
    return (np.sqrt(within) * common + np.sqrt(1 - within) * rng.standard_normal(GROUPS * SIZE))[None]


NAMES = [f"video{index // SIZE}" for index in range(GROUPS * SIZE)]
ZEROS = np.zeros(GROUPS * SIZE)


def test_with_a_group_for_each_item_it_is_the_interval_over_items() -> None:
    rng = np.random.default_rng(0)
    labels = rng.normal(size=40)
    predictions = labels + rng.normal(size=(2, 40))
    alone = [f"{index:02d}" for index in range(40)]
    assert cluster_interval(mae, predictions, labels, alone, resamples=199) == interval(
        mae, predictions, labels, resamples=199
    )


def test_it_depends_neither_on_the_names_of_groups_nor_on_whether_their_items_stand_together() -> None:
    values = errors(np.random.default_rng(0), 0.5)
    apart = np.arange(len(NAMES)).reshape(GROUPS, SIZE).T.ravel()
    here = cluster_interval(mae, values, ZEROS, NAMES, resamples=199)
    there = cluster_interval(mae, values[:, apart], ZEROS, [NAMES[index] for index in apart], resamples=199)
    renamed = cluster_interval(mae, values, ZEROS, [name[::-1] for name in NAMES], resamples=199)
    assert (here.low, here.high) == pytest.approx((there.low, there.high))
    assert (here.low, here.high) == (renamed.low, renamed.high)


def test_groups_of_unequal_size_are_drawn_whole() -> None:
    """Two values in two groups: every resample is one of three means, and no other."""
    values, names = np.array([[1.0, 1.0, 1.0, 5.0]]), ["a", "a", "a", "b"]
    seen = set()

    def spy(prediction: NDArray[np.float64], label: NDArray[np.float64]) -> float | None:
        seen.add((len(prediction), float(prediction.sum())))
        return mae(prediction, label)

    cluster_interval(spy, values, np.zeros(4), names, resamples=99)
    assert seen == {(4, 8.0), (6, 6.0), (2, 10.0), (3, 3.0), (1, 5.0)}  # as it is, both twice, and each left out


@pytest.mark.long
def test_coverage_holds_under_correlation_within_groups_and_that_over_items_does_not() -> None:
    """Absolute errors of 30 groups of 6, most of the variance common; the mean is sqrt(2 / pi).

    150 samples at 90 %: the share has a deviation of .024.
    """
    rng, truth = np.random.default_rng(1), np.sqrt(2 / np.pi)
    hits = {"groups": 0, "items": 0}
    for number in range(150):
        values = errors(rng, 0.7)
        options = {"confidence": 0.9, "resamples": 99, "seed": number}
        found = {
            "groups": cluster_interval(mae, values, ZEROS, NAMES, **options),
            "items": interval(mae, values, ZEROS, **options),
        }
        for name, bounds in found.items():
            hits[name] += bounds.low <= truth <= bounds.high
    assert 0.82 < hits["groups"] / 150 < 0.96
    assert hits["items"] / 150 < hits["groups"] / 150 - 0.1


def predictions(task: str, items: int, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    ids = [f"{seed}-{index}" for index in range(items)]
    if task == "regression":
        labels = rng.uniform(-3, 3, items)
        return Predictions(ids, SCORES, labels + rng.normal(size=items), labels)
    labels = rng.integers(0, 2, items).astype(np.float64)
    positive = np.clip(0.5 + 0.2 * (labels - 0.5) + 0.2 * rng.normal(size=items), 0.01, 0.99)
    return Predictions(ids, TWO, np.stack([1 - positive, positive], axis=1), labels)


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_main_intervals_hold_the_metrics_of_the_report(task: str) -> None:
    made = predictions(task, 40)
    found = main_intervals(made, resamples=99)
    assert set(found) == set(MAIN[task])
    for name, bounds in found.items():
        assert bounds.estimate == pytest.approx(made.metrics()[name])
        assert bounds.low <= bounds.estimate <= bounds.high
        assert bounds.low < bounds.high


def test_few_groups_have_no_interval() -> None:
    made = predictions("regression", FEWEST)
    assert main_intervals(made, resamples=19)
    assert main_intervals(predictions("regression", FEWEST - 1), resamples=19) == {}
    assert main_intervals(made, ["one", *made.ids[2:], "one"], resamples=19) == {}
    unlabelled = Predictions(made.ids, SCORES, made.score, None)
    assert main_intervals(unlabelled, resamples=19) == {}


def test_a_metric_that_is_undefined_or_left_out_has_no_interval() -> None:
    made = predictions("regression", 30)
    assert made.labels is not None
    wide = Predictions(made.ids, SCORES, made.score, made.labels * 2)
    assert set(main_intervals(wide, resamples=19)) == {"mae", "corr", "acc2_non0"}
    constant = Predictions(made.ids, SCORES, np.zeros(30), made.labels)
    assert "corr" not in main_intervals(constant, resamples=19)
    rare = Predictions(made.ids, SCORES, made.score, np.where(np.arange(30) == 0, 1.0, 0.0))
    assert "acc2_non0" not in main_intervals(rare, resamples=99)  # a resample without the one item has none


def test_a_summary_follows_from_its_folds() -> None:
    folds = [predictions("regression", 10 + seed, seed) for seed in range(3)]
    train = [np.full(3, float(seed)) for seed in range(3)]
    found = summarise(folds, [fold.ids for fold in folds], train)
    errors = [np.abs(np.asarray(fold.labels) - seed) for seed, fold in enumerate(folds)]
    assert found.constant["mae"] == pytest.approx(np.concatenate(errors).mean())
    for name in ("mae", "corr"):
        values = [fold.metrics()[name] for fold in folds]
        assert found.mean[name] == pytest.approx(np.mean(values))
        assert found.sd[name] == pytest.approx(np.std(values, ddof=1))
    every = pooled(folds)
    assert every.ids == [identifier for fold in folds for identifier in fold.ids]
    assert found.pooled["mae"] == pytest.approx(
        sum(len(fold.ids) * (fold.metrics()["mae"] or 0) for fold in folds) / 33
    )
    assert found.intervals == main_intervals(every, every.ids)


def test_a_metric_that_a_fold_lacks_has_no_mean() -> None:
    folds = [predictions("regression", 10, seed) for seed in range(2)]
    flat = Predictions(folds[1].ids, SCORES, np.zeros(10), folds[1].labels)
    found = summarise([folds[0], flat], [folds[0].ids, flat.ids], [np.zeros(1)] * 2)
    assert (found.mean["corr"], found.sd["corr"]) == (None, None)
    assert found.pooled["corr"] is not None
