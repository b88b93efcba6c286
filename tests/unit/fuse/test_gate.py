"""The adaptation gate: how far it moves a state, when it does not, and that it knows one token at a time."""

from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from mlcl.fuse import AdaptationGate

DIM, ACOUSTIC, VISUAL, SHAPE = 11, 5, 3, (4, 7)
ROUNDING = 1e-12  # float64, relative; sums over eleven numbers


def gate(beta: float = 1.0, seed: int = 0) -> AdaptationGate:
    torch.manual_seed(seed)
    built = AdaptationGate(DIM, acoustic_dim=ACOUSTIC, visual_dim=VISUAL, beta=beta, dropout=0.3).double().eval()
    tiny.perturb(built, seed)
    return built


def inputs(seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    widths = {"text": DIM, "acoustic": ACOUSTIC, "visual": VISUAL}
    return {m: torch.randn(*SHAPE, width, generator=generator, dtype=torch.float64) for m, width in widths.items()}


def loop(built: AdaptationGate, text: Tensor, acoustic: Tensor, visual: Tensor) -> Tensor:
    """The paper's equations for one token, in the order in which it gives them."""
    heard = (built.acoustic_gate.weight @ torch.cat([acoustic, text]) + built.acoustic_gate.bias).clamp(min=0)
    seen = (built.visual_gate.weight @ torch.cat([visual, text]) + built.visual_gate.bias).clamp(min=0)
    shift = heard * (built.acoustic.weight @ acoustic + built.acoustic.bias)
    shift = shift + seen * (built.visual.weight @ visual + built.visual.bias)
    alpha = min(built.beta * float(text.square().sum()) ** 0.5 / (float(shift.square().sum()) ** 0.5 + 1e-6), 1.0)
    return built.norm(text + alpha * shift)


@pytest.mark.parametrize("beta", [0.05, 1.0, 30.0])
@torch.no_grad()
def test_it_is_the_paper_s_formula_token_by_token(beta: float) -> None:
    built, given = gate(beta), inputs()
    found = built(**given)
    for place in [(0, 0), (2, 5), (3, 6)]:
        expected = loop(built, *(given[m][place] for m in ("text", "acoustic", "visual")))
        torch.testing.assert_close(found[place], expected, rtol=0, atol=ROUNDING)


@torch.no_grad()
def test_beta_zero_is_the_norm_of_the_text() -> None:
    built, given = gate(0.0), inputs()
    assert torch.equal(built(**given), built.norm(given["text"]))
    assert not torch.equal(gate(0.1)(**given), built.norm(given["text"]))


@torch.no_grad()
def test_rows_of_zeros_without_biases_leave_the_text_alone() -> None:
    built, given = gate(), inputs()
    built.acoustic.bias.zero_()
    built.visual.bias.zero_()
    zeros = {m: torch.zeros_like(given[m]) for m in ("acoustic", "visual")}
    assert torch.equal(built(given["text"], **zeros), built.norm(given["text"]))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@torch.no_grad()
def test_the_shift_is_never_longer_than_beta_times_the_text(scale: float) -> None:
    built, given = gate(beta := 0.7), inputs()
    for linear in (built.acoustic, built.visual):
        linear.weight.mul_(scale)
        linear.bias.mul_(scale)
    shift = built.displacement(**given)
    alpha, length, limit = built.scale(given["text"], shift), shift.norm(dim=-1), beta * given["text"].norm(dim=-1)
    assert ((alpha >= 0) & (alpha <= 1)).all()
    expected = torch.minimum(length, limit * length / (length + 1e-6))
    torch.testing.assert_close(alpha * length, expected, rtol=ROUNDING, atol=0)
    assert (alpha * length <= limit).all()
    if scale == 1e3:  # then the limit is all that remains, up to the 1e-6 beside lengths of hundreds
        torch.testing.assert_close(alpha * length, limit, rtol=1e-6, atol=0)


def test_a_shift_of_zero_has_finite_outputs_and_gradients() -> None:
    built = gate()
    for linear in (built.acoustic_gate, built.visual_gate):
        torch.nn.init.constant_(linear.bias, -1e6)
    given = {m: value.requires_grad_() for m, value in inputs().items()}
    output = built(**given)
    assert torch.equal(output, built.norm(given["text"]))
    output.square().sum().backward()
    assert given["text"].grad is not None
    assert all(bool(value.grad.isfinite().all()) for value in [*given.values(), *built.parameters()])  # type: ignore[union-attr]
    assert not given["acoustic"].grad.any()  # type: ignore[union-attr]


@torch.no_grad()
def test_a_shift_of_zero_counts_as_one_of_length_one() -> None:
    text = inputs()["text"]
    expected = 0.01 * text.norm(dim=-1) / (1 + 1e-6)
    torch.testing.assert_close(gate(0.01).scale(text, torch.zeros_like(text)), expected, rtol=ROUNDING, atol=0)


@pytest.mark.parametrize("modality", ["acoustic", "visual"])
@torch.no_grad()
def test_a_row_moves_its_own_token_and_no_other(modality: str) -> None:
    built, given = gate(), inputs()
    before = built(**given)
    given[modality][1, 4] += 1.0
    moved = (built(**given) != before).any(dim=-1)
    assert moved.nonzero().tolist() == [[1, 4]]


@pytest.mark.parametrize("modality", ["acoustic", "visual"])
@torch.no_grad()
def test_a_masked_row_adds_nothing_whatever_it_holds(modality: str) -> None:
    built, given = gate(), inputs()
    other = {"acoustic": "visual", "visual": "acoustic"}[modality]
    masks: dict[str, Any] = {f"{modality}_mask": torch.zeros(SHAPE, dtype=torch.bool)}
    alone = built(**given, **masks)
    assert torch.equal(alone, built(**{**given, modality: given[modality] + 9.0}, **masks))
    getattr(built, modality).weight.zero_()
    getattr(built, modality).bias.zero_()
    torch.testing.assert_close(alone, built(**given), rtol=0, atol=ROUNDING)
    assert not torch.equal(alone, built(**given, **masks, **{f"{other}_mask": torch.zeros(SHAPE, dtype=torch.bool)}))


def test_dropout_acts_in_training_on_text_and_shift_together() -> None:
    """What survives is the output in evaluation, divided by 0.7."""
    built, given = gate(), inputs()
    expected = built(**given)
    torch.manual_seed(0)
    found = built.train()(**given)
    kept = found != 0
    assert 0.5 < kept.double().mean() < 0.9
    torch.testing.assert_close(found[kept], expected[kept] / 0.7, rtol=0, atol=ROUNDING)
