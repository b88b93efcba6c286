"""The fusion network: one post-LN layer against its formula, and inputs that are absent."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mlcl.fuse import FusionNetwork
from tiny import perturb

B, INPUTS, D, HEADS, WIDE, OUT = 5, 6, 15, 3, 19, 2
EXACT = 1e-12  # float64; values are of order 1


def network(layers: int = 2, layer_dropout: float = 0.0, head_dropout: float = 0.0) -> FusionNetwork:
    torch.manual_seed(0)
    module = FusionNetwork(
        D,
        num_inputs=INPUTS,
        num_outputs=OUT,
        num_heads=HEADS,
        num_layers=layers,
        feed_forward=WIDE,
        layer_dropout=layer_dropout,
        head_dropout=head_dropout,
    ).double()
    perturb(module)
    return module


def rows(seed: int, batch: int = B) -> Tensor:
    return torch.randn(batch, INPUTS, D, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * weight + bias


def post_ln_layer(p: dict[str, Tensor], x: Tensor) -> Tensor:
    """``LN1(x + MHA(x))``, then ``LN2(x + W2 relu(W1 x))``, for one item (inputs, dim)."""
    query, key, value = (x @ p["self_attn.in_proj_weight"].T + p["self_attn.in_proj_bias"]).split(D, dim=-1)
    width, heads = D // HEADS, []
    for head in range(HEADS):
        part = slice(head * width, (head + 1) * width)
        weight = (query[:, part] @ key[:, part].T / math.sqrt(width)).softmax(dim=-1)
        heads.append(weight @ value[:, part])
    attended = torch.cat(heads, dim=-1) @ p["self_attn.out_proj.weight"].T + p["self_attn.out_proj.bias"]
    x = layer_norm(x + attended, p["norm1.weight"], p["norm1.bias"])
    inner = (x @ p["linear1.weight"].T + p["linear1.bias"]).clamp(min=0)
    return layer_norm(x + inner @ p["linear2.weight"].T + p["linear2.bias"], p["norm2.weight"], p["norm2.bias"])


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("training", [True, False])
@torch.no_grad()
def test_the_network_equals_its_formula_item_by_item(layers: int, training: bool) -> None:
    """In evaluation without gradients torch takes a fused path: it must give the same numbers."""
    module, x = network(layers).train(training), rows(1)
    embedding, logits = module(x)
    for item in range(B):
        fused = x[item]
        for layer in module.layers:
            fused = post_ln_layer(dict(layer.named_parameters()), fused)
        expected = fused.flatten()
        torch.testing.assert_close(embedding[item], expected, rtol=0, atol=EXACT)
        head = F.relu(module.hidden.weight @ expected + module.hidden.bias)
        torch.testing.assert_close(logits[item], module.output.weight @ head + module.output.bias, rtol=0, atol=EXACT)


def test_the_head_halves_the_embedding() -> None:
    module = network()
    assert module.hidden.weight.shape == (INPUTS * D // 2, INPUTS * D)
    assert module.output.weight.shape == (OUT, INPUTS * D // 2)
    embedding, logits = module(rows(1))
    assert embedding.shape == (B, INPUTS * D)
    assert logits.shape == (B, OUT)


KEEP = torch.tensor(
    [[1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 1, 1, 0, 0, 1]],
    dtype=torch.bool,
)


@pytest.mark.parametrize("gradients", [True, False])
def test_absent_inputs_have_no_influence_and_stay_exactly_zero(gradients: bool) -> None:
    module, x = network().eval(), rows(1)
    with torch.set_grad_enabled(gradients):
        embedding, logits = module(x, KEEP)
        other = module(torch.where(KEEP[..., None], x, 1e3 * rows(2)), KEEP)
    parts = embedding.view(B, INPUTS, D)
    assert parts[~KEEP].eq(0).all()
    assert parts[KEEP].ne(0).all()
    torch.testing.assert_close(other[0], embedding, rtol=0, atol=EXACT)
    torch.testing.assert_close(other[1], logits, rtol=0, atol=EXACT)


def test_present_inputs_are_fused_as_if_the_absent_ones_were_not_in_the_sequence() -> None:
    module, x = network().eval(), rows(1)
    embedding, _ = module(x, KEEP)
    for item in (1, 3, 4):
        alone = x[item][KEEP[item]]
        for layer in module.layers:
            alone = post_ln_layer(dict(layer.named_parameters()), alone)
        torch.testing.assert_close(embedding.view(B, INPUTS, D)[item][KEEP[item]], alone, rtol=0, atol=EXACT)


def test_present_inputs_do_have_influence() -> None:
    module, x = network().eval(), rows(1)
    changed = x.clone()
    changed[:, 2] += 1.0
    first, second = module(x, KEEP)[1], module(changed, KEEP)[1]
    assert (first - second).abs().amax(dim=1)[[0, 1, 4]].gt(1e-3).all()


def test_keeping_everything_equals_no_mask() -> None:
    module, x = network().eval(), rows(1)
    torch.testing.assert_close(module(x, torch.ones_like(KEEP)), module(x), rtol=0, atol=EXACT)


def test_an_item_with_nothing_present_is_finite_in_value_and_gradient() -> None:
    module, x = network().train(), rows(1).requires_grad_()
    embedding, logits = module(x, KEEP)
    (embedding.sum() + logits.sum()).backward()
    assert logits.isfinite().all()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert x.grad[2].eq(0).all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())
    bias_alone = module.output(F.relu(module.hidden.bias))
    torch.testing.assert_close(logits[2], bias_alone, rtol=0, atol=EXACT)


@pytest.mark.parametrize("place", ["layer_dropout", "head_dropout"])
def test_each_dropout_acts_in_training_only(place: str) -> None:
    module, x = network(**{place: 0.5}), rows(1)
    assert torch.equal(module(x)[0], module(x)[0]) == (place == "head_dropout")
    assert not torch.equal(module(x)[1], module(x)[1])
    module.eval()
    assert torch.equal(module(x)[1], module(x)[1])
