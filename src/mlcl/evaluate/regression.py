"""Regression metrics of multimodal sentiment analysis, one pure function each; `regression_metrics` gathers them.

All take `prediction` and `target`, both (items,), labels usually in [-3, 3]. They compute in double precision, do not
depend on the items' order, and return None, never nan, where a metric is undefined. They raise ValueError when the
shapes differ or a value is not finite: a comparison would silently count a nan as negative.

`has0` compares non-negative with negative over all items; `non0` compares positive with the rest over items whose label
is not exactly 0. Source of the conventions: MMSA, https://github.com/thuiar/MMSA, and MLCL's release, which calls the
two `acc2` and `acc2_non_zero`.
"""

import numpy as np
from numpy.typing import NDArray

from mlcl.evaluate.classification import Metric, Numbers, accuracy, f1_weighted

Both = tuple[NDArray[np.float64], NDArray[np.float64]]
BothClasses = tuple[NDArray[np.int64], NDArray[np.int64]]

SIMS_EDGES = {2: (0.0,), 3: (-0.1, 0.1), 5: (-0.7, -0.1, 0.1, 0.7)}
"""Where MMSA cuts the scores of CH-SIMS, in [-1, 1], into 2, 3 and 5 classes; an edge belongs to the class below it."""

LIMIT = 3.0
"""Labels of MOSI and MOSEI lie in [-3, 3]; the 5- and 7-class accuracies are defined on that scale alone."""


def mse(prediction: Numbers, target: Numbers) -> float | None:
    """Mean squared error over all items, in squared label units, >= 0; None without items."""
    prediction, target = _checked(prediction, target)
    return float(np.square(prediction - target).mean()) if target.size else None


def mae(prediction: Numbers, target: Numbers) -> float | None:
    """Mean absolute error over all items, in label units, >= 0; None without items."""
    prediction, target = _checked(prediction, target)
    return float(np.abs(prediction - target).mean()) if target.size else None


def corr(prediction: Numbers, target: Numbers) -> float | None:
    """Pearson's correlation over all items, in [-1, 1].

    None when it is undefined: fewer than 2 items, or a prediction or target that is the same number for every item.
    """
    prediction, target = _checked(prediction, target)
    if target.size < 2 or np.ptp(prediction) == 0 or np.ptp(target) == 0:
        return None
    return float(np.clip(_unit(prediction) @ _unit(target), -1.0, 1.0))


def mae_nonzero(prediction: Numbers, target: Numbers) -> float | None:
    """`mae` over items with a label other than 0, as MAG-BERT, MIB and MCL report; None if there are none."""
    return mae(*_nonzero(prediction, target))


def corr_nonzero(prediction: Numbers, target: Numbers) -> float | None:
    """`corr` over items with a label other than 0, as MAG-BERT, MIB and MCL report."""
    return corr(*_nonzero(prediction, target))


def acc7(prediction: Numbers, target: Numbers) -> float | None:
    """Share of items in the right one of the classes -3 to 3, in [0, 1]; None without items.

    Both sides are clipped to [-3, 3] and rounded half to even: 0.5 is class 0, 1.5 and 2.5 are class 2.
    """
    return accuracy(*_rounded(prediction, target, limit=3))


def acc5(prediction: Numbers, target: Numbers) -> float | None:
    """Share of items in the right one of the classes -2 to 2, in [0, 1]; clips to [-2, 2], else as `acc7`."""
    return accuracy(*_rounded(prediction, target, limit=2))


def acc2_has0(prediction: Numbers, target: Numbers) -> float | None:
    """Share of all items where `prediction >= 0` agrees with `target >= 0`, in [0, 1]; None without items."""
    return accuracy(*_non_negative(prediction, target))


def f1_has0(prediction: Numbers, target: Numbers) -> float | None:
    """F1 of `prediction >= 0` against `target >= 0` over all items, weighted by true support, in [0, 1]."""
    return f1_weighted(*_non_negative(prediction, target))


def acc2_non0(prediction: Numbers, target: Numbers) -> float | None:
    """Share of items with `target != 0` where `prediction > 0` agrees with `target > 0`; None if there are none.

    MAG-BERT, MIB and MCL use `prediction >= 0`: the same unless a prediction is exactly 0.
    """
    return accuracy(*_positive(*_nonzero(prediction, target)))


def f1_non0(prediction: Numbers, target: Numbers) -> float | None:
    """F1 of `prediction > 0` against `target > 0` over items with `target != 0`, weighted by true support."""
    return f1_weighted(*_positive(*_nonzero(prediction, target)))


def acc2_sims(prediction: Numbers, target: Numbers) -> float | None:
    """Share of all items where `prediction > 0` agrees with `target > 0`: 0 counts as negative, in [0, 1]."""
    return accuracy(*_binned(prediction, target, SIMS_EDGES[2]))


def f1_sims(prediction: Numbers, target: Numbers) -> float | None:
    """F1 of the two classes of `acc2_sims`, weighted by true support."""
    return f1_weighted(*_binned(prediction, target, SIMS_EDGES[2]))


def acc3_sims(prediction: Numbers, target: Numbers) -> float | None:
    """Share of items in the right one of the classes up to -0.1, up to 0.1, and above, in [0, 1]."""
    return accuracy(*_binned(prediction, target, SIMS_EDGES[3]))


