"""MCL: two losses with an optimiser each, which parameters they move, and what predictions do not depend on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import BertConfig

import model_laws
import tiny
import training
from mlcl.config import TrainConfig
from mlcl.contrast import sample_triplets
from mlcl.errors import DataError
from mlcl.models import MCLConfig, MCLModel, load_release_weights
from mlcl.options import MCLOptions
from mlcl.recipe import recipe_names, resolve
from mlcl.train.loop import training_step
from mlcl.train.optimiser import build_optimisation, set_learning_rates

EXACT = 1e-12  # float64; sums of some terms of order 1
RELEASE: dict[str, Any] = {"text_pooling": "last_position", "sequence_pooling": "last_position", "mask_padding": False}
RATES: dict[str, Any] = {"correlation_encoder_learning_rate": 3e-4, "correlation_learning_rate": 7e-4}
ADAM: dict[str, Any] = {"optimiser": "adam", "weight_decay": 0.0, "clip_norm": None}
TASK_RATES: dict[str, Any] = {"encoder_learning_rate": 1e-3, "learning_rate": 5e-3}


def config(dropout: float = 0.0, **options: Any) -> MCLConfig:
    sizes = {"acoustic_dim": tiny.ACOUSTIC_DIM, "visual_dim": tiny.VISUAL_DIM, "d_model": 15, "num_heads": 3}
    dropouts = {f"{name}_dropout": dropout for name in ("attention", "relu", "residual", "embedding")}
    data = {"text_config": tiny.text_config(), "num_labels": 1, "sequence_layers": 2}
    return MCLConfig(**{**data, **sizes, **dropouts, **RATES, **options})


def mcl(dropout: float = 0.0, **options: Any) -> MCLModel:
    torch.manual_seed(0)
    built = MCLModel(config(dropout, **options)).double()
    tiny.perturb(built)
    return built.eval()


def drawn(items: int = tiny.BATCH) -> Tensor:
    return sample_triplets(items, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("options", [{}, {"text_pooling": "cls"}, {"sequence_pooling": "attention"}], ids=str)
def test_a_prediction_does_not_depend_on_padding_or_company(options: dict[str, Any]) -> None:
    model_laws.assert_independent_of_company(mcl(**options), tiny.batch())


def test_with_the_release_s_readout_padding_does_have_influence() -> None:
    """The negative control, and the departure that the release's profile keeps."""
    model = mcl(**RELEASE)
    assert model_laws.difference(model, model_laws.pad(tiny.batch(), 3), tiny.batch()) > 1e-3


@pytest.mark.parametrize("absent", ["text", "acoustic", "visual"])
def test_an_absent_modality_has_no_influence(absent: str) -> None:
    model_laws.assert_absence_is_complete(mcl(), absent)


@pytest.mark.parametrize("absent", ["text", "acoustic", "visual"])
def test_an_absent_modality_has_no_influence_on_the_correlation_loss(absent: str) -> None:
    inputs = {**tiny.batch(), "text_present": torch.ones(tiny.BATCH, dtype=torch.bool)}
    mask, name = ("text_present", "input_ids") if absent == "text" else (f"{absent}_mask", absent)
    inputs[mask][2] = False
    changed = {**inputs, name: inputs[name].clone()}
    changed[name][2] = 17
    losses = []
    for batch in (inputs, changed):
        torch.manual_seed(1)
        losses.append(mcl().train()(**batch).terms["correlation"])
    torch.testing.assert_close(*losses, rtol=0, atol=EXACT)


@pytest.mark.parametrize("absent", ["text", "acoustic", "visual"])
@pytest.mark.parametrize("options", [{}, {"num_labels": 2}], ids=str)
def test_a_modality_that_nobody_has_leaves_everything_finite(options: dict[str, Any], absent: str) -> None:
    model_laws.assert_finite_when_nobody_has_it(mcl(**options).train(), absent)


@pytest.mark.parametrize("options", [{}, RELEASE, {"num_labels": 2}], ids=str)
def test_fast_is_plain(options: dict[str, Any]) -> None:
    inputs = tiny.batch(items=9, classes=options.get("num_labels", 0))
    model_laws.assert_fast_is_plain(mcl(**options).train(), inputs)


@pytest.mark.parametrize("options", [{}, {"num_labels": 2}], ids=str)
def test_saved_is_loaded(options: dict[str, Any], tmp_path: Path) -> None:
    model_laws.assert_saved_is_loaded(mcl(**options), tmp_path)


