"""Sinusoidal positions against the formula in plain loops."""

import math

import pytest
import torch

from mlcl.encode.positions import sinusoid


def loop_sinusoid(position: int, dim: int) -> list[float]:
    """Half sines, half cosines, a zero column for an odd width; all zero at position 0."""
    half = dim // 2
    angles = [position * math.exp(-math.log(10000) * i / (half - 1)) for i in range(half)]
    row = [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles] + [0.0] * (dim % 2)
    return row if position > 0 else [0.0] * dim


@pytest.mark.parametrize("dim", [4, 5, 6, 7, 40, 384])
def test_vectors_equal_the_formula(dim: int) -> None:
    """Tolerance: angles reach 97 and carry a relative rounding error of some 1e-16."""
    positions = [0, 1, 2, 3, 13, 97]
    table = sinusoid(torch.tensor(positions), dim, dtype=torch.float64)
    expected = torch.tensor([loop_sinusoid(position, dim) for position in positions], dtype=torch.float64)
    torch.testing.assert_close(table, expected, rtol=0, atol=1e-13)


def test_position_zero_stands_for_no_position() -> None:
    table = sinusoid(torch.tensor([[0, 2, 0], [0, 0, 1]]), 5, dtype=torch.float64)
    none = torch.tensor([[True, False, True], [True, True, False]])
    assert table[none].eq(0).all()
    assert table[~none].ne(0).any(dim=-1).all()


def test_an_odd_width_is_the_even_one_below_and_a_zero_column() -> None:
    positions = torch.arange(11)
    odd, even = (sinusoid(positions, dim, dtype=torch.float64) for dim in (7, 6))
    assert torch.equal(odd[:, :-1], even)
    assert odd[:, -1].eq(0).all()


def test_the_first_frequency_is_one_and_the_last_one_in_ten_thousand() -> None:
    row = sinusoid(torch.tensor([3]), 8, dtype=torch.float64)[0]
    assert row[0].item() == pytest.approx(math.sin(3))
    assert row[3].item() == pytest.approx(math.sin(3e-4))
    assert row[4].item() == pytest.approx(math.cos(3))


def test_positions_of_any_shape_are_looked_up_one_by_one() -> None:
    positions = torch.tensor([[1, 5, 2], [0, 3, 3]])
    table = sinusoid(positions, 6, dtype=torch.float32)
    assert table.shape == (2, 3, 6)
    assert table.dtype == torch.float32
    assert torch.equal(table.flatten(0, 1), sinusoid(positions.flatten(), 6, dtype=torch.float32))
