"""Symmetries of InfoNCE: what must not change the loss, on rows drawn at random."""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mlcl.contrast import info_nce

seeds, sizes = st.integers(0, 2**32 - 1), st.integers(1, 11)
temperatures = st.floats(0.05, 5.0)
fast = settings(deadline=None, max_examples=60, derandomize=True)

# float64: cosines carry some 1e-16 each, a temperature of 0.05 and sums of a dozen terms make it some 1e-14.
TOLERANCE = 1e-12


def draw(seed: int, batch: int, dim: int) -> tuple[Tensor, Tensor, torch.Generator]:
    """Query and positive rows, and the generator that made them."""
    generator = torch.Generator().manual_seed(seed)
    query, positive = torch.randn(2, batch, dim, dtype=torch.float64, generator=generator)
    return query, positive, generator


def rotation(dim: int, generator: torch.Generator) -> Tensor:
    return torch.linalg.qr(torch.randn(dim, dim, dtype=torch.float64, generator=generator)).Q


@fast
@given(seeds, sizes, sizes, temperatures)
def test_loss_is_invariant_to_a_permutation_of_the_batch(seed: int, batch: int, dim: int, tau: float) -> None:
    query, positive, generator = draw(seed, batch, dim)
    order = torch.randperm(batch, generator=generator)
    loss = info_nce(query, positive, temperature=tau)
    assert (info_nce(query[order], positive[order], temperature=tau) - loss).abs() < TOLERANCE


@fast
@given(seeds, sizes, sizes, temperatures, st.integers(-9, 9))
def test_loss_is_invariant_to_a_positive_factor_on_each_row(
    seed: int, batch: int, dim: int, tau: float, power: int
) -> None:
    query, positive, generator = draw(seed, batch, dim)
    factors = 10.0**power * (torch.rand(2, batch, 1, dtype=torch.float64, generator=generator) + 0.1)
    loss = info_nce(query, positive, temperature=tau)
    assert (info_nce(query * factors[0], positive * factors[1], temperature=tau) - loss).abs() < TOLERANCE


@fast
@given(seeds, sizes, sizes, temperatures)
def test_loss_is_invariant_to_a_common_rotation(seed: int, batch: int, dim: int, tau: float) -> None:
    query, positive, generator = draw(seed, batch, dim)
    turn = rotation(dim, generator)
    loss = info_nce(query, positive, temperature=tau)
    assert (info_nce(query @ turn, positive @ turn, temperature=tau) - loss).abs() < TOLERANCE


@fast
@given(seeds, sizes, sizes, temperatures)
def test_loss_lies_between_zero_and_log_b_plus_two_over_tau(seed: int, batch: int, dim: int, tau: float) -> None:
    query, positive, _ = draw(seed, batch, dim)
    assert -TOLERANCE <= info_nce(query, positive, temperature=tau).item() <= math.log(batch) + 2 / tau + TOLERANCE


@fast
@given(seeds, sizes, temperatures)
def test_loss_of_kept_items_does_not_depend_on_the_others(seed: int, batch: int, tau: float) -> None:
    query, positive, generator = draw(seed, batch, 5)
    keep = torch.rand(batch, generator=generator) < 0.6
    loss = info_nce(query, positive, temperature=tau, keep=keep)
    query[~keep], positive[~keep] = 7.0, math.nan
    assert torch.equal(info_nce(query, positive, temperature=tau, keep=keep), loss)


@fast
@given(seeds, st.integers(3, 11), temperatures)
def test_a_rotation_of_the_queries_alone_or_a_permutation_of_the_keys_alone_changes_the_loss(
    seed: int, batch: int, tau: float
) -> None:
    """The negative control: the invariances above are no sign of a loss that ignores its input."""
    query, positive, generator = draw(seed, batch, 5)
    loss = info_nce(query, positive, temperature=tau)
    turned = info_nce(query @ rotation(5, generator), positive, temperature=tau)
    shifted = info_nce(query, positive.roll(1, dims=0), temperature=tau)
    assert (turned - loss).abs() > TOLERANCE
    assert (shifted - loss).abs() > TOLERANCE