def test_the_loss_has_two_terms_in_training_and_the_task_s_in_evaluation() -> None:
    """Nothing is drawn in evaluation mode, so a score of it is the same each time."""
    model = mcl()
    evaluated = model(**tiny.batch())
    assert set(evaluated.terms) == {"task"}
    assert evaluated.loss == evaluated.terms["task"]
    output = model.train()(**tiny.batch())
    assert set(output.terms) == {"task", "correlation"}
    torch.testing.assert_close(output.loss, output.terms["task"] + output.terms["correlation"], rtol=0, atol=EXACT)


def moved(model: MCLModel, term: str) -> set[str]:
    """Parameters for which a term has a gradient."""
    output = model.train()(**tiny.batch(), triplets=drawn())
    names, parameters = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(output.terms[term], parameters, allow_unused=True)
    return {name for name, gradient in zip(names, found, strict=True) if gradient is not None}


def test_the_head_learns_the_task_the_predictor_correlation_and_the_encoders_both() -> None:
    every = {name for name, _ in mcl().named_parameters()}
    head, predictor = {"head.weight", "head.bias"}, {"correlation.predictor.weight", "correlation.predictor.bias"}
    assert moved(mcl(), "task") == every - predictor
    assert moved(mcl(), "correlation") == every - head


def optimised(model: MCLModel) -> Any:
    optimiser = build_optimisation(model, TrainConfig(**{**ADAM, **TASK_RATES}))
    set_learning_rates(optimiser, 1.0)
    return optimiser


def step(model: MCLModel, optimiser: Any) -> list[list[Tensor | None]]:
    """One step as the loop takes it, on given triplets."""
    output = model.train()(**tiny.batch(), triplets=drawn())
    gradients = optimiser.gradients([output.terms[name] for name in optimiser.losses])
    optimiser.step(None, gradients)
    return gradients


def test_each_loss_moves_its_parameters_at_its_rates() -> None:
    model = mcl(predictor_rate=0.5)
    updates = model.updates(TrainConfig(**TASK_RATES))
    assert [update.loss for update in updates] == ["correlation", "task"]
    names = {id(p): name for name, p in model.named_parameters()}
    found = [{names[id(p)]: g.learning_rate for g in update.groups for p in g.parameters} for update in updates]
    for name in names.values():
        kind = "pretrained" if name.startswith("text.encoder.") else name.split(".")[0]
        slow, rate = {"pretrained": (3e-4, 1e-3), "head": (None, 5e-3), "correlation": (3.5e-4, None)}.get(
            kind, (7e-4, 5e-3)
        )
        assert (found[0].get(name), found[1].get(name)) == (slow, rate), name


def test_one_step_is_the_sum_of_two_adam_updates() -> None:
    """Adam's first step is the rate times g / (|g| + eps); both gradients are taken at the same weights."""
    model = mcl()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimiser = optimised(model)
    gradients = step(model, optimiser)
    expected = {id(p): before[name] for name, p in model.named_parameters()}
    for number in range(2):
        rates = [g["base_lr"] for g in optimiser.optimisers[number].param_groups for _ in g["params"]]
        for parameter, rate, gradient in zip(optimiser.parameters(number), rates, gradients[number], strict=True):
            expected[id(parameter)] = expected[id(parameter)] - rate * gradient / (gradient.abs() + 1e-8)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.detach(), expected[id(parameter)], rtol=0, atol=EXACT, msg=name)


def test_the_two_states_of_a_parameter_are_apart() -> None:
    model = mcl()
    optimiser = optimised(model)
    step(model, optimiser)
    shared = model.acoustic.layers[0].widen.weight
    first, second = (adam.state[shared]["exp_avg"] for adam in optimiser.optimisers)
    assert not torch.equal(first, second)
    assert first.data_ptr() != second.data_ptr()


def late_fusion_steps(model: MCLModel, number: int) -> None:
    """A linear head on the three vectors, trained with L1 by one Adam, written by hand."""
    model.train()
    slow = list(model.text.encoder.parameters())
    rest = [p for n, p in model.named_parameters() if not n.startswith(("text.encoder.", "correlation."))]
    adam = torch.optim.Adam([{"params": slow, "lr": 1e-3}, {"params": rest, "lr": 5e-3}], fused=True)
    inputs = tiny.batch()
    labels = inputs.pop("labels")
    for _ in range(number):
        loss = (model(**inputs).logits.squeeze(1) - labels).abs().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()


