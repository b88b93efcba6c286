"""Files of the wider field through the command line: train, evaluate and predict, nothing but ``--data`` changed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command import SIZES, SMALL, TINY, succeed
from tables import read_csv
from writers import write_pickle
from writers_arrays import misa_data, mmsa_data

pytestmark = pytest.mark.usefixtures("workplace")


def _folder(path: Path) -> None:
    path.mkdir()
    for name, items in misa_data(SIZES).items():
        write_pickle(path / f"{name}.pkl", items)


def _without(key: str, data: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {part: value for part, value in split.items() if key not in part} for name, split in data.items()}


FILES = {
    "mmsa unaligned": lambda path: write_pickle(path, mmsa_data(SIZES)),
    "mmsa aligned": lambda path: write_pickle(path, mmsa_data(SIZES, aligned=True)),
    "mmsa padded before": lambda path: write_pickle(path, mmsa_data(SIZES, front=True)),
    "mmsa sims": lambda path: write_pickle(path, mmsa_data(SIZES, sims=True)),
    "mmsa without vision": lambda path: write_pickle(path, _without("vision", mmsa_data(SIZES))),
    "misa": lambda path: write_pickle(path, misa_data(SIZES)),
    "misa mosei": lambda path: write_pickle(path, misa_data(SIZES, labels=7)),
    "misa folder": _folder,
}


@pytest.mark.parametrize("name", FILES)
def test_train_evaluate_predict(name: str) -> None:
    FILES[name](Path("data"))
    succeed("train", "mosi", "--data", "data", *TINY, *SMALL, "--quiet", "--output", "run")
    metrics = json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))
    assert set(metrics) == {"dev", "test"}
    assert json.loads(succeed("evaluate", "run", "--json"))["test"] == pytest.approx(metrics["test"], abs=1e-6)
    succeed("predict", "run", "--data", "data", "--split", "test", "--output", "out.csv")
    assert read_csv(Path("out.csv")).equals(read_csv(Path("run/predictions/test.csv")))


def test_one_clip_is_predicted() -> None:
    write_pickle(Path("data.pkl"), mmsa_data(SIZES))
    succeed("train", "mosi", "--data", "data.pkl", *TINY, *SMALL, "--quiet", "--output", "run")
    rng = np.random.default_rng(0)
    clip = {"raw_text": "not good at all", "audio": rng.normal(size=(9, 5)), "vision": rng.normal(size=(4, 3))}
    write_pickle(Path("clip.pkl"), clip)
    succeed("predict", "run", "--data", "clip.pkl", "--split", "test", "--output", "out.csv")
    assert len(read_csv(Path("out.csv"))) == 1
