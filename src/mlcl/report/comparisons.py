"""Which differences of a study are findings: paired comparisons of the systems with one of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mlcl.evaluate.direction import HIGHER_IS_BETTER
from mlcl.evaluate.significance import Comparison, Interval, compare, holm, interval, sentence, sign_flip_test
from mlcl.report.predictions import Array, ItemError, SystemPredictions, item_error
from mlcl.report.wording import title

LEVEL = 0.05
"""A difference counts as found when its corrected p-value is below this."""

RESAMPLES = 4999


@dataclass(frozen=True)
class Finding:
    """The reference against one other system.

    Attributes:
        found: Reference minus other, with the interval, the p-value and the effect size.
        corrected: The p-value after Holm's correction over the table.
        better: Name of the better one; None where they are not distinguishable.
        text: What it says, in a sentence.
    """

    reference: str
    other: str
    found: Comparison
    corrected: float
    better: str | None
    text: str


def findings(
    predictions: SystemPredictions,
    reference: str,
    others: list[str],
    metric: str,
    labels: dict[str, str],
    *,
    resamples: int = RESAMPLES,
) -> list[Finding]:
    """Compare `reference` with each of `others` on a metric that is a mean over items.

    Args:
        predictions: Predictions on one split.
        reference: Name of the system that the others are compared with.
        others: Names; their p-values are corrected together.
        metric: Name of the metric.
        labels: What people call the systems, for the sentences.
        resamples: Of the bootstrap and of the permutation test.
    """
    error = _needed_error(predictions, metric)
    lower = metric not in HIGHER_IS_BETTER
    first = _mean_error(predictions, reference, error)[None]
    pairs = [
        compare(
            _mean_or_rest(lower),
            first,
            _mean_error(predictions, other, error)[None],
            predictions.labels,
            error=lambda errors, _: errors,
            resamples=resamples,
        )
        for other in others
    ]
    result = []
    for other, found, p_value in zip(others, pairs, holm([pair.p_value for pair in pairs]), strict=True):
        better = None
        if p_value < LEVEL:
            better = reference if (found.difference.estimate < 0) is lower else other
        text = sentence(
            labels[reference], labels[other], title(metric), found, lower_is_better=lower, p_value=p_value, level=LEVEL
        )
        result.append(Finding(reference, other, found, p_value, better, text))
    return result


def intervals(predictions: SystemPredictions, metric: str, *, resamples: int = RESAMPLES) -> dict[str, Interval]:
    """BCa 95 % interval over items of a metric that is a mean over items, for every system."""
    error = _needed_error(predictions, metric)
    function = _mean_or_rest(metric not in HIGHER_IS_BETTER)
    return {
        name: interval(function, _mean_error(predictions, name, error)[None], predictions.labels, resamples=resamples)
        for name in predictions.scores
    }


def clear_winners(
    predictions: SystemPredictions, means: dict[str, dict[str, float | None]], *, resamples: int = RESAMPLES
) -> dict[str, str]:
    """Per metric the system with the best mean, where it is distinguishable from the second best.

    The sign-flip test is of the items' errors, Holm-corrected over the metrics that are means over items; the others
    have no winner here.

    Args:
        predictions: Predictions on one split.
        means: Per system its metrics, averaged over seeds.
        resamples: Of the permutation test.
    """
    tested: dict[str, tuple[str, float]] = {}
    for metric in next(iter(means.values()), {}):
        error = item_error(predictions.target, metric)
        known = {name: value for name, values in means.items() if (value := values.get(metric)) is not None}
        if error is None or len(known) < 2:
            continue
        best, second = sorted(known, key=lambda name: known[name], reverse=metric in HIGHER_IS_BETTER)[:2]
        gaps = _mean_error(predictions, best, error) - _mean_error(predictions, second, error)
        tested[metric] = best, sign_flip_test(gaps, resamples=resamples)
    corrected = holm([p_value for _, p_value in tested.values()])
    return {
        metric: best for (metric, (best, _)), p_value in zip(tested.items(), corrected, strict=True) if p_value < LEVEL
    }


def _needed_error(predictions: SystemPredictions, metric: str) -> ItemError:
    error = item_error(predictions.target, metric)
    if error is None:
        raise ValueError(f"{metric} is no mean over items")
    return error


def _mean_or_rest(lower: bool) -> Callable[[Array, Array], float]:
    """The metric as a function of the items' errors averaged over seeds: their mean, or 1 minus it."""
    return (lambda errors, _: float(errors.mean())) if lower else (lambda errors, _: 1 - float(errors.mean()))


def _mean_error(predictions: SystemPredictions, name: str, error: ItemError) -> Array:
    """(items,) error averaged over seeds."""
    return np.stack([error(row, predictions.labels) for row in predictions.scores[name]]).mean(axis=0)
