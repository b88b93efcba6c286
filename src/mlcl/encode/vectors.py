"""A small transformer over word vectors, for text that comes without words; it takes the place of a language model."""

from typing import Any, ClassVar, no_type_check

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutput

from mlcl.encode.positions import sinusoid
from mlcl.encode.sequence import SequenceDropout, SequenceLayer


@no_type_check  # jaxtyping would wrap the constructor that transformers has made, and lose its keywords
class VectorsConfig(PreTrainedConfig):
    """Configuration of `VectorsModel`.

    Attributes:
        input_dim: Columns of a word vector.
        hidden_size: Width of the states.
        num_hidden_layers: Transformer layers.
        num_attention_heads: Heads of each.
        dropout: On the input, the attention weights, after the ReLU and on the residual branches.
    """

    model_type = "mlcl_vectors"
    type_vocab_size: ClassVar[int] = 2

    input_dim: int = 300
    hidden_size: int = 128
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    dropout: float = 0.1


class VectorEmbeddings(nn.Module):
    """Word vectors projected and normed, with a position and a segment; a learned vector where there is none."""

    def __init__(self, config: VectorsConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.project = nn.Linear(config.input_dim, width, bias=False)
        self.absent = nn.Parameter(torch.empty(width))
        self.norm = nn.LayerNorm(width)
        self.segment = nn.Embedding(2, width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, projected: Float[Tensor, "batch time dim"], token_type_ids: Int[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time dim"]:
        """Return the input of the first layer; a step has no vector where all entries of it are 0."""
        given = (projected != 0).any(dim=-1, keepdim=True)
        states = self.norm(torch.where(given, projected, self.absent.to(projected.dtype)))
        steps = torch.arange(1, projected.shape[1] + 1, device=projected.device)
        positions = sinusoid(steps, projected.shape[2], dtype=states.dtype)
        return self.dropout(states + positions + self.segment(token_type_ids))


class VectorsModel(PreTrainedModel):
    """Pre-LN layers over embedded word vectors, as the acoustic and visual encoders have them.

    It is called like a language model of transformers, so every model takes it as its text encoder.
    """

    config_class = VectorsConfig
    base_model_prefix = "vectors"

    def __init__(self, config: VectorsConfig) -> None:
        super().__init__(config)
        part = config.dropout
        dropout = SequenceDropout(attention=part, relu=part, residual=part)
        self.embeddings = VectorEmbeddings(config)
        self.layers = nn.ModuleList(
            SequenceLayer(config.hidden_size, config.num_attention_heads, dropout)
            for _ in range(config.num_hidden_layers)
        )
        self.norm = nn.LayerNorm(config.hidden_size)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The projection of the vectors."""
        return self.embeddings.project

    def forward(
        self,
        input_ids: Float[Tensor, "batch time vector"] | None = None,
        attention_mask: Int[Tensor, "batch time"] | Bool[Tensor, "batch time"] | None = None,
        token_type_ids: Int[Tensor, "batch time"] | None = None,
        inputs_embeds: Float[Tensor, "batch time dim"] | None = None,
    ) -> BaseModelOutput:
        """Return states; nobody attends to steps outside the mask.

        Args:
            input_ids: Word vectors: what a language model takes ids for.
            attention_mask: 1 at real steps; all real when absent.
            token_type_ids: Segment ids; 0 when absent.
            inputs_embeds: Vectors that the projection has seen already, instead of `input_ids`.
        """
        projected = self.embeddings.project(input_ids) if inputs_embeds is None else inputs_embeds
        if token_type_ids is None:
            token_type_ids = torch.zeros(projected.shape[:2], dtype=torch.long, device=projected.device)
        ignore = None
        if attention_mask is not None:
            mask = attention_mask.bool()
            ignore = ~(mask | ~mask.any(dim=1, keepdim=True))
        hidden = self.embeddings(projected, token_type_ids)
        for layer in self.layers:
            hidden = layer(hidden, ignore)
        return BaseModelOutput(last_hidden_state=self.norm(hidden))

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """Layers start as torch has them, the vector of steps that have none as a word's does."""
        if isinstance(module, nn.Linear | nn.LayerNorm | nn.Embedding):
            module.reset_parameters()
        elif isinstance(module, nn.MultiheadAttention):
            module._reset_parameters()
        elif isinstance(module, VectorEmbeddings):
            init.normal_(module.absent)


def vectors_config(width: int, **options: Any) -> VectorsConfig:
    """Configuration for word vectors of that width."""
    return VectorsConfig(input_dim=width, **options)


AutoConfig.register(VectorsConfig.model_type, VectorsConfig)  # so that a model's configuration can name it
AutoModel.register(VectorsConfig, VectorsModel)