def acc5_sims(prediction: Numbers, target: Numbers) -> float | None:
    """Share of items in the right one of the classes up to -0.7, -0.1, 0.1, 0.7, and above, in [0, 1]."""
    return accuracy(*_binned(prediction, target, SIMS_EDGES[5]))


_ORDER = (mse, mae, corr, mae_nonzero, corr_nonzero, acc7, acc5, acc2_has0, f1_has0, acc2_non0, f1_non0)
METRICS: dict[str, Metric] = {metric.__name__: metric for metric in _ORDER}
"""Every metric of scores in [-3, 3] by name, in the order of a report."""

SIMS_METRICS: dict[str, Metric] = {metric.__name__: metric for metric in (acc2_sims, f1_sims, acc3_sims, acc5_sims)}
"""What is reported of scores in [-1, 1] besides, in the convention of CH-SIMS."""

_OF_SENTIMENT = {"acc7", "acc5"}
_OF_SIGN = {"mae_nonzero", "corr_nonzero", "acc2_has0", "f1_has0", "acc2_non0", "f1_non0"}


def regression_metrics(
    prediction: Numbers, target: Numbers, label_range: tuple[float, float] | None = None
) -> dict[str, float | None]:
    """All metrics of a regression report, by name and in the order of `METRICS`, then of `SIMS_METRICS`.

    Args:
        prediction: (items,) any finite number; only `acc7` and `acc5` clip.
        target: (items,) labels.
        label_range: Least and greatest possible label; [-3, 3] when absent.

    Returns:
        The metrics; None where one is undefined. `acc7` and `acc5` are left out for another range, and when any label
        lies outside [-3, 3]: their classes mean nothing there. So are the metrics of signs and of labels that are not 0
        for a range that does not reach to both sides of 0. `SIMS_METRICS` are for [-1, 1] alone.

    Raises:
        ValueError: If the shapes differ or a value is not finite.

    Examples:
        >>> scores = regression_metrics(np.array([0.5, -1.0, 2.0]), np.array([0.0, -2.0, 3.0]))
        >>> [round(scores[name], 4) for name in ("mae", "mae_nonzero", "acc7", "acc2_has0")]
        [0.8333, 1.0, 0.3333, 1.0]
    """
    prediction, target = _checked(prediction, target)
    foreign = _OF_SENTIMENT if bool((np.abs(target) > LIMIT).any()) else set()
    wanted = metrics_within(label_range)
    return {name: metric(prediction, target) for name, metric in wanted.items() if name not in foreign}


def metrics_within(label_range: tuple[float, float] | None) -> dict[str, Metric]:
    """The metrics of labels in that range, as `regression_metrics` chooses them."""
    low, high = label_range or (-LIMIT, LIMIT)
    left_out = (_OF_SENTIMENT if (low, high) != (-LIMIT, LIMIT) else set()) | (
        _OF_SIGN if low >= 0 or high <= 0 else set()
    )
    wanted = {name: metric for name, metric in METRICS.items() if name not in left_out}
    return wanted | (SIMS_METRICS if (low, high) == (-1.0, 1.0) else {})


def _checked(prediction: Numbers, target: Numbers) -> Both:
    """Both arrays in double precision, once they are finite and do not broadcast."""
    pair = np.asarray(prediction, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if pair[0].ndim != 1 or pair[0].shape != pair[1].shape:
        raise ValueError(f"prediction and target must both be (items,), got {pair[0].shape} and {pair[1].shape}")
    for name, values in zip(("prediction", "target"), pair, strict=True):
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            first = int(bad[0])
            raise ValueError(f"{name} must be finite, got {values[first]} at item {first} ({bad.size} such items)")
    return pair


def _nonzero(prediction: Numbers, target: Numbers) -> Both:
    """The items whose label is not 0."""
    prediction, target = _checked(prediction, target)
    keep = target != 0
    return prediction[keep], target[keep]


def _rounded(prediction: Numbers, target: Numbers, *, limit: int) -> BothClasses:
    """Both sides as integer classes from -limit to limit."""
    prediction, target = (np.rint(np.clip(side, -limit, limit)) for side in _checked(prediction, target))
    return prediction.astype(np.int64), target.astype(np.int64)


def _binned(prediction: Numbers, target: Numbers, edges: tuple[float, ...]) -> BothClasses:
    """Both sides as the number of the class between the edges, each class with its upper edge."""
    given, true = (np.digitize(side, edges, right=True) for side in _checked(prediction, target))
    return given.astype(np.int64), true.astype(np.int64)


def _non_negative(prediction: Numbers, target: Numbers) -> BothClasses:
    """Both sides as class 1 where >= 0."""
    prediction, target = _checked(prediction, target)
    return (prediction >= 0).astype(np.int64), (target >= 0).astype(np.int64)


def _positive(prediction: Numbers, target: Numbers) -> BothClasses:
    """Both sides as class 1 where > 0."""
    return (prediction > 0).astype(np.int64), (target > 0).astype(np.int64)


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values minus their mean, at length 1; first scaled to 1 so that the squares of tiny numbers do not vanish."""
    centred = values - values.mean()
    scaled: NDArray[np.float64] = centred / np.abs(centred).max()
    return scaled / float(np.linalg.norm(scaled))
