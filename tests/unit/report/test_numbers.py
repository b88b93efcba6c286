"""Every number of the tables is the one that the predictions give, computed here by other means."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from made_report import Made

Array = np.ndarray


def predictions(study: Path, name: str, column: str = "prediction") -> tuple[Array, Array]:
    """(seeds, items) scores and (items,) labels, straight from the files."""
    tables = [
        list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
        for file in sorted((study / "runs" / name).glob("seed-*/predictions/test.csv"))
    ]
    scores = np.array([[float(row[column]) for row in table] for table in tables])
    return scores, np.array([float(row["label"]) for row in tables[0]])


def table(made: Made, name: str) -> list[dict[str, str]]:
    text = (made.folder / "tables" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def by_hand(p: Array, y: Array) -> dict[str, float]:
    """The regression metrics of one seed, from their definitions in the protocol."""
    kept = y != 0
    clip = lambda x, limit: np.array([round(min(max(v, -limit), limit)) for v in x.tolist()])  # noqa: E731
    return {
        "mse": metrics.mean_squared_error(y, p),
        "mae": metrics.mean_absolute_error(y, p),
        "corr": stats.pearsonr(p, y).statistic,
        "mae_nonzero": metrics.mean_absolute_error(y[kept], p[kept]),
        "corr_nonzero": stats.pearsonr(p[kept], y[kept]).statistic,
        "acc7": float(np.mean(clip(p, 3) == clip(y, 3))),
        "acc5": float(np.mean(clip(p, 2) == clip(y, 2))),
        "acc2_has0": float(np.mean((p >= 0) == (y >= 0))),
        "f1_has0": metrics.f1_score(y >= 0, p >= 0, average="weighted"),
        "acc2_non0": float(np.mean((p[kept] > 0) == (y[kept] > 0))),
        "f1_non0": metrics.f1_score(y[kept] > 0, p[kept] > 0, average="weighted"),
    }


@pytest.mark.parametrize("name", ["mlcl", "late_fusion", "text", "hkt"])
def test_means_and_deviations_of_the_result_table(regression: Made, name: str) -> None:
    scores, labels = predictions(regression.study, name)
    seeds = [by_hand(row, labels) for row in scores]
    row = next(row for row in table(regression, "results") if row["system"] == name)
    for metric in seeds[0]:
        values = [each[metric] for each in seeds]
        assert float(row[metric]) == pytest.approx(np.mean(values), abs=1e-12)
        if len(values) > 1:
            assert float(row[f"{metric}_sd"]) == pytest.approx(np.std(values, ddof=1), abs=1e-12)
        else:
            assert row[f"{metric}_sd"] == ""


@pytest.mark.parametrize("name", ["mlcl", "text"])
def test_the_interval_is_scipy_s_of_the_errors_averaged_over_seeds(regression: Made, name: str) -> None:
    scores, labels = predictions(regression.study, name)
    errors = np.abs(scores - labels).mean(axis=0)
    found = stats.bootstrap((errors,), np.mean, n_resamples=199, rng=np.random.default_rng(0)).confidence_interval
    row = next(row for row in table(regression, "results") if row["system"] == name)
    assert (float(row["mae_low"]), float(row["mae_high"])) == pytest.approx(tuple(found), abs=1e-9)


def test_the_comparisons_are_those_of_the_item_errors(regression: Made) -> None:
    """Difference, effect size, p-value by random signs of our own, Holm by its definition."""
    rows = table(regression, "comparison")
    assert [row["other"] for row in rows] == ["late_fusion", "text", "hkt"]
    errors = {}
    for name in ("mlcl", "late_fusion", "text", "hkt"):
        scores, labels = predictions(regression.study, name)
        errors[name] = np.abs(scores - labels).mean(axis=0)
    rng, p_values = np.random.default_rng(5), {}
    for row in rows:
        gaps = errors["mlcl"] - errors[row["other"]]
        assert float(row["difference"]) == pytest.approx(gaps.mean(), abs=1e-12)
        assert float(row["effect"]) == pytest.approx(gaps.mean() / gaps.std(ddof=1), abs=1e-9)
        assert float(row["low"]) < gaps.mean() < float(row["high"])
        signs = rng.choice([-1, 1], size=(4000, len(gaps)))
        p_values[row["other"]] = np.mean(np.abs((signs * gaps).mean(axis=1)) >= abs(gaps.mean()))
        assert float(row["p"]) == pytest.approx(p_values[row["other"]], abs=0.1)  # 199 resamples: deviation .035
    ordered = sorted(rows, key=lambda row: float(row["p"]))
    largest = 0.0
    for rank, row in enumerate(ordered):
        largest = max(largest, min(1.0, (len(rows) - rank) * float(row["p"])))
        assert float(row["p_holm"]) == pytest.approx(largest)
        found = largest < 0.05
        assert row["better"] == (("mlcl" if float(row["difference"]) < 0 else row["other"]) if found else "")
        assert ("not distinguishable" in row["sentence"]) is not found


def test_the_constant_row_is_the_recorded_median_for_every_item(regression: Made) -> None:
    _, labels = predictions(regression.study, "mlcl")
    row = next(row for row in table(regression, "results") if row["system"] == "constant")
    assert float(row["mae"]) == pytest.approx(np.abs(labels - 0.2).mean(), abs=1e-12)
    assert row["corr"] == ""  # of a constant it is undefined
    assert float(row["acc2_has0"]) == pytest.approx(np.mean(labels >= 0))


def test_classification_numbers(classification: Made) -> None:
    for name in ("mlcl", "hkt"):
        scores, labels = predictions(classification.study, name, "probability")
        row = next(row for row in table(classification, "results") if row["system"] == name)
        expected = {
            "accuracy": [np.mean((p > 0.5) == (labels > 0.5)) for p in scores],
            "cross_entropy": [metrics.log_loss(labels, p) for p in scores],
            "auroc": [metrics.roc_auc_score(labels, p) for p in scores],
            "f1_macro": [metrics.f1_score(labels, p > 0.5, average="macro") for p in scores],
            "recall": [metrics.recall_score(labels, p > 0.5) for p in scores],
        }
        for metric, values in expected.items():
            assert float(row[metric]) == pytest.approx(np.mean(values), abs=1e-9)
        low, high = float(row["accuracy_low"]), float(row["accuracy_high"])
        assert low <= np.mean(expected["accuracy"]) <= high
    (row,) = table(classification, "comparison")
    gap = [predictions(classification.study, name, "probability") for name in ("mlcl", "hkt")]
    shares = [np.mean((p > 0.5) == (y > 0.5)) for p, y in gap]
    assert float(row["difference"]) == pytest.approx(shares[0] - shares[1])
    assert float(row["effect"]) * float(row["difference"]) < 0  # the effect is of errors, the difference of accuracies


def test_page_markdown_and_latex_show_the_numbers_of_the_csv(regression: Made) -> None:
    for name, columns in (("results", ["mae", "corr", "acc7"]), ("comparison", ["difference", "effect"])):
        rows = [row for row in table(regression, name) if row.get("mae", "x") and row.get("difference", "x")]
        assert rows
        files = {suffix: regression.folder / "tables" / f"{name}.{suffix}" for suffix in ("md", "tex")}
        texts = {"html": regression.html, **{suffix: file.read_text("utf-8") for suffix, file in files.items()}}
        texts["tex"] = texts["tex"].replace("$-$", "\u2212")
        for row in rows:
            for column in columns:
                if row[column]:
                    shown = f"{float(row[column]):.3f}".replace("-", "\u2212")
                    assert all(shown in text for text in texts.values()), (name, column, shown)


def test_the_worst_errors_are_the_largest(regression: Made) -> None:
    scores, labels = predictions(regression.study, "mlcl")
    errors = np.abs(scores - labels).mean(axis=0)
    rows = table(regression, "worst")
    assert [float(row["error"]) for row in rows] == pytest.approx(sorted(errors, reverse=True)[: len(rows)])
    for row in rows:
        item = int(re.sub(r"\D", "", row["id"]))
        assert float(row["label"]) == labels[item]
        assert float(row["prediction"]) == pytest.approx(scores[:, item].mean())


def test_cost_is_the_mean_over_runs(regression: Made) -> None:
    row = table(regression, "cost")[0]
    assert float(row["seconds"]) == pytest.approx(61.5 + 2)
    assert int(row["parameters"]) - int(row["parameters_beside_encoder"]) == 22_713_216
