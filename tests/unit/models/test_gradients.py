"""Which parameters learn: all of them by default, and exactly the listed ones not in the release's profile."""

from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from mlcl.execution import set_execution
from mlcl.models import MLCLModel

NOISE = 1e-12  # gradients that are 0 by the mathematics come out as rounding noise of float64 sums of order 1


def gradients(model: MLCLModel, **inputs: Any) -> dict[str, Tensor | None]:
    model.train()(**(inputs or tiny.batch())).loss.backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def largest(gradient: Tensor | None) -> float:
    return 0.0 if gradient is None else gradient.abs().max().item()


def without_gradient(model: MLCLModel) -> set[str]:
    return {name for name, gradient in gradients(model).items() if largest(gradient) < NOISE}


def test_every_parameter_learns_by_default_except_key_biases() -> None:
    """A softmax does not see a constant added to all its logits, so the bias of a key never matters.

    In packed projections the key bias is the middle third of a vector that does learn.
    """
    model = tiny.model()
    assert without_gradient(model) == {"text.encoder.encoder.layer.0.attention.self.key.bias"}
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        if name.endswith("in_proj_bias"):
            query, key, value = parameter.grad.chunk(3)
            assert largest(key) < NOISE
            assert min(largest(query), largest(value)) > NOISE


@pytest.mark.parametrize(
    "options",
    [
        {"learn_temperature": True},
        {"sequence_pooling": "attention"},
        {"text_pooling": "cls"},
        {"text_pooling": "last_position", "sequence_pooling": "last_position", "mask_padding": False},
        {"num_labels": 3},
        {"modality_heads": "gate", "sequence_pooling": "attention", "longest_sequence": 4},
    ],
    ids=str,
)
def test_every_parameter_learns_with_other_options_too(options: dict[str, Any]) -> None:
    model = tiny.model(**options)
    inputs = tiny.batch(classes=3) if "num_labels" in options else tiny.batch()
    found = gradients(model, **inputs)
    assert all(gradient is not None for gradient in found.values())
    silent = {name for name, gradient in found.items() if largest(gradient) < NOISE}
    assert silent == {"text.encoder.encoder.layer.0.attention.self.key.bias"}


def test_pooled_cross_attention_gives_queries_keys_and_query_norms_no_gradient() -> None:
    """These parameters are frozen: the plain computation, with them thawed, shows that nothing is lost."""
    model = tiny.model(cross_attention="pooled")
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    model.requires_grad_(True)
    set_execution(model, "plain")
    expected = {"text.encoder.encoder.layer.0.attention.self.key.bias"}
    found = gradients(model)
    for name, gradient in found.items():
        if not name.startswith("cross."):
            continue
        assert gradient is not None, name
        if name.endswith("to_kv.weight"):
            key, value = gradient.chunk(2)
            assert largest(key) < NOISE, name
            assert largest(value) > NOISE, name
        elif name.endswith(("to_q.weight", ".norm.weight", ".norm.bias")) and ".blocks." in name:
            expected.add(name)
    assert len(expected) == 1 + 6 * 2 * 3  # six transformers of two blocks, three tensors each
    assert expected > frozen
    assert len(frozen) == 6 * 2 * 3
    assert {name for name, gradient in found.items() if largest(gradient) < NOISE} == expected


def test_tied_directions_leave_the_weights_of_visual_to_text_frozen() -> None:
    model = tiny.model(tie_vt_to_av=True)
    own = {name for name, _ in model.named_parameters() if name.startswith("cross.visual_text.")}
    assert {name for name, parameter in model.named_parameters() if not parameter.requires_grad} == own
    found = gradients(model)
    assert {name for name, gradient in found.items() if gradient is None} == own


def test_tied_directions_compute_visual_to_text_with_the_acoustic_to_visual_weights() -> None:
    tied, free = tiny.model(tie_vt_to_av=True), tiny.model()
    free.cross["visual_text"].load_state_dict(free.cross["acoustic_visual"].state_dict())
    first, second = tied(**tiny.batch()), free(**tiny.batch())
    assert all(torch.equal(term, second.terms[name]) for name, term in first.terms.items())
    own = tiny.model()(**tiny.batch())
    different = {name for name, term in own.terms.items() if not torch.equal(term, first.terms[name])}
    assert different == {"bmcl_text_visual"}


def test_without_weights_the_second_views_and_the_back_directions_do_not_learn() -> None:
    """What only the contrast reads: the second views, and the three cross directions that are not fused."""
    model = tiny.model(umcl_weight=0.0, bmcl_weight=0.0, tmcl_weight=0.0)
    silent = without_gradient(model) - {"text.encoder.encoder.layer.0.attention.self.key.bias"}
    backward = ("cross.acoustic_text.", "cross.visual_text.", "cross.visual_acoustic.")
    assert silent == {name for name, _ in model.named_parameters() if name.startswith(("view_2.", *backward))}


@pytest.mark.parametrize(
    ("level", "reached"),
    [("umcl", ("view_2.",)), ("bmcl", ("cross.acoustic_text.", "cross.visual_text.", "cross.visual_acoustic."))],
)
def test_each_level_s_weight_reaches_what_only_that_level_reads(level: str, reached: tuple[str, ...]) -> None:
    weights = {f"{name}_weight": 0.0 for name in ("umcl", "bmcl", "tmcl")} | {f"{level}_weight": 1.0}
    found = gradients(tiny.model(**weights))
    assert all(largest(gradient) > NOISE for name, gradient in found.items() if name.startswith(reached))


def test_the_loss_of_a_model_in_training_without_dropout_is_that_of_evaluation() -> None:
    model, batch = tiny.model(), tiny.batch()
    evaluated = model(**batch).loss
    torch.testing.assert_close(model.train()(**batch).loss, evaluated, rtol=0, atol=NOISE)


@pytest.mark.parametrize("absent", ["acoustic_mask", "visual_mask", "text_present", "everything"])
def test_absent_modalities_keep_every_gradient_finite(absent: str) -> None:
    batch = {**tiny.batch(), "text_present": torch.ones(tiny.BATCH, dtype=torch.bool)}
    for name in ("acoustic_mask", "visual_mask", "text_present"):
        if absent in (name, "everything"):
            batch[name] = batch[name].clone()
            batch[name][1] = False
    found = gradients(tiny.model(), **batch)
    assert all(gradient is not None and gradient.isfinite().all() for gradient in found.values())
    batch = {**batch, **{name: torch.zeros_like(batch[name]) for name in batch if name == absent}}
    found = gradients(tiny.model(), **batch)
    assert all(gradient is not None and gradient.isfinite().all() for gradient in found.values())
