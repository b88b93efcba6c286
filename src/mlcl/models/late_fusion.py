"""Late fusion: the encoders of MLCL's default profile side by side, without contrast; what MLCL must beat."""

from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import AutoConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec

from mlcl.encode.text import TextInput
from mlcl.modality import ACOUSTIC, MODALITIES, TEXT, VISUAL
from mlcl.models.absence import blank, hide_modalities, real_rows
from mlcl.models.base import MultimodalModel
from mlcl.models.choices import check_choices
from mlcl.models.encoders import build_encoders
from mlcl.models.output import MultimodalOutput
from mlcl.models.task import task_loss


class LateFusionConfig(PreTrainedConfig):
    """Configuration of `LateFusionModel`; the fields mean what they mean in `MLCLConfig`."""

    model_type = "mlcl_late_fusion"
    keys_to_ignore_at_inference = ["terms", "embedding"]  # noqa: RUF012
    sub_configs_defaults = {"text_config": SubConfigSpec(config_class=AutoConfig, model_type="bert")}  # noqa: RUF012

    text_config: dict[str, Any] | PreTrainedConfig | None = None
    acoustic_dim: int = 74
    visual_dim: int = 47
    d_model: int = 128
    num_heads: int = 4
    sequence_layers: int = 2
    attention_dropout: float = 0.1
    relu_dropout: float = 0.1
    residual_dropout: float = 0.1
    embedding_dropout: float = 0.1
    modality_dropout: float = 0.0
    text_pooling: Literal["last_position", "cls", "mean"] = "mean"
    sequence_pooling: Literal["last_position", "mean", "attention"] = "mean"
    mask_padding: bool = True

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        check_choices(self)
        if self.d_model % self.num_heads:
            raise ValueError(f"d_model ({self.d_model}) must be a multiple of num_heads ({self.num_heads})")


class LateFusionModel(MultimodalModel):
    """Text, acoustic and visual vector, concatenated; one hidden layer; the task's loss alone."""

    config_class = LateFusionConfig
    base_model_prefix = "late_fusion"

    def __init__(self, config: LateFusionConfig) -> None:
        super().__init__(config)
        dim = config.d_model
        self.text, self.acoustic, self.visual = build_encoders(config)
        self.hidden = nn.Linear(3 * dim, dim)
        self.dropout = nn.Dropout(config.attention_dropout)
        self.output = nn.Linear(dim, config.num_labels)
        self.post_init()

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
        encoded = {
            TEXT: self.text(input_ids, attention_mask.bool(), token_type_ids),
            ACOUSTIC: self.acoustic(acoustic, real_rows(acoustic, acoustic_mask)),
            VISUAL: self.visual(visual, real_rows(visual, visual_mask)),
        }
        present = {m: encoded[m].mask.any(dim=1) for m in MODALITIES}
        if text_present is not None:
            present[TEXT] = text_present
        if self.training and self.config.modality_dropout:
            present = hide_modalities(present, self.config.modality_dropout)
        vectors = [blank(encoded[m].pooled, present if self.config.mask_padding else None, m) for m in MODALITIES]
        embedding = torch.cat(vectors, dim=1)
        logits = self.output(self.dropout(F.relu(self.hidden(embedding))))
        if labels is None:
            return MultimodalOutput(terms={}, logits=logits, embedding=embedding)
        loss = task_loss(logits, labels)
        return MultimodalOutput(loss, {"task": loss}, logits, embedding)
