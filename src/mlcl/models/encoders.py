"""The base of MLCL, MIB, MCL and late fusion: one encoder per modality, and what is present and heard of it."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mlcl.encode.sequence import Encoded, SequenceDropout, SequenceEncoder
from mlcl.encode.shorten import shorten
from mlcl.encode.text import TextEncoder, TextInput
from mlcl.modality import ACOUSTIC, MODALITIES, TEXT, VISUAL
from mlcl.models.base import MultimodalModel
from mlcl.models.configuration import MultimodalConfig

Presence = dict[str, Tensor] | None
"""(batch,) which items have each modality; None where absence is not looked at."""


class EncodersModel(MultimodalModel):
    """A model on a text encoder and two sequence encoders of one width.

    Args:
        config: Its sizes, dropouts and readouts.
        pooled_only: Whether the model reads each encoder by one vector alone, and not by its sequence.
    """

    def __init__(self, config: MultimodalConfig, *, pooled_only: bool = True) -> None:
        super().__init__(config)
        readout = {"mask_padding": config.mask_padding, "pooled_only": pooled_only}
        dropout = SequenceDropout(
            attention=config.attention_dropout,
            relu=config.relu_dropout,
            residual=config.residual_dropout,
            embedding=config.embedding_dropout,
        )
        self.text = TextEncoder(config.text_config, config.d_model, pooling=config.text_pooling, **readout)
        self.acoustic, self.visual = (
            SequenceEncoder(
                width,
                config.d_model,
                num_heads=config.num_heads,
                num_layers=config.sequence_layers,
                dropout=dropout,
                pooling=config.sequence_pooling,
                **readout,
            )
            for width in (config.acoustic_dim, config.visual_dim)
        )

    def encode(
        self,
        input_ids: TextInput,
        acoustic: Tensor,
        visual: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None,
        acoustic_mask: Tensor | None,
        visual_mask: Tensor | None,
        text_present: Tensor | None,
    ) -> tuple[dict[str, Encoded], Presence]:
        """Each modality's states and vector, and which items have it; arguments as for `MLCLModel`."""
        encoded = {
            TEXT: self.text(input_ids, attention_mask.bool(), token_type_ids),
            ACOUSTIC: self.acoustic(*self._rows(acoustic, acoustic_mask)),
            VISUAL: self.visual(*self._rows(visual, visual_mask)),
        }
        if not self.config.mask_padding:
            return encoded, None
        present = {m: encoded[m].mask.any(dim=1) for m in MODALITIES}
        return encoded, present if text_present is None else {**present, TEXT: text_present}

    def _rows(self, rows: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Rows and which are real, shortened where that is asked for."""
        real, longest = real_rows(rows, mask), self.config.longest_sequence
        return (rows, real) if longest is None else shorten(rows, real, longest)

    def heard(self, present: Presence) -> Presence:
        """What the prediction may use: all that is present, in training less what modality dropout hides."""
        if present is None or not self.training or not self.config.modality_dropout:
            return present
        return hide_modalities(present, self.config.modality_dropout)


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
