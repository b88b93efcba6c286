"""Value, interval, fold summary, report and file of every kind of label say the same, to the last digit."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as oracle

from made_study import made_labels, made_predictions, write_study
from mlcl.data.target import MAX_CLASSES, Target
from mlcl.errors import DataError, RunError
from mlcl.evaluate.evaluator import Predictions, selection_names
from mlcl.evaluate.fold_summary import pooled, summarise
from mlcl.evaluate.intervals import main_intervals
from mlcl.evaluate.metrics import MAIN
from mlcl.report.build import Words, build_page, write_report
from mlcl.report.evidence import read_evidence
from mlcl.report.plots.truth import confusion
from mlcl.report.summary import summarise as summarise_study
from mlcl.runs.export import read_predictions, save_predictions
from mlcl.runs.folder import RunFolder
from tables import READ
from targets import classes, scores

MOODS = ("furious", "sad", "calm | quiet", "glad", "$x$", "élan", "no mood at all, whatever is said")
TARGETS = {
    "2": classes(2),
    "2 named": classes(2, "no", "yes"),
    "3": classes(3),
    "7": classes(7, *MOODS),
    **{f"{low} to {high}": scores(low, high) for low, high in ((-3, 3), (-1, 1), (0, 1), (1, 5))},
}
every_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
ITEMS = 42


def made(target: Target, seed: int = 0, items: int = ITEMS) -> Predictions:
    rng = np.random.default_rng(seed)
    return made_predictions(rng, target, made_labels(rng, target, items), prefix=f"v{seed}")


def by_hand(found: Predictions) -> dict[str, float]:
    """The metrics that a paper prints, by scikit-learn and SciPy."""
    score, labels, target = found.score, np.asarray(found.labels), found.target
    if target.task == "regression":
        low, high = target.label_range or (-3, 3)
        expected = {
            "mae": oracle.mean_absolute_error(labels, score),
            "mse": oracle.mean_squared_error(labels, score),
            "corr": stats.pearsonr(labels, score).statistic,
        }
        if low < 0 < high:
            expected["acc2_has0"] = np.mean((labels >= 0) == (score >= 0))
            kept = labels != 0
            expected["f1_non0"] = oracle.f1_score(labels[kept] > 0, score[kept] > 0, average="weighted")
        if (low, high) == (-3, 3):
            expected["acc7"] = np.mean(np.rint(np.clip(score, -3, 3)) == np.rint(labels))
        if (low, high) == (-1, 1):
            expected["acc2_sims"] = np.mean((labels > 0) == (score > 0))
        return expected
    chosen, true = score.argmax(axis=1), labels.astype(int)
    expected = {
        "accuracy": oracle.accuracy_score(true, chosen),
        "f1_weighted": oracle.f1_score(true, chosen, average="weighted"),
        "f1_macro": oracle.f1_score(true, chosen, average="macro"),
        "cross_entropy": -np.mean(np.log(score[np.arange(len(true)), true])),
    }
    one_for_all = np.eye(target.num_classes)[true]
    areas = [oracle.roc_auc_score(one_for_all[:, k], score[:, k]) for k in range(target.num_classes)]
    return {**expected, "auroc": areas[1] if target.num_classes == 2 else np.mean(areas)}


@every_target
def test_the_metrics_are_those_of_the_label_s_kind(target: Target) -> None:
    found, expected = made(target).metrics(), by_hand(made(target))
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    absent = {"acc7", "acc2_has0", "f1_non0", "acc2_sims", "accuracy", "mae"} - set(expected)
    assert not absent & set(found)
    of_dev_alone = ("calibrated_cross_entropy", "cross_entropy_of_batches", "mse_of_batches")
    assert [name for name in selection_names(target) if name not in of_dev_alone] == list(found)


@pytest.mark.long
@every_target
def test_an_interval_is_of_the_printed_value(target: Target) -> None:
    given = made(target)
    values, found = given.metrics(), main_intervals(given, resamples=99)
    assert set(found) == {name for name in MAIN[target.kind] if name in values}
    for name, bounds in found.items():
        assert bounds.estimate == values[name]
        assert bounds.low <= bounds.estimate <= bounds.high


@pytest.mark.parametrize("suffix", READ)
@every_target
def test_what_is_written_is_read_back_to_the_last_digit(target: Target, suffix: str, tmp_path: Path) -> None:
    given = made(target)
    save_predictions(tmp_path / f"test{suffix}", {"test": given})
    table = READ[suffix](tmp_path / f"test{suffix}")
    columns = [f"probability_{number}" for number in range(target.num_classes)] or "prediction"
    assert np.array_equal(table[columns].to_numpy(), given.score)
    if target.num_classes:
        assert (table["prediction"] == given.score.argmax(axis=1)).all()
        assert ("class" in table) == bool(target.classes)
        assert ("probability" in table) == (target.num_classes == 2)
    if target.num_classes == 2:
        assert (table["probability"] == table["probability_1"]).all(), "what readers of version 0.1.0 look for"
    if suffix == ".csv":
        back = read_predictions(tmp_path / "test.csv", target)
        assert (back.ids, back.target, back.metrics()) == (given.ids, target, given.metrics())
        assert np.array_equal(back.score, given.score)


@every_target
def test_a_summary_of_folds_is_that_of_their_items_together(target: Target, tmp_path: Path) -> None:
    folds = [made(target, seed) for seed in range(3)]
    for number, fold in enumerate(folds):
        save_predictions(tmp_path / f"{number}.csv", {"test": fold})
    read = [read_predictions(tmp_path / f"{number}.csv", target) for number in range(3)]
    train = [np.asarray(fold.labels) for fold in folds]
    found = summarise(read, [fold.ids for fold in read], train, resamples=99)
    assert found.folds == [fold.metrics() for fold in folds]
    together = pooled(folds)
    assert together.target == target
    assert found.pooled == together.metrics()
    assert found.pooled == pytest.approx({**found.pooled, **by_hand(together)}, abs=1e-6)
    assert set(found.pooled) == set(found.mean) == set(found.constant) == set(folds[0].metrics())
    assert found.intervals == main_intervals(together, resamples=99)
    for name, bounds in found.intervals.items():
        assert bounds.estimate == found.pooled[name]


@pytest.mark.long
@every_target
def test_a_report_shows_what_the_runs_wrote(target: Target, tmp_path: Path) -> None:
    shape = {"items": ITEMS, "seeds": (1, 2), "epochs": 1, "systems": ["mlcl", "text"]}
    maps = target in (TARGETS["7"], TARGETS["1 to 5"])
    path = write_study(tmp_path / "study", target=target, embeddings=maps, **shape)  # type: ignore[arg-type]
    evidence = read_evidence(path)
    assert evidence.can_be_compared("test")
    summary = summarise_study(evidence, "test", resamples=99)
    kept = {
        name: [json.loads((path / f"runs/{name}/seed-{seed}/metrics.json").read_text())["test"] for seed in (1, 2)]
        for name in ("mlcl", "text")
    }
    for name, runs in kept.items():
        assert summary.values[name] == {metric: [run[metric] for run in runs] for metric in runs[0]}
        assert summary.intervals[name].estimate == pytest.approx(np.mean([run[summary.metric] for run in runs]))
    files = write_report(summary, tmp_path / "report", Words(["words"] * ITEMS), no_maps="")
    table = pd.read_csv(tmp_path / "report/tables/results.csv").set_index("system")
    for name, runs in kept.items():
        for metric in runs[0]:
            assert table.loc[name, metric] == pytest.approx(np.mean([run[metric] for run in runs]), nan_ok=True)
    assert table.loc["mlcl", f"{summary.metric}_low"] == pytest.approx(summary.intervals["mlcl"].low)
    figures = {file.stem for file in files if file.suffix == ".svg"}
    assert ("confusion-mlcl" in figures) == (bool(target.num_classes) or "acc7" in kept["mlcl"][0])
    assert {"truth-mlcl", "ranges", *(["map-mlcl-fused"] if maps else [])} <= figures
    if target.num_classes:
        called, counts = confusion(summary, "mlcl")
        runs = [read_predictions(path / f"runs/mlcl/seed-{seed}/predictions/test.csv", target) for seed in (1, 2)]
        expected = sum(oracle.confusion_matrix(run.labels, run.score.argmax(axis=1)) for run in runs)
        assert np.array_equal(counts, expected)
        rows = list(csv.DictReader(io.StringIO((tmp_path / "report/tables/confusion.csv").read_text("utf-8"))))
        assert (
            [row["true"] for row in rows] == list(called) == list(target.classes or map(str, range(target.num_classes)))
        )
        assert [[int(row[f"predicted {name}"]) for name in called] for row in rows] == expected.tolist()
        markdown = (tmp_path / "report/tables/confusion.md").read_text("utf-8")
        assert {line.replace("\\|", "").count("|") for line in markdown.splitlines() if line.startswith("|")} == {
            target.num_classes + 2
        }
        worst = pd.read_csv(tmp_path / "report/tables/worst.csv", dtype={"label": str})
        assert set(worst["label"]) <= set(called)


@every_target
def test_plain_values_are_the_target_again(target: Target) -> None:
    assert Target.of(json.loads(json.dumps({"sha256": "x", **target.plain()}))) == target
    assert target.kind == ("multi-class" if target.num_classes > 2 else target.task)


@pytest.mark.parametrize(("task", "count"), [("regression", 0), ("classification", 2)])
def test_facts_of_early_runs_say_the_task_alone(task: str, count: int) -> None:
    assert Target.of({"task": task, "name": "mosi.pkl"}) == Target(task, num_classes=count)  # type: ignore[arg-type]


WRONG = {
    "no task": {},
    "other task": {"task": "ranking"},
    "scores of classes": {"task": "regression", "num_classes": 2},
    "one class": {"task": "classification", "num_classes": 1},
    "too many": {"task": "classification", "num_classes": MAX_CLASSES + 1},
    "more than memory": {"task": "classification", "num_classes": 10**9},
    "too few names": {"task": "classification", "num_classes": 3, "classes": ["a", "b"]},
    "range of classes": {"task": "classification", "label_range": [0, 1]},
    "no range": {"task": "regression", "label_range": [1, -1]},
    "endless": {"task": "regression", "label_range": [0, float("inf")]},
    "half a range": {"task": "regression", "label_range": [0]},
    "no number": {"task": "classification", "num_classes": None},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_target_is_refused(case: str) -> None:
    with pytest.raises(ValueError, match=r"task|classes|range"):
        Target.of(WRONG[case])


def test_labels_that_are_no_classes_are_named() -> None:
    classes(3).check(np.array([0, 2, np.nan]))
    scores(-1, 1).check(np.array([-7.5]))
    with pytest.raises(DataError, match="the label 3; labels must be whole numbers from 0 to 2"):
        classes(3).check(np.array([0.0, 3.0]))
    with pytest.raises(DataError, match=r"the label 0\.5; labels must be 0 or 1"):
        classes(2).check(np.array([0.5]))


def test_items_without_a_label_change_nothing() -> None:
    for target in TARGETS.values():
        given = made(target)
        assert given.labels is not None
        score, labels = np.concatenate([given.score, given.score[:1]]), np.append(given.labels, np.nan)
        more = Predictions([*given.ids, "unknown"], target, score, labels)
        assert more.metrics() == given.metrics()
        assert main_intervals(more, resamples=19) == main_intervals(given, resamples=19)


def as_version_0_1_0(file: Path, target: Target) -> None:
    """Take away what version 0.1.0 did not write: more than one probability."""
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    columns = [f"probability_{number}" for number in range(target.num_classes)]
    if target.num_classes > 2:
        table.insert(3, "probability", table[columns].astype(float).max(axis=1).map(repr))
    table.drop(columns=columns).to_csv(file, index=False)


def test_two_classes_of_version_0_1_0_are_read_from_the_one_probability(tmp_path: Path) -> None:
    given = made(TARGETS["2 named"])
    save_predictions(tmp_path / "test.csv", {"test": given})
    as_version_0_1_0(tmp_path / "test.csv", given.target)
    back = read_predictions(tmp_path / "test.csv", given.target)
    assert np.array_equal(back.score[:, 1], given.score[:, 1])
    np.testing.assert_allclose(back.score, given.score, atol=1e-6)
    assert list(back.metrics()) == list(given.metrics())


@pytest.mark.long
@pytest.mark.parametrize("name", ["3", "7"])
def test_more_classes_of_version_0_1_0_have_the_metrics_of_the_chosen_class(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    path = write_study(tmp_path / "study", target=target, items=ITEMS, seeds=(1,), epochs=1, systems=["mlcl", "text"])
    whole = summarise_study(read_evidence(path), "test", resamples=99)
    as_version_0_1_0(path / "runs/text/seed-1/predictions/test.csv", target)
    old = summarise_study(read_evidence(path), "test", resamples=99)
    assert old.metrics == ["accuracy", "f1_weighted", "f1_macro"]
    for system in ("mlcl", "text", "constant"):
        assert old.values[system] == {metric: whole.values[system][metric] for metric in old.metrics}
    assert old.intervals == whole.intervals
    assert np.array_equal(confusion(old, "text")[1], confusion(whole, "text")[1])
    assert "mlcl predict RUN --split test" in build_page(old, Words(), "none").sections[0].lead
    assert build_page(whole, Words(), "none").sections[0].lead == ""
    again = read_predictions(path / "runs/text/seed-1/predictions/test.csv", target)
    save_predictions(tmp_path / "again.csv", {"test": again})
    assert np.array_equal(read_predictions(tmp_path / "again.csv", target).score, again.score, equal_nan=True)


@pytest.mark.parametrize(
    ("column", "cell"),
    [("probability_1", "2"), ("probability_1", "-1"), ("probability_1", "x"), ("label", "3"), ("label", "inf")],
)
def test_a_table_of_other_numbers_is_damaged(column: str, cell: str, tmp_path: Path) -> None:
    target, file = TARGETS["3"], tmp_path / "test.csv"
    save_predictions(file, {"test": made(target)})
    table = pd.read_csv(file, dtype=str)
    table.loc[5, column] = cell
    table.to_csv(file, index=False)
    with pytest.raises(RunError, match=r"test\.csv is missing or damaged"):
        read_predictions(file, target)


def test_a_table_of_another_kind_of_label_is_damaged(tmp_path: Path) -> None:
    save_predictions(tmp_path / "test.csv", {"test": made(TARGETS["-1 to 1"])})
    for name in ("2", "3", "7"):
        with pytest.raises(RunError, match=r"test\.csv is missing or damaged"):
            read_predictions(tmp_path / "test.csv", TARGETS[name])


@every_target
def test_a_run_folder_knows_what_it_has_learnt(target: Target, tmp_path: Path) -> None:
    data = {"name": "mosi", "layout": "mag", "sha256": "", "items": {}, "widths": {}, **target.plain()}
    (tmp_path / "run.json").write_text(json.dumps({"data": data}), encoding="utf-8")
    assert RunFolder(tmp_path).target() == target
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match=r"run\.json is missing or damaged"):
        RunFolder(tmp_path).target()
