"""One head per modality: each predicts by itself, so that none starves and the text's answer is always there."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mlcl.modality import MODALITIES, TEXT
from mlcl.models.configuration import MultimodalConfig
from mlcl.models.task import item_losses
from mlcl.parallel import global_mean


class ModalityHeads(nn.Module):
    r"""LayerNorm, dropout and a linear layer per modality, and their joint prediction.

    The joint prediction is $\sum_m h_m$, which for classes multiplies what the modalities say as if they were
    independent given the class; or $\sum_m w_m h_m$ with $w = \mathrm{softmax}(g)$ over the modalities that are there.
    """

    TRUST = 2.0
    """Where the text's entry of $g$ starts; the others start at 0."""

    def __init__(self, config: MultimodalConfig) -> None:
        super().__init__()
        dim = config.d_model
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.LayerNorm(dim), nn.Dropout(config.head_dropout), nn.Linear(dim, config.num_labels)
                )
                for name in MODALITIES
            }
        )
        start = torch.tensor([self.TRUST * (name == TEXT) for name in MODALITIES])
        self.gate = nn.Parameter(start) if config.modality_heads == "gate" else None

    def forward(
        self, vectors: Mapping[str, Tensor], heard: Mapping[str, Tensor] | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return each modality's (batch, outputs) prediction, and the joint one; absent modalities have no part in it.

        Args:
            vectors: (batch, dim) by modality.
            heard: (batch,) by modality, True where the prediction may use it; None for everywhere.
        """
        alone = {name: self.heads[name](vectors[name]) for name in MODALITIES}
        found = torch.stack([alone[name] for name in MODALITIES], dim=1)
        there = torch.ones_like(found[..., 0], dtype=torch.bool)
        if heard is not None:
            there = torch.stack([heard[name] for name in MODALITIES], dim=1)
        if self.gate is None:
            weight = there.to(found.dtype)
        else:
            score = self.gate.to(found.dtype).masked_fill(~there, float("-inf"))
            weight = score.masked_fill(~there.any(dim=1, keepdim=True), 0.0).softmax(dim=1) * there
        return alone, (weight.unsqueeze(-1) * found).sum(dim=1)


def head_terms(
    alone: Mapping[str, Tensor], labels: Tensor, present: Mapping[str, Tensor] | None, smoothing: float
) -> dict[str, Tensor]:
    """The task's loss of each head over the items that have its modality. Terms ``head_<modality>``."""
    labels = labels.reshape(len(labels))
    terms = {}
    for name, logits in alone.items():
        keep = slice(None) if present is None else present[name]
        terms[f"head_{name}"] = global_mean(item_losses(logits[keep], labels[keep], smoothing=smoothing))
    return terms


def heads_loss(terms: Mapping[str, Tensor]) -> Tensor | float:
    """The mean of the heads' terms; 0 without heads."""
    found = [term for name, term in terms.items() if name.startswith("head_")]
    return torch.stack(found).mean() if found else 0.0
