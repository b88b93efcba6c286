"""BERT on packed tokens: the same weights and the same function as the padded encoder, without its padding."""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import BertModel

from mlcl.encode.inject import Inject
from mlcl.encode.packing import Packing


def can_pack(encoder: Any) -> bool:
    """Whether `packed_states` computes this encoder's function, by the kernel that its configuration asks for."""
    if type(encoder) is not BertModel or encoder.config.is_decoder or encoder.config._attn_implementation != "sdpa":
        return False
    return not any(getattr(layer, "gradient_checkpointing", False) for layer in encoder.encoder.layer)


def packed_states(
    encoder: Any,
    input_ids: Int[Tensor, "batch time"],
    mask: Bool[Tensor, "batch time"],
    token_type_ids: Int[Tensor, "batch time"] | None,
    window: slice | None,
    inject: Inject | None = None,
) -> Float[Tensor, "batch steps width"]:
    """States of a BERT, computed on real tokens only.

    Args:
        encoder: A `BertModel`.
        input_ids: Token ids.
        mask: True at real tokens, of which every item has one.
        token_type_ids: Segment ids.
        window: The steps whose states are wanted, real or not: the last layer computes no others, and those that
            are not real are queries, never keys. None for the states of all real tokens.
        inject: Replaces what the embeddings give; its second argument packs a (batch, time, ...) tensor.

    Returns:
        The states of the window's steps; without a window those of all steps, 0 at padding.
    """
    batch, time = input_ids.shape
    step = torch.arange(time, device=mask.device).expand(batch, time)
    wanted = torch.zeros_like(mask)
    if window is not None:
        wanted[:, window] = True
    packing = Packing.of(mask, wanted)
    hidden = encoder.embeddings(
        input_ids=packing.gather(input_ids).unsqueeze(0),
        token_type_ids=None if token_type_ids is None else packing.gather(token_type_ids).unsqueeze(0),
        position_ids=packing.gather(step).unsqueeze(0),
    )[0]
    if inject is not None:
        hidden = inject(hidden, packing.gather)
    *layers, last = encoder.encoder.layer
    for layer in layers:
        hidden = _layer(layer, hidden, packing)
    if window is None:
        return packing.scatter(_layer(last, hidden, packing), batch, time)
    return _layer(last, hidden, packing, packing.places(batch, time)[:, window])[packing.order.argsort()]


def _layer(layer: Any, hidden: Tensor, packing: Packing, places: Tensor | None = None) -> Tensor:
    """The layer's states; with (batch, steps) packed places, items in packed order, at those alone."""
    own, read = layer.attention.self, hidden if places is None else hidden[places]
    attended = packing.attend(
        own.query(read),
        own.key(hidden),
        own.value(hidden),
        num_heads=own.num_attention_heads,
        dropout=own.dropout.p if own.training else 0.0,
    )
    attended = layer.attention.output(attended, read)
    return layer.output(layer.intermediate(attended), attended)
