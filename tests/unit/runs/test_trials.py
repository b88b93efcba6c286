"""A training for dev: the numbers of ``mlcl train``, nothing kept, and nothing known of the test split."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command import SMALL, TINY, files, settings, succeed
from mlcl.config import Experiment
from mlcl.errors import MlclError
from mlcl.recipe import resolve
from mlcl.runs import prepare as preparing
from mlcl.runs import setup
from mlcl.runs import setup as setting_up
from mlcl.runs.prepare import prepare
from mlcl.runs.stages import DevScore, train_for_dev
from planted import write_planted
from writers import write_hkt, write_mag, write_pickle

Seen = tuple[DevScore, list[tuple[int, float | None]]]
SIZES = {"train": 9, "dev": 5, "test": 6}


def small(file: str, *, recipe: str = "mosi", **changes: Any) -> Experiment:
    chosen = [word for word in [*SMALL, *settings(**changes)] if word != "--set"]
    return resolve(recipe, data=file, text_encoder="tiny", changes=chosen)


def train(experiment: Experiment) -> Seen:
    seen: list[tuple[int, float | None]] = []
    score = train_for_dev(experiment, prepare(experiment, with_test=False), lambda *record: seen.append(record))
    return score, seen


@pytest.mark.parametrize(("recipe", "write"), [("mosi", write_mag), ("mustard", write_hkt)], ids=["mag", "hkt"])
def test_it_gives_the_dev_value_that_a_run_gives_and_keeps_nothing(
    workplace: Path, recipe: str, write: Callable[..., object]
) -> None:
    write(workplace / "data.pkl", sizes=SIZES)
    succeed("train", recipe, "--data", "data.pkl", *TINY, *SMALL, *settings(train__epochs=3), "--output", "run")
    metric = "mae" if recipe == "mosi" else "calibrated_cross_entropy"
    metrics = json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))
    history = [json.loads(line) for line in Path("run/history.jsonl").read_text(encoding="utf-8").splitlines()]
    before = files(workplace)
    score, seen = train(small("data.pkl", recipe=recipe, train__epochs=3))
    assert seen == [(record["epoch"], record["dev"][metric]) for record in history]
    assert score.value == min(value for _, value in seen if value is not None)
    assert score.epochs == 3
    if metric in metrics["dev"]:
        assert score.value == pytest.approx(metrics["dev"][metric], rel=1e-6)
    assert files(workplace) == before


def test_a_trial_trains_with_its_own_values_and_not_with_those_of_the_data(workplace: Path) -> None:
    """The data are prepared once for all trials; options of the model and of training are each trial's own."""
    write_mag(workplace / "data.pkl", sizes=SIZES)
    first, second = small("data.pkl"), small("data.pkl", model__fusion_layers=3, train__learning_rate=0.01)
    prepared, built = prepare(first, with_test=False), []
    with pytest.MonkeyPatch.context() as patch:
        build = setup.build_model
        patch.setattr(setup, "build_model", lambda *given, **named: built.append(build(*given, **named)) or built[-1])
        values = [train_for_dev(one, prepared, lambda *record: None).value for one in (first, second, first)]
    assert [len(model.fusion.layers) for model in built] == [1, 3, 1]
    assert values[0] == values[2] != values[1]


def test_stages_are_trained_first_as_in_a_run(workplace: Path) -> None:
    write_planted(workplace / "data.pkl", train=9, dev=5)
    changes = [word for word in settings(**{"model__acoustic_layers": 1, "model__visual_layers": 1}) if word != "--set"]
    tiny_hkt = ["model.pretrain_epochs=1", "model.max_positions=32", "model.fusion_dim=16", "train.epochs=1"]
    experiment = resolve(
        "mosi", model="hkt", data="data.pkl", text_encoder="tiny", changes=[*changes, *tiny_hkt, "data.max_length=24"]
    )
    with_stages, _ = train(experiment)
    model = experiment.model.model_copy(update={"pretrain_epochs": 0})
    without, _ = train(experiment.model_copy(update={"model": model}))
    assert with_stages.value != without.value


def spoil_labels(data: dict[str, Any]) -> None:
    """Other labels, among them some that are no class, so that the task of the whole file would be another."""
    for number, item in enumerate(data["test"]):
        *rest, label, last = item if len(item) == 3 else (*item, None)
        spoilt = (*rest, label * 0 + 0.5 * number, last)
        data["test"][number] = spoilt if last is not None else spoilt[:-1]


def spoil_rows(data: dict[str, Any]) -> None:
    """Huge rows, with infinities in the last of them."""
    for number, item in enumerate(data["test"]):
        words, *rows = item[0]
        spoilt = [np.full_like(part, 1e6) for part in rows[:-1]] + [np.full_like(rows[-1], np.inf)]
        data["test"][number] = ((words, *spoilt), *item[1:])


def drop_test(data: dict[str, Any]) -> None:
    del data["test"]


