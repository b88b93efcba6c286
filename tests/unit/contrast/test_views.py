"""Dropout views: linear, dropout, ReLU in this order, at random in training only."""

import pytest
import torch

from mlcl.contrast import DropoutView

B, T, D = 3, 5, 7


def view(dropout: float) -> DropoutView:
    torch.manual_seed(0)
    return DropoutView(D, dropout=dropout).double()


def embedding(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, D, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_evaluation_equals_the_affine_map_and_a_relu_in_plain_loops() -> None:
    module, x = view(0.5).eval(), embedding(B)
    weight, bias = module.linear.weight.tolist(), module.linear.bias.tolist()
    for row, out in zip(x.tolist(), module(x).tolist(), strict=True):
        expected = [max(0.0, sum(w * v for w, v in zip(weight[i], row, strict=True)) + bias[i]) for i in range(D)]
        assert out == pytest.approx(expected, abs=1e-14)


def test_evaluation_is_deterministic_and_training_is_not() -> None:
    module, x = view(0.5), embedding(101)
    assert not torch.equal(module(x), module(x))
    module.eval()
    assert torch.equal(module(x), module(x))


def test_dropout_comes_after_the_linear_map_so_an_entry_is_dropped_or_scaled() -> None:
    """Dropout before the linear map would mix; after it each entry is 0 or exactly 1 / (1 - p) times the value."""
    module, x = view(0.5), embedding(101)
    trained, plain = module(x), module.eval()(x)
    assert torch.equal(trained, torch.where(trained == 0, 0.0, 2 * plain))
    dropped = ((trained == 0) & (plain > 0)).sum() / (plain > 0).sum()
    assert 0.4 < dropped.item() < 0.6  # some 350 fair coins: 5 standard errors are 0.13, the seed is fixed


def test_without_dropout_training_equals_evaluation() -> None:
    module, x = view(0.0), embedding(B)
    assert torch.equal(module(x), module.eval()(x))


def test_a_view_of_a_sequence_is_the_view_of_each_step() -> None:
    module, x = view(0.5).eval(), embedding(B, T)
    steps = torch.stack([module(x[:, step]) for step in range(T)], dim=1)
    torch.testing.assert_close(module(x), steps, rtol=0, atol=1e-14)  # other shapes sum in another order
