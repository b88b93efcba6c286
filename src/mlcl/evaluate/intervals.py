"""Intervals of a split's main metrics, for cards and summaries."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mlcl.evaluate import classification, regression
from mlcl.evaluate.evaluator import Predictions
from mlcl.evaluate.significance import Interval, cluster_interval

FEWEST = 20
"""Groups (items, where there are none) below which no interval is given: it would promise more than it knows."""

Metric = Callable[[NDArray[np.float64], NDArray[np.float64]], float | None]

MAIN: dict[str, dict[str, Metric]] = {
    "regression": {name: regression.METRICS[name] for name in ("mae", "corr", "acc7", "acc2_non0")},
    "classification": {
        "accuracy": lambda score, label: classification.accuracy(score.argmax(axis=1), label.astype(np.int64)),
        "f1_weighted": lambda score, label: classification.f1_weighted(score.argmax(axis=1), label.astype(np.int64)),
        "auroc": lambda score, label: classification.auroc(score[:, 1], label.astype(np.int64)),
    },
}
"""The metrics that get one, by task: those that a paper puts first."""


def main_intervals(
    predictions: Predictions, groups: Sequence[str] | None = None, **options: float
) -> dict[str, Interval]:
    """95 % BCa intervals of the main metrics, over groups where items have any.

    Metrics that the task's report leaves out or that are undefined on some resample have none; so has everything where
    there are fewer than `FEWEST` groups.

    Args:
        predictions: With labels.
        groups: Per item the name of its group; None for items that stand alone.
        options: As for `mlcl.evaluate.significance.interval`.
    """
    groups = [str(index) for index in range(len(predictions.ids))] if groups is None else groups
    if predictions.labels is None or len(set(groups)) < FEWEST:
        return {}
    known = predictions.metrics()
    found = {
        name: cluster_interval(metric, predictions.score[None], predictions.labels, groups, **options)
        for name, metric in MAIN[predictions.task].items()
        if known.get(name) is not None
    }
    return {name: value for name, value in found.items() if np.isfinite([value.low, value.high]).all()}