def test_first(data: dict[str, Any]) -> None:
    """The test split in front of the others."""
    for name in ("train", "dev"):
        data[name] = data.pop(name)


test_first.__test__ = False  # type: ignore[attr-defined]  # a way to spoil data, and no test


@pytest.mark.parametrize("spoil", [spoil_labels, spoil_rows, drop_test, test_first])
@pytest.mark.parametrize(("recipe", "write"), [("mosi", write_mag), ("mustard", write_hkt)], ids=["mag", "hkt"])
def test_nothing_depends_on_the_test_split(
    workplace: Path, recipe: str, write: Callable[..., dict[str, Any]], spoil: Callable[[dict[str, Any]], None]
) -> None:
    data = write(workplace / "data.pkl", sizes=SIZES)
    whole = train(small("data.pkl", recipe=recipe))
    spoil(data)
    write_pickle(workplace / "spoilt.pkl", data)
    assert train(small("spoilt.pkl", recipe=recipe)) == whole  # bit for bit


@pytest.mark.parametrize("split", ["train", "dev"])
def test_the_same_change_to_another_split_is_seen(workplace: Path, split: str) -> None:
    """The negative control."""
    data = write_mag(workplace / "data.pkl", sizes=SIZES)
    whole = train(small("data.pkl"))
    data["test"], data[split] = data[split], data["test"]
    spoil_labels(data)
    data["test"], data[split] = data[split], data["test"]
    write_pickle(workplace / "spoilt.pkl", data)
    assert train(small("spoilt.pkl")) != whole


@pytest.mark.parametrize("cached", [False, True])
def test_the_test_split_is_gone_before_anything_looks_at_the_corpus(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, cached: bool
) -> None:
    """Only two splits reach the checks, the processor, the cache and the training."""
    write_mag(workplace / "data.pkl", sizes=SIZES)
    monkeypatch.setenv("MLCL_CACHE", str(workplace / "cache"))
    looked: list[list[str]] = []
    check = preparing.check_splits
    monkeypatch.setattr(preparing, "check_splits", lambda corpus: (looked.append(list(corpus.splits)), check(corpus)))
    monkeypatch.setattr(preparing, "TINY", "tiny" if not cached else "none is")
    experiment = small("data.pkl")
    if cached:
        tokenizer = preparing.word_tokenizer(["the", "movie"])
        monkeypatch.setattr(preparing, "load_tokenizer", lambda name: tokenizer)
        prepare(experiment)  # the whole file, in an entry of its own
        looked.clear()
    prepared = prepare(experiment, with_test=False)
    assert looked == [["train", "dev"]]
    assert list(prepared.openers) == ["train", "dev"]
    assert "test" not in prepared.facts["items"]
    stored = [entry for entry in (workplace / "cache").rglob("index.json") if '"test"' not in entry.read_text()]
    assert len(stored) == cached
    assert not [entry for index in stored for entry in index.parent.iterdir() if entry.name.startswith("test.")]


def test_an_opener_of_test_is_refused_and_never_called(workplace: Path) -> None:
    def forbidden() -> Any:
        raise AssertionError("the test split was opened")

    write_mag(workplace / "data.pkl", sizes=SIZES)
    experiment = small("data.pkl", train__epochs=1)
    prepared = prepare(experiment, with_test=False)
    spied = replace(prepared, openers={**prepared.openers, "test": forbidden})
    with pytest.raises(ValueError, match="must not be given a test split"):
        train_for_dev(experiment, spied, lambda epoch, value: None)
    setup = setting_up.set_up(spied, setting_up.torch.device("cpu"))
    assert set(setup.encoded) == {"train", "dev"}


def test_an_error_in_on_epoch_ends_the_training(workplace: Path) -> None:
    write_mag(workplace / "data.pkl", sizes=SIZES)
    experiment = small("data.pkl", train__epochs=5)
    seen: list[int] = []

    def stop(epoch: int, value: float | None) -> None:
        seen.append(epoch)
        if epoch == 2:
            raise KeyError

    with pytest.raises(KeyError):
        train_for_dev(experiment, prepare(experiment, with_test=False), stop)
    assert seen == [1, 2]


def test_an_undefined_metric_is_an_error(workplace: Path) -> None:
    write_mag(workplace / "data.pkl", sizes={"train": 5, "dev": 1})
    with pytest.raises(MlclError, match="dev corr is undefined in every epoch"):
        train(small("data.pkl", train__select_on="corr"))


def test_the_files_are_what_they_seem(workplace: Path) -> None:
    """The spoilt files differ from the whole one in their test split only."""
    data = write_mag(workplace / "data.pkl", sizes=SIZES)
    before = pickle.dumps((data["train"], data["dev"]))
    whole = pickle.dumps(data["test"])
    for spoil in (spoil_labels, spoil_rows):
        spoil(data)
        assert pickle.dumps((data["train"], data["dev"])) == before
        assert pickle.dumps(data["test"]) != whole
