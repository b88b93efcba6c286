"""A model's configuration is its options: names, defaults, bounds and explanations stand in one place."""

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig

import tiny
from every_model import build, every_model
from mlcl.errors import UsageError
from mlcl.models import LFMIMConfig, MLCLConfig, MLCLModel, TextConfig, TextModel
from mlcl.models.registry import MODELS
from mlcl.options import OPTIONS
from mlcl.recipe import resolve


@every_model
def test_a_configuration_has_the_options_of_its_model_and_their_words(name: str) -> None:
    assert set(OPTIONS) == set(MODELS)
    config_class, options = MODELS[name].model.config_class, OPTIONS[name]
    assert config_class.options is options
    config, plain = config_class(), options().model_dump(exclude={"name"})
    assert {option: getattr(config, option) for option in plain} == plain
    assert all(f"{option}: {options.model_fields[option].description}" in config_class.__doc__ for option in plain)


@every_model
def test_an_option_changes_a_configuration_and_comes_back_from_every_copy(name: str, tmp_path: Path) -> None:
    """Through a folder, `AutoConfig`, pickle and a deep copy."""
    config = build(name, mask_padding=False, modality_dropout=0.25).config
    config.save_pretrained(tmp_path)
    copies = [type(config).from_pretrained(tmp_path), AutoConfig.from_pretrained(tmp_path)]
    copies += [pickle.loads(pickle.dumps(config)), copy.deepcopy(config)]
    for again in copies:
        assert type(again) is type(config)
        assert {n: getattr(again, n) for n in config.options.model_fields if n != "name"} == {
            n: getattr(config, n) for n in config.options.model_fields if n != "name"
        }
        assert again.text_config.to_dict() == config.text_config.to_dict()
        assert (again.mask_padding, again.modality_dropout) == (False, 0.25)


WRONG: list[tuple[str, Any]] = [
    ("d_model", 3),
    ("num_heads", 0),
    ("umcl_temperature", 0.0),
    ("view_dropout", 1.0),
    ("tmcl_weight", float("nan")),
    ("text_pooling", "no such value"),
    ("sequence_layers", "two"),
]


@pytest.mark.parametrize(("option", "value"), WRONG)
def test_a_value_out_of_bounds_is_refused_in_the_words_of_the_command_line(option: str, value: Any) -> None:
    with pytest.raises(UsageError) as said:
        resolve("demo", changes=[f"model.{option}={'.nan' if value != value else value}"])
    with pytest.raises(ValueError, match=f"^{option} = ") as found:
        MLCLConfig(**{option: value})
    assert str(said.value) == f"model.{found.value}"


def test_values_are_what_the_options_make_of_them() -> None:
    """As on the command line, a number may come as text, and an integer for a float."""
    config: Any = MLCLConfig(d_model="20", view_dropout=0)
    assert (config.d_model, config.view_dropout) == (20, 0.0)
    assert isinstance(config.view_dropout, float)


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^unknown option 'umcl_wieght'; did you mean 'umcl_weight'\?$"):
        MLCLConfig(umcl_wieght=0.5)


def test_options_that_contradict_one_another_are_refused_when_the_model_is_built_too() -> None:
    config: Any = tiny.config()
    config.text_pooling = "no such value"
    with pytest.raises(ValueError, match=r"^text_pooling = 'no such value': input should be 'last_position', 'cls' or"):
        MLCLModel(config)
    with pytest.raises(ValueError, match=r"d_model \(15\) must be a multiple of num_heads \(4\)"):
        LFMIMConfig(d_model=15)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"problem_type": "multi_label_classification"}, "a model gives one score, or chooses one class"),
        ({"problem_type": "regression", "num_labels": 3}, "has one output, not num_labels = 3; for classes take"),
    ],
)
def test_a_kind_of_label_that_no_model_has_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TextModel(TextConfig(text_config=tiny.text_config(), **values))
