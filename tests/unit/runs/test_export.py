"""Tables of predictions: read back as they were, and computed by no spreadsheet."""

import csv
from pathlib import Path

import numpy as np
import pytest

from mlcl.evaluate.evaluator import Predictions
from mlcl.runs.export import read_predictions, save_predictions
from targets import SCORES, classes

IDS = ["-3g5yACwYnA[1]", "=1+1", "'=1", "@cmd", "-2+3+cmd|' /C calc'!A0", "plain", 'with "quotes", and commas']


@pytest.mark.parametrize("names", [(), ("=HYPERLINK(1)", "+bad+", "fine")])
def test_ids_come_back_and_no_cell_is_a_formula(tmp_path: Path, names: tuple[str, ...]) -> None:
    target = classes(3, *names) if names else SCORES
    labels = np.arange(len(IDS)) % 3.0
    score = np.eye(3)[labels.astype(int)] * 0.7 + 0.1 if names else labels - 1.5
    save_predictions(tmp_path / "test.csv", {"test": Predictions(IDS, target, score, labels)})
    back = read_predictions(tmp_path / "test.csv", target)
    assert back.ids == IDS
    np.testing.assert_array_equal(back.score, score)
    with (tmp_path / "test.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]
    assert "-3g5yACwYnA[1]" in cells
