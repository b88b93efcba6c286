"""Alignment and uniformity against their definitions."""

import math

import pytest
import torch

from mlcl.contrast.geometry import alignment, uniformity


def test_alignment_is_the_mean_squared_distance_of_unit_vectors() -> None:
    torch.manual_seed(0)
    query, positive = torch.randn(7, 5, dtype=torch.float64), torch.randn(7, 5, dtype=torch.float64)
    length = lambda row: math.sqrt(sum(value * value for value in row))  # noqa: E731
    expected = [
        sum((q / length(x) - k / length(y)) ** 2 for q, k in zip(x, y, strict=True))
        for x, y in zip(query.tolist(), positive.tolist(), strict=True)
    ]
    assert alignment(query, positive) == pytest.approx(sum(expected) / 7)
    assert alignment(query, 3 * query) == pytest.approx(0, abs=1e-12)
    assert alignment(query, -query) == pytest.approx(4)


def test_uniformity_is_the_log_mean_potential_over_pairs() -> None:
    torch.manual_seed(0)
    unit = torch.nn.functional.normalize(torch.randn(6, 3, dtype=torch.float64), dim=1)
    pairs = [math.exp(-2 * float((unit[i] - unit[j]).square().sum())) for i in range(6) for j in range(i)]
    assert uniformity(5 * unit) == pytest.approx(math.log(sum(pairs) / len(pairs)))
    assert uniformity(torch.ones(4, 3)) == 0


def test_spread_items_are_more_uniform_than_close_ones() -> None:
    torch.manual_seed(0)
    noise = torch.randn(50, 8)
    assert uniformity(noise) < uniformity(torch.ones(8) + 0.3 * noise) < 0
