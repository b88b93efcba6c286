"""What a cross-validation found: per fold, their spread, and all items together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mlcl.evaluate.evaluator import Predictions, constant_predictions
from mlcl.evaluate.intervals import main_intervals
from mlcl.evaluate.significance import Interval

Scores = dict[str, float | None]


@dataclass(frozen=True)
class FoldSummary:
    """Metrics of a cross-validation, by name.

    Attributes:
        folds: Of each fold's test items.
        mean: Over folds; None where a fold has none.
        sd: Standard deviation over folds, of the sample. Folds share train items, so this is no standard error.
        pooled: Of all test items together, each predicted by the model that did not see it.
        constant: Of all items, each predicted by the constant of the items that its fold trained on.
        intervals: 95 % of the pooled main metrics, by resampling groups.
    """

    folds: list[Scores]
    mean: Scores
    sd: Scores
    pooled: Scores
    constant: Scores
    intervals: dict[str, Interval]


def summarise(
    folds: Sequence[Predictions],
    groups: Sequence[Sequence[str]],
    train: Sequence[NDArray[np.float64]],
    **options: float,
) -> FoldSummary:
    """Summarise a cross-validation.

    Args:
        folds: Predictions for the test items of each fold.
        groups: Per fold the names of these items' groups.
        train: Per fold the labels that it trained on.
        options: Of the intervals, as for `mlcl.evaluate.significance.interval`.
    """
    scores = [predictions.metrics() for predictions in folds]
    names = [name for name in scores[0] if all(name in fold for fold in scores)]
    every = pooled(folds)
    together, constant = every.metrics(), pooled(list(map(constant_predictions, train, folds))).metrics()
    return FoldSummary(
        folds=scores,
        mean={name: _over(np.mean, [fold[name] for fold in scores]) for name in names},
        sd={name: _over(partial(np.std, ddof=1), [fold[name] for fold in scores]) for name in names},
        pooled=together,
        constant={name: constant[name] for name in together},
        intervals=main_intervals(every, [name for part in groups for name in part], **options),
    )


def pooled(folds: Sequence[Predictions]) -> Predictions:
    """The predictions of all folds, one after the other; all need labels.

    Where scores have no declared range and folds have others each, theirs together is the widest.
    """
    labels = [predictions.labels for predictions in folds if predictions.labels is not None]
    ranges = [predictions.target.label_range for predictions in folds if predictions.target.label_range is not None]
    widest = (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else None
    return Predictions(
        [identifier for predictions in folds for identifier in predictions.ids],
        replace(folds[0].target, label_range=widest),
        np.concatenate([predictions.score for predictions in folds]),
        np.concatenate(labels),
    )


def _over(statistic: Callable[[list[float]], np.floating], values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(statistic(known)) if len(known) == len(values) else None
