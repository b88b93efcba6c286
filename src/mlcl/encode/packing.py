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

    Item after item, an item's real tokens come first; then the steps that are computed though nobody attends to them
    (the release reads states at [PAD]).

    Attributes:
        order: (batch,) the items in packed order, equal sizes side by side.
        at: (tokens,) places of the packed tokens in the flattened (batch * time) batch.
        runs: Stretches of items of equal size.
    """

    order: Int[Tensor, " batch"]
    at: Int[Tensor, " tokens"]
    runs: tuple[Run, ...]

    @classmethod
    def of(cls, real: Bool[Tensor, "batch time"], wanted: Bool[Tensor, "batch time"]) -> "Packing":
        """Pack the real tokens and, as queries only, the wanted steps that are not real."""
        time, extra = real.shape[1], wanted & ~real
        size = torch.stack([real.sum(dim=1), extra.sum(dim=1)], dim=1)
        order = (size[:, 0] * (time + 1) + size[:, 1]).argsort(stable=True)
        row, step = (real | extra)[order].nonzero(as_tuple=True)
        late = extra[order[row], step]
        sorting = ((2 * row + late) * time + step).argsort()
        shapes, counts = torch.unique_consecutive(size[order], dim=0, return_counts=True)
        runs = [Run(n, keys, extras) for (keys, extras), n in zip(shapes.tolist(), counts.tolist(), strict=True)]
        return cls(order, (order[row] * time + step)[sorting], tuple(runs))

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
        query: Float[Tensor, "tokens width"] | Float[Tensor, "batch queries width"],
        key: Float[Tensor, "tokens width"],
        value: Float[Tensor, "tokens width"],
        *,
        num_heads: int,
        dropout: float,
    ) -> Float[Tensor, "tokens width"] | Float[Tensor, "batch queries width"]:
        """Attention to the real tokens of one's own item: of every packed token, or of a few queries per item.

        The few are given, and answered, in packed order.
        """
        few = query.dim() == 3
        asked = torch.split(query, [run.items for run in self.runs]) if few else self._by_run(query)
        parts = [
            attention(part, keys[:, : run.keys], values[:, : run.keys], num_heads=num_heads, dropout=dropout)
            for run, part, keys, values in zip(self.runs, asked, self._by_run(key), self._by_run(value), strict=True)
        ]
        return torch.cat(parts if few else [part.flatten(0, 1) for part in parts])

    def _by_run(self, tokens: Tensor) -> list[Tensor]:
        """Packed tokens as one (items, steps, width) rectangle per run.

        One split, not many slices: the gradient of a slice is as large as what it was cut from.
        """
        steps = [run.keys + run.extras for run in self.runs]
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
