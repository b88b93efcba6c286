"""``mlcl report``: of trained runs, with and without their words, from the command line to the files."""

import json
import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from command import SIZES, SMALL, TINY, files, refuse, succeed
from mlcl import TrainedRun
from mlcl.data.formats import read_corpus
from mlcl.evaluate.evaluator import constant_predictions
from writers import write_mag

CANARY = "kookaburra"
SETTINGS = {"mlcl": SMALL, "late_fusion": ["--set", "train.epochs=1", "--set", "model.d_model=16"]}


def plant(data: Any) -> None:
    """Put a word that occurs nowhere else into every test item."""
    for (words, *_), *_ in data["test"]:
        words[0] = CANARY


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with a study of two trained runs."""
    place = tmp_path_factory.mktemp("report")
    with chdir(place):
        write_mag(place / "data.pkl", sizes=SIZES, edit=plant)
        plan: dict[str, Any] = {"kind": "compare", "title": "Two on a tiny file", "recipe": "mosi", "seeds": [1]}
        plan |= {"reference": "mlcl", "systems": [{"name": n, "label": n, "model": n} for n in SETTINGS]}
        for name, chosen in SETTINGS.items():
            folder = place / "study" / "runs" / name / "seed-1"
            succeed(
                "train", "mosi", "--model", name, "--data", "data.pkl", *TINY, *chosen, "--seed", 1, "--output", folder
            )
        (place / "study" / "study.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
        yield place


@pytest.fixture(autouse=True)
def _there(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(place)
    yield
    shutil.rmtree(place / "study" / "report", ignore_errors=True)


def texts(folder: Path) -> str:
    """Everything that the report wrote, as one text."""
    return "\n".join(str(content, "utf-8") for content in files(folder).values() if content is not None)


def test_words_are_left_out_unless_a_data_file_is_given(place: Path) -> None:
    folder = place / "study" / "report"
    out = succeed("report", "study")
    assert out.startswith("study/report/report.html and ")
    assert CANARY not in texts(folder)
    assert "make them with --embeddings" in texts(folder)
    succeed("report", "study", "--data", "data.pkl", "--no-texts")
    assert CANARY not in texts(folder)
    assert "Words and ids are left out on request." in texts(folder)
    ids = read_corpus("data.pkl").splits["test"].ids
    assert not any(identifier in texts(folder) for identifier in ids)
    succeed("report", "study", "--data", "data.pkl")
    assert CANARY in texts(folder)
    assert any(identifier in texts(folder) for identifier in ids)
    succeed("report", "study")
    assert CANARY not in texts(folder), "an earlier report's words are gone"


def test_a_trained_study_has_its_constant_and_its_geometry(place: Path) -> None:
    succeed("report", "study", "--output", "elsewhere")
    text = texts(place / "elsewhere")
    assert "not recorded by these runs" not in text
    assert "geometry-mlcl-alignment" in text
    assert "geometry-mlcl-uniformity" in text
    assert "geometry-late_fusion" not in text
    assert 'aria-label="Fused embeddings: uniformity over epochs' in text
    run = TrainedRun.load("study/runs/mlcl/seed-1")
    corpus = run.corpus()
    constant = constant_predictions(corpus.splits["train"].labels, run.predictions(corpus, "test"))  # type: ignore[arg-type]
    assert run.folder.read_facts()["constant"] == [constant.score[0]]
    (history,) = (place / "study/runs/mlcl/seed-1/history.jsonl").read_text("utf-8").splitlines()[-1:]
    assert set(json.loads(history)["geometry"]) == {"fused", "umcl", "bmcl", "tmcl"}


def test_embeddings_are_computed_once_and_are_the_model_s(place: Path) -> None:
    kept = [place / f"study/runs/{name}/seed-1/embeddings/test.npz" for name in SETTINGS]
    succeed("report", "study", "--embeddings")
    figures = {file.stem for file in (place / "study/report/figures").iterdir()}
    assert {"map-mlcl-fused", "map-mlcl-umcl", "map-mlcl-bmcl", "map-mlcl-tmcl", "map-late_fusion-fused"} <= figures
    before = [file.stat().st_mtime_ns for file in kept]
    (place / "data.pkl").rename("gone.pkl")
    succeed("report", "study", "--embeddings")  # needs no data any more
    (place / "gone.pkl").rename("data.pkl")
    assert [file.stat().st_mtime_ns for file in kept] == before
    run = TrainedRun.load("study/runs/mlcl/seed-1")
    encoded = run.encode(run.corpus(), "test")
    with np.load(kept[0], allow_pickle=False) as stored:
        assert stored["ids"].tolist() == encoded.ids
        assert {name: stored[name].dtype for name in stored if name != "ids"} == dict.fromkeys(
            ("fused", "umcl", "bmcl", "tmcl"), np.float32
        )
        one = run.model(**encoded.batch(np.array([3])).inputs(labels=False)).embedding
        np.testing.assert_allclose(stored["fused"][3], one.detach().numpy()[0], rtol=1e-4, atol=1e-5)


def test_embeddings_of_other_items_are_refused(place: Path) -> None:
    file = place / "study/runs/mlcl/seed-1/embeddings/dev.npz"
    file.parent.mkdir(exist_ok=True)
    np.savez(file, ids=np.array(["a", "b"]), fused=np.zeros((2, 3), np.float32))
    line = refuse(1, "report", "study", "--split", "dev")
    assert "embeddings are of other items" in line
    file.unlink()


def test_a_single_run_has_a_report_too(place: Path) -> None:
    succeed("report", "study/runs/late_fusion/seed-1", "--output", "single")
    text = (place / "single/report.html").read_text("utf-8")
    assert "Single run" in text
    assert "Text only" in text
    assert not (place / "single/tables/comparison.csv").exists()


def test_another_data_file_is_refused(place: Path) -> None:
    write_mag(place / "other.pkl", sizes=SIZES, seed=1)
    assert "its hash differs" in refuse(1, "report", "study", "--data", "other.pkl")
    shutil.rmtree(place / "study/runs/mlcl/seed-1/embeddings", ignore_errors=True)
    assert "not the file" in refuse(1, "report", "study", "--data", "other.pkl", "--no-texts", "--embeddings")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere"], 1, "neither a study"),
        (["study", "--split", "tset"], 1, "did you mean 'test'"),
        (["study", "--output", "data.pkl"], 2, "this is a file"),
        (["study", "--output", "study"], 2, "other files"),
        (["study", "--output", "a/b"], 2, "there is no folder a"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(arguments: list[str], code: int, said: str) -> None:
    assert said in refuse(code, "report", *arguments)
