"""``mlcl crossvalidate``: ordinary runs, one a fold; nothing done twice; a summary that follows from them."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command import SMALL, TINY, files, invoke, refuse, settings, succeed
from comparison import differences
from mlcl.train.follow.progress import TrainProgress
from mlcl.train.state import TrainState
from tables import read_csv
from writers import Data, write_hkt, write_mag

COUNTS = {"train": 15, "dev": 5, "test": 7}
OPTIONS = [*TINY, *SMALL, *settings(train__epochs=1, train__batch_size=8), "--quiet"]


def by_video(data: Data) -> None:
    """Nine videos of three items each, which the file's own splits divide."""
    number = iter(range(99))
    for name, items in data.items():
        data[name] = [(inputs, label, f"v{n % 9}[{n // 9}]") for (inputs, label, _), n in zip(items, number)]  # noqa: B905


def cross_validate(place: str, *options: str) -> str:
    return succeed("crossvalidate", "mosi", "--data", "mag.pkl", *OPTIONS, "--output", place, *options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with data and a finished cross-validation in three folds by video."""
    place = tmp_path_factory.mktemp("folds")
    write_mag(place / "mag.pkl", sizes=COUNTS, edit=by_video)
    with chdir(place):
        out = cross_validate("cv", "--folds", "3")
        (place / "out").write_text(out, encoding="utf-8")
        yield place


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_folder_holds_a_run_for_each_fold_and_the_summary(whole: Path) -> None:
    names = {entry.name for entry in (whole / "cv").iterdir()}
    assert names == {
        *("crossvalidation.yaml", "README.md", "metrics.json", "predictions"),
        *(f"fold-{n}" for n in (1, 2, 3)),
    }
    for number in (1, 2, 3):
        run = whole / "cv" / f"fold-{number}"
        assert {"metrics.json", "config.yaml", "model/README.md", "predictions/dev.csv"} <= set(files(run))
        fold = read(run / "run.json")["data"]["fold"]
        assert fold == {"number": number, "of": 3, "by": "video", "seed": 0, "lists_sha256": None}
        assert f"fold {number} of 3, dealt by video" in (run / "README.md").read_text(encoding="utf-8")


def test_every_item_is_predicted_once_and_by_a_model_that_saw_nothing_of_its_video(whole: Path) -> None:
    table = pd.read_csv(whole / "cv/predictions/test.csv")
    assert list(table) == ["id", "split", "fold", "group", "prediction", "label"]
    assert sorted(table["id"]) == sorted(f"v{n % 9}[{n // 9}]" for n in range(27))
    assert (table["group"] == table["id"].str.partition("[")[0]).all()
    assert (table.groupby("group")["fold"].nunique() == 1).all()
    for number in (1, 2, 3):
        dev = pd.read_csv(whole / f"cv/fold-{number}/predictions/dev.csv")
        tested = set(table.loc[table["fold"] == number, "group"])
        assert not set(dev["id"].str.partition("[")[0]) & tested


def test_the_summary_follows_from_the_folds(whole: Path) -> None:
    found, table = read(whole / "cv/metrics.json"), pd.read_csv(whole / "cv/predictions/test.csv")
    tests = [read(whole / f"cv/fold-{number}/metrics.json")["test"] for number in (1, 2, 3)]
    assert found["folds"] == tests
    for name in ("mae", "acc7"):
        values = [scores[name] for scores in tests]
        assert found["mean"][name] == pytest.approx(np.mean(values))
        assert found["sd"][name] == pytest.approx(np.std(values, ddof=1))
    assert found["pooled"]["mae"] == pytest.approx((table["prediction"] - table["label"]).abs().mean())
    assert set(found["constant"]) == set(found["pooled"])
    assert found["groups"] == {"by": "video", "count": 9}
    assert found["intervals"] == {}  # nine videos are too few
    title = " ".join((whole / "out").read_text(encoding="utf-8").partition("┏")[0].split())
    assert title == "mlcl on mosi, profile default, seed 5576, 3 folds by video"
    card = (whole / "cv/README.md").read_text(encoding="utf-8")
    assert "resamples 9 videos, each with its items" in card
    assert "No video is in two of train, dev and test." in card


def test_a_fold_is_an_ordinary_run(whole: Path) -> None:
    """Evaluated alone, on its own file or a copy, it gives its numbers; on another file it takes that file's splits."""
    known = read(whole / "cv/fold-2/metrics.json")
    shutil.copy(whole / "mag.pkl", whole / "copy.pkl")
    for source in ([], ["--data", "copy.pkl"]):
        for split in ("dev", "test"):
            found = json.loads(succeed("evaluate", "cv/fold-2", "--split", split, "--json", *source))
            assert found[split] == pytest.approx(known[split], rel=1e-6)
    write_mag(whole / "new.pkl", sizes={"train": 3, "dev": 1, "test": 2}, seed=9)
    succeed("predict", "cv/fold-2", "--data", "new.pkl", "--output", "new.csv")
    assert read_csv(whole / "new.csv")["split"].tolist() == ["train"] * 3 + ["dev"] + ["test"] * 2


def test_interrupted_in_a_fold_it_goes_on_there_and_ends_the_same(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step, trainings = TrainProgress.step, 0

    def stop(self: TrainProgress, state: TrainState, steps: int, epochs: int) -> None:
        nonlocal trainings
        step(self, state, steps, epochs)
        trainings += state.step == 1
        if (trainings, state.step) == (2, 1):
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(TrainProgress, "step", stop)
        outcome = invoke("crossvalidate", "mosi", "--data", "mag.pkl", *OPTIONS, "--folds", "3", "--output", "stopped")
    assert outcome.code == 130
    assert outcome.err == (
        "mlcl: fold 2 of 3: stopped in epoch 1, step 1 of 2; go on with mlcl crossvalidate --resume stopped\n"
    )
    assert not Path("stopped/metrics.json").exists()
    first = files(Path("stopped/fold-1"))
    succeed("crossvalidate", "--resume", "stopped", "--quiet")
    assert files(Path("stopped/fold-1")) == first
    for number in (1, 2, 3):
        assert differences(Path(f"cv/fold-{number}"), Path(f"stopped/fold-{number}")) == []
    for name in ("metrics.json", "predictions/test.csv"):
        assert Path("cv", name).read_bytes() == Path("stopped", name).read_bytes()


def test_going_on_with_a_finished_one_trains_nothing(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(whole / "cv")
    monkeypatch.setattr("mlcl.studies.folds.train_run", None)
    succeed("crossvalidate", "--resume", "cv")
    assert files(whole / "cv") == before


def test_a_finished_fold_on_another_file_is_refused(whole: Path) -> None:
    write_mag(whole / "other.pkl", sizes=COUNTS, edit=by_video, seed=3)
    assert "cv/fold-1 was trained on another file than other.pkl" in refuse(
        1, "crossvalidate", "--resume", "cv", "--data", "other.pkl"
    )


def test_a_fold_with_other_items_is_refused(whole: Path) -> None:
    shutil.copytree("cv", "mixed")
    shutil.copy("mixed/fold-1/predictions/test.csv", "mixed/fold-2/predictions/test.csv")
    Path("mixed/fold-2/digests.json").unlink()  # else it is found sooner
    assert "mixed/fold-2 has other test items than its fold" in refuse(1, "crossvalidate", "--resume", "mixed")
    Path("mixed/fold-3/predictions/test.csv").write_text("id\n")
    Path("mixed/fold-3/digests.json").unlink()
    assert "test.csv is missing or damaged" in refuse(1, "crossvalidate", "--resume", "mixed")


def test_progress_names_the_fold(workplace: Path) -> None:
    write_mag(workplace / "mag.pkl", sizes={"train": 6, "dev": 2, "test": 2})
    loud = invoke("crossvalidate", "mosi", "--data", "mag.pkl", *OPTIONS[:-1], "--folds", "2")
    assert [line for line in loud.err.splitlines() if line.startswith("fold")] == ["fold 1 of 2", "fold 2 of 2"]
    assert loud.out.splitlines()[-1] == "cross-validation: runs/mosi-default-5576-folds"


def test_classes_from_lists_of_items(workplace: Path) -> None:
    write_hkt(workplace / "hkt.pkl", sizes={"train": 14, "dev": 4, "test": 6})
    halves = [list(range(12)), list(range(12, 24))]
    folds = [{"train": halves[1], "test": halves[0]}, {"train": halves[0], "test": halves[1]}]
    Path("lists.json").write_text(json.dumps({"folds": folds}), encoding="utf-8")
    data = ["--data", "hkt.pkl", *OPTIONS, "--lists", "lists.json"]
    succeed("crossvalidate", "mustard", *data, "--output", "cv")
    table = pd.read_csv("cv/predictions/test.csv")
    assert table["fold"].tolist() == [1] * 12 + [2] * 12
    assert "probability" in table
    found = read(Path("cv/metrics.json"))
    assert found["pooled"]["accuracy"] == (table["prediction"] == table["label"]).mean()
    assert set(found["intervals"]) == {"accuracy", "f1_weighted", "auroc"}
    assert found["intervals"]["accuracy"][0] <= found["pooled"]["accuracy"] <= found["intervals"]["accuracy"][1]
    assert "the lists of a file" in Path("cv/README.md").read_text(encoding="utf-8")
    Path("cv/fold-2/metrics.json").unlink()
    Path("lists.json").write_text(json.dumps({"folds": [folds[0], {**folds[1], "train": halves[0][1:]}]}))
    outcome = invoke("crossvalidate", "--resume", "cv", "--quiet")
    assert "the lists of folds are not those this run was started with" in outcome.err
    assert "lists 2 folds" in refuse(2, "crossvalidate", "mustard", *data, "--folds", "3")


WRONG = {
    "one fold": (["mosi", "--folds", "1"], "--folds 1: must be at least 2"),
    "more folds than items": (["mosi", "--folds", "28"], "27 items in 27 groups cannot be divided into 28 parts"),
    "unknown grouping": (["mosi", "--by", "day"], "data.fold.by"),
    "no speakers": (["mosi", "--by", "speaker"], "name no speaker"),
    "no recipe": ([], "name a recipe"),
    "one fold named": (["mosi", "--set", "data.fold={number: 1}"], "--set data.fold names one fold"),
    "missing lists": (["mosi", "--lists", "none.json"], "none.json: cannot be read"),
    "resume with more": (["mosi", "--resume", "cv"], "--resume goes on with a cross-validation as it is"),
    "resume with seed": (["--resume", "cv", "--seed", "0"], "--resume goes on with a cross-validation as it is"),
    "resume of a run": (["--resume", "cv/fold-1"], "is no cross-validation"),
    "other training": (["--resume", "cv", "--set", "train.epochs=9"], "folds must be trained alike"),
    "other data": (["--resume", "cv", "--set", "data.modalities=[text]"], "cannot change data.modalities"),
    "in the way": (["mosi", "--output", "cv"], "cv exists and is not empty"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_one_line_and_writes_nothing(whole: Path, case: str) -> None:
    arguments, message = WRONG[case]
    source = ["--data", "mag.pkl", *OPTIONS] if arguments[:1] == ["mosi"] and "--resume" not in arguments else []
    code = 1 if message.startswith(("name no", "none", "is no", "cv exists")) else 2
    assert message in refuse(code, "crossvalidate", *arguments, *source)


def test_a_launch_of_several_processes_is_refused(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "leave torchrun out" in refuse(2, "crossvalidate", "mosi", *OPTIONS)


@pytest.mark.parametrize("content", ["{", "recipe: mosi", ""])
def test_a_damaged_configuration_is_said(workplace: Path, content: str) -> None:
    Path("cv").mkdir()
    Path("cv/crossvalidation.yaml").write_text(content, encoding="utf-8")
    assert "crossvalidation.yaml is damaged" in refuse(1, "crossvalidate", "--resume", "cv")


def test_a_configuration_without_a_fold_is_damaged(whole: Path) -> None:
    Path("odd").mkdir()
    shutil.copy("cv/fold-1/config.yaml", "odd/crossvalidation.yaml")
    text = Path("odd/crossvalidation.yaml").read_text(encoding="utf-8")
    start, end = text.index("  fold:"), text.index("  cache:")
    Path("odd/crossvalidation.yaml").write_text(text[:start] + text[end:], encoding="utf-8")
    assert "it has no data.fold" in refuse(1, "crossvalidate", "--resume", "odd")


def test_an_unknown_key_of_a_fold_names_the_nearest(whole: Path) -> None:
    line = refuse(2, "train", "mosi", "--data", "mag.pkl", "--set", "data.fold={number: 1, seeds: 2}")
    assert "unknown key 'data.fold.seeds'; did you mean 'data.fold.seed'?" in line
