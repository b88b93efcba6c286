"""Cross-entropy after temperature scaling: blind to how sure a classifier is, and to nothing else."""

import numpy as np
import pytest

import targets
from mlcl.evaluate import calibration, classification
from mlcl.evaluate.direction import DEFAULT_SELECTION
from mlcl.evaluate.evaluator import Predictions, selection_names


def cross_entropy(probability: np.ndarray, target: np.ndarray) -> float:
    found = classification.cross_entropy(probability, target)
    assert found is not None
    return found


def calibrated_cross_entropy(probability: np.ndarray, target: np.ndarray) -> float:
    found = calibration.calibrated_cross_entropy(probability, target)
    assert found is not None
    return found


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def made(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 5, 200)
    return rng.normal(0, 1, (200, 5)) + 1.5 * np.eye(5)[target], target


@pytest.mark.parametrize("factor", [0.1, 0.5, 3.0, 10.0])
def test_it_does_not_change_when_the_logits_are_scaled(factor: float) -> None:
    logits, target = made()
    once = calibrated_cross_entropy(softmax(logits), target)
    assert calibrated_cross_entropy(softmax(factor * logits), target) == pytest.approx(once, abs=1e-5)
    assert abs(cross_entropy(softmax(factor * logits), target) - once) > 0.05


def test_it_is_the_least_over_a_fine_grid_of_temperatures() -> None:
    logits, target = made(1)
    grid = [cross_entropy(softmax(logits * scale), target) for scale in np.linspace(0.05, 5, 2000)]
    assert calibrated_cross_entropy(softmax(logits), target) == pytest.approx(min(grid), abs=1e-5)


def test_it_is_at_most_plain_and_at_most_that_of_ignorance() -> None:
    logits, target = made(2)
    wrong = softmax(-logits)  # every class backwards: the best is to be sure of nothing
    assert calibrated_cross_entropy(wrong, target) == pytest.approx(np.log(5), abs=2e-3)
    assert calibrated_cross_entropy(softmax(logits), target) <= cross_entropy(softmax(logits), target)


def test_it_survives_certainty_and_the_lack_of_items() -> None:
    sure = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert calibrated_cross_entropy(sure, np.array([0, 1, 1])) == pytest.approx(
        -np.log([2 / 3, 1 / 3, 2 / 3]).mean(), abs=1e-3
    )
    assert calibration.calibrated_cross_entropy(np.empty((0, 2)), np.empty(0, np.int64)) is None


def test_a_classification_is_selected_by_it_unless_told_otherwise() -> None:
    probability, target = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]), np.array([0.0, 1.0, np.nan])
    found = Predictions(["a", "b", "c"], targets.TWO, probability, target)
    name = DEFAULT_SELECTION["classification"]
    assert name in selection_names(targets.TWO)
    assert name not in selection_names(targets.SCORES)
    assert name not in found.metrics()
    assert found.metric(name, 8) == calibrated_cross_entropy(probability[:2], np.array([0, 1]))
