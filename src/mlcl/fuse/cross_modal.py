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
        latent_end, context_end = extent(latent_mask), extent(context_mask)
        if len(latent) <= self.GROUP:
            m, n = (max(int(end.max()), 1) for end in (latent_end, context_end))
            return self._read(latent[:, :m], context[:, :n], latent_mask[:, :m], context_mask[:, :n])
        groups = similar_lengths(torch.cat([latent_mask, context_mask], dim=1), self.GROUP)
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

    FEW = 4
    """A latent of at most a 1/FEW of `dim_head` tokens has few queries."""
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
        if self.execution == "fast" and context.shape[1] == 1 and latent.shape[1] > self.dim_head:
            return self._of_one_key(latent, context)
        if self.execution == "fast" and self.FEW * latent.shape[1] <= self.dim_head:
            return self.to_out(self._of_few_queries(latent, context, context_mask))
        of_key, of_value = self.to_kv.weight.chunk(2)  # a chunk of the weight is cheaper than one of its output
        key, value = F.linear(context, of_key), F.linear(context, of_value)
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

    def _of_one_key(self, latent: Tensor, context: Tensor) -> Tensor:
        """The same, read by many latent tokens: a head's value goes through the output projection once per item."""
        value = F.linear(context, self.to_kv.weight.chunk(2)[1]).view(len(context), self.num_heads, self.dim_head)
        of_head = self.to_out.weight.view(-1, self.num_heads, self.dim_head)
        read = torch.einsum("bhe,dhe->bhd", value, of_head)
        weight = value.new_ones(*latent.shape[:2], self.num_heads)
        weight = F.dropout(weight, self.dropout, training=self.training)
        none = 0.0 * (self.to_q.weight.sum() + latent.sum())  # the query's gradient is 0, and is one
        return weight @ read + self.to_out.bias + none

    def _of_few_queries(self, latent: Tensor, context: Tensor, context_mask: Tensor | None) -> Tensor:
        """Queries are mapped into the context's space, so that its many tokens need no keys and values of their own."""
        of_key, of_value = (part.view(self.num_heads, self.dim_head, -1) for part in self.to_kv.weight.chunk(2))
        query = self.to_q(latent).view(*latent.shape[:2], self.num_heads, self.dim_head)
        asked = torch.einsum("bqhe,hed->bqhd", query, of_key).flatten(1, 2)
        score = asked @ context.transpose(1, 2) * self.dim_head**-0.5
        if context_mask is not None:
            score = score.masked_fill(~_attendable(context_mask)[:, None], float("-inf"))
        weight = F.dropout(score.softmax(dim=-1), self.dropout, training=self.training)
        read = (weight @ context).view(*query.shape[:3], -1)
        return torch.einsum("bqhd,hed->bqhe", read, of_value).flatten(2)

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
        weights, biases = self.widen.weight.chunk(2), self.widen.bias.chunk(2)
        value, gate = (F.linear(tokens, weight, bias) for weight, bias in zip(weights, biases, strict=True))
        return self.dropout(self.narrow(value * F.gelu(gate)))


def _attendable(mask: Tensor) -> Tensor:
    """The mask with items that have no key at all opened, so that their softmax stays finite."""
    return mask | ~mask.any(dim=-1, keepdim=True)
