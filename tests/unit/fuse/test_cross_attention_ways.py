"""The short ways of cross-attention (one key, few queries) are the long one: values, gradients, and dropout's mean."""

import pytest
import torch
from torch import Tensor

from mlcl.execution import Execution, set_execution
from mlcl.fuse.cross_modal import CrossAttention
from tiny import perturb

B, D, HEADS, DIM_HEAD = 5, 11, 3, 8
EXACT = 1e-12  # float64; values are of order 1 to 10
SHAPES = {"one key": (DIM_HEAD + 5, 1), "one query": (1, 9), "two queries": (2, 9), "many": (4, 9), "one each": (1, 1)}


def attention(dropout: float = 0.0) -> CrossAttention:
    torch.manual_seed(0)
    module = CrossAttention(D, HEADS, DIM_HEAD, dropout).double()
    perturb(module)
    return module


def inputs(latent_time: int, context_time: int, items: int = B) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    latent = torch.randn(items, latent_time, D, dtype=torch.float64, generator=generator)
    context = torch.randn(items, context_time, D, dtype=torch.float64, generator=generator)
    mask = torch.arange(context_time) < torch.randint(0, context_time + 1, (items, 1), generator=generator)
    return latent, context, mask


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_each_way_is_the_plain_function(shape: tuple[int, int]) -> None:
    """Items without any key among them: their softmax is opened alike."""
    found = {}
    ways: tuple[Execution, ...] = ("fast", "plain")
    for execution in ways:
        module, (latent, context, mask) = attention(), inputs(*shape)
        set_execution(module, execution)
        latent.requires_grad_()
        context.requires_grad_()
        read = module(latent, context, mask)
        (read * torch.linspace(-1, 1, read.numel(), dtype=torch.float64).view_as(read)).sum().backward()
        found[execution] = [read, latent.grad, context.grad, *(p.grad for p in module.parameters())]
    for fast, plain in zip(found["fast"], found["plain"], strict=True):
        torch.testing.assert_close(fast, plain, rtol=0, atol=EXACT)


@pytest.mark.parametrize("shape", [SHAPES["one key"], SHAPES["one query"]], ids=["one key", "one query"])
@torch.no_grad()
def test_dropout_leaves_the_mean_as_it_is_and_draws_for_every_token_and_head(shape: tuple[int, int]) -> None:
    module, (latent, context, mask) = attention(dropout=0.3).train(), inputs(*shape, items=1)
    many = [part.expand(4000, *part.shape[1:]) for part in (latent, context, mask)]
    drawn, whole = module(*many), module.eval()(latent, context, mask)
    spread = drawn.std(dim=0)
    assert ((drawn.mean(dim=0) - whole[0]).abs() < 5 * spread / 4000**0.5 + EXACT).all()  # 5 standard errors
    assert (spread > 1e-3).all()
    kinds = len(drawn.flatten(1)[:, :D].round(decimals=9).unique(dim=0))
    assert kinds == 2**HEADS if shape[1] == 1 else kinds > 2**HEADS
