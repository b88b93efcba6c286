"""Regression metrics against tables made by hand, plain loops and the laws they must obey."""

import math
import subprocess
import sys
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mlcl.evaluate import regression
from mlcl.evaluate.regression import regression_metrics

NAMES = [
    "mse", "mae", "corr", "mae_nonzero", "corr_nonzero", "acc7", "acc5", "acc2_has0", "f1_has0", "acc2_non0", "f1_non0",
]  # fmt: skip

# Eighths are exact in binary, hit every tie of the rounding (±0.5, ±1.5, ±2.5) and keep the correlation well posed.
EIGHTHS = st.integers(-32, 32).map(lambda value: value / 8)
LABELS = st.integers(-24, 24).map(lambda value: value / 8)
ITEMS = st.lists(st.tuples(EIGHTHS, LABELS), min_size=1, max_size=23)
fast = settings(deadline=None, max_examples=60)


def array(values: Sequence[float]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)


def pair(items: Sequence[tuple[float, float]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return array([item[0] for item in items]), array([item[1] for item in items])


def loop_corr(items: Sequence[tuple[float, float]]) -> float | None:
    count = len(items)
    if count < 2 or len({x for x, _ in items}) == 1 or len({y for _, y in items}) == 1:
        return None
    mean_x, mean_y = (math.fsum(item[side] for item in items) / count for side in (0, 1))
    spread_x, spread_y = math.fsum((x - mean_x) ** 2 for x, _ in items), math.fsum((y - mean_y) ** 2 for _, y in items)
    return math.fsum((x - mean_x) * (y - mean_y) for x, y in items) / math.sqrt(spread_x * spread_y)


def loop_f1(items: Sequence[tuple[bool, bool]]) -> float | None:
    """2 TP / (predicted + true) of each class, weighted by the number of true items."""
    total = 0.0
    for label in (False, True):
        hits = sum(x == label and y == label for x, y in items)
        predicted, true = sum(x == label for x, _ in items), sum(y == label for _, y in items)
        total += true * (2 * hits / (predicted + true) if predicted + true else 0.0)
    return total / len(items) if items else None


def loop_metrics(items: Sequence[tuple[float, float]]) -> dict[str, float | None]:
    """Every metric in plain Python; `round` rounds half to even."""

    def mean(values: Sequence[float]) -> float | None:
        return math.fsum(values) / len(values) if values else None

    def rounded(limit: int) -> float | None:
        return mean([len({round(max(-limit, min(limit, value))) for value in item}) == 1 for item in items])

    spoken = [(x, y) for x, y in items if y != 0]
    has0, non0 = [(x >= 0, y >= 0) for x, y in items], [(x > 0, y > 0) for x, y in spoken]
    return {
        "mse": mean([(x - y) ** 2 for x, y in items]),
        "mae": mean([abs(x - y) for x, y in items]),
        "corr": loop_corr(items),
        "mae_nonzero": mean([abs(x - y) for x, y in spoken]),
        "corr_nonzero": loop_corr(spoken),
        "acc7": rounded(3),
        "acc5": rounded(2),
        "acc2_has0": mean([x == y for x, y in has0]),
        "f1_has0": loop_f1(has0),
        "acc2_non0": mean([x == y for x, y in non0]),
        "f1_non0": loop_f1(non0),
    }


def test_every_metric_equals_a_table_made_by_hand() -> None:
    prediction, target = array([0.5, -1.0, 2.0, 0.0, -0.5]), array([0.0, -2.0, 3.0, -1.0, 1.0])
    expected = {
        "mse": 1.1,  # squares 0.25, 1, 1, 1, 2.25
        "mae": 1.0,  # errors 0.5, 1, 1, 1, 1.5
        "corr": 7.3 / math.sqrt(5.3 * 14.8),  # means 0.2 and 0.2, products 7.5, squares 5.5 and 15
        "mae_nonzero": 1.125,  # without the first item
        "corr_nonzero": 7.375 / math.sqrt(5.1875 * 14.75),  # means 0.125 and 0.25, squares 5.25 and 15
        "acc7": 0.2,  # 0=0, -1/-2, 2/3, 0/-1, 0/1
        "acc5": 0.4,  # the third item becomes 2=2
        "acc2_has0": 0.6,  # right, right, right, wrong, wrong
        "f1_has0": 0.6,  # true: 3 non-negative with F1 2/3, 2 negative with F1 1/2
        "acc2_non0": 0.75,  # right, right, right (0 is not positive), wrong
        "f1_non0": 11 / 15,  # true: 2 positive with F1 2/3, 2 other with F1 4/5
    }
    assert regression_metrics(prediction, target) == pytest.approx(expected, abs=1e-12)


@fast
@given(ITEMS)
def test_every_metric_equals_a_plain_loop(items: list[tuple[float, float]]) -> None:
    assert regression_metrics(*pair(items)) == pytest.approx(loop_metrics(items), abs=1e-12)


@pytest.mark.parametrize(
    ("value", "label"),
    [(0.5, 0), (-0.5, 0), (1.5, 2), (-1.5, -2), (2.5, 2), (-2.5, -2), (0.51, 1), (2.51, 3), (-7.0, -3), (3.2, 3)],
)
@pytest.mark.parametrize("swapped", [False, True], ids=["prediction", "target"])
def test_acc7_clips_and_rounds_half_to_even(value: float, label: int, swapped: bool) -> None:
    classes = np.arange(-3.0, 4.0)
    sides = np.full(7, value), classes
    hits = [regression.acc7(*(side[i : i + 1] for side in (sides[::-1] if swapped else sides))) for i in range(7)]
    assert hits == [float(each == label) for each in classes]


def test_acc5_clips_both_sides_to_two_and_acc7_to_three() -> None:
    prediction, target = array([2.0, -3.0, 9.0, 1.5, 0.0]), array([3.0, -2.0, 3.0, 2.5, 1.0])
    assert (regression.acc5(prediction, target), regression.acc7(prediction, target)) == (0.8, 0.4)


@pytest.mark.parametrize(("prediction", "has0"), [(0.0, 1.0), (-0.0, 1.0), (0.1, 1.0), (-0.1, 0.0)])
def test_a_label_of_zero_is_non_negative_and_no_member_of_non0(prediction: float, has0: float) -> None:
    metrics = regression_metrics(array([prediction]), array([0.0]))
    assert metrics["acc2_has0"] == metrics["f1_has0"] == has0
    assert [metrics[name] for name in NAMES if "non" in name] == [None] * 4


@pytest.mark.parametrize(("target", "non0", "has0"), [(1.0, 0.0, 1.0), (-1.0, 1.0, 0.0)])
def test_a_prediction_of_zero_is_non_negative_but_not_positive(target: float, non0: float, has0: float) -> None:
    prediction, labels = array([0.0]), array([target])
    assert (regression.acc2_non0(prediction, labels), regression.acc2_has0(prediction, labels)) == (non0, has0)


def test_f1_is_weighted_by_true_support() -> None:
    # Positive: 4 true, 2 predicted, 2 hits, F1 4/6. Negative: 1 true, 3 predicted, 1 hit, F1 2/4.
    prediction, target = array([1.0, 1.0, -1.0, -1.0, -1.0]), array([2.0, 2.0, 2.0, 2.0, -2.0])
    expected = pytest.approx((4 * 4 / 6 + 1 * 2 / 4) / 5, abs=1e-12)
    assert regression.f1_has0(prediction, target) == expected
    assert regression.f1_non0(prediction, target) == expected


def test_one_item_has_every_metric_but_a_correlation() -> None:
    metrics = regression_metrics(array([1.0]), array([1.25]))
    assert [name for name, value in metrics.items() if value is None] == ["corr", "corr_nonzero"]
    assert (metrics["mae"], metrics["mse"], metrics["acc7"], metrics["f1_non0"]) == (0.25, 0.0625, 1.0, 1.0)


def test_without_items_every_metric_is_undefined() -> None:
    assert regression_metrics(array([]), array([])) == dict.fromkeys(NAMES)


@pytest.mark.parametrize("constant", [0.0, 0.1, -1 / 3, 1e-320])
def test_correlation_with_a_constant_is_undefined(constant: float) -> None:
    # 0.1 seven times has a mean that is not 0.1 in floating point, so a zero deviation would be missed.
    varied, same = np.linspace(-3, 3, 7), np.full(7, constant)
    assert regression.corr(same, varied) is None
    assert regression.corr(varied, same) is None


def test_correlation_survives_tiny_spreads() -> None:
    tiny = array([1.0, 2.0, 4.0]) * 1e-200
    assert regression.corr(tiny, array([1.0, 2.0, 4.0])) == pytest.approx(1.0, abs=1e-12)


def test_correlation_does_not_pass_one_by_rounding() -> None:
    squares = np.arange(5.0) ** 2  # unclipped: 1.0000000000000002
    assert (regression.corr(squares, squares), regression.corr(squares, -squares)) == (1.0, -1.0)


@fast
@given(ITEMS, st.randoms(use_true_random=False))
def test_metrics_do_not_depend_on_the_order_of_items(items: list[tuple[float, float]], random: Random) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert regression_metrics(*pair(shuffled)) == pytest.approx(regression_metrics(*pair(items)), abs=1e-12)


@fast
@given(st.lists(LABELS, min_size=1, max_size=23))
def test_a_perfect_prediction_gives_the_optimum(labels: list[float]) -> None:
    optimum = {name: 0.0 if name[:3] in ("mse", "mae") else 1.0 for name in NAMES}
    metrics = regression_metrics(array(labels), array(labels))
    defined = {name: value for name, value in metrics.items() if value is not None}
    assert defined == pytest.approx({name: optimum[name] for name in defined}, abs=1e-12)
    assert metrics["mae"] is not None


@fast
@given(ITEMS, st.sampled_from([0.25, 0.7, 3.0]))
def test_errors_scale_with_the_labels(items: list[tuple[float, float]], factor: float) -> None:
    prediction, target = pair(items)
    error, square = regression.mae(prediction, target), regression.mse(prediction, target)
    assert error is not None
    assert square is not None
    assert regression.mae(factor * prediction, factor * target) == pytest.approx(factor * error, rel=1e-12)
    assert regression.mse(factor * prediction, factor * target) == pytest.approx(factor**2 * square, rel=1e-12)


@fast
@given(ITEMS, st.sampled_from([-2.0, 0.5, 8.0]), st.sampled_from([-1.5, 0.0, 4.0]))
def test_correlation_keeps_under_an_affine_map_but_for_its_sign(
    items: list[tuple[float, float]], factor: float, shift: float
) -> None:
    prediction, target = pair(items)
    before = regression.corr(prediction, target)
    expected = None if before is None else math.copysign(1, factor) * before
    assert regression.corr(factor * prediction + shift, target) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("label", "kept"), [(3.0, True), (-3.0, True), (3.01, False), (-4.0, False)])
def test_names_are_in_order_and_class_accuracies_left_out_for_labels_beyond_three(label: float, kept: bool) -> None:
    names = list(regression_metrics(array([9.0, 1.0]), array([label, 1.0])))
    assert names == [name for name in NAMES if kept or name not in ("acc7", "acc5")]


SIMS = ["acc2_sims", "f1_sims", "acc3_sims", "acc5_sims"]


def sims_class(score: float, classes: int) -> int:
    """The class of a score by a plain chain of comparisons."""
    if classes == 2:
        return 1 if score > 0 else 0
    if classes == 3:
        return 0 if score <= -0.1 else 1 if score <= 0.1 else 2
    return 0 if score <= -0.7 else 1 if score <= -0.1 else 2 if score <= 0.1 else 3 if score <= 0.7 else 4


@fast
@given(st.lists(st.tuples(st.integers(-30, 30), st.integers(-20, 20)), min_size=1, max_size=23))
def test_scores_of_one_to_each_side_are_cut_as_ch_sims_is(twentieths: list[tuple[int, int]]) -> None:
    """Twentieths hit every edge; a prediction beyond 1 is in the outer class."""
    items = [(prediction / 20, target / 20) for prediction, target in twentieths]
    metrics = regression_metrics(*pair(items), (-1.0, 1.0))
    for classes in (2, 3, 5):
        right = sum(sims_class(p, classes) == sims_class(t, classes) for p, t in items)
        assert metrics[f"acc{classes}_sims"] == pytest.approx(right / len(items), abs=1e-12)
    assert metrics["f1_sims"] == pytest.approx(loop_f1([(p > 0, t > 0) for p, t in items]), abs=1e-12)


@pytest.mark.parametrize(
    ("label_range", "names"),
    [
        ((-3.0, 3.0), NAMES),
        ((-1.0, 1.0), [*(name for name in NAMES if name not in ("acc7", "acc5")), *SIMS]),
        ((-5.0, 5.0), [name for name in NAMES if name not in ("acc7", "acc5")]),
        ((1.0, 9.0), ["mse", "mae", "corr"]),
        ((0.0, 5.0), ["mse", "mae", "corr"]),
    ],
)
def test_a_range_decides_which_metrics_mean_anything(label_range: tuple[float, float], names: list[str]) -> None:
    assert list(regression_metrics(array([0.5, 1.0]), array([1.0, 0.5]), label_range)) == names


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (np.zeros((3, 1)), r"must both be \(items,\), got \(3, 1\) and \(3,\)"),
        (array([0.0, math.nan, math.inf]), r"prediction must be finite, got nan at item 1 \(2 such items\)"),
    ],
    ids=["would_broadcast", "not_finite"],
)
@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_compared_is_refused(name: str, prediction: NDArray[np.float64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(regression, name)(prediction, array([1.0, 2.0, 3.0]))


def test_single_precision_input_is_computed_in_double_precision() -> None:
    prediction = np.full(3, 0.1, dtype=np.float32)
    assert regression.mae(prediction, np.zeros(3, dtype=np.float32)) == float(np.float32(0.1))


def test_importing_the_metrics_does_not_import_scikit_learn() -> None:
    code = "import sys, mlcl.evaluate.regression; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
