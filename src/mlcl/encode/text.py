"""Text: states of any pretrained transformer, computed without its padding; a convolution and a pooling on top."""

import inspect
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mlcl.encode.bert import can_pack, packed_states
from mlcl.encode.build import build_encoder
from mlcl.encode.inject import Inject, injected
from mlcl.encode.pooling import EVERY_STEP, build_pooling
from mlcl.encode.sequence import Encoded
from mlcl.execution import Execution, extent, similar_lengths

TextInput = Int[Tensor, "batch time"] | Float[Tensor, "batch time vector"]
"""Token ids; word vectors for an encoder that reads vectors, see `mlcl.encode.vectors`."""


class TextBackbone(nn.Module):
    """A pretrained transformer and the ways to run it.

    Args:
        config: Configuration of the pretrained encoder (any `AutoModel`).
    """

    GROUP = 8
    PAYS_FROM = 128  # width below which many small steps cost more than the padding they save
    execution: Execution = "fast"

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.encoder = build_encoder(config)
        self.takes_token_types = "token_type_ids" in inspect.signature(self.encoder.forward).parameters
        self.cls_last = config.model_type == "xlnet"

    def states(
        self,
        input_ids: TextInput,
        mask: Bool[Tensor, "batch time"],
        token_type_ids: Int[Tensor, "batch time"] | None = None,
        *,
        window: slice | None = None,
        inject: Inject | None = None,
    ) -> Float[Tensor, "batch steps width"]:
        """Last hidden states; `mask` is True at real tokens, which alone are attended to.

        Args:
            input_ids: Token ids, or word vectors.
            mask: True at real tokens.
            token_type_ids: Segment ids, where the encoder knows them.
            window: None for the states of all steps, 0 at padding. A slice for the states of its steps alone, real or
                not: those at [PAD] attend to the real tokens.
            inject: Replaces the encoder's first hidden states, see `mlcl.encode.inject`.
        """
        types = token_type_ids if self.takes_token_types else None
        fast = self.execution == "fast" and self.encoder.config.hidden_size >= self.PAYS_FROM
        if fast and can_pack(self.encoder) and (window is None or bool(mask.any(dim=1).all())):
            return packed_states(self.encoder, input_ids, mask, types, window, inject)
        inputs = {"attention_mask": mask.long()}
        if types is not None:
            inputs["token_type_ids"] = types
        if window is not None:
            with injected(self.encoder, inject, lambda padded: padded):
                return self.encoder(input_ids=input_ids, **inputs).last_hidden_state[:, window]
        if fast:
            inputs["inputs_embeds"] = self.encoder.get_input_embeddings()(input_ids)
            hidden = self._encode_in_groups(inputs, mask, inject)
        else:
            with injected(self.encoder, inject, lambda padded: padded):
                hidden = self.encoder(input_ids=input_ids, **inputs).last_hidden_state
        return hidden.masked_fill(~mask.unsqueeze(-1), 0.0)

    def _encode_in_groups(
        self, inputs: dict[str, Tensor], mask: Bool[Tensor, "batch time"], inject: Inject | None
    ) -> Float[Tensor, "batch time width"]:
        """States of texts computed in groups of similar length; states of padding are 0 or of no meaning.

        A batch is as long as its longest text, three times the mean on MOSI; a group of `GROUP` is hardly longer than
        its texts. The states at real tokens are the same.
        """
        groups, length = similar_lengths(mask, self.GROUP), extent(mask)
        states = []
        for group in groups:
            longest = max(int(length[group].max()), 1)
            lay = partial(_corner, group, longest)
            with injected(self.encoder, inject, lay):
                hidden = self.encoder(**{name: lay(value) for name, value in inputs.items()}).last_hidden_state
            states.append(F.pad(hidden, (0, 0, 0, mask.shape[1] - longest)))
        return torch.cat(states)[torch.cat(groups).argsort()]


def _corner(items: Tensor, steps: int, padded: Tensor) -> Tensor:
    return padded[items, :steps]


class TextEncoder(TextBackbone):
    """Token ids to states of the shared width.

    Args:
        config: Configuration of the pretrained encoder (any `AutoModel`).
        dim: Shared width.
        pooling: Name of the readout, see `mlcl.encode.pooling`.
        mask_padding: Zero padding states before the convolution and leave them out of the readout. Off, as in the
            release, the states at [PAD] positions, which attend to the real tokens, are read like any other.
        pooled_only: Nobody reads the states, so only those behind the readout are finished.
    """

    def __init__(self, config: Any, dim: int, *, pooling: str, mask_padding: bool, pooled_only: bool = False) -> None:
        super().__init__(config)
        self.mask_padding, self.pooled_only = mask_padding, pooled_only
        self.project = nn.Conv1d(config.hidden_size, dim, kernel_size=3, padding=1, bias=False)
        self.pool = build_pooling(pooling, dim, cls_last=self.cls_last)

    def forward(
        self,
        input_ids: TextInput,
        mask: Bool[Tensor, "batch time"],
        token_type_ids: Int[Tensor, "batch time"] | None = None,
    ) -> Encoded:
        """Return states and pooled vector; `mask` is True at real tokens."""
        window = self._window()
        hidden = self.states(input_ids, mask, token_type_ids, window=window)
        read = mask[:, window or EVERY_STEP]
        if self.mask_padding:
            hidden = hidden.masked_fill(~read.unsqueeze(-1), 0.0)
        else:
            mask, read = torch.ones_like(mask), torch.ones_like(read)
        hidden = self.project(hidden.transpose(1, 2)).transpose(1, 2)
        return Encoded(hidden, self.pool(hidden, read), mask)

    def _window(self) -> slice | None:
        """Steps of the pretrained encoder that must be finished besides the real tokens; None for the real tokens.

        The convolution in front of the readout sees one neighbour on each side.
        """
        reads = self.pool.reads
        if reads == EVERY_STEP or not self.pooled_only or self.execution == "plain":
            return None if self.mask_padding else EVERY_STEP
        return slice(-2, None) if reads == slice(-1, None) else slice(0, 2)
