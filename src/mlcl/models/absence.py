"""Absent modalities: which items have what, and hiding some of it in training."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mlcl.modality import ACOUSTIC, MODALITIES, TEXT, VISUAL


def real_rows(rows: Tensor, mask: Tensor | None) -> Tensor:
    """(batch, time) real rows: as given, else those that are not all zeros."""
    return (rows != 0).any(dim=-1) if mask is None else mask


def together(present: Mapping[str, Tensor], *names: str) -> Tensor:
    """(batch,) which items have all of the modalities."""
    return torch.stack([present[name] for name in names]).all(dim=0)


def blank(vector: Tensor, present: Mapping[str, Tensor] | None, *names: str) -> Tensor:
    """The vector, exactly 0 for items that lack one of the modalities."""
    return vector if present is None else vector * together(present, *names).unsqueeze(-1)


def hide_modalities(present: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Modality dropout: acoustic, and independently visual, counts as absent in a random share of items with text."""
    spoken = present[TEXT]
    hidden = {m: spoken & (torch.rand(len(spoken), device=spoken.device) < share) for m in (ACOUSTIC, VISUAL)}
    return {m: present[m] & ~hidden[m] if m in hidden else present[m] for m in MODALITIES}
