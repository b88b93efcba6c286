"""AdamW as transformers had it: against its formula in plain numbers, and where it differs from torch's."""

import math

import pytest
import torch
from torch import nn

from mlcl.config import TrainConfig
from mlcl.train.adamw import TransformersAdamW
from mlcl.train.optimiser import build_optimisation, learning_rate_factor, planned_steps

GRADIENTS = [3e-6, -1e-6, 2.0, -0.5]


def scalar(value: float = 0.7) -> nn.Parameter:
    return nn.Parameter(torch.tensor([value], dtype=torch.float64))


def moved(optimiser: torch.optim.Optimizer, parameter: nn.Parameter) -> list[float]:
    values = []
    for gradient in GRADIENTS:
        parameter.grad = torch.tensor([gradient], dtype=torch.float64)
        optimiser.step()
        values.append(parameter.item())
    return values


def test_steps_are_the_formula_s() -> None:
    rate, eps, decay, value, mean, square, expected = 0.01, 1e-6, 0.3, 0.7, 0.0, 0.0, []
    for step, gradient in enumerate(GRADIENTS, start=1):
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        value -= rate * math.sqrt(1 - 0.999**step) / (1 - 0.9**step) * mean / (math.sqrt(square) + eps)
        value -= rate * decay * value
        expected.append(value)
    parameter = scalar()
    found = moved(TransformersAdamW([parameter], lr=rate, eps=eps, weight_decay=decay), parameter)
    assert found == pytest.approx(expected, rel=1e-13)  # float64, four steps


def test_small_gradients_step_less_than_with_torch_s() -> None:
    """Its epsilon of 1e-6 is not divided by the small correction of the first steps."""
    ours, theirs = scalar(), scalar()
    found = moved(TransformersAdamW([ours], lr=0.01, eps=1e-6), ours)
    other = moved(torch.optim.AdamW([theirs], lr=0.01, eps=1e-6, weight_decay=0.0), theirs)
    assert 0.7 - found[0] < 0.2 * (0.7 - other[0])


def test_a_restored_optimiser_goes_on_as_if_never_stopped() -> None:
    whole, halves = scalar(), scalar()
    optimiser = TransformersAdamW([whole], lr=0.01, weight_decay=0.1)
    expected = moved(optimiser, whole) + moved(optimiser, whole)
    first = TransformersAdamW([halves], lr=0.01, weight_decay=0.1)
    found = moved(first, halves)
    second = TransformersAdamW([halves], lr=0.5)
    second.load_state_dict(first.state_dict())
    assert found + moved(second, halves) == expected


def test_a_parameter_without_gradient_neither_steps_nor_decays() -> None:
    parameter = scalar()
    TransformersAdamW([parameter], lr=0.1, weight_decay=0.1).step()
    assert parameter.item() == 0.7


def test_it_is_built_with_the_settings_of_the_experiment() -> None:
    settings = TrainConfig(optimiser="adamw_transformers", epsilon=3e-6, weight_decay=0.2)
    [optimiser] = build_optimisation(nn.Linear(3, 2), settings).optimisers
    assert type(optimiser) is TransformersAdamW
    assert [(group["eps"], group["weight_decay"]) for group in optimiser.param_groups] == [(3e-6, 0.2), (3e-6, 0.0)]


def test_mag_s_schedule_starts_at_zero_and_ends_a_step_an_epoch_too_early() -> None:
    """1284 items in batches of 48 are 27 steps an epoch, planned as 26: CMU-MOSI's last 40 steps change nothing."""
    settings = TrainConfig(schedule="linear_floor", warmup=0.1, epochs=40, batch_size=48)
    planned = planned_steps(1284, settings)
    assert planned == 26 * 40
    factors = [learning_rate_factor(step, planned, settings) for step in range(27 * 40)]
    assert factors[0] == 0.0
    assert factors[52] == 0.5
    assert factors[104] == max(factors) == 1.0
    assert factors[planned - 1] > 0.0
    assert factors[planned:] == [0.0] * 40
    plain = settings.model_copy(update={"schedule": "linear"})
    assert learning_rate_factor(0, planned_steps(1284, plain), plain) > 0.0
    assert learning_rate_factor(27 * 40 - 1, planned_steps(1284, plain), plain) > 0.0
