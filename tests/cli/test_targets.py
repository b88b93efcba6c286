"""Labels in [-1, 1] and seven classes through every verb: each says what the run itself says."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command import TINY, invoke, refuse, settings, succeed
from label_corpora import SIZES, every_split, labelled, small
from mlcl.data.corpus import Corpus, Split
from mlcl.data.formats.own.folder_writer import write
from mlcl.data.synthetic import PlantedSettings, planted_corpus
from mlcl.studies import running
from mlcl.studies.running import _Children
from mlcl.train.follow.progress import TrainProgress
from tables import read_csv

pytestmark = pytest.mark.long

MOODS = ("very sad", "sad", "rather sad", "calm", "rather glad", "glad", "very glad")
LITTLE = [*TINY, *settings(data__max_length=24, train__epochs=1, train__batch_size=16), "--quiet", "--seed", "1"]
EXPECTED = {
    "sims": {"present": {"mae", "acc2_non0", "acc2_sims", "acc5_sims"}, "absent": {"acc7", "accuracy"}},
    "mood": {"present": {"accuracy", "f1_weighted", "f1_macro", "auroc"}, "absent": {"mae", "precision", "recall"}},
}


def several_labels(corpus: Corpus) -> Corpus:
    """The corpus with its score in the range of CH-SIMS, and cut into seven classes."""
    every = np.concatenate([split.labels for split in corpus.splits.values() if split.labels is not None])
    edges = np.quantile(every, np.arange(1, 7) / 7)

    def split(given: Split) -> Split:
        assert given.labels is not None
        sims = np.round(np.clip(given.labels / 3, -1, 1), 1)
        columns = {"sims": sims, "mood": np.digitize(given.labels, edges).astype(np.float64)}
        return replace(given, labels=sims, columns=columns)

    return replace(every_split(corpus, split), label="sims", label_range=(-1.0, 1.0), label_classes={"mood": MOODS})


class AtOnce(AbstractContextManager[Any]):
    """Runs of a study one after the other in this thread, which alone may listen to signals."""

    def __init__(self, _: int) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def submit(self, call: Callable[..., None], *arguments: object) -> Future[None]:
        done: Future[None] = Future()
        done.set_result(call(*arguments))
        return done


def run_here(_: _Children, arguments: list[str]) -> tuple[int, str]:
    """Run a command of a study in this process, which has read all libraries already."""
    outcome = invoke(*arguments)
    return outcome.code, outcome.err


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with data and, for each label, a run, a cross-validation and a study of two runs."""
    place = tmp_path_factory.mktemp("targets")
    with chdir(place), pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "ThreadPoolExecutor", AtOnce)
        patch.setattr(_Children, "run", run_here)
        write(several_labels(planted_corpus(PlantedSettings(num_train=32, num_dev=12, num_test=24))), place / "data")
        for label in EXPECTED:
            chosen = ["mosi", "--data", "data", *LITTLE, *settings(data__label=label)]
            succeed("train", *chosen, "--model", "text", "--output", label)
            out = succeed("crossvalidate", *chosen, "--model", "text", "--folds", 3, "--output", f"{label}-cv")
            Path(f"{label}-cv.txt").write_text(out, encoding="utf-8")
            study = [word for word in chosen if word not in ("--quiet", "--seed", "1")]
            out = succeed("compare", *study, "--models", "text,late_fusion", "--seeds", 1, "--output", f"{label}-study")
            Path(f"{label}-study.txt").write_text(out, encoding="utf-8")
        yield place


@pytest.fixture(autouse=True)
def _there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


every_label = pytest.mark.parametrize("label", EXPECTED)


def read(path: str) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


@every_label
def test_a_run_has_the_metrics_of_its_label_and_evaluate_gives_them_again(label: str) -> None:
    metrics = read(f"{label}/metrics.json")["test"]
    assert EXPECTED[label]["present"] <= set(metrics)
    assert not EXPECTED[label]["absent"] & set(metrics)
    assert json.loads(succeed("evaluate", label, "--json"))["test"] == pytest.approx(metrics, abs=1e-12)
    bounds = read(f"{label}/run.json")["intervals"]["test"]
    assert bounds
    for name, (low, high) in bounds.items():
        assert low <= metrics[name] <= high


@every_label
def test_predict_writes_what_the_run_wrote(label: str) -> None:
    succeed("predict", label, "--split", "test", "--output", "out.csv")
    table = read_csv(Path("out.csv"))
    pd.testing.assert_frame_equal(table, read_csv(Path(f"{label}/predictions/test.csv")), rtol=0, atol=1e-9)
    if label == "mood":
        probabilities = table[[f"probability_{number}" for number in range(7)]].to_numpy()
        metrics = read("mood/metrics.json")["test"]
        given = probabilities[np.arange(24), table["label"].astype(int)]
        assert metrics["cross_entropy"] == pytest.approx(-np.log(given).mean())
        assert metrics["accuracy"] == (probabilities.argmax(axis=1) == table["label"]).mean()


