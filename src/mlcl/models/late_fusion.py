"""Late fusion: the encoders of MLCL's default profile side by side, without contrast; what MLCL must beat."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlcl.modality import MODALITIES
from mlcl.models.base import MultimodalOutput
from mlcl.models.configuration import MultimodalConfig
from mlcl.models.encoders import EncodersModel, blank
from mlcl.models.heads import ModalityHeads, head_terms, heads_loss
from mlcl.models.inputs import Inputs
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

    def answer(self, given: Inputs, labels: Tensor | None) -> MultimodalOutput:
        """Predict, and with `labels` compute the loss."""
        encoded, present = self.encode(given)
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
