"""Classification metrics against tables made by hand, plain loops and the laws they must obey."""

import math
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from mlcl.evaluate import classification
from mlcl.evaluate.classification import classification_metrics

BINARY = ["cross_entropy", "accuracy", "f1_weighted", "f1_macro", "precision", "recall", "auroc", "ece"]
MANY = ["cross_entropy", "accuracy", "f1_weighted", "f1_macro", "auroc", "ece"]

Item = tuple[int, int]

# Probability of class 1 in fortieths: ties, 0, 1, 0.5 and every edge of the calibration bins occur.
ITEMS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 1)), min_size=1, max_size=23)
CLASSES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=23)
fast = settings(deadline=None, max_examples=60)


def ints(values: Sequence[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def binary(items: Sequence[Item]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rows = np.array([[(40 - p) / 40, p / 40] for p, _ in items], dtype=np.float64).reshape(-1, 2)
    return rows, ints([y for _, y in items])


def sides(items: Sequence[Item]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return ints([x for x, _ in items]), ints([y for _, y in items])


def loop_f1(items: Sequence[Item], label: int) -> float:
    hits = sum(x == label and y == label for x, y in items)
    return 2 * hits / (sum(x == label for x, _ in items) + sum(y == label for _, y in items))


def loop_metrics(items: Sequence[Item]) -> dict[str, float | None]:
    """Every binary metric in plain Python from (probability of 1 in fortieths, true class)."""
    count = len(items)
    given = [p / 40 if y else (40 - p) / 40 for p, y in items]
    predicted = [(int(p > 20), y) for p, y in items]
    hits, true = sum(x * y for x, y in predicted), sum(y for _, y in items)
    positive = sum(x for x, _ in predicted)
    support = {label: sum(y == label for _, y in items) for label in (0, 1)}
    present = sorted({label for item in predicted for label in item})
    duels = [(p > q) + (p == q) / 2 for p, y in items if y for q, z in items if not z]
    calibration = 0.0
    for low in range(0, 40, 4):  # a tenth is four fortieths, so integers decide the bin
        inside = [(max(p, 40 - p), (p > 20) == bool(y)) for p, y in items if low < max(p, 40 - p) <= low + 4]
        calibration += abs(sum(right for _, right in inside) - sum(c for c, _ in inside) / 40) / count
    return {
        "cross_entropy": math.fsum(-math.log(max(p, 2.0**-126)) for p in given) / count,
        "accuracy": sum(x == y for x, y in predicted) / count,
        "f1_weighted": sum(support[label] * loop_f1(predicted, label) for label in present) / count,
        "f1_macro": sum(loop_f1(predicted, label) for label in present) / len(present),
        "precision": hits / positive if positive else 0.0,
        "recall": hits / true if true else 0.0,
        "auroc": sum(duels) / len(duels) if duels else None,
        "ece": calibration,
    }


def test_every_metric_equals_a_table_made_by_hand() -> None:
    probability = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.5, 0.5], [0.7, 0.3]])
    expected = {
        "cross_entropy": -math.log(0.9 * 0.8 * 0.4 * 0.5 * 0.3) / 5,
        "accuracy": 0.4,  # predicted 0 1 1 0 0 (a tie is the lower class), true 0 1 0 1 1
        "f1_weighted": 0.4,  # class 0: 1 hit, 3 predicted, 2 true, F1 0.4; class 1: 1 hit, 2 predicted, 3 true, F1 0.4
        "f1_macro": 0.4,
        "precision": 1 / 2,
        "recall": 1 / 3,
        "auroc": (3 + 1) / 6,  # 0.8, 0.5 and 0.3 beat 0.1; 0.8 alone beats 0.6
        "ece": (abs(1 - 0.9) + abs(1 - 0.8) + abs(0 - 0.7) + abs(0 - 0.6) + abs(0 - 0.5)) / 5,
    }
    assert classification_metrics(probability, ints([0, 1, 0, 1, 1])) == pytest.approx(expected, abs=1e-12)


@fast
@given(ITEMS)
def test_every_metric_equals_a_plain_loop(items: list[Item]) -> None:
    assert classification_metrics(*binary(items)) == pytest.approx(loop_metrics(items), abs=1e-12)


@fast
@given(CLASSES)
def test_f1_of_three_classes_equals_a_plain_loop(items: list[Item]) -> None:
    present = sorted({label for item in items for label in item})
    scores = {label: loop_f1(items, label) for label in present}
    predicted, true = ([item[side] for item in items] for side in (0, 1))

    def weighted(by: list[int]) -> float:
        return sum(by.count(label) * score for label, score in scores.items()) / len(items)

    names = ("f1_weighted", "f1_weighted_by_predicted_support", "f1_macro", "f1_micro")
    computed = [getattr(classification, name)(*sides(items)) for name in names]
    right = sum(x == y for x, y in items) / len(items)
    expected = [weighted(true), weighted(predicted), sum(scores.values()) / len(scores), right]
    assert computed == pytest.approx(expected, abs=1e-12)


def test_metrics_have_these_names_in_this_order() -> None:
    assert list(classification_metrics(np.eye(2), ints([0, 1]))) == BINARY
    assert list(classification_metrics(np.eye(3), ints([0, 1, 2]))) == MANY


@fast
@given(ITEMS, st.randoms(use_true_random=False))
def test_metrics_do_not_depend_on_the_order_of_items(items: list[Item], random: Random) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    after, before = (classification_metrics(*binary(order)) for order in (shuffled, items))
    assert after == pytest.approx(before, abs=1e-12)


@fast
@given(st.lists(st.integers(0, 2), min_size=1, max_size=23), st.sampled_from([2, 3]))
def test_a_perfect_prediction_gives_the_optimum(labels: list[int], classes: int) -> None:
    target = ints([label % classes for label in labels])
    metrics = classification_metrics(np.eye(classes)[target], target)
    optimum = {name: 0.0 if name in ("cross_entropy", "ece") else 1.0 for name in metrics}
    if classes == 2 and 1 not in target:
        optimum |= {"precision": 0.0, "recall": 0.0}  # nothing to find
    assert {name: optimum[name] if value is None else value for name, value in metrics.items()} == optimum


@fast
@given(ITEMS)
def test_auroc_depends_on_the_order_of_scores_alone(items: list[Item]) -> None:
    score, target = sides(items)
    area = classification.auroc(score / 40, target)
    assert classification.auroc(np.exp(score / 40), target) == area
    assert classification.auroc(-score / 40, target) == pytest.approx(None if area is None else 1 - area, abs=1e-12)


@pytest.mark.parametrize("label", [0, 1])
def test_auroc_is_undefined_with_one_class(label: int) -> None:
    assert classification.auroc(np.array([0.1, 0.9, 0.5]), ints([label] * 3)) is None


def test_auroc_of_many_classes_is_scikit_learn_s_one_against_the_rest() -> None:
    rng = np.random.default_rng(0)
    scores, target = rng.dirichlet(np.ones(4), 60), rng.integers(0, 4, 60)
    expected = roc_auc_score(target, scores, multi_class="ovr", average="macro")
    assert classification_metrics(scores, target)["auroc"] == pytest.approx(expected, abs=1e-12)
    order = rng.permutation(4)  # new numbers for the classes
    assert classification_metrics(scores[:, order], np.argsort(order)[target]) == pytest.approx(
        classification_metrics(scores, target), abs=1e-12
    )


def test_auroc_of_many_classes_leaves_out_classes_that_no_item_is_of() -> None:
    scores = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.6, 0.3, 0.1], [0.3, 0.1, 0.6]])
    assert classification.auroc_macro(scores, ints([0, 2, 2, 0])) == pytest.approx(((1 + 1) / 4 + (1 + 0.5) / 4) / 2)
    assert classification.auroc_macro(scores, ints([1, 1, 1, 1])) is None


