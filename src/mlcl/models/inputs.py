"""What a model of all three modalities is given, and the forward pass by which training and transformers call it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mlcl.encode.text import TextInput
from mlcl.modality import ACOUSTIC, VISUAL
from mlcl.models.base import MultimodalModel, MultimodalOutput, forward_pass


@dataclass(frozen=True, eq=False)
class Inputs:
    """A batch without its labels.

    Attributes:
        input_ids: Token ids; word vectors where the text encoder reads vectors.
        mask: (batch, time), True at real tokens.
        token_type_ids: Segment ids of the text encoder.
        rows: (batch, time, columns) acoustic and visual rows, each on a clock of its own.
        masks: (batch, time) for both, True at real rows.
        text_present: (batch,), False where an item has no words.
    """

    input_ids: Tensor
    mask: Tensor
    token_type_ids: Tensor | None
    rows: Mapping[str, Tensor]
    masks: Mapping[str, Tensor]
    text_present: Tensor | None


class InputsModel(MultimodalModel):
    """A model that answers `Inputs`, and the labels where there are any.

    Attributes:
        answer: ``answer(inputs, labels)``, and further arguments of the model's own, gives the output.
    """

    answer: Callable[..., MultimodalOutput]
    accepts_loss_kwargs = False
    """What the Trainer of transformers asks: the loss takes no arguments of its own."""

    @forward_pass
    def forward(
        self,
        input_ids: TextInput,
        acoustic: Float[Tensor, "batch acoustic_time acoustic_dim"],
        visual: Float[Tensor, "batch visual_time visual_dim"],
        attention_mask: Int[Tensor, "batch time"] | Bool[Tensor, "batch time"] | None = None,
        token_type_ids: Int[Tensor, "batch time"] | None = None,
        labels: Tensor | None = None,
        acoustic_mask: Bool[Tensor, "batch acoustic_time"] | None = None,
        visual_mask: Bool[Tensor, "batch visual_time"] | None = None,
        text_present: Bool[Tensor, " batch"] | None = None,
        **more: Any,
    ) -> MultimodalOutput:
        """Predict, and with `labels` compute the loss.

        Args:
            input_ids: Token ids; word vectors where the text encoder reads vectors.
            acoustic: Acoustic rows; their number need not be that of the tokens.
            visual: Visual rows.
            attention_mask: 1 at real tokens; all real when absent.
            token_type_ids: Segment ids of the text encoder.
            labels: (batch,) or (batch, 1) scores, or (batch,) class ids.
            acoustic_mask: True at real rows; rows that are not all zero when absent. An item without any real row
                lacks the modality.
            visual_mask: The same for visual rows.
            text_present: False where an item has no words; all True when absent.
            more: What the model's `answer` takes beside.
        """
        every = torch.ones(input_ids.shape[:2], dtype=torch.bool, device=input_ids.device)
        mask = every if attention_mask is None else attention_mask.bool()
        rows = {ACOUSTIC: acoustic, VISUAL: visual}
        masks = {ACOUSTIC: real_rows(acoustic, acoustic_mask), VISUAL: real_rows(visual, visual_mask)}
        return self.answer(Inputs(input_ids, mask, token_type_ids, rows, masks, text_present), labels, **more)


def real_rows(rows: Tensor, mask: Tensor | None) -> Tensor:
    """(batch, time) real rows: as given, else those that are not all zeros."""
    return (rows != 0).any(dim=-1) if mask is None else mask
