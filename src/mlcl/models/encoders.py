"""The base of MLCL, MIB, MCL and late fusion: one encoder per modality, and what is present and heard of it."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mlcl.encode.sequence import Encoded, SequenceDropout, SequenceEncoder
from mlcl.encode.shorten import shorten
from mlcl.encode.text import TextEncoder
from mlcl.modality import ACOUSTIC, MODALITIES, TEXT, VISUAL
from mlcl.models.configuration import MultimodalConfig
from mlcl.models.inputs import Inputs, InputsModel

Presence = dict[str, Tensor] | None
"""(batch,) which items have each modality; None where absence is not looked at."""


class EncodersModel(InputsModel):
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

    def encode(self, given: Inputs) -> tuple[dict[str, Encoded], Presence]:
        """Each modality's states and vector, and which items have it."""
        encoded = {TEXT: self.text(given.input_ids, given.mask, given.token_type_ids)}
        for name in (ACOUSTIC, VISUAL):
            rows, mask, longest = given.rows[name], given.masks[name], self.config.longest_sequence
            rows, mask = (rows, mask) if longest is None else shorten(rows, mask, longest)
            encoded[name] = self.get_submodule(name)(rows, mask)
        if not self.config.mask_padding:
            return encoded, None
        present = {m: encoded[m].mask.any(dim=1) for m in MODALITIES}
        return encoded, present if given.text_present is None else {**present, TEXT: given.text_present}

    def heard(self, present: Presence) -> Presence:
        """What the prediction may use: all that is present, in training less what modality dropout hides."""
        if present is None or not self.training or not self.config.modality_dropout:
            return present
        return hide_modalities(present, self.config.modality_dropout)


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
