"""Classification metrics, one pure function each; `classification_metrics` gathers the ones a report shows.

Every function is a mean or ratio over items, does not depend on their order, and returns None, never nan, where it is
undefined. scikit-learn is imported on the first call, so that importing this module is cheap.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

NUM_BINS = 10
"""Bins of the calibration error. PROTOCOL names none; ten is common, Guo et al. 2017 use 15."""

SMALLEST_PROBABILITY = float(np.finfo(np.float32).tiny)
"""Floor inside the logarithm: the least probability that float32 holds at full precision, 87.3 nats."""

Numbers = NDArray[np.floating]
Classes = NDArray[np.integer]
Metric = Callable[[NDArray[Any], NDArray[Any]], float | None]

ROW_SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may sum from 1: room for half precision, far below what logits would give."""


def cross_entropy(probability: Numbers, target: Classes) -> float | None:
    """Mean of -log of the probability given to the true class.

    Returns:
        Nats, from 0 (certain and right) to 87.3 (certain and wrong, see `SMALLEST_PROBABILITY`); None without items.
    """
    probability, target = _checked(probability, target)
    if target.size == 0:
        return None
    given = probability[np.arange(target.size), target]
    # The upper clip keeps a row that sums to 1 + rounding from a negative loss.
    return float(-np.log(np.clip(given, SMALLEST_PROBABILITY, 1.0)).mean())


def accuracy(prediction: Classes, target: Classes) -> float | None:
    """Share of items whose predicted class is the true one, in [0, 1]; None without items."""
    prediction, target = _classes(prediction, target)
    return float((prediction == target).mean()) if target.size else None


def f1_weighted(prediction: Classes, target: Classes) -> float | None:
    """F1 of each class, weighted by how often the class is true, in [0, 1]; None without items."""
    return _f1(prediction, target, "weighted")


def f1_macro(prediction: Classes, target: Classes) -> float | None:
    """Unweighted mean of the classes' F1, over classes that are true or predicted, in [0, 1]; None without items."""
    return _f1(prediction, target, "macro")


def f1_micro(prediction: Classes, target: Classes) -> float | None:
    """F1 over pooled counts; the same number as `accuracy`, which MLCL's release reports under this name."""
    return _f1(prediction, target, "micro")


def f1_weighted_by_predicted_support(prediction: Classes, target: Classes) -> float | None:
    """F1 of each class, weighted by how often the class is predicted, in [0, 1]; None without items.

    For parity only: MLCL's classification release calls scikit-learn with the two arguments swapped. A class's F1 does
    not change by that, its weight does.
    """
    return _f1(target, prediction, "weighted")


def precision(prediction: Classes, target: Classes) -> float | None:
    """Share of items predicted 1 that are 1, in [0, 1]; 0 when none is predicted 1, None without items. Binary."""
    from sklearn.metrics import precision_score

    prediction, target = _classes(prediction, target)
    return float(precision_score(target, prediction, pos_label=1, zero_division=0)) if target.size else None


def recall(prediction: Classes, target: Classes) -> float | None:
    """Share of items that are 1 and predicted so, in [0, 1]; 0 when none is 1, None without items. Binary."""
    from sklearn.metrics import recall_score

    prediction, target = _classes(prediction, target)
    return float(recall_score(target, prediction, pos_label=1, zero_division=0)) if target.size else None


