"""The acoustic and visual encoder: its formula, padding that must not matter, and the release's position rule."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mlcl.encode.positions import sinusoid
from mlcl.encode.sequence import SequenceDropout, SequenceEncoder, SequenceLayer
from tiny import perturb

B, T, INPUT, D, HEADS = 5, 7, 3, 15, 3
EXACT = 1e-12  # float64; values are of order 1 to 10


def encoder(*, mask_padding: bool, layers: int = 2, pooling: str = "mean", dropout: float = 0.0) -> SequenceEncoder:
    torch.manual_seed(0)
    module = SequenceEncoder(
        INPUT,
        D,
        num_heads=HEADS,
        num_layers=layers,
        dropout=SequenceDropout(dropout, dropout, dropout, dropout),
        pooling=pooling,
        mask_padding=mask_padding,
    ).double()
    perturb(module)
    return module


def rows(seed: int = 1, time: int = T) -> Tensor:
    return torch.randn(B, time, INPUT, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def mask() -> Tensor:
    """Right padding, a hole at both ends as [CLS] and [SEP] leave, nothing real, everything real."""
    return torch.tensor([[1] + 6 * [0], 7 * [1], 7 * [0], [0, 1, 1, 0, 1, 0, 0], 5 * [1] + 2 * [0]], dtype=torch.bool)


def pad(x: Tensor, more: int) -> Tensor:
    return F.pad(x, (0, 0, 0, more)) if x.dim() == 3 else F.pad(x, (0, more), value=False)


def loop_convolution(weight: Tensor, x: Tensor) -> Tensor:
    """Width 3, one zero row at each side, without bias."""
    padded = F.pad(x, (0, 0, 1, 1))
    steps = [sum(padded[:, step + k] @ weight[:, :, k].T for k in range(3)) for step in range(x.shape[1])]
    return torch.stack([torch.as_tensor(step) for step in steps], dim=1)


def layer_norm(x: Tensor, norm: torch.nn.LayerNorm) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * norm.weight + norm.bias


def pre_ln_layer(layer: SequenceLayer, x: Tensor, real: Tensor) -> Tensor:
    attention, normed = layer.attention, layer_norm(x, layer.attention_norm)
    query, key, value = (normed @ attention.in_proj_weight.T + attention.in_proj_bias).split(D, dim=-1)
    width, heads = D // HEADS, []
    for head in range(HEADS):
        part = slice(head * width, (head + 1) * width)
        logits = (query[..., part] * width**-0.5) @ key[..., part].mT
        heads.append(logits.masked_fill(~real[:, None, :], -math.inf).softmax(-1) @ value[..., part])
    x = x + torch.cat(heads, -1) @ attention.out_proj.weight.T + attention.out_proj.bias
    inner = (layer_norm(x, layer.feed_forward_norm) @ layer.widen.weight.T + layer.widen.bias).clamp(min=0)
    assert layer.widen.out_features == 4 * D
    return x + inner @ layer.narrow.weight.T + layer.narrow.bias


@pytest.mark.parametrize("mask_padding", [True, False])
@torch.no_grad()
def test_the_encoder_equals_its_formula(mask_padding: bool) -> None:
    module, x, real = encoder(mask_padding=mask_padding), rows(), mask()
    real[2, 3] = True  # items without any real row have a test of their own
    if mask_padding:
        x = x.masked_fill(~real[..., None], 0.0)
        positions, keys = torch.arange(1, T + 1) * real, real
    else:
        positions, keys = torch.arange(1, T + 1).expand(B, T), torch.ones_like(real)
    state = math.sqrt(D) * loop_convolution(module.project.weight, x) + sinusoid(positions, D, dtype=x.dtype)
    for layer in module.layers:
        assert isinstance(layer, SequenceLayer)
        state = pre_ln_layer(layer, state, keys)
    encoded = module(rows(), real)
    torch.testing.assert_close(encoded.hidden, layer_norm(state, module.norm), rtol=0, atol=EXACT)
    assert torch.equal(encoded.mask, keys)
    torch.testing.assert_close(encoded.pooled, module.pool(encoded.hidden, keys), rtol=0, atol=0)


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_padding_has_no_influence_when_it_is_masked(pooling: str) -> None:
    module, real = encoder(mask_padding=True, pooling=pooling), mask()
    plain = module(rows(), real)
    noisy = torch.where(real[..., None], rows(), 1e3 * rows(2))
    for more in (0, 1, 11):
        padded = module(pad(noisy, more), pad(real, more))
        torch.testing.assert_close(padded.pooled, plain.pooled, rtol=0, atol=EXACT)
        torch.testing.assert_close(padded.hidden[:, :T][real], plain.hidden[real], rtol=0, atol=EXACT)


def test_the_batch_has_no_influence_on_an_item() -> None:
    module, real = encoder(mask_padding=True), mask()
    together = module(rows(), real).pooled
    for item in range(B):
        alone = module(rows()[item : item + 1], real[item : item + 1]).pooled[0]
        torch.testing.assert_close(together[item], alone, rtol=0, atol=EXACT)


@pytest.mark.parametrize("pooling", ["last_position", "mean"])
def test_the_release_s_padding_does_have_influence(pooling: str) -> None:
    """The quirk that parity mode keeps: padding steps are keys, and the last one is read."""
    module, x, real = encoder(mask_padding=False, pooling=pooling), rows(), torch.ones(B, T, dtype=torch.bool)
    plain, padded = module(x, real), module(pad(x, 2), pad(real, 2))
    assert (padded.pooled - plain.pooled).abs().max() > 0.01
    assert padded.mask.all()


def test_the_release_ignores_the_mask() -> None:
    module = encoder(mask_padding=False)
    first, second = module(rows(), mask()), module(rows(), torch.ones_like(mask()))
    assert torch.equal(first.hidden, second.hidden)
    assert torch.equal(first.pooled, second.pooled)


def test_in_the_release_a_step_has_a_position_where_channel_zero_is_not_exactly_zero() -> None:
    module = encoder(mask_padding=False, layers=0)
    with torch.no_grad():  # channel 0 of the convolution copies column 1 of the row
        module.project.weight[0] = 0.0
        module.project.weight[0, 1, 1] = 1.0
    x = rows()
    x[:, 2, 1], x[1, 4, 1], x[:, 3, 1], x[:, 5, 0] = 0.0, 0.0, 1e-300, 0.0
    expected = torch.arange(1, T + 1).repeat(B, 1)
    expected[:, 2], expected[1, 4] = 0, 0  # 1e-300 is not exactly 0
    state = math.sqrt(D) * loop_convolution(module.project.weight, x) + sinusoid(expected, D, dtype=x.dtype)
    hidden = module(x, mask()).hidden
    torch.testing.assert_close(hidden, layer_norm(state, module.norm), rtol=0, atol=EXACT)


def test_with_masking_the_mask_alone_decides_about_positions() -> None:
    module = encoder(mask_padding=True, layers=0)
    with torch.no_grad():
        module.project.weight[0] = 0.0
    real = mask()
    x = rows().masked_fill(~real[..., None], 0.0)
    positions = sinusoid(torch.arange(1, T + 1) * real, D, dtype=x.dtype)
    state = math.sqrt(D) * loop_convolution(module.project.weight, x) + positions
    torch.testing.assert_close(module(rows(), real).hidden, layer_norm(state, module.norm), rtol=0, atol=EXACT)


def test_an_item_without_real_rows_is_finite_and_pools_to_zero() -> None:
    module, x = encoder(mask_padding=True), rows().requires_grad_()
    encoded = module(x, mask())
    encoded.pooled.square().sum().backward()
    assert encoded.hidden.isfinite().all()
    assert encoded.pooled[2].eq(0).all()
    assert x.grad is not None
    assert x.grad[~mask()].eq(0).all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in module.parameters())


@pytest.mark.parametrize("place", ["attention", "relu", "residual", "embedding"])
def test_each_dropout_acts_in_training_only(place: str) -> None:
    torch.manual_seed(0)
    module = SequenceEncoder(
        INPUT,
        D,
        num_heads=HEADS,
        num_layers=1,
        dropout=SequenceDropout(**{place: 0.5}),
        pooling="mean",
        mask_padding=True,
    ).double()
    perturb(module)
    real = torch.ones(B, T, dtype=torch.bool)
    assert not torch.equal(module(rows(), real).pooled, module(rows(), real).pooled)
    module.eval()
    assert torch.equal(module(rows(), real).pooled, module(rows(), real).pooled)


@pytest.mark.parametrize("branch", ["attention", "feed-forward"])
def test_the_residual_dropout_acts_on_both_branches(branch: str) -> None:
    """With the other branch at zero, what is added to the input is 0 or exactly twice the branch without dropout."""
    torch.manual_seed(0)
    layer = SequenceLayer(D, HEADS, SequenceDropout(residual=0.5)).double()
    perturb(layer)
    silent = layer.narrow if branch == "attention" else layer.attention.out_proj
    with torch.no_grad():
        silent.weight.zero_()
        silent.bias.zero_()
    x = torch.zeros(B, T, D, dtype=torch.float64)
    trained, plain = layer(x, None), layer.eval()(x, None)
    assert torch.equal(trained, torch.where(trained == 0, 0.0, 2 * plain))
    assert 0.3 < trained.eq(0).double().mean() < 0.7  # 525 fair coins
