"""Encoder of acoustic and visual rows: convolution, sinusoidal positions, pre-LN transformer, pooling."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mlcl.encode.pooling import EVERY_STEP, build_pooling
from mlcl.encode.positions import sinusoid
from mlcl.execution import Execution, extent, similar_lengths


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
        hidden: (batch, time, dim), one state per step; of an encoder that is read by its pooled vector only, the steps
            that the readout needs.
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
        pooled_only: Nobody reads the states, so only those behind the readout are finished.

    Source:
        MulT's encoder as used by MIB, MCL and MLCL.
    """

    GROUP = 32
    execution: Execution = "fast"

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
        pooled_only: bool = False,
    ) -> None:
        super().__init__()
        self.dim, self.mask_padding, self.pooled_only = dim, mask_padding, pooled_only
        self.random = any(vars(dropout).values())
        self.project = nn.Conv1d(input_dim, dim, kernel_size=3, padding=1, bias=False)
        self.embedding_dropout = nn.Dropout(dropout.embedding)
        self.layers = nn.ModuleList(SequenceLayer(dim, num_heads, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(dim)
        self.pool = build_pooling(pooling, dim)

    def forward(self, rows: Float[Tensor, "batch time input"], mask: Bool[Tensor, "batch time"]) -> Encoded:
        """Return states and pooled vector; `mask` is True at real rows."""
        if not self.mask_padding:
            mask = torch.ones_like(mask)
            if self._padding_is_one_vector():
                return self._encode_collapsed(rows, mask)
        rows = rows.masked_fill(~mask.unsqueeze(-1), 0.0)
        ignore = ~(mask | ~mask.any(dim=1, keepdim=True)) if self.mask_padding else None
        hidden = self._encode(rows, mask, ignore)
        return Encoded(hidden, self.pool(hidden, mask[:, self._window()]), mask)

    def _encode(self, rows: Tensor, mask: Tensor, ignore: Tensor | None) -> Tensor:
        """States at the steps that are wanted; `ignore` is True, or -inf, or any bias, at keys to leave out."""
        projected = self.project(rows.transpose(1, 2)).transpose(1, 2)
        step = torch.arange(1, rows.shape[1] + 1, device=rows.device)
        real = mask if self.mask_padding else projected[..., 0] != 0
        hidden = math.sqrt(self.dim) * projected + sinusoid(step * real, self.dim, dtype=projected.dtype)
        hidden = self.embedding_dropout(hidden)
        for layer in self.layers[:-1]:
            hidden = layer(hidden, ignore)
        window = self._window()
        hidden = self.layers[-1](hidden, ignore, window) if len(self.layers) else hidden[:, window]
        return self.norm(hidden)

    def _window(self) -> slice:
        """The steps that the last layer must finish."""
        return self.pool.reads if self.pooled_only and self.execution == "fast" else EVERY_STEP

    def _padding_is_one_vector(self) -> bool:
        """Whether padding steps cannot be told apart: no noise, no position, and only the last of them is read."""
        return self._window() == slice(-1, None) and not (self.training and self.random)

    def _encode_collapsed(self, rows: Tensor, mask: Tensor) -> Encoded:
        """The same with the padding steps out of the convolution's reach as one key that counts as many.

        $\\sum_{i=1}^{n} e^{s} = e^{s + \\ln n}$: their scores are equal, so one of them, its logit raised by the
        logarithm of their number, stands for all. Items are taken in groups of similar length.
        """
        time, real = rows.shape[1], (rows != 0).any(dim=-1)
        groups, length = similar_lengths(real, self.GROUP), extent(real)
        states = []
        for group in groups:
            kept = min(int(length[group].max()) + 2, time)
            count = torch.zeros(len(group), kept, dtype=rows.dtype, device=rows.device)
            count[:, -1] = math.log(time - kept + 1)
            states.append(self._encode(rows[group, :kept], mask[group, :kept], count))
        hidden = torch.cat(states)[torch.cat(groups).argsort()]
        return Encoded(hidden, self.pool(hidden, mask[:, -1:]), mask)


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
        self,
        hidden: Float[Tensor, "batch time dim"],
        ignore: Bool[Tensor, "batch time"] | Float[Tensor, "batch time"] | None,
        window: slice = EVERY_STEP,
    ) -> Float[Tensor, "batch steps dim"]:
        """Return the states of the window's steps after the layer.

        Args:
            hidden: States before it.
            ignore: True at steps that are not attended to; or a number to be added to each step's logit.
            window: The steps wanted.
        """
        normed = self.attention_norm(hidden)
        attended, _ = self.attention(normed[:, window], normed, normed, key_padding_mask=ignore, need_weights=False)
        hidden = hidden[:, window] + self.residual_dropout(attended)
        inner = self.relu_dropout(F.relu(self.widen(self.feed_forward_norm(hidden))))
        return hidden + self.residual_dropout(self.narrow(inner))