def test_without_correlation_rates_it_is_late_fusion_bit_by_bit() -> None:
    off = {"correlation_encoder_learning_rate": 0.0, "correlation_learning_rate": 0.0}
    first, second = mcl(**off), mcl()
    optimiser = optimised(first)
    assert optimiser.losses == ["task"]
    for _ in range(3):
        step(first, optimiser)
    late_fusion_steps(second, 3)
    others = dict(second.named_parameters())
    assert all(torch.equal(p, others[name]) for name, p in first.named_parameters())
    third = mcl()
    step(third, optimised(third))
    assert not torch.equal(third.text.project.weight, first.text.project.weight)


def test_a_frozen_encoder_is_frozen_for_both_losses() -> None:
    model = mcl()
    build_optimisation(model, TrainConfig(**{**TASK_RATES, "encoder_learning_rate": 0.0}))
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {name for name, _ in model.named_parameters() if name.startswith("text.encoder.")}
    lone = mcl(correlation_encoder_learning_rate=0.0)
    build_optimisation(lone, TrainConfig(**TASK_RATES))
    assert all(p.requires_grad for p in lone.parameters())


def test_the_loop_takes_both_gradients_before_either_step() -> None:
    """Its step on a batch equals the hand-made one with the triplets that the same seed draws."""
    split, items = training.split(), np.arange(7)
    first, second = (mcl().float().train() for _ in range(2))
    config = TrainConfig(**{**ADAM, **TASK_RATES})
    for model in (first, second):
        optimiser = build_optimisation(model, config)
        set_learning_rates(optimiser, 1.0)
        torch.manual_seed(2)
        if model is first:
            values = training_step(model, split, items, optimiser, config, torch.device("cpu"))
            assert set(values) == {"loss", "task", "correlation"}
        else:
            batch = split.batch(items).inputs()
            output = model(**{name: value for name, value in batch.items() if not name.startswith("hcf")})
            optimiser.step(None, optimiser.gradients([output.terms["correlation"], output.terms["task"]]))
    others = dict(second.named_parameters())
    assert all(torch.equal(p, others[name]) for name, p in first.named_parameters())


@pytest.mark.parametrize("options", [{}, RELEASE], ids=["default", "release"])
def test_a_small_training_learns_both(options: dict[str, Any], tmp_path: Path) -> None:
    """Eleven items are learned by heart in 36 steps."""
    torch.manual_seed(0)
    faster = {"correlation_encoder_learning_rate": 1e-3, "correlation_learning_rate": 1e-3, "predictor_rate": 3.0}
    model = MCLModel(config(**{**options, **faster}))
    tiny.perturb(model)
    rates = {"learning_rate": 5e-3, "encoder_learning_rate": 5e-3}
    epochs = model_laws.trained(model, tmp_path, epochs=12, **rates)
    assert epochs[-1]["task"] < 0.6 * epochs[0]["task"]
    assert epochs[-1]["correlation"] < 0.6 * epochs[0]["correlation"]


def test_the_sizes_are_the_release_s_without_its_unused_predictor() -> None:
    base = {"text_config": BertConfig(), "num_heads": 5, "sequence_layers": 3, "num_labels": 1}
    assert model_laws.parameters(MCLModel, **base, d_model=40) + 81 == 109_117_131
    assert model_laws.parameters(MCLModel, **base, d_model=50, visual_dim=35) + 101 == 109_207_701


@pytest.mark.parametrize("share", [0.0, 1 - 1e-9])
@torch.no_grad()
def test_modality_dropout_hides_from_the_head_alone(share: float) -> None:
    inputs, model = tiny.batch(), mcl(modality_dropout=share).train()
    output = model(**inputs, triplets=drawn())
    none = {name: torch.zeros_like(inputs[name]) for name in ("acoustic_mask", "visual_mask")}
    expected = mcl()(**{**inputs, **(none if share else {})}).logits
    torch.testing.assert_close(output.logits, expected, rtol=0, atol=1e-11)
    whole = mcl()(**inputs, triplets=drawn()).terms["correlation"]
    torch.testing.assert_close(output.terms["correlation"], whole, rtol=0, atol=1e-11)


