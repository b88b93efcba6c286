"""Packing: the tokens of a batch one after the other, without padding, so that no linear layer computes any."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Run:
    """Neighbours of equal size: `items` items with `keys` real tokens each, and `extras` further queries each."""

    items: int
    keys: int
    extras: int


@dataclass(frozen=True, eq=False)
class Packing:
    """Where the packed tokens stand in the padded batch.

    Real tokens come first, item after item; then, in the same order, the steps that are computed though nobody attends
    to them (the release reads states at [PAD]).

    Attributes:
        order: (batch,) the items in packed order, equal sizes side by side.
        at: (tokens,) places of the packed tokens in the flattened (batch * time) batch.
        num_keys: How many of the packed tokens are real.
        runs: Stretches of items of equal size.
    """

    order: Int[Tensor, " batch"]
    at: Int[Tensor, " tokens"]
    num_keys: int
    runs: tuple[Run, ...]

    @classmethod
    def of(cls, real: Bool[Tensor, "batch time"], wanted: Bool[Tensor, "batch time"]) -> "Packing":
        """Pack the real tokens and, as queries only, the wanted steps that are not real."""
        extra = wanted & ~real
        time = real.shape[1]
        size = torch.stack([real.sum(dim=1), extra.sum(dim=1)], dim=1)
        order = (size[:, 0] * (time + 1) + size[:, 1]).argsort(stable=True)
        row, step = real[order].nonzero(as_tuple=True)
        extra_row, extra_step = extra[order].nonzero(as_tuple=True)
        shapes, counts = torch.unique_consecutive(size[order], dim=0, return_counts=True)
        runs = [Run(n, keys, extras) for (keys, extras), n in zip(shapes.tolist(), counts.tolist(), strict=True)]
        at = torch.cat([order[row] * time + step, order[extra_row] * time + extra_step])
        return cls(order, at, len(row), tuple(runs))

    def places(self, batch: int, time: int) -> Int[Tensor, "batch time"]:
        """Where each step of each item, items in packed order, stands among the packed tokens."""
        place = self.at.new_zeros(batch * time)
        place[self.at] = torch.arange(len(self.at), device=self.at.device)
        return place.view(batch, time)[self.order]

    def gather(self, padded: Tensor) -> Tensor:
        """Pack (batch, time, ...) to (tokens, ...)."""
        return padded.flatten(0, 1)[self.at]

    def scatter(
        self, packed: Float[Tensor, "tokens width"], batch: int, time: int
    ) -> Float[Tensor, "batch time width"]:
        """Unpack; steps that were not computed are 0."""
        padded = packed.new_zeros(batch * time, packed.shape[-1])
        return padded.index_copy(0, self.at, packed).view(batch, time, -1)

    def attend(
        self,
        query: Float[Tensor, "queries width"],
        key: Float[Tensor, "keys width"],
        value: Float[Tensor, "keys width"],
        *,
        num_heads: int,
        dropout: float,
    ) -> Float[Tensor, "queries width"]:
        """Attention of every packed token to the real tokens of its own item."""
        own, further = [], []
        queries, extra_queries = self._by_run(query[: self.num_keys]), self._by_run(query[self.num_keys :], extras=True)
        rectangles = zip(self.runs, queries, extra_queries, self._by_run(key), self._by_run(value), strict=True)
        for run, real, extra, keys, values in rectangles:
            asked = torch.cat([real, extra], dim=1) if run.extras else real
            attended = attention(asked, keys, values, num_heads=num_heads, dropout=dropout)
            own.append(attended[:, : run.keys].flatten(0, 1))
            further.append(attended[:, run.keys :].flatten(0, 1))
        return torch.cat(own + further)

    def attend_from(
        self,
        query: Float[Tensor, "batch queries width"],
        key: Float[Tensor, "keys width"],
        value: Float[Tensor, "keys width"],
        *,
        num_heads: int,
        dropout: float,
    ) -> Float[Tensor, "batch queries width"]:
        """Attention of a few queries per item, given in packed order, to the real tokens of the item."""
        asked = torch.split(query, [run.items for run in self.runs])
        parts = zip(asked, self._by_run(key), self._by_run(value), strict=True)
        return torch.cat([attention(*part, num_heads=num_heads, dropout=dropout) for part in parts])

    def _by_run(self, tokens: Tensor, *, extras: bool = False) -> list[Tensor]:
        """Packed tokens as one (items, steps, width) rectangle per run.

        One split, not many slices: the gradient of a slice is as large as what it was cut from.
        """
        steps = [run.extras if extras else run.keys for run in self.runs]
        parts = torch.split(tokens, [run.items * count for run, count in zip(self.runs, steps, strict=True)])
        return [
            part.view(run.items, count, tokens.shape[-1])
            for run, count, part in zip(self.runs, steps, parts, strict=True)
        ]


def attention(
    query: Float[Tensor, "items queries width"],
    key: Float[Tensor, "items keys width"],
    value: Float[Tensor, "items keys width"],
    *,
    num_heads: int,
    dropout: float,
) -> Float[Tensor, "items queries width"]:
    """Multi-head attention of items of equal size; no mask."""

    def heads(tokens: Tensor) -> Tensor:
        return tokens.view(*tokens.shape[:2], num_heads, tokens.shape[2] // num_heads).transpose(1, 2)

    attended = F.scaled_dot_product_attention(heads(query), heads(key), heads(value), dropout_p=dropout)
    return attended.transpose(1, 2).flatten(2)
