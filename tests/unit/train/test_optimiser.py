"""The optimiser's groups, and the schedule of its learning rates."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import Adam, AdamW

import tiny
from mlcl.config import TrainConfig
from mlcl.train.optimiser import build_optimisation, learning_rate_factor, set_learning_rates

RATES: dict[str, Any] = {"encoder_learning_rate": 3e-5, "learning_rate": 7e-4, "weight_decay": 0.13}


def grouped(model: nn.Module, config: TrainConfig) -> dict[str, tuple[float, float]]:
    """Learning rate and decay of each parameter, by name; every parameter is in one group at most."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found: dict[str, tuple[float, float]] = {}
    for group in build_optimisation(model, config).param_groups:
        for parameter in group["params"]:
            name = names[id(parameter)]
            assert name not in found
            found[name] = (group["base_lr"], group["weight_decay"])
    return found


@pytest.mark.parametrize(
    "options", [{}, {"learn_temperature": True}, tiny.RELEASE], ids=["default", "learned", "release"]
)
def test_groups_partition_the_trainable_parameters(options: dict[str, Any]) -> None:
    model = tiny.model(**options)
    trainable = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert set(grouped(model, TrainConfig(**RATES))) == trainable


def test_matrices_decay_and_biases_norms_and_temperatures_do_not() -> None:
    model = tiny.model(learn_temperature=True)
    found = grouped(model, TrainConfig(**RATES))
    for name, parameter in model.named_parameters():
        flat = name.endswith(("bias", "temperature.log")) or "norm" in name.lower()
        assert found[name][1] == (0.0 if flat else 0.13), name
        assert flat == (parameter.dim() < 2), name


def test_the_pretrained_encoder_has_a_learning_rate_of_its_own() -> None:
    found = grouped(tiny.model(), TrainConfig(**RATES))
    for name, (rate, _) in found.items():
        assert rate == (3e-5 if name.startswith("text.encoder.") else 7e-4), name
    assert found["text.project.weight"][0] == 7e-4


def test_learning_rate_zero_freezes_the_encoder_and_nothing_else() -> None:
    model = tiny.model()
    found = grouped(model, TrainConfig(**{**RATES, "encoder_learning_rate": 0.0}))
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    assert frozen == {name for name, _ in model.named_parameters() if name.startswith("text.encoder.")}
    assert set(found) == {name for name, _ in model.named_parameters()} - frozen


@pytest.mark.parametrize(("name", "kind"), [("adam", Adam), ("adamw", AdamW)])
def test_the_optimiser_is_the_named_one_with_the_release_s_constants(name: str, kind: type) -> None:
    optimiser = build_optimisation(nn.Linear(3, 2), TrainConfig(optimiser=name)).optimisers[0]
    assert type(optimiser) is kind
    assert all(group["betas"] == (0.9, 0.999) and group["eps"] == 1e-8 for group in optimiser.param_groups)


def test_decay_of_adamw_shrinks_matrices_by_rate_times_decay_and_leaves_biases() -> None:
    """With a gradient of zero Adam's own step is zero, so decay is all that moves."""
    module = nn.Linear(3, 2).double()
    before = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    optimiser = build_optimisation(module, TrainConfig(**RATES)).optimisers[0]
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    torch.testing.assert_close(module.weight.data, before["weight"] * (1 - 7e-4 * 0.13), rtol=0, atol=1e-15)
    assert torch.equal(module.bias.data, before["bias"])


SCHEDULES = [(name, warmup) for name in ("constant", "linear") for warmup in (0.0, 0.1, 0.5, 0.99)]


@pytest.mark.parametrize("total", [1, 2, 7, 101])
@pytest.mark.parametrize(("schedule", "warmup"), SCHEDULES)
def test_the_factor_is_positive_at_most_one_and_rises_before_it_falls(schedule: str, warmup: float, total: int) -> None:
    config = TrainConfig(schedule=schedule, warmup=warmup)
    factors = [learning_rate_factor(step, total, config) for step in range(total)]
    assert all(0 < factor <= 1 for factor in factors)
    top = round(warmup * total)
    assert all(a < b for a, b in pairwise(factors[: top + 1]))
    after = factors[top:]
    assert after[:1] in ([1.0], [])
    if schedule == "constant":
        assert all(factor == 1.0 for factor in after)
    else:
        assert all(a > b for a, b in pairwise(after))


def test_the_factor_equals_a_table_made_by_hand() -> None:
    """Ten steps: two of warm-up, then down to a last step that still counts."""
    linear = [learning_rate_factor(step, 10, TrainConfig(schedule="linear", warmup=0.2)) for step in range(10)]
    assert linear == pytest.approx([1 / 3, 2 / 3, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    constant = [learning_rate_factor(step, 5, TrainConfig(schedule="constant", warmup=0.4)) for step in range(5)]
    assert constant == pytest.approx([1 / 3, 2 / 3, 1, 1, 1])


def test_the_factor_multiplies_each_group_s_own_rate_and_does_not_accumulate() -> None:
    optimiser = build_optimisation(tiny.model(), TrainConfig(**RATES))
    for factor in (0.5, 0.25):
        set_learning_rates(optimiser, factor)
    assert {group["lr"] for group in optimiser.param_groups} == {0.25 * 3e-5, 0.25 * 7e-4}
