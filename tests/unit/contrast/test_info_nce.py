"""InfoNCE against plain loops, closed forms, bounds, and the mistakes that are easy to make."""

import math

import pytest
import torch
from torch import Tensor

from mlcl.contrast import info_nce

B, D = 7, 5
EXACT = 1e-12  # float64: sums of a few dozen terms of order 10 in another order


def rows(seed: int, batch: int = B, dim: int = D, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(batch, dim, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def loop_info_nce(
    query: Tensor,
    positive: Tensor,
    tau: float,
    *,
    normalise: bool = True,
    multiply: bool = False,
    transpose: bool = False,
    wrong_axis: bool = False,
) -> float:
    """The formula in plain Python; each switch is a mistake."""
    q, k = query.tolist(), positive.tolist()
    if transpose:
        q, k = k, q
    total = 0.0
    for i in range(len(q)):
        logits = []
        for j in range(len(k)):
            one, other = (q[j], k[i]) if wrong_axis else (q[i], k[j])
            similarity = math.fsum(a * b for a, b in zip(one, other, strict=True))
            if normalise:
                similarity /= math.sqrt(math.fsum(a * a for a in one)) * math.sqrt(math.fsum(b * b for b in other))
            logits.append(similarity * tau if multiply else similarity / tau)
        total += math.log(math.fsum(math.exp(logit) for logit in logits)) - logits[i]
    return total / len(q)


@pytest.mark.parametrize("tau", [0.07, 0.1, 1.0, 3.0])
@pytest.mark.parametrize(("batch", "dim"), [(2, 3), (7, 5), (13, 2), (5, 1)])
def test_loss_equals_the_formula_in_plain_loops(batch: int, dim: int, tau: float) -> None:
    query, positive = rows(1, batch, dim), rows(2, batch, dim)
    assert info_nce(query, positive, temperature=tau).item() == pytest.approx(
        loop_info_nce(query, positive, tau), abs=EXACT
    )


def test_the_default_temperature_is_a_tenth() -> None:
    assert info_nce(rows(1), rows(2)).item() == pytest.approx(loop_info_nce(rows(1), rows(2), 0.1), abs=EXACT)


@pytest.mark.parametrize(
    "mistake", [{"normalise": False}, {"multiply": True}, {"transpose": True}, {"wrong_axis": True}], ids=str
)
def test_usual_mistakes_give_another_value_on_the_same_rows(mistake: dict[str, bool]) -> None:
    """The negative control of the oracle: were the code to make the mistake, the test above would see it."""
    difference = info_nce(rows(1), rows(2), temperature=0.1).item() - loop_info_nce(rows(1), rows(2), 0.1, **mistake)
    assert abs(difference) > 0.01


def test_one_item_has_loss_zero() -> None:
    assert info_nce(rows(1, 1), rows(2, 1)).item() == 0.0


@pytest.mark.parametrize("tau", [0.01, 0.1, 1.0])
def test_identical_keys_give_log_b_whatever_the_queries(tau: float) -> None:
    same = rows(2, 1).expand(B, D)
    assert info_nce(rows(1), same, temperature=tau).item() == pytest.approx(math.log(B), abs=EXACT)


@pytest.mark.parametrize("tau", [0.01, 0.1, 1.0])
def test_bounds_are_reached_in_the_worst_case_and_never_passed(tau: float) -> None:
    """Worst case: the positive points away from the query, every negative along it; L = log(1 + (B-1) e^(2/tau))."""
    query = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
    worst = info_nce(query, -query, temperature=tau).item()
    assert worst == pytest.approx(math.log1p(math.exp(-2 / tau)) + 2 / tau, abs=EXACT)
    assert 0 <= info_nce(rows(1), rows(2), temperature=tau).item() <= math.log(B) + 2 / tau
    assert worst <= math.log(2) + 2 / tau


def test_perfect_alignment_at_low_temperature_is_near_zero() -> None:
    assert 0 <= info_nce(torch.eye(B), torch.eye(B), temperature=0.01).item() < 1e-6


def test_gradients_are_those_of_finite_differences() -> None:
    query, positive = rows(1, 3, 2).requires_grad_(), rows(2, 3, 2).requires_grad_()
    tau = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    keep = torch.tensor([True, False, True])
    assert torch.autograd.gradcheck(lambda q, k, t: info_nce(q, k, temperature=t), (query, positive, tau))
    assert torch.autograd.gradcheck(lambda q, k: info_nce(q, k, temperature=0.3, keep=keep), (query, positive))


@pytest.mark.parametrize("wrong", [0.0, -0.1, math.nan])
def test_a_temperature_that_is_not_positive_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match=rf"^temperature must be positive, got {wrong}$"):
        info_nce(rows(1), rows(2), temperature=wrong)


def test_a_mask_equals_computing_on_the_kept_items_alone() -> None:
    keep = torch.tensor([True, False, True, True, False, True, False])
    assert torch.equal(info_nce(rows(1), rows(2), keep=keep), info_nce(rows(1)[keep], rows(2)[keep]))
    assert torch.equal(info_nce(rows(1), rows(2), keep=keep | True), info_nce(rows(1), rows(2)))
    assert not torch.equal(info_nce(rows(1), rows(2), keep=keep), info_nce(rows(1), rows(2)))


def test_items_left_out_get_no_gradient() -> None:
    query, positive = rows(1).requires_grad_(), rows(2).requires_grad_()
    keep = torch.arange(B) != 3
    info_nce(query, positive, keep=keep).backward()
    for part in (query, positive):
        assert part.grad is not None
        assert part.grad[3].eq(0).all()
        assert part.grad[keep].ne(0).all()


@pytest.mark.parametrize("learned", [False, True])
def test_no_kept_item_gives_zero_with_a_zero_gradient(learned: bool) -> None:
    query, positive = rows(1).requires_grad_(), rows(2).requires_grad_()
    tau = torch.tensor(0.1, dtype=torch.float64, requires_grad=True) if learned else 0.1
    loss = info_nce(query, positive, temperature=tau, keep=torch.zeros(B, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0.0
    assert query.grad is not None
    assert positive.grad is not None
    assert query.grad.eq(0).all()
    assert positive.grad.eq(0).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("autocast", [False, True])
def test_half_precision_rows_are_computed_in_single_precision(dtype: torch.dtype, autocast: bool) -> None:
    query, positive = rows(1, dtype=dtype), rows(2, dtype=dtype)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = info_nce(query, positive)
    assert loss.dtype == torch.float32
    # Float32 logits up to 10 are good to some 1e-6; bfloat16 ones would be off by some 1e-2.
    assert loss.item() == pytest.approx(loop_info_nce(query.double(), positive.double(), 0.1), abs=1e-5)


def test_double_precision_rows_stay_double() -> None:
    assert info_nce(rows(1), rows(2)).dtype == torch.float64


def test_zero_rows_are_finite_and_orthogonal_to_everything() -> None:
    query, positive = rows(1), rows(2)
    query[2], positive[4] = 0.0, 0.0
    query.requires_grad_()
    positive.requires_grad_()
    loss = info_nce(query, positive)
    loss.backward()
    assert loss.isfinite()
    assert query.grad is not None
    assert query.grad.isfinite().all()
    assert positive.grad is not None
    assert positive.grad.isfinite().all()
    everything_zero = info_nce(torch.zeros(B, D), torch.zeros(B, D))
    assert everything_zero.item() == pytest.approx(math.log(B), abs=1e-6)  # float32, equal logits
