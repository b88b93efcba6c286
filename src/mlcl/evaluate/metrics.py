"""Which metrics a target has, each as one function: what a table prints and what its interval is of are the same."""

import numpy as np
from numpy.typing import NDArray

from mlcl.data.target import Kind, Target
from mlcl.evaluate import classification, regression
from mlcl.evaluate.classification import Metric

Array = NDArray[np.float64]

MAIN: dict[Kind, tuple[str, ...]] = {
    "regression": ("mae", "corr", "acc7", "acc2_non0"),
    "classification": ("accuracy", "f1_weighted", "auroc"),
    "multi-class": ("accuracy", "f1_weighted", "f1_macro", "auroc"),
}
"""The metrics that get an interval: those that a paper puts first."""

OF_CHOSEN = ("accuracy", "f1_weighted", "f1_macro")
"""Metrics that need the most probable class alone, of which version 0.1.0 kept the probability of more than two."""


def metric_functions(target: Target) -> dict[str, Metric]:
    """Every metric of a target by name.

    Returns:
        Functions of scores, (items,) for regression and (items, classes) for classification, and of (items,) labels,
        none of them nan; they give None where the metric is undefined.
    """
    if target.task == "regression":
        return regression.metrics_within(target.label_range)
    return {name: _of_numbers(metric) for name, metric in classification.metrics_of(target.num_classes).items()}


def all_metrics(target: Target, score: Array, labels: Array) -> dict[str, float | None]:
    """Every metric of a target on some items, all of which have labels; see `metric_functions`.

    Where probabilities are unknown, those of `OF_CHOSEN` alone.
    """
    if target.task == "regression":
        return regression.regression_metrics(score, labels, target.label_range)
    if np.isnan(score).any():
        functions = metric_functions(target)
        return {name: functions[name](score, labels) for name in OF_CHOSEN}
    return classification.classification_metrics(score, labels.astype(np.int64))


def _of_numbers(metric: Metric) -> Metric:
    return lambda score, labels: metric(score, labels.astype(np.int64))
