"""The cards: a head that the Hugging Face hub's own reader takes, and what a reader must know."""

import re
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard, ModelCardData

from mlcl.config import DataConfig, Experiment, FoldConfig
from mlcl.runs.card import LIMITS, model_card, run_card
from mlcl.runs.front_matter import front_matter, on_hub
from mlcl.score_table import Scores
from mlcl.train.follow.tracking import run_name

FACTS: dict[str, Any] = {
    "data": {
        "name": "a: 'file'.pkl",
        "layout": "mag",
        "sha256": "ab" * 32,
        "task": "regression",
        "items": {"train": 9, "dev": 5, "test": 4},
        "widths": {"acoustic": 5},
    },
    "text_encoder": {"name": "enc", "parameters": 1234567, "sha256": "cd" * 32},
    "model": {
        "name": "mlcl",
        "title": "Multi-level contrastive learning",
        "paper": "A paper",
        "native": ["regression"],
        "other_labels": "",
        "class": "MLCLModel",
    },
    "parameters": 7654321,
    "versions": {"mlcl": "0.1.0"},
    "machine": "cpu",
    "selection": {"metric": "mae", "epoch": 2, "epochs": 3},
    "seconds": 12.4,
    "peak_memory_bytes": 3 * 2**20,
}
SCORES: dict[str, Scores] = {
    "dev": {"mae": 1.25, "corr": None},
    "test": {"mae": 1.5, "corr": 0.25},
    "constant, test": {"mae": 1.75, "corr": None},
}
INTERVALS = {"test": {"mae": (1.25, 1.75)}}


def experiment(**options: Any) -> Experiment:
    values = {"recipe": "mosi", "profile": "default", "seed": 5, "text_encoder": "tiny", "data": DataConfig(file="x")}
    return Experiment(**{**values, **options})


def head(card: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return values


@pytest.mark.parametrize("write", [run_card, model_card])
def test_the_hub_reads_results_and_intervals_from_the_head(write: Any) -> None:
    data = ModelCard(write(experiment(), FACTS, SCORES, INTERVALS)).data
    assert (data.library_name, data.license, data.model_name) == ("mlcl", "other", "mlcl-mosi-default-5")
    assert data.eval_results is not None
    found = {(r.dataset_split, r.metric_type): r for r in data.eval_results}
    assert {key: r.metric_value for key, r in found.items()} == {
        ("dev", "mae"): 1.25,
        ("test", "mae"): 1.5,
        ("test", "corr"): 0.25,
    }
    mae = found["test", "mae"]
    assert mae.metric_args == {"interval": "95 % BCa over items", "low": 1.25, "high": 1.75}
    assert (mae.task_type, mae.dataset_type, mae.dataset_name) == ("multimodal-regression", "mosi", "a: 'file'.pkl")
    assert mae.dataset_args == {"sha256": "ab" * 32}
    assert found["dev", "mae"].metric_args is None


def test_the_head_survives_the_hub_s_own_writer() -> None:
    values = head(front_matter(experiment(), FACTS, {"test": SCORES["test"]}, INTERVALS))
    again = yaml.safe_load(ModelCardData(**{k: v for k, v in values.items() if k != "model-index"}).to_yaml())
    assert again == {k: v for k, v in values.items() if k != "model-index"}
    assert values["datasets"] == ["mosi"]
    assert values["metrics"] == ["mae", "corr"]
    assert "mlcl" in values["tags"]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("bert-base-uncased", True),
        ("sentence-transformers/all-MiniLM-L6-v2", True),
        ("tiny", False),
        ("/somewhere/bert", False),
        ("../bert", False),
        ("a/b/c", False),
        ("here", False),
    ],
)
def test_only_a_hub_name_becomes_the_base_model(
    name: str, known: bool, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    assert on_hub(name) is known
    values = head(front_matter(experiment(text_encoder=name), FACTS, {}, {}))
    assert values.get("base_model") == (name if known else None)


def test_the_run_s_card_says_what_a_reader_must_know() -> None:
    card = run_card(experiment(), FACTS, SCORES, INTERVALS)
    for text in ("ab" * 32, "cd" * 32, "train 9, dev 5, test 4", "the file's own", "3 MiB", "12 s", LIMITS):
        assert text in card
    assert "| `mae` | 1.500 [1.250, 1.750] |" in card
    assert "default, 5" in card
    assert re.search(r"^\| `corr` \| n/a \| 0\.250 \| n/a \|$", card, re.MULTILINE)
    assert "mlcl predict" in card
    assert 'TrainedRun.load("' in card


def test_without_intervals_none_is_spoken_of() -> None:
    assert "Interval" not in run_card(experiment(), FACTS, SCORES)
    assert "Interval" not in run_card(experiment(), FACTS, SCORES, {"test": {}})


def test_unknown_memory_is_called_so_and_a_fold_is_named() -> None:
    data = DataConfig(file="x", fold=FoldConfig(number=2, of=5, by="video", seed=3))
    fold = {"number": 2, "of": 5, "by": "video", "seed": 3, "lists_sha256": None}
    facts = {**FACTS, "peak_memory_bytes": None, "data": {**FACTS["data"], "fold": fold}}
    card = run_card(experiment(data=data), facts, SCORES)
    assert "| peak memory | unknown |" in card
    assert "fold 2 of 5, dealt by video, seed 3" in card
    assert run_name(experiment(data=data)) == "mlcl-mosi-default-5-fold-2"
    listed = {**facts, "data": {**facts["data"], "fold": {**fold, "lists_sha256": "ef"}}}
    assert "fold 2 of 5, lists of items" in run_card(experiment(data=data), listed, SCORES)


def test_the_model_s_card_says_how_to_load_it_and_nothing_of_the_machine() -> None:
    card = model_card(experiment(), FACTS, SCORES)
    assert "from mlcl.models import MLCLModel" in card
    assert 'MLCLModel.from_pretrained("FOLDER")' in card
    assert LIMITS in card
    assert "12 s" not in card


@pytest.mark.parametrize("write", [run_card, model_card])
def test_an_adaptation_is_called_so(write: Any) -> None:
    model = {**FACTS["model"], "native": [], "other_labels": "seven emotions"}
    assert "never trained it for regression, but on seven emotions" in write(
        experiment(), {**FACTS, "model": model}, SCORES
    )
    assert "Adaptation" not in write(experiment(), FACTS, SCORES)