def test_labels_of_any_shape_and_classes_of_any_type_are_taken() -> None:
    inputs = {**tiny.batch(), "triplets": drawn()}
    column = {**inputs, "labels": inputs["labels"].view(-1, 1)}
    assert torch.equal(mcl()(**inputs).loss, mcl()(**column).loss)
    binary = {**tiny.batch(classes=2), "triplets": drawn()}
    floats = {**binary, "labels": binary["labels"].double()}
    model = mcl(num_labels=2)
    assert torch.equal(model(**binary).loss, model(**floats).loss)
    assert model(**binary).logits.shape == (tiny.BATCH, 2)


# One other value for each option; more where an option has more values.
OTHERS: dict[str, list[Any]] = {
    "d_model": [18],
    "num_heads": [5],
    "sequence_layers": [1],
    "attention_dropout": [0.0],
    "relu_dropout": [0.0],
    "residual_dropout": [0.0],
    "embedding_dropout": [0.0],
    "modality_dropout": [0.5],
    "negatives": [2],
    "distance_offset": [0.7],
    "distance_scale": [1.0],
    "supervised": [False],
    "correlation_encoder_learning_rate": [1e-2],
    "correlation_learning_rate": [1e-2],
    "predictor_rate": [1.0],
    "text_pooling": ["last_position", "cls"],
    "sequence_pooling": ["last_position", "attention"],
    "longest_sequence": [3],
    "mask_padding": [False],
}


def behaviour(**options: Any) -> dict[str, Any]:
    """A training step from a fixed seed: what it learns, at which rates, with which losses."""
    model = mcl(0.2, **options)
    torch.manual_seed(1)
    output = model.train()(**tiny.batch())
    names = {id(p): name for name, p in model.named_parameters()}
    rates = [
        {(names[id(p)], tuple(p.shape)): group.learning_rate for group in update.groups for p in group.parameters}
        for update in model.updates(TrainConfig())
    ]
    terms = {name: value.item() for name, value in output.terms.items()}
    return {"rates": rates, "terms": terms, "logits": output.logits.tolist()}


def test_every_option_is_tried() -> None:
    assert {"name", *OTHERS} == set(MCLOptions.model_fields)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in OTHERS.items() for value in values])
def test_every_option_changes_behaviour_and_nothing_else_does(name: str, value: Any) -> None:
    assert behaviour() == behaviour()
    assert behaviour() != behaviour(**{name: value})


@pytest.mark.parametrize("option", ["text_pooling", "sequence_pooling"])
def test_a_value_that_an_option_does_not_have_is_refused(option: str) -> None:
    with pytest.raises(ValueError, match=f"^{option} = 'no such value': input should be "):
        MCLConfig(**{option: "no such value"})


def test_a_width_that_the_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match=r"d_model \(15\) must be a multiple of num_heads \(4\)"):
        MCLConfig(d_model=15)


@pytest.mark.parametrize("profile", ["default", "release"])
@pytest.mark.parametrize("recipe", recipe_names())
def test_every_recipe_has_settings_for_mcl(recipe: str, profile: str) -> None:
    experiment = resolve(recipe, model="mcl", profile=profile, text_encoder="tiny")
    options = experiment.model
    assert isinstance(options, MCLOptions)
    assert [options.text_pooling, options.sequence_pooling, options.mask_padding] == (
        list(RELEASE.values()) if profile == "release" else ["mean", "mean", True]
    )
    binary = recipe in ("mustard", "ur_funny")
    released = 1.4142 if binary else 1.0 if (recipe, profile) == ("mosei", "release") else 10.39
    assert options.distance_scale == released


def test_the_release_s_rates_are_those_of_its_repository() -> None:
    experiment = resolve("mosi", model="mcl", profile="release", text_encoder="tiny")
    options, train = experiment.model, experiment.train
    assert isinstance(options, MCLOptions)
    assert options.correlation_learning_rate == options.correlation_encoder_learning_rate == 1e-6
    assert options.predictor_rate == 0.1
    assert train.encoder_learning_rate == train.learning_rate == 2e-5
    assert (options.d_model, train.batch_size, train.epochs) == (40, 35, 50)


def test_the_release_s_names_are_read_strictly() -> None:
    with pytest.raises(DataError, match=r"^'classifier4\.bias' is no parameter of the MCL release$"):
        load_release_weights(mcl(), {"classifier4.bias": torch.zeros(1)})
    with pytest.raises(DataError, match="the state dict does not fit the model: missing"):
        load_release_weights(mcl(), {"classifier2.bias": torch.zeros(1)})
