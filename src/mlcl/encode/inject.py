"""Where a model may reach into a pretrained encoder: its first hidden states, before the layers make anything of them.

That is the output of the embeddings; in XLNet, whose embeddings are bare words, the input of the second layer (the two
places of MAG).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import XLNetModel

from mlcl.encode.architecture import undisturbed

Lay = Callable[[Tensor], Tensor]
"""Lays a (batch, time, ...) tensor out as the hidden states are: packed, grouped, or as it is."""

Inject = Callable[[Tensor, Lay], Tensor]
"""Returns what takes the place of the hidden states, (..., width)."""

_XLNET_LAYER = 1


@contextmanager
def injected(encoder: Any, inject: Inject | None, lay: Lay, steps: int) -> Iterator[None]:
    """Let `inject` replace the hidden states of an encoder that is called inside the block.

    What an encoder adds behind the `steps` that it is given, as Longformer does, stays as it is.
    """
    if inject is None:
        yield
        return

    def changed(states: Tensor) -> Tensor:
        inside, behind = states[:, :steps], states[:, steps:]
        return torch.cat([inject(inside, lay), behind], dim=1) if behind.shape[1] else inject(states, lay)

    if isinstance(encoder, XLNetModel):

        def before(module: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:  # noqa: ARG001
            states, *others = arguments  # XLNet's are (time, batch, width)
            return (changed(states.transpose(0, 1)).transpose(0, 1), *others)

        handle = encoder.layer[_XLNET_LAYER].register_forward_pre_hook(before)
    else:
        handle = encoder.embeddings.register_forward_hook(lambda module, arguments, states: changed(states))  # noqa: ARG005
    try:
        yield
    finally:
        handle.remove()


def injection_width(encoder: Any) -> int:
    """Width of the hidden states that `inject` receives; raises a ValueError if the encoder has no such place."""
    config = encoder.config
    if isinstance(encoder, XLNetModel):
        if config.n_layer <= _XLNET_LAYER:
            raise ValueError(f"an XLNet of {config.n_layer} layer has no second one whose input could be changed")
        return int(config.d_model)
    embeddings = getattr(encoder, "embeddings", None)
    found: Any = None
    if isinstance(embeddings, nn.Module):
        try:
            with undisturbed(encoder):
                found = embeddings(input_ids=torch.zeros(1, 2, dtype=torch.long, device=encoder.device))
        except Exception:  # noqa: BLE001 (those that take more than ids)
            return int(config.hidden_size)
    if not isinstance(found, Tensor) or found.shape[:2] != (1, 2):
        raise ValueError(
            f"a text encoder of type {config.model_type!r} has no embeddings that could be changed; use one of the "
            "family of BERT, or XLNet"
        )
    return found.shape[-1]
