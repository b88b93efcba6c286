"""The cross-modal transformer: plain-loop oracle, the identities of a single key, and masks that equal cutting."""

import math

import pytest
import torch
from torch import Tensor

from mlcl.execution import Execution, set_execution
from mlcl.fuse import CrossModalTransformer
from mlcl.fuse.cross_modal import CrossAttention, CrossModalBlock, GatedFeedForward
from tiny import perturb

B, LATENT, CONTEXT, D, HEADS, DIM_HEAD, DEPTH = 5, 3, 7, 11, 3, 5, 2
EXACT = 1e-12  # float64; values are of order 1 to 10


def rows(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def transformer(dropout: float = 0.0) -> CrossModalTransformer:
    torch.manual_seed(0)
    module = CrossModalTransformer(D, depth=DEPTH, num_heads=HEADS, dim_head=DIM_HEAD, dropout=dropout).double()
    perturb(module)
    return module


def block() -> CrossModalBlock:
    first = transformer().blocks[0]
    assert isinstance(first, CrossModalBlock)
    return first


def layer_norm(x: Tensor, norm: torch.nn.LayerNorm) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * norm.weight + norm.bias


def loop_attention(module: CrossAttention, latent: Tensor, context: Tensor) -> Tensor:
    """Head by head and token by token; scale 1/sqrt(width of a head), the first half of kv is the key."""
    width = HEADS * DIM_HEAD
    w_key, w_value = module.to_kv.weight[:width], module.to_kv.weight[width:]
    result = torch.zeros(*latent.shape[:2], width, dtype=latent.dtype)
    for item in range(len(latent)):
        for token in range(latent.shape[1]):
            for head in range(HEADS):
                part = slice(head * DIM_HEAD, (head + 1) * DIM_HEAD)
                query = module.to_q.weight[part] @ latent[item, token]
                keys = [w_key[part] @ other for other in context[item]]
                values = [w_value[part] @ other for other in context[item]]
                scores = [math.exp(float(query @ key) / math.sqrt(DIM_HEAD)) for key in keys]
                mixed = [score / sum(scores) * value for score, value in zip(scores, values, strict=True)]
                result[item, token, part] = torch.stack(mixed).sum(dim=0)
    return result @ module.to_out.weight.T + module.to_out.bias


def oracle(module: CrossModalTransformer, latent: Tensor, context: Tensor) -> Tensor:
    for part in module.blocks:
        assert isinstance(part, CrossModalBlock)
        normed, read = layer_norm(latent, part.norm), layer_norm(context, part.norm_context)
        latent = latent + loop_attention(part.attention, normed, read)
        widened = part.feed_forward.widen(layer_norm(latent, part.norm_feed_forward))
        value, gate = widened[..., : 4 * D], widened[..., 4 * D :]
        gate = gate * (1 + torch.erf(gate / math.sqrt(2))) / 2
        latent = latent + (value * gate) @ part.feed_forward.narrow.weight.T + part.feed_forward.narrow.bias
    return layer_norm(latent.mean(dim=1), module.norm)


@torch.no_grad()
def test_the_transformer_equals_the_formula_in_plain_loops() -> None:
    module, latent, context = transformer(), rows(1, B, LATENT, D), rows(2, B, CONTEXT, D)
    torch.testing.assert_close(module(latent, context), oracle(module, latent, context), rtol=0, atol=EXACT)


def test_attention_over_one_key_is_out_of_value_of_the_context_and_ignores_the_query() -> None:
    module = block()
    context = rows(2, B, 1, D)
    read = module.norm_context(context)
    expected = module.attention.to_out(read @ module.attention.to_kv.weight[HEADS * DIM_HEAD :].T)
    for seed in (1, 3):
        latent = 100 * rows(seed, B, LATENT, D)
        attended = module.attention(module.norm(latent), read)
        torch.testing.assert_close(attended, expected.expand_as(attended), rtol=0, atol=EXACT)


def test_attention_over_one_key_gives_query_and_key_no_gradient() -> None:
    """The softmax over one logit is 1 whatever the logit.

    Its backward subtracts two sums that are equal in exact arithmetic, the gradient of the weight and its mean under
    the weights. A fused kernel forms them in different orders, so their difference may be rounding noise, some 1e-16
    of terms of order 1, and not 0 to the bit.
    """
    module = block()
    set_execution(module, "plain")
    latent, context = rows(1, B, 1, D).requires_grad_(), rows(2, B, 1, D)
    module.attention(module.norm(latent), module.norm_context(context)).square().sum().backward()
    query, kv, norm = module.attention.to_q.weight.grad, module.attention.to_kv.weight.grad, module.norm.weight.grad
    assert query is not None
    assert kv is not None
    assert norm is not None
    key, value = kv.chunk(2)
    for silent in (query, key, norm, latent.grad):
        assert silent is not None
        assert silent.abs().max() < 1e-12
    assert value.abs().max() > 0.1


@pytest.mark.parametrize("execution", ["fast", "plain"])
def test_dropout_on_a_single_key_takes_whole_heads(execution: Execution) -> None:
    """The one weight of a head is dropped or divided by 1 - p, in training, in either execution."""
    items, dropout = 2000, 0.3
    width = HEADS * DIM_HEAD
    module = CrossAttention(width, HEADS, DIM_HEAD, dropout).double().train()
    module.to_out = torch.nn.Identity()
    set_execution(module, execution)
    latent, context = rows(1, items, 1, width), rows(2, items, 1, width)
    torch.manual_seed(0)
    read = module(latent, context).view(items, HEADS, DIM_HEAD)
    whole = module.eval()(latent, context).view(items, HEADS, DIM_HEAD)
    kept = (read != 0).any(dim=2)
    torch.testing.assert_close(read, kept[..., None] * whole / (1 - dropout), rtol=0, atol=EXACT)
    # 6,000 draws: 4 standard errors are .024
    assert (~kept).double().mean().item() == pytest.approx(dropout, abs=0.024)


def test_attention_over_two_keys_does_depend_on_the_query() -> None:
    module = block()
    context = module.norm_context(rows(2, B, 2, D))
    first, second = (module.attention(rows(seed, B, 1, D), context) for seed in (1, 3))
    assert (first - second).abs().max() > 0.01
    first.square().sum().backward()
    assert module.attention.to_q.weight.grad is not None
    assert module.attention.to_q.weight.grad.abs().max() > 1e-3


@pytest.mark.parametrize("kept", [1, 2, 6])
def test_a_masked_context_equals_a_shorter_one(kept: int) -> None:
    module, latent, context = transformer(), rows(1, B, LATENT, D), rows(2, B, CONTEXT, D)
    mask = (torch.arange(CONTEXT) < kept).expand(B, CONTEXT)
    noisy = torch.where(mask[..., None], context, 1e6)
    expected = module(latent, context[:, :kept])
    torch.testing.assert_close(module(latent, noisy, None, mask), expected, rtol=0, atol=EXACT)


@pytest.mark.parametrize("kept", [1, 2])
def test_a_masked_latent_equals_a_shorter_one(kept: int) -> None:
    module, latent, context = transformer(), rows(1, B, LATENT, D), rows(2, B, CONTEXT, D)
    mask = (torch.arange(LATENT) < kept).expand(B, LATENT)
    noisy = torch.where(mask[..., None], latent, 1e6)
    expected = module(latent[:, :kept], context)
    torch.testing.assert_close(module(noisy, context, mask), expected, rtol=0, atol=EXACT)


def test_masks_may_have_holes_and_differ_between_items() -> None:
    module, latent, context = transformer(), rows(1, 2, 5, D), rows(2, 2, 5, D)
    masks = torch.tensor([[1, 0, 1, 1, 0], [0, 1, 0, 0, 1]], dtype=torch.bool)
    together = module(latent, context, masks, masks.flip(0))
    for item in range(2):
        alone = module(latent[item, masks[item]][None], context[item, masks[1 - item]][None])
        torch.testing.assert_close(together[item], alone[0], rtol=0, atol=EXACT)


def test_all_true_masks_equal_no_masks() -> None:
    module, latent, context = transformer(), rows(1, B, LATENT, D), rows(2, B, CONTEXT, D)
    real = [torch.ones(B, time, dtype=torch.bool) for time in (LATENT, CONTEXT)]
    torch.testing.assert_close(module(latent, context, *real), module(latent, context), rtol=0, atol=EXACT)


def test_an_item_without_key_or_latent_is_finite_and_leaves_the_others_alone() -> None:
    module, latent, context = transformer(), rows(1, B, LATENT, D), rows(2, B, CONTEXT, D)
    latent_mask, context_mask = torch.ones(B, LATENT, dtype=torch.bool), torch.ones(B, CONTEXT, dtype=torch.bool)
    latent_mask[1], context_mask[2] = False, False
    result = module(latent, context, latent_mask, context_mask)
    result.square().sum().backward()
    assert result.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())
    others = [0, 3, 4]
    torch.testing.assert_close(result[others], module(latent, context)[others], rtol=0, atol=EXACT)


