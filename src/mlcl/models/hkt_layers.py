"""The parts of HKT: attention without an output map, encoders of feature rows, the bimodal cross-attention layer."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention whose heads are put side by side and left so: there is no output map.

    Args:
        dim: Width of the queries and of the result.
        key_dim: Width of what is attended to.
        num_heads: Divides `dim`.
        dropout: On attention weights.
    """

    def __init__(self, dim: int, key_dim: int, *, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads, self.dropout = num_heads, dropout
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(key_dim, dim)
        self.value = nn.Linear(key_dim, dim)

    def forward(
        self,
        queries: Float[Tensor, "batch time dim"],
        keys: Float[Tensor, "batch time key_dim"],
        mask: Bool[Tensor, "batch time"] | None,
    ) -> Float[Tensor, "batch time dim"]:
        """What each query reads from the keys; `mask` is True at keys that may be read, None for all."""
        readable = None if mask is None else (mask | ~mask.any(dim=1, keepdim=True))[:, None, None, :]
        attended = F.scaled_dot_product_attention(
            self._heads(self.query(queries)),
            self._heads(self.key(keys)),
            self._heads(self.value(keys)),
            attn_mask=readable,
            dropout_p=self.dropout if self.training else 0.0,
        )
        return attended.transpose(1, 2).flatten(2)

    def _heads(self, states: Tensor) -> Tensor:
        return states.view(*states.shape[:2], self.num_heads, -1).transpose(1, 2)


class RowLayer(nn.Module):
    r"""Post-LN: $s = \mathrm{LN}(x + \mathrm{SA}(x))$, then $\mathrm{LN}(s + \mathrm{FF}(s))$."""

    def __init__(self, dim: int, *, num_heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(dim, dim, num_heads=num_heads, dropout=dropout)
        self.attention_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, feed_forward)
        self.narrow = nn.Linear(feed_forward, dim)
        self.feed_forward_norm = nn.LayerNorm(dim)
        self.residual_dropout = nn.Dropout(dropout)

    def forward(
        self, hidden: Float[Tensor, "batch time dim"], mask: Bool[Tensor, "batch time"] | None
    ) -> Float[Tensor, "batch time dim"]:
        """The states after the layer."""
        hidden = self.attention_norm(hidden + self.residual_dropout(self.attention(hidden, hidden, mask)))
        inner = self.narrow(F.relu(self.widen(hidden)))
        return self.feed_forward_norm(hidden + self.residual_dropout(inner))


class RowEncoder(nn.Module):
    r"""Feature rows, one under each token, to states of the same width.

    $x = \mathrm{LN}(\mathrm{rows} + P)$ with learned positions $P$, then $x \leftarrow x + \mathrm{Layer}(x)$: a second
    residual around layers that have their own. The rows enter as they are, without a map.

    Args:
        dim: Columns of a row.
        num_layers: Number of layers.
        num_heads: Divides `dim`.
        feed_forward: Width inside a layer's feed-forward.
        dropout: On attention weights and on both residual branches.
        max_positions: Rows of $P$.
        mask_padding: Attend to the steps under real tokens only, read rows that are not real as zeros, and give zeros
            for items without any real row. Off, as in the release, every step is like any other.

    Source:
        HKT, the acoustic, visual and humor-centric encoders.
    """

    def __init__(
        self,
        dim: int,
        *,
        num_layers: int,
        num_heads: int,
        feed_forward: int,
        dropout: float,
        max_positions: int,
        mask_padding: bool,
    ) -> None:
        super().__init__()
        self.mask_padding = mask_padding
        self.positions = nn.Embedding(max_positions, dim)
        self.norm = nn.LayerNorm(dim)
        self.layers = nn.ModuleList(
            RowLayer(dim, num_heads=num_heads, feed_forward=feed_forward, dropout=dropout) for _ in range(num_layers)
        )

    def forward(
        self, rows: Float[Tensor, "batch time dim"], real: Bool[Tensor, "batch time"], mask: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time dim"]:
        """The states of all steps; `real` is True at real rows, `mask` at real tokens, special ones among them."""
        keys = mask if self.mask_padding else None
        if self.mask_padding:
            rows = rows.masked_fill(~real.unsqueeze(-1), 0.0)
        hidden = self.norm(rows + self.positions(torch.arange(rows.shape[1], device=rows.device)))
        for layer in self.layers:
            hidden = hidden + layer(hidden, keys)
        return hidden.masked_fill(~real.any(dim=1)[:, None, None], 0.0) if self.mask_padding else hidden


class BimodalAttention(nn.Module):
    r"""Language and non-verbal stream read each other, side by side: $c = [\mathrm{Att}(t, n); \mathrm{Att}(n, t)]$.

    Neither stream is added to what it reads. One post-LN layer over $c$ follows, with a single linear map and a ReLU
    for its feed-forward. Padding tokens are keys in none of the three attentions.

    Args:
        text_dim: Width of $t$.
        nonverbal_dim: Width of $n$.
        num_heads: Heads of the attentions that give $t$'s, $n$'s and both widths.
        dropout: On attention weights and on both residual branches.

    Source:
        HKT, bimodal cross-attention layer.
    """

    def __init__(self, text_dim: int, nonverbal_dim: int, *, num_heads: tuple[int, int, int], dropout: float) -> None:
        super().__init__()
        width, (of_text, of_nonverbal, of_both) = text_dim + nonverbal_dim, num_heads
        self.text_reads = Attention(text_dim, nonverbal_dim, num_heads=of_text, dropout=dropout)
        self.nonverbal_reads = Attention(nonverbal_dim, text_dim, num_heads=of_nonverbal, dropout=dropout)
        self.attention = Attention(width, width, num_heads=of_both, dropout=dropout)
        self.attention_norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, width)
        self.linear_norm = nn.LayerNorm(width)
        self.residual_dropout = nn.Dropout(dropout)

    def forward(
        self,
        text: Float[Tensor, "batch time text_dim"],
        nonverbal: Float[Tensor, "batch time nonverbal_dim"],
        mask: Bool[Tensor, "batch time"] | None,
    ) -> Float[Tensor, "batch time width"]:
        """The joint states; `mask` is True at real tokens."""
        joint = torch.cat([self.text_reads(text, nonverbal, mask), self.nonverbal_reads(nonverbal, text, mask)], dim=2)
        joint = self.attention_norm(joint + self.residual_dropout(self.attention(joint, joint, mask)))
        return self.linear_norm(joint + self.residual_dropout(F.relu(self.linear(joint))))
