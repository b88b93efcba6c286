"""No option is dead: each one changes what the model is, predicts or learns on a fixed input."""

from typing import Any

import pytest
import torch

import tiny
from mlcl.config import MLCLOptions
from mlcl.models import MLCLConfig, MLCLModel

# One other value for each option; two where an option has three values.
OTHERS: dict[str, list[Any]] = {
    "d_model": [18],
    "num_heads": [5],
    "sequence_layers": [1],
    "cross_depth": [1],
    "cross_dim_head": [11],
    "fusion_layers": [1],
    "fusion_feed_forward": [23],
    "view_dropout": [0.0],
    "attention_dropout": [0.0],
    "relu_dropout": [0.0],
    "residual_dropout": [0.0],
    "embedding_dropout": [0.0],
    "fusion_dropout": [0.0],
    "modality_dropout": [0.5],
    "umcl_weight": [0.5],
    "bmcl_weight": [0.5],
    "tmcl_weight": [0.5],
    "umcl_temperature": [0.3],
    "bmcl_temperature": [0.3],
    "tmcl_temperature": [0.3],
    "learn_temperature": [True],
    "cross_attention": ["pooled"],
    "tie_vt_to_av": [True],
    "text_pooling": ["last_position", "cls"],
    "sequence_pooling": ["last_position", "attention"],
    "mask_padding": [False],
    "longest_sequence": [3],
    "modality_heads": ["sum", "gate"],
}


# Options that act beside another: what goes with them, and another value.
BESIDE: dict[str, tuple[dict[str, Any], Any]] = {
    "head_dropout": ({"modality_heads": "sum"}, 0.0),
    "heads_weight": ({"modality_heads": "sum"}, 0.3),
    "label_smoothing": ({"num_labels": 3}, 0.2),
}


def build(**options: Any) -> MLCLModel:
    torch.manual_seed(0)
    model = MLCLModel(tiny.config(dropout=0.2, **options))
    tiny.perturb(model)
    return model


def behaviour(model: MLCLModel) -> dict[str, Any]:
    """Names and shapes of what is learned, and loss and prediction of one training step from a fixed seed."""
    torch.manual_seed(1)
    classes = 0 if model.config.num_labels == 1 else model.config.num_labels
    output = model.train()(**tiny.batch(dtype=torch.float32, classes=classes))
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters() if parameter.requires_grad}
    return {"shapes": shapes, "loss": output.loss.item(), "logits": output.logits.flatten().tolist()}


def test_every_option_is_tried() -> None:
    assert {"name", *OTHERS, *BESIDE} == set(MLCLOptions.model_fields)


def test_the_same_options_behave_the_same() -> None:
    """The negative control: a difference below is due to the option and not to chance."""
    assert behaviour(build()) == behaviour(build())


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in OTHERS.items() for value in values])
def test_every_option_changes_behaviour(name: str, value: Any) -> None:
    assert behaviour(build(**{name: value})) != behaviour(build())


@pytest.mark.parametrize("name", BESIDE)
def test_every_option_beside_another_changes_behaviour(name: str) -> None:
    beside, value = BESIDE[name]
    assert behaviour(build(**beside, **{name: value})) != behaviour(build(**beside))


RELEASE = [(name, value) for name, value in tiny.RELEASE.items() if name != "tie_vt_to_av"]


@pytest.mark.parametrize(("name", "value"), RELEASE)
@torch.no_grad()
def test_every_departure_of_the_release_changes_the_prediction(name: str, value: Any) -> None:
    """All but the tied direction, which the prediction does not read: it changes one term, see test_gradients."""
    plain, other = tiny.model(), tiny.model(**{name: value})
    assert (plain(**tiny.batch()).logits - other(**tiny.batch()).logits).abs().max() > 1e-3


@pytest.mark.parametrize("level", ["umcl", "bmcl", "tmcl"])
@torch.no_grad()
def test_a_level_s_temperature_changes_its_terms_and_no_others(level: str) -> None:
    plain, other = tiny.model()(**tiny.batch()), tiny.model(**{f"{level}_temperature": 0.3})(**tiny.batch())
    changed = {name for name, term in plain.terms.items() if not torch.equal(term, other.terms[name])}
    assert changed == {name for name in plain.terms if name.startswith(level)}


@pytest.mark.parametrize("option", ["cross_attention", "text_pooling", "sequence_pooling"])
def test_a_value_that_an_option_does_not_have_is_refused(option: str) -> None:
    """A misspelt value must not pass for another one."""
    with pytest.raises((ValueError, KeyError, TypeError)):
        MLCLModel(MLCLConfig(**{**tiny.config().to_dict(), option: "no such value"}))
