"""A stream: learned tokens in front of a sequence, positions, blocks applied level by level, and a readout."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mlcl.encode.pooling import AttentionPosition
from mlcl.encode.positions import sinusoid
from mlcl.encode.sandwich import SandwichBlock
from mlcl.errors import UsageError

Readout = Literal["attention", "position"]


class Stream(nn.Module):
    r"""States $\mathrm{LN}(\mathrm{dropout}(\mathrm{LN}(\sqrt{d}\, x) + P))$ of tokens and steps, then blocks.

    Args:
        dim: Width $d$.
        num_tokens: Learned vectors in front of the sequence; they have positions like any step.
        levels: Levels of blocks.
        blocks_per_level: Blocks of each level.
        num_heads: Attention heads of a block.
        feed_forward: Width of a block's MLP.
        embedding_dropout: On the states in front of the first block.
        attention_dropout: On attention weights.
        relu_dropout: After the ReLU of the MLP.
        readout: ``attention``, or ``position`` for a learned weight per position.
        lengths: For ``position``: the most steps of each stretch of the sequence, the tokens among them.
    """

    def __init__(
        self,
        dim: int,
        *,
        num_tokens: int,
        levels: int,
        blocks_per_level: int,
        num_heads: int,
        feed_forward: int,
        embedding_dropout: float,
        attention_dropout: float,
        relu_dropout: float,
        readout: Readout,
        lengths: Sequence[int],
    ) -> None:
        super().__init__()
        self.dim, self.blocks_per_level = dim, blocks_per_level
        self.tokens = nn.Parameter(torch.empty(num_tokens, dim))
        self.input_norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(embedding_dropout)
        self.position_norm = nn.LayerNorm(dim)
        depth = levels * blocks_per_level
        self.blocks = nn.ModuleList(
            SandwichBlock(
                dim,
                num_heads=num_heads,
                feed_forward=feed_forward,
                depth=depth,
                attention_dropout=attention_dropout,
                relu_dropout=relu_dropout,
            )
            for _ in range(depth)
        )
        self.output_norm = nn.LayerNorm(dim)
        self.readout = PositionReadout(lengths) if readout == "position" else AttentionPosition(dim)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw the tokens and the blocks."""
        nn.init.normal_(self.tokens, std=self.dim**-0.5)
        for block in self.modules():
            if isinstance(block, SandwichBlock):
                block.reset_parameters()

    def start(self, rows: Float[Tensor, "batch time dim"]) -> Float[Tensor, "batch steps dim"]:
        """Put the tokens in front of rows of the stream's width, and positions on both."""
        hidden = torch.cat([self.tokens.expand(len(rows), -1, -1).to(rows.dtype), rows], dim=1)
        hidden = self.input_norm(math.sqrt(self.dim) * hidden)
        step = torch.arange(1, hidden.shape[1] + 1, device=hidden.device)
        return self.position_norm(self.dropout(hidden + sinusoid(step, self.dim, dtype=hidden.dtype)))

    def level(
        self, number: int, hidden: Float[Tensor, "batch steps dim"], mask: Bool[Tensor, "batch steps"]
    ) -> Float[Tensor, "batch steps dim"]:
        """Apply the blocks of a level; only steps where `mask` is True are attended to."""
        first = number * self.blocks_per_level
        for index in range(first, first + self.blocks_per_level):
            hidden = self.blocks[index](hidden, ~mask)
        return hidden

    def read(
        self, hidden: Float[Tensor, "batch steps dim"], mask: Bool[Tensor, "batch steps"], lengths: Sequence[int]
    ) -> Float[Tensor, "batch dim"]:
        """Norm and weighted sum over the real steps of a sequence whose stretches have these lengths."""
        hidden = self.output_norm(hidden)
        given: dict[str, Any] = {"lengths": lengths} if isinstance(self.readout, PositionReadout) else {}
        vector: Tensor = self.readout(hidden, mask, **given)
        return vector


class PositionReadout(nn.Module):
    r"""$\sum_s w_s h_s$ over the real steps, $w$ one learned number per position and not normalised.

    Each stretch of the sequence has weights of its own; a shorter one uses the first of them, so that padding a batch
    further does not move any step to another weight.

    Args:
        lengths: The most steps of each stretch.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        super().__init__()
        self.lengths = tuple(lengths)
        self.weight = nn.Parameter(torch.empty(sum(lengths)))

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw the weights."""
        nn.init.uniform_(self.weight, 0.0, len(self.weight) ** -0.5)

    def forward(
        self, hidden: Float[Tensor, "batch steps dim"], mask: Bool[Tensor, "batch steps"], lengths: Sequence[int]
    ) -> Float[Tensor, "batch dim"]:
        """Return the weighted sum; raises a UsageError if a stretch is longer than its weights."""
        for length, longest in zip(lengths, self.lengths, strict=True):
            if length > longest:
                raise UsageError(
                    f"a sequence of {length} steps has readout weights for {longest}; raise model.text_length, "
                    "acoustic_length or visual_length, lower data.max_length, or set model.readout=attention"
                )
        parts = zip(torch.split(self.weight, list(self.lengths)), lengths, strict=True)
        weight = torch.cat([part[:length] for part, length in parts])
        return ((weight * mask).unsqueeze(1) @ hidden).squeeze(1)
