"""Transformer block with a LayerNorm before and after each of its two parts."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn


class SandwichBlock(nn.Module):
    r"""$x' = x + \mathrm{LN}(\mathrm{MHA}(\mathrm{LN}(x)))$, then $x' + \mathrm{LN}(\mathrm{MLP}(\mathrm{LN}(x')))$.

    Both norms of a part count: with the gain and bias of the outer ones at 0 the block is the identity.

    Args:
        dim: Width.
        num_heads: Attention heads.
        feed_forward: Width of the MLP, which has a ReLU.
        depth: Blocks in the stack it belongs to; the more there are, the smaller each one's part starts.
        attention_dropout: On attention weights.
        relu_dropout: After the ReLU.

    Source:
        Sun et al. 2023 (LFMIM), https://aclanthology.org/2023.acl-long.39.
    """

    def __init__(
        self, dim: int, *, num_heads: int, feed_forward: int, depth: int, attention_dropout: float, relu_dropout: float
    ) -> None:
        super().__init__()
        self.depth = depth
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, num_heads, dropout=attention_dropout, batch_first=True)
        self.attended_norm = nn.LayerNorm(dim)
        self.feed_forward_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, feed_forward)
        self.narrow = nn.Linear(feed_forward, dim)
        self.narrowed_norm = nn.LayerNorm(dim)
        self.relu_dropout = nn.Dropout(relu_dropout)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw the four weight matrices as CLIP does, by width and depth."""
        dim = self.widen.in_features
        last = (2 * self.depth * dim) ** -0.5
        nn.init.normal_(self.attention.in_proj_weight, std=dim**-0.5)
        nn.init.normal_(self.attention.out_proj.weight, std=last)
        nn.init.normal_(self.widen.weight, std=(2 * dim) ** -0.5)
        nn.init.normal_(self.narrow.weight, std=last)

    def forward(
        self, hidden: Float[Tensor, "batch time dim"], ignore: Bool[Tensor, "batch time"] | None = None
    ) -> Float[Tensor, "batch time dim"]:
        """Return the states after the block; `ignore` is True at steps that are not attended to."""
        normed = self.attention_norm(hidden)
        attended, _ = self.attention(normed, normed, normed, key_padding_mask=ignore, need_weights=False)
        hidden = hidden + self.attended_norm(attended)
        inner = self.relu_dropout(F.relu(self.widen(self.feed_forward_norm(hidden))))
        return hidden + self.narrowed_norm(self.narrow(inner))
