"""The run folder: what ``mlcl train`` leaves, for every recipe in both profiles."""

import json
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

import mlcl.data.source
from command import SIZES, SMALL, TINY, files, succeed
from mlcl import MLCLModel
from mlcl.data.synthetic import PlantedSettings
from mlcl.recipe import resolve
from writers import write_hkt, write_mag

FILES = {
    *("config.yaml", "run.json", "history.jsonl", "metrics.json", "README.md", "checkpoint.pt", "digests.json"),
    *("model", "model/config.json", "model/model.safetensors", "model/README.md"),
    *("processor", "processor/processor.json", "processor/tokenizer.json", "processor/tokenizer_config.json"),
    *("predictions", "predictions/dev.csv", "predictions/test.csv"),
}
# The names of PROTOCOL.md, and the squared error, which the release selects on.
REGRESSION = {
    *("mse", "mae", "corr", "mae_nonzero", "corr_nonzero", "acc7", "acc5"),
    *("acc2_has0", "f1_has0", "acc2_non0", "f1_non0"),
}
CLASSIFICATION = {"cross_entropy", "accuracy", "f1_weighted", "f1_macro", "precision", "recall", "auroc", "ece"}
RECIPES = {"demo": "planted", "mosi": "mag.pkl", "mosei": "mag.pkl", "ur_funny": "hkt.pkl", "mustard": "hkt.pkl"}


class Trained(NamedTuple):
    """A finished training: its recipe, profile, folder and output."""

    recipe: str
    profile: str
    folder: Path
    out: str

    def read(self, name: str) -> Any:
        """A JSON file of the folder."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def history(self) -> list[Any]:
        return [json.loads(line) for line in (self.folder / "history.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module", params=[(r, p) for r in RECIPES for p in ("default", "release")], ids="-".join)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    recipe, profile = request.param
    place = tmp_path_factory.mktemp("train")
    write_mag(place / "mag.pkl", sizes=SIZES)
    write_hkt(place / "hkt.pkl", sizes=SIZES)
    source = [] if recipe == "demo" else ["--data", RECIPES[recipe], *TINY]
    with chdir(place), pytest.MonkeyPatch.context() as patch:
        few = partial(PlantedSettings, num_train=9, num_dev=5, num_test=5)
        patch.setattr(mlcl.data.source, "PlantedSettings", few)
        out = succeed("train", recipe, "--profile", profile, *source, *SMALL)
        yield Trained(recipe, profile, place / "runs" / f"{recipe}-{profile}-5576", out)


def test_run_folder_is_complete_and_holds_nothing_else(trained: Trained) -> None:
    assert set(files(trained.folder)) == FILES


def test_metrics_have_the_names_of_the_protocol(trained: Trained) -> None:
    metrics = trained.read("metrics.json")
    names = REGRESSION if trained.recipe in ("demo", "mosi", "mosei") else CLASSIFICATION
    assert {split: set(values) for split, values in metrics.items()} == {"dev": names, "test": names}
    assert all(value is None or np.isfinite(value) for values in metrics.values() for value in values.values())


@pytest.mark.parametrize("split", ["dev", "test"])
def test_metrics_follow_from_the_predictions(trained: Trained, split: str) -> None:
    table = pd.read_csv(trained.folder / "predictions" / f"{split}.csv")
    metrics = trained.read("metrics.json")[split]
    assert len(table) == SIZES[split]
    assert (table["split"] == split).all()
    assert table["id"].is_unique
    if "mae" in metrics:
        assert metrics["mae"] == pytest.approx((table["prediction"] - table["label"]).abs().mean(), rel=1e-12)
    else:
        assert metrics["accuracy"] == (table["prediction"] == table["label"]).mean()
        assert (table["prediction"] == (table["probability"] > 0.5)).all()


def test_history_has_each_epoch_and_the_best_one_by_dev_is_kept(trained: Trained) -> None:
    history = trained.history()
    facts, metrics = trained.read("run.json"), trained.read("metrics.json")
    name = facts["selection"]["metric"]
    assert [record["epoch"] for record in history] == [1, 2]
    best = min(history, key=lambda record: record["dev"][name])
    assert facts["selection"] == {"metric": name, "epoch": best["epoch"], "epochs": 2, "reads": [2]}
    assert [record["epoch"] for record in history if record["best"]][-1] == best["epoch"]
    for metric, value in metrics["dev"].items():
        assert best["dev"][metric] == pytest.approx(value, rel=1e-5), metric


def test_history_has_the_loss_and_all_ten_terms(trained: Trained) -> None:
    options = yaml.safe_load((trained.folder / "config.yaml").read_text(encoding="utf-8"))["model"]
    for record in trained.history():
        terms = dict(record["train"])
        loss, task = terms.pop("loss"), terms.pop("task")
        heads = [terms.pop(name) for name in list(terms) if name.startswith("head_")]
        assert (len(terms), len(heads)) == (9, 0 if options["modality_heads"] == "none" else 3)
        task += options["heads_weight"] * float(np.mean(heads)) if heads else 0
        levels = {level: sum(v for k, v in terms.items() if k.startswith(level)) for level in ("umcl", "bmcl", "tmcl")}
        assert loss == pytest.approx(task + sum(options[f"{k}_weight"] / 3 * v for k, v in levels.items()), rel=1e-5)


def test_config_keeps_every_setting(trained: Trained) -> None:
    kept = yaml.safe_load((trained.folder / "config.yaml").read_text(encoding="utf-8"))
    expected = resolve(
        trained.recipe,
        profile=trained.profile,
        data=RECIPES[trained.recipe],
        text_encoder="tiny",
        device="auto",
        changes=SMALL[1::2],
    )
    assert kept == expected.model_dump(mode="json")


def test_run_folder_names_no_path_and_no_machine(trained: Trained) -> None:
    text = {name: data.decode(errors="replace") for name, data in files(trained.folder).items() if data is not None}
    del text["checkpoint.pt"], text["model/model.safetensors"]
    place = trained.folder.parents[1]
    words = [str(place), place.name, str(Path.home()), str(Path(__file__).parents[2])]
    for name, content in text.items():
        assert not [word for word in words if word in content], name
        assert not re.search(rf"(?<![\w-]){re.escape(socket.gethostname())}(?![\w-])", content), name


def test_card_states_the_result_and_its_inputs(trained: Trained) -> None:
    card, facts = (trained.folder / "README.md").read_text(encoding="utf-8"), trained.read("run.json")
    metric, value = next(iter(trained.read("metrics.json")["test"].items()))
    assert re.search(rf"^\| `{metric}` \| [\d.]+ \| {value:.3f} \|", card, re.MULTILINE)
    assert facts["data"]["sha256"] in card
    assert facts["text_encoder"]["sha256"] in card
    assert ("reproduction of the authors' release" in card) == (trained.profile == "release")


def test_output_is_the_result_table_and_the_folder(trained: Trained) -> None:
    title, *_, last = trained.out.splitlines()
    assert title.split() == ["mlcl", "on", f"{trained.recipe},", "profile", f"{trained.profile},", "seed", "5576"]
    assert last == f"run folder: runs/{trained.recipe}-{trained.profile}-5576"
    for metric in trained.read("metrics.json")["test"]:
        assert f" {metric} " in trained.out
    assert max(map(len, trained.out.splitlines())) <= 100


def test_model_folder_loads_anywhere(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.folder / "model", tmp_path / "model")
    weights, again = (
        MLCLModel.from_pretrained(str(f)).state_dict() for f in (trained.folder / "model", tmp_path / "model")
    )
    assert all(torch.equal(weights[name], again[name]) for name in weights)
