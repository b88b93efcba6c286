"""Predictions of every system on the same items, lined up for the metrics and tests of `mlcl.evaluate`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import RunError
from mlcl.evaluate import classification, regression
from mlcl.report.evidence import Evidence

Array = NDArray[np.float64]
ItemError = Callable[[Array, Array], Array]
CONSTANT = "constant"


@dataclass(frozen=True, eq=False)
class Scored:
    """Predictions on one split.

    Attributes:
        split: Its name.
        task: ``regression`` or ``classification`` (two classes).
        ids: Identifiers, in the split's order.
        labels: (items,) true labels.
        scores: Per system (seeds, items): predicted scores, or probabilities of class 1. `CONSTANT` is among them where
            the runs say what the train labels are like.
        label_range: Least and greatest possible label, where the data declare them.
    """

    split: str
    task: str
    ids: list[str]
    labels: Array
    scores: dict[str, Array]
    label_range: tuple[float, float] | None = None

    def metrics(self, name: str) -> list[dict[str, float | None]]:
        """Every metric of a system, one dictionary per seed."""
        return [all_metrics(self.task, row, self.labels, self.label_range) for row in self.scores[name]]


def read_scored(evidence: Evidence, split: str) -> Scored:
    """Read the predictions of every complete run; items without a label are left out.

    Raises:
        RunError: If a run was scored on other items or labels than the first one, or on more than two classes.
    """
    first = evidence.some_run
    data = first.facts["data"]
    if data.get("num_classes", 2) > 2:
        raise RunError(
            f"{first.path} has {data['num_classes']} classes; comparisons and reports are for scores and two classes, "
            "its own metrics stand in metrics.json"
        )
    table = first.predictions(split)
    ids, labels = table["id"].tolist(), table["label"].to_numpy()
    known = ~np.isnan(labels)
    scores: dict[str, Array] = {}
    for system in evidence.complete:
        rows = []
        for run in system.runs.values():
            found = run.predictions(split)
            if found["id"].tolist() != ids or not np.array_equal(found["label"].to_numpy(), labels, equal_nan=True):
                raise RunError(
                    f"{run.path} was scored on other {split} items than {first.path}: they cannot be compared"
                )
            rows.append(found["score"].to_numpy()[known])
        scores[system.name] = np.stack(rows)
    constant = first.facts.get("constant")
    if constant is not None:
        scores[CONSTANT] = np.full((1, int(known.sum())), float(constant[-1]))
    ids = [name for name, use in zip(ids, known, strict=True) if use]
    limits = data.get("label_range")
    return Scored(split, str(data["task"]), ids, labels[known], scores, None if limits is None else tuple(limits))


def all_metrics(
    task: str, score: Array, labels: Array, label_range: tuple[float, float] | None = None
) -> dict[str, float | None]:
    """Every metric that a report of the task shows."""
    if task == "regression":
        return regression.regression_metrics(score, labels, label_range)
    return classification.classification_metrics(_both(score), labels.astype(np.int64))


def item_error(task: str, name: str) -> ItemError | None:
    """The error of each item whose mean is the metric (or 1 minus it); None for a metric that is no mean over items.

    Items that the metric leaves out have error 0 in every system.
    """
    return (_REGRESSION if task == "regression" else _CLASSIFICATION).get(name)


def _classes(limit: float) -> ItemError:
    def wrong(score: Array, labels: Array) -> Array:
        return (np.rint(np.clip(score, -limit, limit)) != np.rint(np.clip(labels, -limit, limit))).astype(np.float64)

    return wrong


_REGRESSION: dict[str, ItemError] = {
    "mse": lambda score, labels: np.square(score - labels),
    "mae": lambda score, labels: np.abs(score - labels),
    "mae_nonzero": lambda score, labels: np.abs(score - labels) * (labels != 0),
    "acc7": _classes(3),
    "acc5": _classes(2),
    "acc2_has0": lambda score, labels: ((score >= 0) != (labels >= 0)).astype(np.float64),
    "acc2_non0": lambda score, labels: (((score > 0) != (labels > 0)) & (labels != 0)).astype(np.float64),
}
_CLASSIFICATION: dict[str, ItemError] = {
    "accuracy": lambda score, labels: ((score > 0.5) != (labels > 0.5)).astype(np.float64),
    "cross_entropy": lambda score, labels: (
        -np.log(np.clip(np.where(labels > 0.5, score, 1 - score), classification.SMALLEST_PROBABILITY, 1))
    ),
}


def _both(score: Array) -> Array:
    return np.stack([1 - score, score], axis=1)
