"""Our metrics give the numbers of the release's own functions, on stored predictions and labels."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from golden.golden_files import DEFAULT, cases, load
from mlcl.evaluate import classification, regression

PATTERN = "metrics_*.safetensors"

REGRESSION: dict[str, Callable[..., float | None]] = {
    "mae": regression.mae,
    "corr": regression.corr,
    "acc7": regression.acc7,
    "acc5": regression.acc5,
    "acc2_nonzero": regression.acc2_non0,
    "f1_nonzero": regression.f1_non0,
    "acc2_nonneg": regression.acc2_has0,
    "f1_nonneg": regression.f1_has0,
}

CLASSIFICATION: dict[str, Callable[..., float | None]] = {
    "acc2": classification.accuracy,
    "f1_weighted_by_predicted_support": classification.f1_weighted_by_predicted_support,
    "f1_micro": classification.f1_micro,
}

# Both sides compute in float64; sums over a few hundred items in another order differ by some 1e-15.
TOLERANCE = 1e-12


@pytest.mark.parametrize("path", cases(PATTERN))
def test_metrics_equal_the_release(path: Path) -> None:
    tensors, metadata = load(path)
    columns = metadata["columns"]
    ours = REGRESSION if "mae" in columns else CLASSIFICATION
    indices = sorted(name.removesuffix(".metrics") for name in tensors if name.endswith(".metrics"))
    assert indices

    for index in indices:
        prediction, target = tensors[f"{index}.predictions"], tensors[f"{index}.labels"]
        stored = dict(zip(columns, tensors[f"{index}.metrics"].tolist(), strict=True))
        # The release writes nan where a metric is undefined; ours is None.
        computed = {
            column: np.nan if (value := ours[column](prediction, target)) is None else value for column in columns
        }
        assert computed == pytest.approx(stored, rel=0, abs=TOLERANCE, nan_ok=True), f"index {index}"


def test_the_stored_files_cover_both_tasks() -> None:
    columns = [load(case.values[0])[1]["columns"] for case in cases(PATTERN, DEFAULT)]
    assert list(REGRESSION) in columns
    assert list(CLASSIFICATION) in columns


def test_a_folder_without_matching_files_has_no_cases(tmp_path: Path) -> None:
    (tmp_path / "mlcl_regression.safetensors").touch()
    assert cases(PATTERN, tmp_path) == []


def test_cases_are_found_at_any_depth_and_named_by_stem(tmp_path: Path) -> None:
    for place in ("metrics_b.safetensors", "deep/er/metrics_a.safetensors"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    assert {case.id for case in cases(PATTERN, tmp_path)} == {"metrics_a", "metrics_b"}
