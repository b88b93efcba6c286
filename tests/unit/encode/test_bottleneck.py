"""The bottleneck: the divergence's closed form, sampling, and where the spread starts."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from mlcl.encode.bottleneck import Bottleneck, Code
from tiny import perturb

EXACT = 1e-12  # float64, values of order 1


def code(seed: int = 0) -> Code:
    generator = torch.Generator().manual_seed(seed)
    mean, raw = torch.randn(2, 5, 7, dtype=torch.float64, generator=generator)
    return Code(mean.requires_grad_(), raw.exp().detach().requires_grad_())


def test_the_divergence_is_that_of_two_normal_distributions() -> None:
    ours = code()
    theirs = kl_divergence(Normal(ours.mean, ours.deviation), Normal(torch.zeros_like(ours.mean), 1.0))
    torch.testing.assert_close(ours.divergence(), theirs, rtol=0, atol=EXACT)


def test_the_divergence_is_zero_only_at_the_standard_normal() -> None:
    zero, one = torch.zeros(1, 3, dtype=torch.float64), torch.ones(1, 3, dtype=torch.float64)
    assert Code(zero, one).divergence().eq(0).all()
    for mean, deviation in ((zero + 0.1, one), (zero - 0.1, one), (zero, one * 1.1), (zero, one / 1.1)):
        assert Code(mean, deviation).divergence().gt(1e-3).all()


def test_draws_have_the_codes_mean_and_deviation() -> None:
    """100,000 draws: the standard errors are sigma / 316 and sigma / 447; five of them."""
    mean, deviation = torch.tensor([[-1.5, 0.0, 2.0]]), torch.tensor([[0.1, 1.0, 3.0]])
    torch.manual_seed(0)
    drawn = Code(mean.expand(100_000, 3), deviation.expand(100_000, 3)).draw()
    assert ((drawn.mean(dim=0) - mean[0]).abs() < 5 * deviation[0] / 316).all()
    assert ((drawn.std(dim=0) - deviation[0]).abs() < 5 * deviation[0] / 447).all()


def test_the_gradient_of_a_draw_is_one_for_the_mean_and_the_noise_for_the_deviation() -> None:
    ours, noise = code(), torch.randn(5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    mean, deviation = torch.autograd.grad(ours.draw(noise).sum(), [ours.mean, ours.deviation])
    assert mean.eq(1).all()
    assert torch.equal(deviation, noise)


def test_draws_follow_torch_s_generator() -> None:
    ours = code()
    first, second = (torch.manual_seed(3) and ours.draw() for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, ours.draw())


def test_a_code_is_its_formula() -> None:
    module = Bottleneck(3, 5).double()
    perturb(module)
    vector = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    p = dict(module.named_parameters())
    hidden = (vector @ p["hidden.weight"].T + p["hidden.bias"]).clamp(min=0)
    raw = hidden @ p["deviation.weight"].T + p["deviation.bias"] - 5
    ours = module(vector)
    torch.testing.assert_close(ours.mean, hidden @ p["mean.weight"].T + p["mean.bias"], rtol=0, atol=EXACT)
    torch.testing.assert_close(ours.deviation, (1 + raw.exp()).log(), rtol=0, atol=EXACT)


def test_a_code_starts_nearly_deterministic_and_costs_four_and_a_half_nats_an_entry() -> None:
    module = Bottleneck(3, 5).double()
    for parameter in module.parameters():
        torch.nn.init.zeros_(parameter)
    start = module(torch.ones(2, 3, dtype=torch.float64))
    assert start.deviation.mean().item() == pytest.approx(math.log1p(math.exp(-5)))
    assert start.divergence().mean().item() == pytest.approx(4.50, abs=0.01)
