"""Whether two systems differ: intervals over items, paired tests on errors, and one plain sentence.

Predictions are (seeds, items): what is averaged over seeds is the metric or the error of an item, never the prediction.
Items are what is resampled; the spread over seeds is reported beside the interval and is not part of it.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Metric = Callable[[Array, Array], float | None]


@dataclass(frozen=True)
class Interval:
    """An estimate and its interval; the bounds are nan where the metric is undefined on some resample.

    Attributes:
        estimate: The metric, or a difference, on the items as they are.
    """

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Two systems on one metric.

    Attributes:
        difference: First minus second, paired over items.
        p_value: Of the paired permutation test on the items' errors, two-sided; not corrected.
        effect: Mean difference of the items' errors over its standard deviation (Cohen's d for pairs); 0 if all are
            equal.
    """

    difference: Interval
    p_value: float
    effect: float


def interval(
    metric: Metric, predictions: Float[np.ndarray, "seeds items"], labels: Float[np.ndarray, " items"], **options: float
) -> Interval:
    """BCa bootstrap interval over items of a metric, averaged over seeds.

    Args:
        metric: ``metric(predictions, labels)``.
        predictions: One row per seed.
        labels: True labels.
        options: ``confidence`` (0.95), ``resamples`` (2000) and ``seed`` (0).
    """
    return _bootstrap(lambda items: _over_seeds(metric, predictions, labels, items), len(labels), **options)


def cluster_interval(
    metric: Metric,
    predictions: Float[np.ndarray, "seeds items *classes"],
    labels: Float[np.ndarray, " items"],
    groups: Sequence[str],
    **options: float,
) -> Interval:
    """BCa bootstrap interval over groups of items, for items that resemble others of their group.

    What is resampled is groups, each with all its items: items of one video or speaker err alike, and an interval that
    takes them for independent is too short. With a group for each item it is `interval`.

    Args:
        metric: ``metric(predictions, labels)``.
        predictions: One row per seed.
        labels: True labels.
        groups: Per item the name of its group.
        options: As for `interval`.

    Source:
        Davison and Hinkley 1997, Bootstrap Methods and their Application, section 3.8, strategy 1.
    """
    found: dict[str, list[int]] = {}
    for item, group in enumerate(groups):
        found.setdefault(group, []).append(item)
    members = [np.array(items) for items in found.values()]
    return _bootstrap(
        lambda chosen: _over_seeds(metric, predictions, labels, np.concatenate([members[group] for group in chosen])),
        len(members),
        **options,
    )


def compare(
    metric: Metric,
    first: Float[np.ndarray, "seeds items"],
    second: Float[np.ndarray, "other_seeds items"],
    labels: Float[np.ndarray, " items"],
    *,
    error: Callable[[Array, Array], Array] = lambda prediction, label: np.abs(prediction - label),
    **options: float,
) -> Comparison:
    """Compare two systems on the same items.

    Args:
        metric: ``metric(predictions, labels)``.
        first: Predictions of the first system, one row per seed.
        second: Of the second; the number of seeds may differ.
        labels: True labels.
        error: Error of each item, for the permutation test: ``error(predictions, labels)``.
        options: ``confidence`` (0.95), ``resamples`` (2000; for interval and test) and ``seed`` (0).
    """
    difference = _bootstrap(
        lambda items: _over_seeds(metric, first, labels, items) - _over_seeds(metric, second, labels, items),
        len(labels),
        **options,
    )
    gaps = np.mean([error(row, labels) for row in first], axis=0) - np.mean(
        [error(row, labels) for row in second], axis=0
    )
    spread = float(gaps.std(ddof=1)) if len(gaps) > 1 else 0.0
    return Comparison(
        difference,
        sign_flip_test(gaps, resamples=int(options.get("resamples", 2000)), seed=int(options.get("seed", 0))),
        float(gaps.mean()) / spread if spread else 0.0,
    )


def sign_flip_test(gaps: Float[np.ndarray, " items"], *, resamples: int = 2000, seed: int = 0) -> float:
    """Two-sided p-value of paired differences: under the null each is as likely to have the other sign.

    All sign patterns are tried where there are no more than `resamples` of them; otherwise random ones, the observed
    one counted among them, so that the p-value is never 0. One item says nothing: both its signs are as far from 0.
    """
    if len(gaps) < 2 or not gaps.any():
        return 1.0
    result = stats.permutation_test(
        (gaps, np.zeros_like(gaps)),
        lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, 2**24 // len(gaps)),
        alternative="two-sided",
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction: p-values that keep the chance of any false finding in the family at their level."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return [float(value) for value in corrected]


def sentence(
    first: str,
    second: str,
    metric: str,
    found: Comparison,
    *,
    lower_is_better: bool,
    p_value: float,
    level: float = 0.05,
) -> str:
    """What a comparison says, in words; `p_value` is the one to decide by, corrected where there are several."""
    gap = found.difference
    bounds = f"[{gap.low:+.3f}, {gap.high:+.3f}]" if np.isfinite([gap.low, gap.high]).all() else "without an interval"
    numbers = f"difference {gap.estimate:+.3f} {bounds}, p = {p_value:.3f}"
    if p_value >= level:
        return f"{first} and {second} are not distinguishable on {metric}: {numbers}."
    better = first if (gap.estimate < 0) is lower_is_better else second
    worse = second if better == first else first
    return f"{better} is better than {worse} on {metric}: {numbers}."


def _over_seeds(metric: Metric, predictions: Array, labels: Array, items: NDArray[np.int64]) -> float:
    values = [metric(row[items], labels[items]) for row in predictions]
    return float(np.mean([np.nan if value is None else value for value in values]))


def _bootstrap(
    statistic: Callable[[NDArray[np.int64]], float],
    count: int,
    *,
    confidence: float = 0.95,
    resamples: float = 2000,
    seed: float = 0,
) -> Interval:
    every = np.arange(count)
    estimate = statistic(every)
    if count < 2:
        return Interval(estimate, np.nan, np.nan)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (every,),
            lambda items: statistic(items.astype(np.int64)),
            vectorized=False,
            n_resamples=int(resamples),
            confidence_level=confidence,
            method="BCa",
            rng=np.random.default_rng(int(seed)),
        )
    if np.ptp(found.bootstrap_distribution) == 0:  # no resample gives another value
        return Interval(estimate, estimate, estimate)
    return Interval(estimate, float(found.confidence_interval.low), float(found.confidence_interval.high))
