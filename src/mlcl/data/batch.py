"""Typed batches with masks, gathered from flat arrays without any per-item Python."""

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcl.modality import ACOUSTIC, TEXT, VISUAL


@dataclass(frozen=True)
class Batch:
    """One batch. Lengths may differ between modalities; masks are True at real steps.

    Attributes:
        input_ids: (batch, time) token ids; (batch, time, width) word vectors for a text encoder that reads vectors.
        attention_mask: (batch, time).
        token_type_ids: (batch, time).
        acoustic: (batch, acoustic_time, acoustic_dim) rows.
        acoustic_mask: (batch, acoustic_time); all False for an item without the modality.
        visual: (batch, visual_time, visual_dim) rows.
        visual_mask: (batch, visual_time).
        text_present: (batch,) whether the item has any word.
        labels: (batch,) or None.
        hcf: (batch, hcf_time, 4) humor-centric features, where the file has them.
        hcf_mask: (batch, hcf_time).
    """

    input_ids: Tensor
    attention_mask: Tensor
    token_type_ids: Tensor
    acoustic: Tensor
    acoustic_mask: Tensor
    visual: Tensor
    visual_mask: Tensor
    text_present: Tensor
    labels: Tensor | None = None
    hcf: Tensor | None = None
    hcf_mask: Tensor | None = None

    def __len__(self) -> int:
        return len(self.input_ids)

    def inputs(self, *, labels: bool = True) -> dict[str, Tensor]:
        """Keyword arguments of a model."""
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in named.items() if value is not None and (labels or name != "labels")}

    def to(self, device: torch.device) -> "Batch":
        """The batch on another device."""
        return Batch(**{name: value.to(device, non_blocking=True) for name, value in self.inputs().items()})

    def __getitem__(self, items: slice) -> "Batch":
        return Batch(**{name: value[items] for name, value in self.inputs().items()})


@dataclass(frozen=True, eq=False)
class Rows:
    """Feature rows of a split and which of them stand at which step of which item.

    Attributes:
        values: (rows + 1, width) float32; the last row is zeros.
        real: (rows + 1,) whether a row is not all zeros.
        index: Flat row numbers of the items' steps, and one -1 more; -1, the last row, stands for none.
        offsets: (items + 1,).
    """

    values: NDArray[np.floating]
    real: NDArray[np.bool_]
    index: NDArray[np.int64]
    offsets: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EncodedSplit:
    """A split ready to be batched.

    Attributes:
        ids: One identifier per item.
        tokens: Flat token ids, and `types` their segment ids, with `offsets` (items + 1,).
        types: Flat segment ids.
        offsets: (items + 1,).
        spoken: (items,) whether the item has any word.
        rows: Feature rows by name; ``text`` for word vectors, which the text encoder gets instead of token ids.
        labels: (items,) float64 or None.
        pad_id: Token id of padding.
        fixed_length: Padded length of every batch; None pads to the longest item.
    """

    ids: list[str]
    tokens: NDArray[np.int64]
    types: NDArray[np.int64]
    offsets: NDArray[np.int64]
    spoken: NDArray[np.bool_]
    rows: dict[str, Rows]
    labels: NDArray[np.float64] | None
    pad_id: int
    fixed_length: int | None

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, items: NDArray[np.int64]) -> Batch:
        """Gather the items, in the order given."""
        at, real = _steps(self.offsets, items, self.fixed_length)
        acoustic, acoustic_mask = self.gather(ACOUSTIC, items)
        visual, visual_mask = self.gather(VISUAL, items)
        hcf, hcf_mask = self.gather("hcf", items) if "hcf" in self.rows else (None, None)
        ids = torch.from_numpy(np.where(real, self.tokens[at], self.pad_id))
        text = self.gather(TEXT, items)[0] if TEXT in self.rows else ids
        return Batch(
            input_ids=text,
            attention_mask=torch.from_numpy(real),
            token_type_ids=torch.from_numpy(np.where(real, self.types[at], 0)),
            acoustic=acoustic,
            acoustic_mask=acoustic_mask,
            visual=visual,
            visual_mask=visual_mask,
            text_present=torch.from_numpy(self.spoken[items]),
            labels=None if self.labels is None else torch.from_numpy(self.labels[items]).float(),
            hcf=hcf,
            hcf_mask=hcf_mask,
        )

    def gather(self, name: str, items: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Rows of that name, (batch, time, width), and which are real, (batch, time)."""
        rows = self.rows[name]
        at, real = _steps(rows.offsets, items, self.fixed_length)
        index = np.where(real, rows.index[at], -1)
        return torch.from_numpy(rows.values[index]), torch.from_numpy(rows.real[index])


def _steps(
    offsets: NDArray[np.int64], items: NDArray[np.int64], fixed: int | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each step of each item stands in the flat arrays, and whether it is a real step; both (batch, time)."""
    lengths = offsets[items + 1] - offsets[items]
    longest = fixed if fixed is not None else max(int(lengths.max(initial=0)), 1)
    step = np.arange(longest)
    real = step < lengths[:, None]
    at = np.where(real, offsets[items][:, None] + step, 0)
    return at, real
