"""Predictions of every system on the same items, lined up for the metrics and tests of `mlcl.evaluate`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcl.data.target import Target
from mlcl.errors import RunError
from mlcl.evaluate import classification
from mlcl.evaluate.metrics import OF_CHOSEN, all_metrics
from mlcl.evaluate.regression import SIMS_EDGES
from mlcl.report.evidence import Evidence

Array = NDArray[np.float64]
ItemError = Callable[[Array, Array], Array]
CONSTANT = "constant"


@dataclass(frozen=True, eq=False)
class SystemPredictions:
    """Predictions on one split.

    Attributes:
        ids: Identifiers, in the split's order.
        labels: (items,) true labels.
        scores: Per system (seeds, items) scores, or (seeds, items, classes) probabilities, nan where a run of version
            0.1.0 kept none. `CONSTANT` is among them where the runs say what the train labels are like.
    """

    split: str
    target: Target
    ids: list[str]
    labels: Array
    scores: dict[str, Array]

    def metrics(self, name: str) -> list[dict[str, float | None]]:
        """Every metric of a system, one dictionary per seed; those alone that every system has."""
        found = [all_metrics(self.target, row, self.labels) for row in self.scores[name]]
        return [{key: scores[key] for key in scores if self.whole or key in OF_CHOSEN} for scores in found]

    @property
    def whole(self) -> bool:
        """Whether every probability is known."""
        return not any(np.isnan(rows).any() for rows in self.scores.values())

    def classes(self, name: str) -> NDArray[np.int64]:
        """(seeds, items) the predicted classes of a system."""
        return np.stack([classification.chosen(row) for row in self.scores[name]])


def line_up(evidence: Evidence, split: str) -> SystemPredictions:
    """Read the predictions of every complete run; items without a label are left out.

    Raises:
        RunError: If a run was scored on other items or labels than the first one, or no item has a label.
    """
    first = evidence.some_run
    target, known = first.target, first.predictions(split)
    labels = np.asarray(known.labels)
    labelled = ~np.isnan(labels)
    if not labelled.any():
        raise RunError(f"{first.path}: no item of {split} has a label to compare its prediction with")
    scores: dict[str, Array] = {}
    for system in evidence.complete:
        rows = []
        for run in system.runs.values():
            found = run.predictions(split)
            other = (run.target.task, run.target.num_classes) != (target.task, target.num_classes)
            if other or found.ids != known.ids or not np.array_equal(np.asarray(found.labels), labels, equal_nan=True):
                raise RunError(
                    f"{run.path} was scored on other {split} items than {first.path}: they cannot be compared"
                )
            rows.append(found.score[labelled])
        scores[system.name] = np.stack(rows)
    constant = np.atleast_1d(np.asarray(first.facts.get("constant", ()), np.float64))
    if len(constant) == max(target.num_classes, 1):
        row = constant if target.num_classes else constant[0]
        scores[CONSTANT] = np.full((1, *scores[evidence.complete[0].name].shape[1:]), row)
    ids = [name for name, use in zip(known.ids, labelled, strict=True) if use]
    return SystemPredictions(split, target, ids, labels[labelled], scores)


def item_error(target: Target, name: str) -> ItemError | None:
    """The error of each item whose mean is the metric (or 1 minus it); None for a metric that is no mean over items.

    Items that the metric leaves out have error 0 in every system.
    """
    return (_REGRESSION if target.task == "regression" else _CLASSIFICATION).get(name)


def _classes(limit: float) -> ItemError:
    def wrong(score: Array, labels: Array) -> Array:
        return (np.rint(np.clip(score, -limit, limit)) != np.rint(np.clip(labels, -limit, limit))).astype(np.float64)

    return wrong


def _sims(classes: int) -> ItemError:
    def wrong(score: Array, labels: Array) -> Array:
        given, true = (np.digitize(side, SIMS_EDGES[classes], right=True) for side in (score, labels))
        return (given != true).astype(np.float64)

    return wrong


def _cross_entropy(score: Array, labels: Array) -> Array:
    given = score[np.arange(len(labels)), labels.astype(np.int64)]
    return -np.log(np.clip(given, classification.SMALLEST_PROBABILITY, 1))


_REGRESSION: dict[str, ItemError] = {
    "mse": lambda score, labels: np.square(score - labels),
    "mae": lambda score, labels: np.abs(score - labels),
    "mae_nonzero": lambda score, labels: np.abs(score - labels) * (labels != 0),
    "acc7": _classes(3),
    "acc5": _classes(2),
    "acc2_has0": lambda score, labels: ((score >= 0) != (labels >= 0)).astype(np.float64),
    "acc2_non0": lambda score, labels: (((score > 0) != (labels > 0)) & (labels != 0)).astype(np.float64),
    **{f"acc{classes}_sims": _sims(classes) for classes in SIMS_EDGES},
}
_CLASSIFICATION: dict[str, ItemError] = {
    "accuracy": lambda score, labels: (classification.chosen(score) != labels).astype(np.float64),
    "cross_entropy": _cross_entropy,
}
