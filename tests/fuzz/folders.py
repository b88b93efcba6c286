"""Run folders, recipe files and studies as they are fuzzed: what reads each, and valid ones to damage."""

import tempfile
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from command import SMALL, TINY, settings, succeed
from fuzz.targets import Files, Rng
from made_study import write_study
from mlcl.report.evidence import read_evidence
from mlcl.report.summary import summarise
from mlcl.runs.folder import RunFolder
from mlcl.runs.trained import TrainedRun

_LARGE = 2**20  # bytes; what is larger is no file of these folders


def read_run(path: Path) -> None:
    """Read what `evaluate` and `predict` read of a run, but for the data."""
    folder = RunFolder.open(path)
    folder.experiment()
    folder.read_facts()
    TrainedRun.load(str(path), device="cpu")


def read_recipe(path: Path) -> None:
    """Resolve a recipe file, as `mlcl config` does."""
    from mlcl.recipe import describe, resolve

    describe(resolve(str(path), changes=["train.epochs=2"]))


def read_study(path: Path) -> None:
    """Read what `report` reads."""
    summarise(read_evidence(path), "test", resamples=19)


@cache
def _trained() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as place, chdir(place):
        succeed("train", "mosi", "--data", "planted:24", *TINY, *SMALL, *settings(train__epochs=1), "--output", "run")
        return _content(Path("run"))


def _content(root: Path) -> dict[str, bytes]:
    files = {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}
    return {name: content for name, content in files.items() if len(content) < _LARGE}


def run_files(seed: int, _: Rng) -> Files:
    """A trained run; only its bytes are damaged."""
    range(12)[seed]  # raises for anything but a seed
    return dict(_trained())


def study_files(seed: int, _: Rng) -> Files:
    """A study of two systems."""
    with tempfile.TemporaryDirectory() as place:
        task = ("regression", "classification")[range(12)[seed] % 2]
        root = write_study(Path(place) / "study", task=task, items=5, seeds=(1, 2), epochs=2, systems=("mlcl", "text"))
        return _content(root)


def recipe_data(seed: int) -> dict[str, Any]:
    """A recipe file."""
    return {
        "extends": ("mosi", "mustard")[seed % 2],
        "profile": "default",
        "settings": {"seed": seed, "data": {"max_length": 64}, "train": {"learning_rate": 1e-3, "epochs": 3}},
        "search": {"train.learning_rate": {"low": 1e-5, "high": 1e-3, "log": True}},
    }


def recipe_file(data: Any, _: Rng) -> Files:
    return {"mine.yaml": yaml.safe_dump(data).encode()}
