"""Sandwich blocks and streams: the block's limits, its size, the readouts, the start."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tiny
from mlcl.encode.positions import sinusoid
from mlcl.encode.sandwich import SandwichBlock
from mlcl.encode.stream import PositionReadout, Stream
from mlcl.errors import UsageError

EXACT = 1e-12  # float64; values of order 1
BATCH, TIME, DIM, HEADS = 3, 7, 10, 2


def block(dim: int = DIM, heads: int = HEADS, **options: Any) -> SandwichBlock:
    sizes = {"num_heads": heads, "feed_forward": 4 * dim, "depth": 1, "attention_dropout": 0.0, "relu_dropout": 0.0}
    torch.manual_seed(0)
    return SandwichBlock(dim, **{**sizes, **options})


def stream(**options: Any) -> Stream:
    sizes = {"num_tokens": 2, "levels": 2, "blocks_per_level": 2, "num_heads": HEADS, "feed_forward": 13}
    dropouts = {f"{name}_dropout": 0.0 for name in ("embedding", "attention", "relu")}
    torch.manual_seed(0)
    built = Stream(DIM, **{**sizes, **dropouts, "readout": "position", "lengths": [2 + TIME], **options})
    for module in built.modules():
        if isinstance(module, Stream | PositionReadout):
            module.reset_parameters()
    built.double()
    tiny.perturb(built)
    return built


def rows(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_a_block_whose_outer_norms_are_zero_is_the_identity() -> None:
    built, x = block().double(), rows(BATCH, TIME, DIM)
    tiny.perturb(built)
    assert (built(x) - x).abs().max() > 0.1
    for norm in (built.attended_norm, built.narrowed_norm):
        nn.init.zeros_(norm.weight)
        nn.init.zeros_(norm.bias)
    assert torch.equal(built(x), x)


@pytest.mark.parametrize(("dim", "heads", "expected"), [(DIM, HEADS, 1370), (1024, 16, 12_600_320)])
def test_a_block_has_12_d_squared_and_17_d_parameters(dim: int, heads: int, expected: int) -> None:
    """Attention 4d² + 4d, MLP 8d² + 5d, four norms 8d."""
    with torch.device("meta"):
        built = block(dim, heads)
    assert sum(p.numel() for p in built.parameters()) == expected == 12 * dim**2 + 17 * dim


@torch.no_grad()
def test_a_step_that_is_left_out_changes_no_other() -> None:
    built, x = block().double().eval(), rows(BATCH, TIME, DIM)
    ignore = torch.zeros(BATCH, TIME, dtype=torch.bool)
    ignore[:, -2:] = True
    changed = torch.where(ignore.unsqueeze(-1), 5.0, x)
    torch.testing.assert_close(built(changed, ignore)[:, :-2], built(x, ignore)[:, :-2], rtol=0, atol=EXACT)
    torch.testing.assert_close(built(x, ignore)[:, :-2], built(x[:, :-2]), rtol=0, atol=EXACT)
    assert (built(changed) - built(x))[:, :-2].abs().max() > 1e-3


def test_weights_start_with_clip_s_deviations() -> None:
    """The relative error of a deviation from n draws is 1/sqrt(2n): here below 1 %."""
    built = block(105, 5, depth=8)
    built.reset_parameters()
    last = (2 * 8 * 105) ** -0.5
    assert built.attention.in_proj_weight.std().item() == pytest.approx(105**-0.5, rel=0.04)
    assert built.attention.out_proj.weight.std().item() == pytest.approx(last, rel=0.04)
    assert built.widen.weight.std().item() == pytest.approx((2 * 105) ** -0.5, rel=0.04)
    assert built.narrow.weight.std().item() == pytest.approx(last, rel=0.04)


@torch.no_grad()
def test_a_stream_starts_from_its_formula() -> None:
    built, x = stream(), rows(BATCH, TIME, DIM)
    both = torch.cat([built.tokens.expand(BATCH, -1, -1), x], dim=1)
    places = sinusoid(torch.arange(1, TIME + 3), DIM, dtype=torch.float64)
    expected = built.position_norm(built.input_norm(math.sqrt(DIM) * both) + places)
    torch.testing.assert_close(built.start(x), expected, rtol=0, atol=EXACT)


@torch.no_grad()
def test_the_levels_together_are_all_blocks_in_order() -> None:
    built, x = stream(), rows(BATCH, TIME, DIM)
    real = torch.ones(BATCH, TIME, dtype=torch.bool)
    expected = x
    for one in built.blocks:
        expected = one(expected)
    torch.testing.assert_close(built.level(1, built.level(0, x, real), real), expected, rtol=0, atol=EXACT)
    assert len(built.blocks) == 4


@torch.no_grad()
def test_one_weight_at_the_front_reads_the_class_token_and_equal_weights_the_mean() -> None:
    readout, x = PositionReadout([TIME]).double(), rows(BATCH, TIME, DIM)
    real = torch.ones(BATCH, TIME, dtype=torch.bool)
    readout.weight.copy_(torch.eye(TIME)[0])
    assert torch.equal(readout(x, real, [TIME]), x[:, 0])
    readout.weight.fill_(1 / TIME)
    torch.testing.assert_close(readout(x, real, [TIME]), x.mean(dim=1), rtol=0, atol=EXACT)


@torch.no_grad()
def test_each_stretch_reads_the_first_of_its_own_weights() -> None:
    readout, x = PositionReadout([2, 5, 4]).double(), rows(BATCH, 6, DIM)
    readout.weight.copy_(torch.arange(1.0, 12.0))
    weight = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 8.0], dtype=torch.float64)
    real = torch.ones(BATCH, 6, dtype=torch.bool)
    real[0, 3] = False
    expected = torch.einsum("s,bsd->bd", weight, x * real.unsqueeze(-1))
    torch.testing.assert_close(readout(x, real, [2, 3, 1]), expected, rtol=0, atol=EXACT)


def test_position_weights_start_below_one_over_the_root_of_their_number() -> None:
    readout = PositionReadout([4000, 1000])
    readout.reset_parameters()
    weight = readout.weight * 5000**0.5
    assert weight.min() >= 0
    assert weight.max() <= 1
    assert weight.mean().item() == pytest.approx(0.5, abs=0.02)  # 5 standard errors


def test_a_stretch_longer_than_its_weights_is_refused() -> None:
    readout = PositionReadout([2, 5])
    real = torch.ones(1, 8, dtype=torch.bool)
    with pytest.raises(UsageError, match=r"^a sequence of 6 steps has readout weights for 5; raise model\.text_length"):
        readout(torch.zeros(1, 8, 3), real, [2, 6])


@torch.no_grad()
def test_the_attention_readout_takes_any_length() -> None:
    built = stream(readout="attention")
    real = torch.ones(BATCH, 50, dtype=torch.bool)
    x = rows(BATCH, 50, DIM)
    state = built.output_norm(x)
    weight = built.readout.score(state).softmax(dim=1)
    torch.testing.assert_close(built.read(x, real, [50]), (weight * state).sum(dim=1), rtol=0, atol=EXACT)
