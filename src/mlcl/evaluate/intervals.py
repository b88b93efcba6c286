"""Intervals of a split's main metrics, for cards and summaries."""

from collections.abc import Sequence

import numpy as np

from mlcl.evaluate.evaluator import Predictions
from mlcl.evaluate.metrics import MAIN, metric_functions
from mlcl.evaluate.significance import Interval, cluster_interval

FEWEST = 20
"""Groups (items, where there are none) below which no interval is given: it would promise more than it knows."""


def main_intervals(
    predictions: Predictions, groups: Sequence[str] | None = None, **options: float
) -> dict[str, Interval]:
    """95 % BCa intervals of the main metrics, over groups where items have any.

    Items without a label are left out. Metrics that the target's report leaves out or that are undefined on some
    resample have none; so has everything where there are fewer than `FEWEST` groups.

    Args:
        predictions: With labels.
        groups: Per item the name of its group; None for items that stand alone.
        options: As for `mlcl.evaluate.significance.interval`.
    """
    if predictions.labels is None:
        return {}
    known = ~np.isnan(predictions.labels)
    every = map(str, range(len(known))) if groups is None else groups
    names = [name for name, labelled in zip(every, known, strict=True) if labelled]
    if len(set(names)) < FEWEST:
        return {}
    values, functions = predictions.metrics(), metric_functions(predictions.target)
    score, labels = predictions.score[None, known], predictions.labels[known]
    found = {
        name: cluster_interval(functions[name], score, labels, names, **options)
        for name in MAIN[predictions.target.kind]
        if values.get(name) is not None
    }
    return {name: value for name, value in found.items() if np.isfinite([value.low, value.high]).all()}
