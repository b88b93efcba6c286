"""The same from Python: a run folder like the command line's, and what can be asked of it."""

import json
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModel

import mlcl
from command import SIZES, SMALL, TINY, TINY_MODEL, succeed
from mlcl.errors import DataError, RunError, UsageError
from writers import write_mag

VALUES: dict[str, Any] = {key.replace("__", "."): value for key, value in TINY_MODEL.items()}
VALUES |= {"train": {"epochs": 2, "batch_size": 4, "eval_batch_size": 4}}
VARYING = {"run.json", "README.md", "history.jsonl", "checkpoint.pt"}  # they hold times


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with a data file, a run of the command line, and the same of Python."""
    place = tmp_path_factory.mktemp("python")
    with chdir(place):
        write_mag(place / "mosi.pkl", sizes=SIZES)
        succeed("train", "mosi", "--data", "mosi.pkl", *TINY, *SMALL, "--seed", 3, "--output", "command")
        threads = torch.get_num_threads()
        mlcl.train(
            "mosi", data="mosi.pkl", text_encoder="tiny", seed=3, settings=VALUES, output="python", device="auto"
        )
        assert torch.get_num_threads() == threads
        yield place


@pytest.fixture(autouse=True)
def _there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


def contents(run: str) -> dict[str, bytes]:
    files = {str(path.relative_to(run)): path.read_bytes() for path in Path(run).rglob("*") if path.is_file()}
    return {name: content for name, content in files.items() if Path(name).name not in VARYING}


def test_the_run_folder_is_that_of_the_command_line() -> None:
    assert contents("python") == contents("command")
    assert {path.name for path in Path("python").iterdir()} == {path.name for path in Path("command").iterdir()}


def test_a_run_evaluates_and_predicts_as_the_command_line_does() -> None:
    run = mlcl.TrainedRun.load(Path("python"))
    metrics = json.loads(Path("python/metrics.json").read_text(encoding="utf-8"))
    assert (run.evaluate("test"), run.evaluate("dev")) == (metrics["test"], metrics["dev"])
    succeed("predict", "command", "--data", "mosi.pkl", "--output", "command.csv")
    for data in ("mosi.pkl", Path("mosi.pkl"), mlcl.read_corpus("mosi.pkl"), None):
        run.predict(data).to_csv("python.csv")
        assert Path("python.csv").read_bytes() == Path("command.csv").read_bytes()
    test = run.predict(split="test")
    assert list(test["split"].unique()) == ["test"]
    assert test.index.name == "id"


def test_whatever_opens_a_model_folder_opens_that_of_a_run() -> None:
    run = mlcl.TrainedRun.load("python")
    for model in (mlcl.AutoMultimodalModel.from_pretrained("python/model"), AutoModel.from_pretrained("python/model")):
        assert type(model) is mlcl.MLCLModel
        assert all(torch.equal(value, run.model.state_dict()[name]) for name, value in model.state_dict().items())


def test_a_folder_of_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"holds a model of type 'bert'; allowed: mlcl, mlcl_mag, "):
        mlcl.AutoMultimodalModel.from_pretrained(tmp_path)


def test_what_is_wrong_is_an_error_of_the_package() -> None:
    with pytest.raises(UsageError, match=r"unknown key 'train\.epoch'; did you mean 'train\.epochs'"):
        mlcl.train("mosi", data="mosi.pkl", text_encoder="tiny", settings={"train": {"epoch": 2}})
    with pytest.raises(RunError, match="exists and is not empty"):
        mlcl.train("mosi", data="mosi.pkl", text_encoder="tiny", settings=VALUES, output="python")
    with pytest.raises(mlcl.MlclError, match=r"nothing\.pkl: no such file"):
        mlcl.train("mosi", data="nothing.pkl", text_encoder="tiny")
    corpus = mlcl.read_corpus("mosi.pkl")
    bare = corpus.with_splits({name: replace(split, labels=None) for name, split in corpus.splits.items()})
    with pytest.raises(DataError, match="split test has no labels to score"):
        mlcl.TrainedRun.load("python").evaluate(data=bare)
