"""Every model takes every kind of real file with a real text encoder: one epoch on its first items."""

import json
import os
import pickle
from pathlib import Path

import pytest

from command import settings, succeed
from mlcl.models.registry import MODELS

pytestmark = pytest.mark.long

DATA = Path(os.environ.get("MLCL_DATA") or Path(__file__).parents[3] / "shared" / "data")
ENCODER = Path(os.environ.get("MLCL_TEXT_ENCODER") or Path.home() / ".cache" / "mlcl-assets" / "minilm")
FILES = {
    "mosi/mosi_text_audio.pkl": "mosi",
    "mosi/mosi_three_modalities.pkl": "mosi",
    "sarcasm_humor/sarcasm130_hkt.pkl": "mustard",
    "sarcasm_humor/humor30_hkt.pkl": "ur_funny",
}
FIRST = {"train": 24, "dev": 8, "test": 8}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", MODELS)
def test_one_epoch_on_the_first_items(name: str, file: str, workplace: Path) -> None:
    if not (DATA / file).is_file() or not (ENCODER / "config.json").is_file():
        pytest.skip("set MLCL_DATA and MLCL_TEXT_ENCODER to the real files and a text encoder")
    data = pickle.loads((DATA / file).read_bytes())
    splits = {"train": "train", "dev": "dev", "valid": "dev", "test": "test"}
    first = {split: items[: FIRST[splits[split]]] for split, items in data.items()}
    (workplace / "first.pkl").write_bytes(pickle.dumps(first))
    options = settings(train__epochs=1, train__batch_size=8, **({"model__pretrain_epochs": 1} if name == "hkt" else {}))
    arguments = ["--data", "first.pkl", "--text-encoder", ENCODER, *options, "--quiet", "--output", "run"]
    succeed("train", FILES[file], "--model", name, *arguments)
    history = [json.loads(line) for line in Path("run/history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(history) == 1
    assert 0 < history[0]["train"]["loss"] < 20
