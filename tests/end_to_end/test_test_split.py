"""The test split plays no part before it is read: whatever it holds, all but its own numbers is the same to the bit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import mlcl.runs.train
from command import SMALL, TINY, settings, succeed
from comparison import content, differences
from mlcl.data.batch import EncodedSplit
from mlcl.runs.prepare import Prepared, prepare
from tables import read_csv
from writers import Data, write_mag

pytestmark = pytest.mark.usefixtures("workplace")
COUNTS = {"train": 12, "dev": 6, "test": 6}
OPTIONS = [*SMALL, *settings(train__epochs=3, train__learning_rate=0.01)]
FINAL = {"README.md", "digests.json", "metrics.json", "model/README.md", "predictions/test.csv", "run.json"}
"""What may change: results of the final read, and facts with the file's hash."""


def train(run: str, edit: Callable[[Data], object] | None = None) -> None:
    write_mag(Path(f"{run}.pkl"), sizes=COUNTS, edit=edit)
    Path(f"{run}.pkl").rename("mag.pkl")
    succeed("train", "mosi", "--data", "mag.pkl", *TINY, *OPTIONS, "--quiet", "--output", run)


def spoil(split: str, *, labels: bool) -> Callable[[Data], object]:
    """Replace the labels, or the words and rows, of a split."""
    rng = np.random.default_rng(7)

    def edit(data: Data) -> None:
        data[split] = [
            ((words, visual, acoustic), -label, name) if labels else (_noise(words, visual, acoustic, rng), label, name)
            for (words, visual, acoustic), label, name in data[split]
        ]

    return edit


def _noise(words: list[str], visual: NDArray[Any], acoustic: NDArray[Any], rng: np.random.Generator) -> tuple[Any, ...]:
    """Other words, of which the train split has none, and rows a thousand times as large."""
    rows = [(1e3 * rng.normal(size=part.shape)).astype(np.float32) for part in (visual, acoustic)]
    return [f"unheard{index}" for index in range(len(words))], *rows


def metrics(run: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(run, "metrics.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "rows"])
def test_a_spoilt_test_split_changes_nothing_but_its_own_numbers(labels: bool) -> None:
    train("right")
    train("wrong", spoil("test", labels=labels))
    assert set(differences(Path("right"), Path("wrong"))) == FINAL
    right, wrong = content(Path("right")), content(Path("wrong"))
    for same in ("history.jsonl", "checkpoint.pt", "model/model.safetensors", "processor/processor.json"):
        assert right[same] == wrong[same], same
    assert right["predictions/dev.csv"] == wrong["predictions/dev.csv"]
    assert right["run.json"][0]["selection"] == wrong["run.json"][0]["selection"]
    assert metrics("right")["dev"] == metrics("wrong")["dev"]
    assert metrics("right")["test"] != metrics("wrong")["test"]
    tables = [read_csv(Path(run, "predictions/test.csv")) for run in ("right", "wrong")]
    assert tables[0]["prediction"].equals(tables[1]["prediction"]) is labels
    assert tables[0]["label"].equals(tables[1]["label"]) is not labels


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "rows"])
def test_a_spoilt_dev_split_does_change_the_history(labels: bool) -> None:
    """Negative control: the same damage to dev, which training does read, is seen."""
    train("right")
    train("wrong", spoil("dev", labels=labels))
    assert "history.jsonl" in differences(Path("right"), Path("wrong"))


def test_test_is_opened_after_the_last_epoch_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def watched(*arguments: Any) -> Prepared:
        prepared = prepare(*arguments)
        opener = prepared.openers["test"]

        def open_test() -> EncodedSplit:
            seen.append(len(Path("run/history.jsonl").read_text(encoding="utf-8").splitlines()))
            return opener()

        prepared.openers["test"] = open_test
        return prepared

    monkeypatch.setattr(mlcl.runs.train, "prepare", watched)
    train("run")
    assert seen == [3]
