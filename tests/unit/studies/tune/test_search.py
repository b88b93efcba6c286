"""Search spaces: closed, checked against the experiment, and around its own values."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlcl.errors import UsageError
from mlcl.options import OPTIONS
from mlcl.recipe import read_search, recipe_names, resolve
from mlcl.studies.tune.search import Choices, Range, describe_search, flat, search_space, with_values

RATE = "train.learning_rate"


def write(path: Path, search: dict[str, Any], **others: Any) -> str:
    path.write_text(yaml.safe_dump({"extends": "mosi", "model": "text", **others, "search": search}))
    return str(path)


def space_of(path: Path, search: dict[str, Any], fixed: list[str] | None = None, **others: Any) -> Any:
    file = write(path / "own.yaml", search, **others)
    return search_space(resolve(file, changes=fixed), file, fixed)


@pytest.mark.parametrize("model", OPTIONS)
@pytest.mark.parametrize("recipe", recipe_names())
@pytest.mark.parametrize("profile", ["default", "release"])
def test_every_recipe_and_model_can_be_searched_around_its_own_values(recipe: str, model: str, profile: str) -> None:
    experiment = resolve(recipe, model=model, profile=profile)
    space = search_space(experiment, recipe)
    assert {*space.dimensions, *space.left_out} == set(read_search(recipe, model))
    assert with_values(experiment, space.own) == experiment
    assert all(dimension.holds(space.own[key]) for key, dimension in space.dimensions.items())
    assert any(key.startswith("model.") for key in space.dimensions)
    if profile == "default":
        assert space.left_out == {}
        assert {RATE, "train.encoder_learning_rate"} <= set(space.dimensions)


def test_mlcl_is_searched_in_rates_temperatures_weights_depths_and_dropouts() -> None:
    keys = " ".join(search_space(resolve("mosi"), "mosi").dimensions)
    for part in ("learning_rate", "temperature", "weight", "layers", "depth", "dropout", "batch_size"):
        assert part in keys


def test_what_is_set_by_hand_is_not_searched() -> None:
    changes = [f"{RATE}=3e-3", " train.batch_size =16"]
    space = search_space(resolve("mosi", changes=changes), "mosi", changes)
    assert not {RATE, "train.batch_size"} & set(space.dimensions)
    assert space.left_out == {RATE: "set by hand", "train.batch_size": "set by hand"}


def test_a_frozen_encoder_stays_frozen() -> None:
    key = "train.encoder_learning_rate"
    experiment = resolve("mosi", model="lfmim", profile="release")
    assert experiment.train.encoder_learning_rate == 0
    space = search_space(experiment, "mosi")
    assert key not in space.dimensions
    assert "0.0" in space.left_out[key]


def test_a_later_layer_replaces_a_key_and_null_takes_it_out(tmp_path: Path) -> None:
    space = space_of(tmp_path, {RATE: {"low": 1e-4, "high": 2e-3}, "train.batch_size": None})
    assert space.dimensions[RATE] == Range(low=1e-4, high=2e-3)
    assert "train.batch_size" not in space.dimensions
    assert "model.head_dropout" in space.dimensions


@pytest.mark.parametrize(
    ("key", "dimension", "message"),
    [
        ("train.learning_rat", {"low": 1e-4, "high": 1e-2}, "unknown key 'train.learning_rat'; did you mean 'train.l"),
        ("data.lower_case", {"choices": [True, False]}, "unknown key 'data.lower_case'"),
        ("train.select_on", {"choices": ["mae", "corr"]}, "unknown key 'train.select_on'"),
        ("model.name", {"choices": ["mlcl", "text"]}, "unknown key 'model.name'"),
        (RATE, {"low": 1e-4, "hihg": 1e-2}, "high: field required"),
        (RATE, {"low": 1e-4, "high": 1e-2, "logg": True}, "unknown key 'logg'; did you mean 'log'"),
        (RATE, {"low": 1e-2, "high": 1e-4}, "low must be below high"),
        (RATE, {"low": 0.0, "high": 1.0, "log": True}, "log needs a low above 0"),
        (RATE, {"low": 0.1, "high": 1.0, "log": True, "step": 0.1}, "and no step"),
        (RATE, {"low": 1e-4, "high": 1e-3, "step": 4e-4}, "whole number of steps"),
        (RATE, {"low": -1.0, "high": 1.0}, "train.learning_rate = -1"),
        (RATE, 3, "input should be"),
        ("train.batch_size", {"choices": [32]}, "at least 2"),
        ("train.batch_size", {"choices": [32, "many"]}, "train.batch_size = 'many'"),
        ("train.batch_size", {"low": 8, "high": 64.5}, "train.batch_size = 64.5"),
        ("train.batch_size", {"low": 8, "high": 64.0}, "is a whole number"),
        ("model.pooling", {"low": 1, "high": 2}, "model.pooling = 1"),
        ("model.head_dropout", {"low": 0.0, "high": 1.0}, "model.head_dropout = 1.0"),
    ],
)
def test_a_wrong_space_is_refused_with_its_key_and_a_remedy(
    tmp_path: Path, key: str, dimension: Any, message: str
) -> None:
    with pytest.raises(UsageError, match="search: ") as error:
        space_of(tmp_path, {key: dimension})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_truth_value_has_choices_and_no_range(tmp_path: Path) -> None:
    key = "model.learn_temperature"
    with pytest.raises(UsageError, match="list its choices"):
        space_of(tmp_path, {key: {"low": 0, "high": 1}}, model="mlcl")
    space = space_of(tmp_path, {key: {"choices": [True, False]}}, model="mlcl")
    assert space.dimensions[key] == Choices(choices=(True, False))


def test_a_space_of_which_nothing_is_left_is_refused() -> None:
    changes = [f"{key}={value}" for key, value in flat(resolve("mosi", model="text")).items() if value is not None]
    with pytest.raises(UsageError, match="nothing is left to search"):
        search_space(resolve("mosi", model="text"), "mosi", changes)


@pytest.mark.parametrize(
    ("value", "inside"),
    [(0.0, True), (0.1, True), (0.3, True), (0.35, False), (-0.1, False), (0.6, False), ("a", False)],
)
def test_a_stepped_range_holds_its_steps_only(value: Any, inside: bool) -> None:
    assert Range(low=0.0, high=0.5, step=0.1).holds(value) is inside


def test_the_printed_space_is_the_recipe_s() -> None:
    experiment = resolve("mosi", model="lfmim", profile="release")
    space = search_space(experiment, "mosi")
    text = describe_search(space)
    printed = yaml.safe_load(text)["search"]
    assert list(printed) == list(space.dimensions)
    assert {
        key: type(space.dimensions[key]).model_validate(given) for key, given in printed.items()
    } == space.dimensions
    assert all(f"own value: {yaml.safe_dump(value).splitlines()[0]}" in text for value in space.own.values())
    assert all(f"# not searched: {key}" in text for key in space.left_out)
