"""Late fusion: the encoders of MLCL's default profile side by side, without contrast; what MLCL must beat."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mlcl.encode.text import TextInput
from mlcl.modality import MODALITIES
from mlcl.models.base import MultimodalOutput, forward_pass
from mlcl.models.configuration import MultimodalConfig
from mlcl.models.encoders import EncodersModel, blank
from mlcl.models.heads import ModalityHeads, head_terms, heads_loss
from mlcl.models.task import task_loss
from mlcl.options import LateFusionOptions


class LateFusionConfig(MultimodalConfig, options=LateFusionOptions):
    """Configuration of `LateFusionModel`."""

    model_type = "mlcl_late_fusion"


class LateFusionModel(EncodersModel):
    """Text, acoustic and visual vector, concatenated; one hidden layer; the task's loss alone."""

    config_class = LateFusionConfig
    base_model_prefix = "late_fusion"

    def __init__(self, config: LateFusionConfig) -> None:
        super().__init__(config)
        dim = config.d_model
        self.hidden = nn.Linear(3 * dim, dim)
        self.dropout = nn.Dropout(config.attention_dropout)
        self.output = nn.Linear(dim, config.num_labels)
        self.heads = None if config.modality_heads == "none" else ModalityHeads(config)
        self.post_init()
        if self.heads is not None:
            nn.init.zeros_(self.output.weight)

    @forward_pass
    def forward(
        self,
        input_ids: TextInput,
        acoustic: Float[Tensor, "batch acoustic_time acoustic_dim"],
        visual: Float[Tensor, "batch visual_time visual_dim"],
        attention_mask: Int[Tensor, "batch time"] | Bool[Tensor, "batch time"],
        token_type_ids: Int[Tensor, "batch time"] | None = None,
        labels: Tensor | None = None,
        acoustic_mask: Bool[Tensor, "batch acoustic_time"] | None = None,
        visual_mask: Bool[Tensor, "batch visual_time"] | None = None,
        text_present: Bool[Tensor, " batch"] | None = None,
    ) -> MultimodalOutput:
        """Predict, and with `labels` compute the loss; arguments as for `MLCLModel`."""
        encoded, present = self.encode(
            input_ids, acoustic, visual, attention_mask, token_type_ids, acoustic_mask, visual_mask, text_present
        )
        heard = self.heard(present)
        vectors = [blank(encoded[m].pooled, heard, m) for m in MODALITIES]
        embedding = torch.cat(vectors, dim=1)
        logits = self.output(self.dropout(F.relu(self.hidden(embedding))))
        alone: dict[str, Tensor] = {}
        if self.heads is not None:
            alone, joint = self.heads({m: encoded[m].pooled for m in MODALITIES}, heard)
            logits = joint + logits
        if labels is None:
            return MultimodalOutput(logits=logits, embedding=embedding)
        smoothing = self.config.label_smoothing
        terms = {
            "task": task_loss(logits, labels, smoothing=smoothing),
            **head_terms(alone, labels, present, smoothing),
        }
        loss = terms["task"] + self.config.heads_weight * heads_loss(terms)
        return MultimodalOutput(loss, logits, embedding, terms)