def test_dropout_acts_in_training_only() -> None:
    module, latent, context = transformer(dropout=0.5), rows(1, B, LATENT, D), rows(2, B, CONTEXT, D)
    assert not torch.equal(module(latent, context), module(latent, context))
    module.eval()
    assert torch.equal(module(latent, context), module(latent, context))
    torch.testing.assert_close(module(latent, context), transformer()(latent, context), rtol=0, atol=EXACT)


def test_each_dropout_acts_on_its_own() -> None:
    """On the weights of attention; and after the feed-forward, where an entry becomes 0 or exactly twice itself."""
    latent, context = rows(1, B, LATENT, D), rows(2, B, CONTEXT, D)
    attention, feed_forward = CrossAttention(D, HEADS, DIM_HEAD, 0.5).double(), GatedFeedForward(D, 0.5).double()
    assert not torch.equal(attention(latent, context), attention(latent, context))
    trained, plain = feed_forward(latent), feed_forward.eval()(latent)
    assert torch.equal(trained, torch.where(trained == 0, 0.0, 2 * plain))
    assert trained.eq(0).any()


def test_the_feed_forward_is_as_wide_as_the_release_s() -> None:
    assert {name: tuple(p.shape) for name, p in GatedFeedForward(D, 0.0).named_parameters()} == {
        "widen.weight": (8 * D, D),
        "widen.bias": (8 * D,),
        "narrow.weight": (D, 4 * D),
        "narrow.bias": (D,),
    }
