"""Text: states of any pretrained transformer, computed without its padding; a convolution and a pooling on top."""

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mlcl.encode.architecture import Architecture, Measured, call, measure
from mlcl.encode.bert import can_pack, packed_states
from mlcl.encode.build import build_encoder
from mlcl.encode.inject import Inject, injected
from mlcl.encode.pooling import EVERY_STEP, build_pooling
from mlcl.encode.sequence import Encoded
from mlcl.encode.words import known_words, look_up, word_table
from mlcl.execution import Execution, equal_lengths, extent, similar_lengths

TextInput = Int[Tensor, "batch time"] | Float[Tensor, "batch time vector"]
"""Token ids; word vectors for an encoder that reads vectors, see `mlcl.encode.vectors`."""


class TextBackbone(nn.Module):
    """A pretrained transformer and the ways to run it.

    Args:
        config: Configuration of the pretrained encoder (any `AutoModel`; of an encoder and a decoder, the encoder).

    Raises:
        EncoderError: If it gives no states of tokens, see `mlcl.encode.architecture`.
    """

    GROUP = 8
    PAYS_FROM = 128  # width below which many small steps cost more than the padding they save
    execution: Execution = "fast"

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.encoder = build_encoder(config)
        self._architecture = Architecture.of(self.encoder)
        self._measured: Measured | None = None
        self.width = self._architecture.width
        self.cls_last = config.model_type == "xlnet"

    @property
    def positions(self) -> int | None:
        """The longest text in tokens; None for no limit."""
        return self._architecture.positions

    def measured(self) -> Measured:
        """How the encoder treats padding and segments; found out once, with the weights that are there then.

        Raises:
            EncoderError: If the encoder gives an item no value of its own.
        """
        if self._measured is None:
            self._measured = measure(self.encoder, self._architecture)
        return self._measured

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
        leaks, segments = self.measured().leaks, self.measured().segments
        types = None if token_type_ids is None or segments < 2 else token_type_ids.clamp(max=segments - 1)
        fast = self.execution == "fast" and self.width >= self.PAYS_FROM
        if fast and can_pack(self.encoder) and (window is None or bool(mask.any(dim=1).all())):
            return packed_states(self.encoder, input_ids, mask, types, window, inject)
        inputs = {"input_ids": input_ids, "attention_mask": mask.long()}
        if types is not None:
            inputs["token_type_ids"] = types
        if window is None and (leaks or fast):
            groups = similar_lengths(mask, self.GROUP) if not leaks else equal_lengths(mask, alone=not fast)
            return self._encode_in_groups(inputs, mask, inject, groups).masked_fill(~mask.unsqueeze(-1), 0.0)
        with injected(self.encoder, inject, lambda padded: padded, mask.shape[1]):
            hidden = call(self.encoder, self._architecture, inputs)
        return hidden.masked_fill(~mask.unsqueeze(-1), 0.0) if window is None else hidden[:, window]

    def _encode_in_groups(
        self, inputs: dict[str, Tensor], mask: Bool[Tensor, "batch time"], inject: Inject | None, groups: list[Tensor]
    ) -> Float[Tensor, "batch time width"]:
        """States of texts computed in groups of similar length; states of padding are 0 or of no meaning.

        A batch is as long as its longest text, three times the mean on MOSI; a group of `GROUP` is hardly longer than
        its texts. The states at real tokens are the same. Words are looked up once for all groups: the gradient of a
        lookup is as large as the vocabulary.
        """
        length, table = extent(mask), word_table(self.encoder)
        words = look_up(table, inputs["input_ids"])
        states = []
        for group in groups:
            longest = max(int(length[group].max()), 1)
            lay = partial(_corner, group, longest)
            part = {name: lay(value) for name, value in inputs.items()}
            with (
                known_words(table, part["input_ids"], None if words is None else lay(words)),
                injected(self.encoder, inject, lay, longest),  # last: the table may be all the embeddings there are
            ):
                hidden = call(self.encoder, self._architecture, part)
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
        self.project = nn.Conv1d(self.width, dim, kernel_size=3, padding=1, bias=False)
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
        if self.mask_padding and self.measured().leaks:
            return None
        if reads == EVERY_STEP or not self.pooled_only or self.execution == "plain":
            return None if self.mask_padding else EVERY_STEP
        return slice(-2, None) if reads == slice(-1, None) else slice(0, 2)
