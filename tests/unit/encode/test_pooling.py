"""Poolings against loops over the real positions."""

import math

import pytest
import torch
from torch import Tensor

from mlcl.encode.pooling import AttentionPosition, build_pooling

B, T, D = 5, 7, 3
NAMES = ("last_position", "cls", "mean", "attention")
EXACT = 1e-14  # float64; means of at most seven numbers of order 1


def pooling(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_pooling(name, D).double()


def hidden(seed: int = 1) -> Tensor:
    return torch.randn(B, T, D, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def mask() -> Tensor:
    """One real position, all, none, a hole, and padding in front."""
    return torch.tensor([[1] + 6 * [0], 7 * [1], 7 * [0], [1, 0, 1, 1, 0, 0, 0], 3 * [0] + 4 * [1]], dtype=torch.bool)


def loop(name: str, states: list[list[float]], real: list[bool], score: list[float]) -> list[float]:
    kept = [state for state, is_real in zip(states, real, strict=True) if is_real]
    if name == "last_position":
        return states[-1]
    if name == "cls":
        return states[0]
    if not kept:
        return [0.0] * D
    weights = [1.0] * len(kept)
    if name == "attention":
        weights = [math.exp(sum(w * h for w, h in zip(score, state, strict=True))) for state in kept]
    return [sum(w * state[d] for w, state in zip(weights, kept, strict=True)) / sum(weights) for d in range(D)]


@pytest.mark.parametrize("name", NAMES)
def test_pooling_equals_a_loop_over_the_real_positions(name: str) -> None:
    module = pooling(name)
    score = module.score.weight[0].tolist() if isinstance(module, AttentionPosition) else []
    pooled = module(hidden(), mask())
    for item in range(B):
        expected = loop(name, hidden()[item].tolist(), mask()[item].tolist(), score)
        assert pooled[item].tolist() == pytest.approx(expected, abs=EXACT), item


@pytest.mark.parametrize("name", ["mean", "attention"])
def test_masked_positions_have_no_influence(name: str) -> None:
    module = pooling(name)
    noisy = torch.where(mask()[..., None], hidden(), 1e3 * hidden(2))
    torch.testing.assert_close(module(noisy, mask()), module(hidden(), mask()), rtol=0, atol=EXACT)


@pytest.mark.parametrize("name", ["mean", "attention"])
def test_an_item_without_real_position_is_exactly_zero_with_finite_gradients(name: str) -> None:
    module, states = pooling(name), hidden().requires_grad_()
    pooled = module(states, mask())
    pooled.square().sum().backward()
    assert pooled[2].eq(0).all()
    assert states.grad is not None
    assert states.grad.isfinite().all()
    assert states.grad[~mask()].eq(0).all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())


def test_attention_pooling_can_prefer_a_position_and_the_mean_cannot() -> None:
    module = pooling("attention")
    assert isinstance(module, AttentionPosition)
    with torch.no_grad():
        module.score.weight.fill_(0.0)
        torch.testing.assert_close(module(hidden(), mask()), pooling("mean")(hidden(), mask()), rtol=0, atol=EXACT)
        module.score.weight.copy_(torch.tensor([[1e4, 0.0, 0.0]]))
    winner = hidden()[1, hidden()[1, :, 0].argmax()]
    torch.testing.assert_close(module(hidden(), mask())[1], winner, rtol=0, atol=EXACT)


def test_an_unknown_pooling_is_refused() -> None:
    with pytest.raises(KeyError, match="median"):
        build_pooling("median", D)


def test_cls_that_comes_last_is_each_item_s_last_real_state() -> None:
    states, pool = hidden(), build_pooling("cls", D, cls_last=True)
    found = pool(states, mask())
    expected = [states[0, 0], states[1, 6], states[2, 0], states[3, 3], states[4, 6]]  # an empty item: any of its own
    assert torch.equal(found, torch.stack(expected))
