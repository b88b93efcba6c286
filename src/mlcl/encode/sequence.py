"""Encoder of acoustic and visual rows: convolution, sinusoidal positions, pre-LN transformer, pooling."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mlcl.encode.pooling import build_pooling
from mlcl.encode.positions import sinusoid


@dataclass(frozen=True)
class SequenceDropout:
    """Dropout probabilities of a sequence encoder: attention weights, after the ReLU, residual branches, input."""

    attention: float = 0.0
    relu: float = 0.0
    residual: float = 0.0
    embedding: float = 0.0


@dataclass
class Encoded:
    """What an encoder returns.

    Attributes:
        hidden: (batch, time, dim), one state per step.
        pooled: (batch, dim).
        mask: (batch, time), True at real steps; all True where the encoder does not mask.
    """

    hidden: Tensor
    pooled: Tensor
    mask: Tensor


class SequenceEncoder(nn.Module):
    r"""Rows to states: $x = \sqrt{d}\, z + P$, $z$ a width-3 convolution; then pre-LN layers and a LayerNorm.

    Args:
        input_dim: Columns of a row.
        dim: Width $d$.
        num_heads: Attention heads.
        num_layers: Transformer layers.
        dropout: The four dropout probabilities.
        pooling: Name of the readout, see `mlcl.encode.pooling`.
        mask_padding: Leave padding out of attention and positions. Off, as in the release, padding steps are keys, and
            a step counts as padding for its position where channel 0 of $z$ is exactly 0.

    Source:
        MulT's encoder as used by MIB, MCL and MLCL.
    """

    def __init__(
        self,
        input_dim: int,
        dim: int,
        *,
        num_heads: int,
        num_layers: int,
        dropout: SequenceDropout,
        pooling: str,
        mask_padding: bool,
    ) -> None:
        super().__init__()
        self.dim, self.mask_padding = dim, mask_padding
        self.project = nn.Conv1d(input_dim, dim, kernel_size=3, padding=1, bias=False)
        self.embedding_dropout = nn.Dropout(dropout.embedding)
        self.layers = nn.ModuleList(SequenceLayer(dim, num_heads, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(dim)
        self.pool = build_pooling(pooling, dim)

    def forward(self, rows: Float[Tensor, "batch time input"], mask: Bool[Tensor, "batch time"]) -> Encoded:
        """Return states and pooled vector; `mask` is True at real rows."""
        if self.mask_padding:
            rows = rows.masked_fill(~mask.unsqueeze(-1), 0.0)
        else:
            mask = torch.ones_like(mask)
        projected = self.project(rows.transpose(1, 2)).transpose(1, 2)
        step = torch.arange(1, rows.shape[1] + 1, device=rows.device)
        real = mask if self.mask_padding else projected[..., 0] != 0
        hidden = math.sqrt(self.dim) * projected + sinusoid(step * real, self.dim, dtype=projected.dtype)
        hidden = self.embedding_dropout(hidden)
        ignore = ~(mask | ~mask.any(dim=1, keepdim=True)) if self.mask_padding else None
        for layer in self.layers:
            hidden = layer(hidden, ignore)
        hidden = self.norm(hidden)
        return Encoded(hidden, self.pool(hidden, mask), mask)


class SequenceLayer(nn.Module):
    """Pre-LN self-attention and feed-forward, each with a residual."""

    def __init__(self, dim: int, num_heads: int, dropout: SequenceDropout) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, num_heads, dropout=dropout.attention, batch_first=True)
        self.feed_forward_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, 4 * dim)
        self.narrow = nn.Linear(4 * dim, dim)
        self.relu_dropout = nn.Dropout(dropout.relu)
        self.residual_dropout = nn.Dropout(dropout.residual)

    def forward(
        self, hidden: Float[Tensor, "batch time dim"], ignore: Bool[Tensor, "batch time"] | None
    ) -> Float[Tensor, "batch time dim"]:
        """Return the states after the layer; steps in `ignore` are not attended to."""
        normed = self.attention_norm(hidden)
        attended, _ = self.attention(normed, normed, normed, key_padding_mask=ignore, need_weights=False)
        hidden = hidden + self.residual_dropout(attended)
        inner = self.relu_dropout(F.relu(self.widen(self.feed_forward_norm(hidden))))
        return hidden + self.residual_dropout(self.narrow(inner))