def test_a_constant_prediction_has_no_precision_and_chance_auroc() -> None:
    metrics = classification_metrics(np.full((4, 2), 0.5), ints([0, 1, 1, 0]))
    assert (metrics["precision"], metrics["recall"], metrics["auroc"]) == (0.0, 0.0, 0.5)
    assert metrics["cross_entropy"] == pytest.approx(math.log(2), abs=1e-12)


def test_one_item_has_every_metric_but_auroc() -> None:
    expected: dict[str, float | None] = dict.fromkeys(BINARY, 1.0)
    expected |= {"cross_entropy": -math.log(0.75), "auroc": None, "ece": 0.25}
    assert classification_metrics(np.array([[0.25, 0.75]]), ints([1])) == pytest.approx(expected, abs=1e-12)


def test_without_items_every_metric_is_undefined() -> None:
    assert classification_metrics(np.zeros((0, 2)), ints([])) == dict.fromkeys(BINARY)
    assert classification.f1_micro(ints([]), ints([])) is None


def test_certain_and_wrong_costs_a_finite_loss_and_full_calibration_error() -> None:
    metrics = classification_metrics(np.eye(2), ints([1, 0]))
    assert metrics["cross_entropy"] == pytest.approx(126 * math.log(2), abs=1e-9)
    assert metrics["ece"] == 1.0


@pytest.mark.parametrize("tenths", range(6, 10))
def test_a_confidence_on_an_edge_belongs_to_the_bin_below(tenths: int) -> None:
    # One item right, one wrong: in one bin their errors cancel in part, in two bins they add.
    on, below, above = ([1 - c, c] for c in (tenths / 10, tenths / 10 - 0.05, tenths / 10 + 0.05))
    target = ints([1, 0])
    assert classification.ece(np.array([on, below]), target) == pytest.approx(abs(1 - on[1] - below[1]) / 2, abs=1e-12)
    assert classification.ece(np.array([on, above]), target) == pytest.approx((1 - on[1] + above[1]) / 2, abs=1e-12)


@pytest.mark.parametrize("name", ["accuracy", "f1_weighted", "f1_macro", "f1_micro", "precision", "recall"])
def test_shapes_that_would_broadcast_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"must both be \(items,\), got \(3, 1\) and \(3,\)"):
        getattr(classification, name)(np.zeros((3, 1), dtype=int), np.zeros(3, dtype=int))


@pytest.mark.parametrize(
    ("probability", "target", "message"),
    [
        ([[0.5], [0.5]], [0, 0], r"2 or more classes .* got \(2, 1\) and \(2,\)"),
        ([[0.5, 0.5]], [0, 1], r"got \(1, 2\) and \(2,\)"),
        ([[0.5, 0.5], [2.0, -1.0]], [0, 1], r"probability\[1\] must be >= 0 and sum to 1, got \[2.0, -1.0\]"),
        ([[0.7, 0.7]], [0], r"sum to 1, got \[0.7, 0.7\]; pass a softmax"),
        ([[math.nan, 1.0]], [0], r"probability\[0\] must be >= 0 and sum to 1, got \[nan, 1.0\]"),
        ([[0.5, 0.5]], [2], r"target\[0\] must be a class from 0 to 1, got 2"),
        ([[0.5, 0.5]], [-1], r"target\[0\] must be a class from 0 to 1, got -1"),
    ],
)
def test_what_is_no_distribution_or_no_class_is_refused(
    probability: list[list[float]], target: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        classification_metrics(np.array(probability), ints(target))
