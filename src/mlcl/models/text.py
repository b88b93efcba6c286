"""Text only: what every table needs beside a multimodal model."""

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mlcl.encode.pooling import build_pooling
from mlcl.encode.text import TextBackbone, TextInput
from mlcl.models.base import MultimodalModel, MultimodalOutput, forward_pass, supervised
from mlcl.models.configuration import ModelConfig
from mlcl.options import TextOptions


class TextConfig(ModelConfig, options=TextOptions):
    """Configuration of `TextModel`."""

    model_type = "mlcl_text"


class TextModel(MultimodalModel):
    """A pretrained encoder, a readout over the real tokens, dropout and a linear head."""

    config_class = TextConfig
    base_model_prefix = "text_only"

    def __init__(self, config: TextConfig) -> None:
        super().__init__(config)
        self.text = TextBackbone(config.text_config)
        width = self.text.width
        self.pool = build_pooling(config.pooling, width, cls_last=self.text.cls_last)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(width, config.num_labels)
        self.post_init()

    @forward_pass
    def forward(
        self,
        input_ids: TextInput,
        attention_mask: Int[Tensor, "batch time"] | Bool[Tensor, "batch time"],
        token_type_ids: Int[Tensor, "batch time"] | None = None,
        labels: Tensor | None = None,
    ) -> MultimodalOutput:
        """Predict, and with `labels` compute the loss; arguments as for `MLCLModel`."""
        mask = attention_mask.bool()
        embedding: Float[Tensor, "batch width"] = self.pool(self.text.states(input_ids, mask, token_type_ids), mask)
        logits = self.head(self.dropout(embedding))
        return supervised(logits, embedding, labels)