def auroc(score: Numbers, target: Classes) -> float | None:
    """Probability that a positive item scores above a negative one, ties counting half.

    Args:
        score: (items,) any increasing function of the probability of class 1.
        target: (items,) 0 or 1.

    Returns:
        From 0 to 1, 0.5 at chance; None when only one class is present.
    """
    from scipy.stats import rankdata

    positive = np.asarray(target) == 1
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if not (ones and zeros):
        return None
    return float((rankdata(score)[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def auroc_macro(probability: Numbers, target: Classes) -> float | None:
    """Mean over the classes of `auroc` of the class against all others; of the classes that some items are of.

    Returns:
        From 0 to 1, 0.5 at chance; None when only one class is present.
    """
    areas = [auroc(probability[:, k], (target == k).astype(np.int64)) for k in range(probability.shape[1])]
    defined = [area for area in areas if area is not None]
    return float(np.mean(defined)) if defined else None


def ece(probability: Numbers, target: Classes) -> float | None:
    r"""Expected calibration error of the predicted class, $\sum_m \frac{|B_m|}{n} |acc(B_m) - conf(B_m)|$.

    Items fall into ten bins $(m/10, (m+1)/10]$ by their confidence, the probability of the predicted class.

    Returns:
        From 0 (calibrated) to 1 (certain and wrong); None without items.

    Source:
        Guo et al. 2017, eq. 3, https://arxiv.org/abs/1706.04599.
    """
    probability, target = _checked(probability, target)
    if target.size == 0:
        return None
    confidence, right = probability.max(axis=1), probability.argmax(axis=1) == target
    bins = np.digitize(confidence, np.linspace(0, 1, NUM_BINS + 1)[1:-1], right=True)
    gap = np.bincount(bins, weights=right - confidence, minlength=NUM_BINS)
    return float(np.abs(gap).sum() / target.size)


def classification_metrics(probability: Numbers, target: Classes) -> dict[str, float | None]:
    """All metrics of a classification report, by name.

    The predicted class is the most probable one, the lowest of equals.

    Args:
        probability: (items, classes), at least 2 classes; rows in [0, 1] that sum to 1.
        target: (items,) true classes, 0 to classes - 1.

    Returns:
        `cross_entropy` in nats, `accuracy`, `f1_weighted`, `f1_macro`, `precision`, `recall`, `auroc`, `ece`. Precision
        and recall are of class 1 and left out where there are more than two classes; `auroc` is then `auroc_macro`.

    Raises:
        ValueError: If the shapes do not fit, a row is no distribution or a target is no class.

    Examples:
        >>> scores = classification_metrics(np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]), np.array([0, 1, 0]))
        >>> [round(scores[name], 4) for name in ("accuracy", "precision", "recall", "auroc", "ece")]
        [0.6667, 0.5, 1.0, 1.0, 0.3]
    """
    probability, target = _checked(probability, target)
    return {name: metric(probability, target) for name, metric in metrics_of(probability.shape[1]).items()}


def metrics_of(num_classes: int) -> dict[str, Metric]:
    """The metrics of `classification_metrics`, as functions of (items, classes) probabilities and true classes."""
    of_one: dict[str, Metric] = {
        "precision": _of_chosen(precision),
        "recall": _of_chosen(recall),
        "auroc": lambda probability, target: auroc(probability[:, 1], target),
    }
    return {
        "cross_entropy": cross_entropy,
        "accuracy": _of_chosen(accuracy),
        "f1_weighted": _of_chosen(f1_weighted),
        "f1_macro": _of_chosen(f1_macro),
        **(of_one if num_classes == 2 else {"auroc": auroc_macro}),
        "ece": ece,
    }


def chosen(probability: Numbers) -> NDArray[np.int64]:
    """(items,) the most probable class of (items, classes), the lowest of equals; unknown probabilities are nan."""
    return np.nanargmax(probability, axis=1)


def _of_chosen(metric: Metric) -> Metric:
    """A metric of predicted classes as one of probabilities."""
    return lambda probability, target: metric(chosen(probability), target)


def _f1(prediction: Classes, target: Classes, average: str) -> float | None:
    """F1 over the classes that are true or predicted, 2 hits / (predicted + true) each.

    Counted here: scikit-learn's checks take fifty times as long, which a bootstrap would feel.
    """
    prediction, target = _classes(prediction, target)
    if not target.size:
        return None
    _, numbers = np.unique(np.concatenate([prediction, target]), return_inverse=True)
    predicted, true = numbers[: target.size], numbers[target.size :]
    count = int(numbers.max()) + 1
    hits, guessed, there = (np.bincount(part, minlength=count) for part in (true[predicted == true], predicted, true))
    if average == "micro":
        return float(hits.sum() / target.size)
    scores = 2 * hits / (guessed + there)
    return float(scores.mean() if average == "macro" else scores @ there / target.size)


def _classes(prediction: Classes, target: Classes) -> tuple[Classes, Classes]:
    """Both arrays, once it is sure that they do not broadcast."""
    if prediction.ndim != 1 or prediction.shape != target.shape:
        raise ValueError(f"prediction and target must both be (items,), got {prediction.shape} and {target.shape}")
    return prediction, target


def _checked(probability: Numbers, target: Classes) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities in double precision and targets, once both are valid."""
    rows, classes = np.asarray(probability, dtype=np.float64), np.asarray(target)
    if rows.ndim != 2 or rows.shape[1] < 2 or classes.shape != rows.shape[:1]:
        raise ValueError(
            "probability must be (items, classes) with 2 or more classes and target (items,), "
            f"got {rows.shape} and {classes.shape}"
        )
    wrong = ~((rows >= 0).all(axis=1) & (np.abs(rows.sum(axis=1) - 1) <= ROW_SUM_TOLERANCE))
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"probability[{row}] must be >= 0 and sum to 1, got {rows[row].tolist()}; pass a softmax")
    unknown = ~np.isin(classes, np.arange(rows.shape[1]))
    if unknown.any():
        row = int(unknown.argmax())
        raise ValueError(f"target[{row}] must be a class from 0 to {rows.shape[1] - 1}, got {classes[row]}")
    return rows, classes.astype(np.int64)
