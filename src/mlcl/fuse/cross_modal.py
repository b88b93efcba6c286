"""Cross-modal transformer: a latent modality attends to a context modality."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mlcl.execution import Execution, extent, similar_lengths


class CrossModalTransformer(nn.Module):
    r"""`depth` blocks of cross-attention and gated feed-forward, averaged over the latent tokens.

    $$x \leftarrow x + \mathrm{Attn}(\mathrm{LN}(x), \mathrm{LN}_c(c)),\; x \leftarrow x + \mathrm{FF}(\mathrm{LN}(x))$$

    With sequences of one token the softmax is 1 and the result does not depend on the attention's query: this is what
    the release computes. With token sequences both masks leave padding out.

    Args:
        dim: Width $d$ of latent, context and result.
        depth: Number of blocks.
        num_heads: Number of attention heads.
        dim_head: Width of a head; the attention is ``num_heads * dim_head`` wide whatever `dim` is.
        dropout: On attention weights and after the feed-forward.

    Source:
        MLCL, bi-modal contrastive learning (BMCL).
    """

    GROUP = 32
    execution: Execution = "fast"

    def __init__(self, dim: int, *, depth: int, num_heads: int, dim_head: int = 64, dropout: float = 0.0) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(CrossModalBlock(dim, num_heads, dim_head, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)

    def forward(
        self,
        latent: Float[Tensor, "batch latent_time dim"],
        context: Float[Tensor, "batch context_time dim"],
        latent_mask: Bool[Tensor, "batch latent_time"] | None = None,
        context_mask: Bool[Tensor, "batch context_time"] | None = None,
    ) -> Float[Tensor, "batch dim"]:
        """Return one vector per item; items without any real token give a finite vector of no meaning."""
        if self.execution == "fast" and latent_mask is not None and context_mask is not None:
            return self._read_in_groups(latent, context, latent_mask, context_mask)
        return self._read(latent, context, latent_mask, context_mask)

    def _read_in_groups(self, latent: Tensor, context: Tensor, latent_mask: Tensor, context_mask: Tensor) -> Tensor:
        """The same for groups of items of similar length, each without the padding that all of its items share."""
        groups = similar_lengths(torch.cat([latent_mask, context_mask], dim=1), self.GROUP)
        latent_end, context_end = extent(latent_mask), extent(context_mask)
        vectors = []
        for group in groups:
            ours = (group, slice(max(int(latent_end[group].max()), 1)))
            theirs = (group, slice(max(int(context_end[group].max()), 1)))
            vectors.append(self._read(latent[ours], context[theirs], latent_mask[ours], context_mask[theirs]))
        return torch.cat(vectors)[torch.cat(groups).argsort()]

    def _read(self, latent: Tensor, context: Tensor, latent_mask: Tensor | None, context_mask: Tensor | None) -> Tensor:
        for block in self.blocks:
            latent = block(latent, context, context_mask)
        if latent_mask is None:
            return self.norm(latent.mean(dim=1))
        weight = latent_mask.unsqueeze(-1).to(latent.dtype)
        return self.norm((latent * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1))

    def freeze_queries(self) -> None:
        """Take the queries' parameters out of training: with a single key they have no influence."""
        for block in self.blocks:
            block.get_submodule("norm").requires_grad_(False)
            block.get_submodule("attention.to_q").requires_grad_(False)


class CrossModalBlock(nn.Module):
    """One block: cross-attention, then a feed-forward gated by GELU, each with a residual."""

    def __init__(self, dim: int, num_heads: int, dim_head: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.norm_context = nn.LayerNorm(dim)
        self.attention = CrossAttention(dim, num_heads, dim_head, dropout)
        self.norm_feed_forward = nn.LayerNorm(dim)
        self.feed_forward = GatedFeedForward(dim, dropout)

    def forward(self, latent: Tensor, context: Tensor, context_mask: Tensor | None) -> Tensor:
        """Return the latent tokens after the block."""
        latent = latent + self.attention(self.norm(latent), self.norm_context(context), context_mask)
        return latent + self.feed_forward(self.norm_feed_forward(latent))


class CrossAttention(nn.Module):
    """Multi-head attention with its own head width; query, key and value projections without bias."""

    execution: Execution = "fast"

    def __init__(self, dim: int, num_heads: int, dim_head: int, dropout: float) -> None:
        super().__init__()
        self.num_heads, self.dim_head, self.dropout = num_heads, dim_head, dropout
        self.to_q = nn.Linear(dim, num_heads * dim_head, bias=False)
        self.to_kv = nn.Linear(dim, 2 * num_heads * dim_head, bias=False)
        self.to_out = nn.Linear(num_heads * dim_head, dim)

    def forward(
        self,
        latent: Float[Tensor, "batch latent_time dim"],
        context: Float[Tensor, "batch context_time dim"],
        context_mask: Bool[Tensor, "batch context_time"] | None = None,
    ) -> Float[Tensor, "batch latent_time dim"]:
        """Return what each latent token reads from the context."""
        if self.execution == "fast" and context.shape[1] == 1 and context_mask is None:
            return self.to_out(self._single_value(latent, context))
        key, value = self.to_kv(context).chunk(2, dim=-1)
        attended = F.scaled_dot_product_attention(
            self._heads(self.to_q(latent)),
            self._heads(key),
            self._heads(value),
            attn_mask=None if context_mask is None else _attendable(context_mask)[:, None, None, :],
            dropout_p=self.dropout if self.training else 0.0,
        )
        return self.to_out(attended.transpose(1, 2).flatten(2))

    def _single_value(self, latent: Tensor, context: Tensor) -> Tensor:
        """What every latent token reads from one key: its value, since the softmax over one score is 1."""
        value = F.linear(context, self.to_kv.weight[self.num_heads * self.dim_head :])
        weight = value.new_ones(*latent.shape[:2], self.num_heads, 1)
        weight = F.dropout(weight, self.dropout, training=self.training)
        return (weight * value.view(*value.shape[:2], self.num_heads, self.dim_head)).flatten(2)

    def _heads(self, tokens: Tensor) -> Tensor:
        return tokens.view(*tokens.shape[:-1], self.num_heads, self.dim_head).transpose(1, 2)


class GatedFeedForward(nn.Module):
    """GEGLU: half of a widened input gates the other half. ``d -> 8d -> 4d -> d``."""

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.widen = nn.Linear(dim, 8 * dim)
        self.narrow = nn.Linear(4 * dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Return the transformed tokens."""
        value, gate = self.widen(tokens).chunk(2, dim=-1)
        return self.dropout(self.narrow(value * F.gelu(gate)))


def _attendable(mask: Tensor) -> Tensor:
    """The mask with items that have no key at all opened, so that their softmax stays finite."""
    return mask | ~mask.any(dim=-1, keepdim=True)