@every_label
def test_a_cross_validation_is_of_the_label_that_its_folds_have_learnt(label: str) -> None:
    found = read(f"{label}-cv/metrics.json")
    assert found["folds"] == [read(f"{label}-cv/fold-{number}/metrics.json")["test"] for number in (1, 2, 3)]
    names = set(read(f"{label}/metrics.json")["test"])
    assert {*found["pooled"]} == {*found["mean"]} == {*found["constant"]} == names
    table = read_csv(Path(f"{label}-cv/predictions/test.csv"))
    value = (table["prediction"] == table["label"]) if label == "mood" else (table["prediction"] - table["label"]).abs()
    main = "accuracy" if label == "mood" else "mae"
    assert found["pooled"][main] == pytest.approx(value.mean(), rel=1e-12)
    assert found["intervals"][main][0] <= value.mean() <= found["intervals"][main][1]
    assert f"│ {main} " in Path(f"{label}-cv.txt").read_text(encoding="utf-8")
    # The constant of the label that is learnt, not of the one that the file takes by itself.
    assert found["constant"][main] == pytest.approx(constant(label, table), abs=1e-12)


def constant(label: str, table: pd.DataFrame) -> float:
    """What the train part's median, or most frequent class, reaches on the test part of each fold."""
    values = []
    for number in (1, 2, 3):
        test = table.loc[table["fold"] == number]
        dev = set(read_csv(Path(f"{label}-cv/fold-{number}/predictions/dev.csv"))["id"])
        train = table.loc[(table["fold"] != number) & ~table["id"].isin(dev), "label"]
        if label == "mood":
            values += (test["label"] == np.bincount(train.astype(int), minlength=7).argmax()).tolist()
        else:
            values += (test["label"] - np.median(train)).abs().tolist()
    return float(np.mean(values))


@every_label
def test_a_comparison_says_in_words_what_its_runs_reach(label: str) -> None:
    out = " ".join(Path(f"{label}-study.txt").read_text(encoding="utf-8").split())
    main, title = ("accuracy", "Accuracy") if label == "mood" else ("mae", "MAE")
    value = read(f"{label}-study/runs/text/seed-1/metrics.json")["test"][main]
    assert f"On 24 items of test, text reaches {title} {value:.3f} over 1 seed" in out


@every_label
@pytest.mark.parametrize("kind", ["", "-study", "-cv/fold-2"])
def test_a_report_shows_the_metrics_of_the_runs(label: str, kind: str) -> None:
    output = f"report {label}{kind}".replace("/", " ")
    succeed("report", f"{label}{kind}", "--output", output)
    table = pd.read_csv(f"{output}/tables/results.csv").set_index("system")
    runs = {"": {"text": label}, "-cv/fold-2": {"text": f"{label}-cv/fold-2"}}
    systems = runs.get(kind) or {name: f"{label}-study/runs/{name}/seed-1" for name in ("text", "late_fusion")}
    for name, run in systems.items():
        metrics = read(f"{run}/metrics.json")["test"]
        shown = {metric: None if np.isnan(table.loc[name, metric]) else table.loc[name, metric] for metric in metrics}
        assert shown == pytest.approx(metrics, abs=1e-12)
    if label == "mood":
        confusion = pd.read_csv(f"{output}/tables/confusion.csv")
        assert confusion["true"].tolist() == list(MOODS)
        assert "very sad" in Path(f"{output}/figures/confusion-text.svg").read_text(encoding="utf-8")
    else:
        assert not Path(f"{output}/figures/confusion-text.svg").exists()


def test_folds_with_other_classes_are_refused_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes without names are as many as a fold's labels say."""
    monkeypatch.setattr(TrainProgress, "step", None)
    corpus = several_labels(planted_corpus(PlantedSettings(num_train=32, num_dev=12, num_test=24)))
    write(replace(corpus, label_classes={}), Path("unnamed"))
    labels = np.concatenate([split.columns["mood"] for split in corpus.splits.values()])
    most, rest = np.flatnonzero(labels == 6).tolist(), np.flatnonzero(labels < 6).tolist()
    folds = [{"train": rest[10:], "test": rest[:10]}, {"train": rest[:10] + most, "test": rest[10:]}]
    Path("lists.json").write_text(json.dumps({"folds": folds}), encoding="utf-8")
    command = ["crossvalidate", "mosi", "--data", "unnamed", *LITTLE, *settings(data__label="mood"), "--lists"]
    assert "the folds have 6 and 7 classes: name all classes" in refuse(1, *command, "lists.json", "--output", "no")


def test_items_without_the_label_are_left_out_of_every_fold_on_request() -> None:
    write(labelled(small()), Path("rated"))
    command = ["crossvalidate", "mosi", "--data", "rated", *LITTLE, "--model", "text", "--folds", 2, "--by", "item"]
    command += ["--fold-seed", 3, *settings(data__label="rating")]  # the one item of each dev split has the label
    assert "items have no label 'rating'" in refuse(1, *command, "--output", "no")
    succeed(*command, *settings(data__unlabelled="drop"), "--output", "rated-cv")
    table = read_csv(Path("rated-cv/predictions/test.csv"))
    assert len(table) == sum(SIZES.values()) - len(SIZES)
    assert table["label"].between(1, 9).all()
    assert read("rated-cv/metrics.json")["pooled"]["mae"] == pytest.approx(
        (table["prediction"] - table["label"]).abs().mean()
    )
