"""Fusions of three vectors: symmetry, the tensor's special entries, low rank as a contraction, and the experts."""

from typing import get_args

import pytest
import torch
from torch import Tensor

from mlcl.fuse import FusionName, build_fusion, product_of_experts
from mlcl.fuse.base import Fusion
from mlcl.fuse.tensor import outer_product
from tiny import perturb

B, D, HIDDEN, EDGE, RANK = 5, 7, 11, 13, 3
EXACT = 1e-12  # float64; values of order 1
NAMES = get_args(FusionName)


def fusion(name: FusionName) -> Fusion:
    torch.manual_seed(0)
    module = build_fusion(name, D, hidden=HIDDEN, edge_hidden=EDGE, rank=RANK, dropout=0.0).double()
    perturb(module)
    return module


def vectors(batch: int = B, seed: int = 0) -> list[Tensor]:
    return list(torch.randn(3, batch, D, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("name", NAMES)
def test_an_item_is_fused_by_itself(name: FusionName) -> None:
    module, inputs = fusion(name), vectors()
    together = module(*inputs)
    assert together.shape == (B, D)
    for item in range(B):
        alone = module(*(vector[item : item + 1] for vector in inputs))
        torch.testing.assert_close(alone[0], together[item], rtol=0, atol=EXACT)


@pytest.mark.parametrize("name", NAMES)
def test_every_modality_and_every_parameter_matters(name: FusionName) -> None:
    module, inputs = fusion(name), [vector.requires_grad_() for vector in vectors()]
    module(*inputs).square().sum().backward()
    for tensor in (*inputs, *module.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.abs().max() > 1e-6


@pytest.mark.parametrize("name", ["addition", "multiplication"])
def test_sum_and_product_do_not_know_which_is_which(name: FusionName) -> None:
    text, acoustic, visual = vectors()
    first = fusion(name)(text, acoustic, visual)
    torch.testing.assert_close(fusion(name)(visual, text, acoustic), first, rtol=0, atol=EXACT)


def test_concatenation_does_know() -> None:
    """The negative control of the symmetry."""
    text, acoustic, visual = vectors()
    assert (fusion("concat")(text, acoustic, visual) - fusion("concat")(visual, text, acoustic)).abs().max() > 1e-2


@pytest.mark.parametrize("name", ["addition", "multiplication"])
def test_an_absent_modality_leaves_the_other_two_alone(name: FusionName) -> None:
    module, (text, acoustic, _) = fusion(name), vectors()
    gone = torch.full_like(text, module.absent)
    expected = text + acoustic if name == "addition" else text * acoustic
    assert torch.equal(module(text, acoustic, gone), expected)


def test_the_tensor_holds_one_the_single_vectors_and_their_products() -> None:
    text, acoustic, visual = vectors()
    tensor = outer_product(text, acoustic, visual)
    assert tensor.shape == (B, D + 1, D + 1, D + 1)
    assert tensor[:, 0, 0, 0].eq(1).all()
    assert torch.equal(tensor[:, 1:, 0, 0], acoustic)
    assert torch.equal(tensor[:, 0, 1:, 0], visual)
    assert torch.equal(tensor[:, 0, 0, 1:], text)
    torch.testing.assert_close(tensor[:, 2, 3, 4], acoustic[:, 1] * visual[:, 2] * text[:, 3], rtol=0, atol=EXACT)


def test_low_rank_fusion_is_a_linear_map_of_the_tensor() -> None:
    module, inputs = fusion("low_rank"), vectors()
    p = dict(module.named_parameters())
    weight = torch.einsum("r,raf,rvf,rtf->avtf", p["weight"][0], p["acoustic"], p["visual"], p["text"])
    expected = torch.einsum("bavt,avtf->bf", outer_product(*inputs), weight) + p["bias"]
    torch.testing.assert_close(module(*inputs), expected, rtol=0, atol=EXACT * 10)  # sums of 8 ** 3 products


def test_dropout_of_the_tensor_acts_in_training_alone() -> None:
    module, inputs = build_fusion("tensor", D, hidden=HIDDEN, dropout=0.5).double(), vectors()
    torch.manual_seed(0)
    assert not torch.equal(module(*inputs), module(*inputs))
    module.eval()
    assert torch.equal(module(*inputs), module(*inputs))


def test_two_equal_experts_and_the_prior_have_their_precisions_added() -> None:
    mean, variance = torch.tensor([[0.7]], dtype=torch.float64), 0.3
    means, deviations = mean.expand(2, 1, 1), torch.full((2, 1, 1), variance, dtype=torch.float64).sqrt()
    joint, spread = product_of_experts(means, deviations)
    assert spread.square().item() == pytest.approx(1 / (1 + 2 / variance), rel=EXACT)
    assert joint.item() == pytest.approx(0.7 * (2 / variance) / (1 + 2 / variance), rel=EXACT)


def test_the_product_of_experts_is_the_normalised_product_of_their_densities() -> None:
    """By quadrature over a fine grid, whose error is far below the tolerance for such smooth functions."""
    means, deviations = torch.tensor([0.4, -1.1]), torch.tensor([0.6, 1.7])
    grid = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    log = -grid.square() / 2 - ((grid - means[:, None]) / deviations[:, None]).square().sum(dim=0) / 2
    density = log.exp() / log.exp().sum()
    mean = (density * grid).sum()
    joint, spread = product_of_experts(means.double().view(2, 1, 1), deviations.double().view(2, 1, 1))
    assert joint.item() == pytest.approx(mean.item(), abs=1e-6)  # the constants above are float32
    assert spread.square().item() == pytest.approx((density * (grid - mean).square()).sum().item(), abs=1e-6)


def test_an_expert_without_opinion_has_no_say() -> None:
    mean, deviation = torch.tensor([[[0.7]], [[5.0]]]), torch.tensor([[[0.5]], [[float("inf")]]])
    both, alone = product_of_experts(mean, deviation), product_of_experts(mean[:1], deviation[:1])
    assert all(torch.equal(first, second) for first, second in zip(both, alone, strict=True))
