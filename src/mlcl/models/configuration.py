"""What the configurations of all models share: the sizes that the data give, and the checks of values."""

from dataclasses import fields
from typing import Any, ClassVar, Literal, get_args, get_origin

from transformers import AutoConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec


class ModelConfig(PreTrainedConfig):
    """Base of every model's configuration.

    Attributes:
        text_config: Configuration of the text encoder, any `AutoModel`.
    """

    keys_to_ignore_at_inference: ClassVar[list[str]] = ["terms", "embedding"]
    sub_configs_defaults: ClassVar[dict[str, Any]] = {
        "text_config": SubConfigSpec(config_class=AutoConfig, model_type="bert")
    }

    text_config: dict[str, Any] | PreTrainedConfig | None = None

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        self._check_choices()
        width, heads = getattr(self, "d_model", 0), getattr(self, "num_heads", 1)
        if width % heads:
            raise ValueError(f"d_model ({width}) must be a multiple of num_heads ({heads})")

    def _check_choices(self) -> None:
        """An option that is one of a few words: a misspelt word must not pass for another."""
        for field in fields(self):
            allowed, value = get_args(field.type), getattr(self, field.name)
            if get_origin(field.type) is Literal and value not in allowed:
                raise ValueError(f"{field.name} = {value!r}; allowed: {', '.join(allowed)}")


class MultimodalConfig(ModelConfig):
    """Base for models that take all three modalities.

    Attributes:
        acoustic_dim: Columns of an acoustic row.
        visual_dim: Columns of a visual row.
    """

    acoustic_dim: int = 74
    visual_dim: int = 47


class EncodersConfig(MultimodalConfig):
    """Base for models on a text encoder and two sequence encoders.

    Attributes:
        d_model: Shared width $d$.
        num_heads: Attention heads of the sequence encoders.
        sequence_layers: Layers of the acoustic and of the visual encoder.
        attention_dropout: On attention weights of the sequence encoders.
        relu_dropout: After the ReLU in the sequence encoders.
        residual_dropout: On the residual branches of the sequence encoders.
        embedding_dropout: On the input of the sequence encoders.
        modality_dropout: In training, the share of items whose acoustic (and, independently, visual) part is hidden
            from the prediction.
        text_pooling: Readout of the text states: ``last_position`` (release), ``cls`` or ``mean``.
        sequence_pooling: The same for acoustic and visual: ``last_position`` (release), ``mean``, ``attention``, or
            ``statistics``: the mean and a linear map of the deviation over time.
        longest_sequence: Runs of an item's acoustic and visual rows are averaged until there are at most this many.
        mask_padding: Leave padding and absent modalities out of every computation. Off in the releases.
    """

    d_model: int = 128
    num_heads: int = 4
    sequence_layers: int = 2
    attention_dropout: float = 0.1
    relu_dropout: float = 0.1
    residual_dropout: float = 0.1
    embedding_dropout: float = 0.1
    modality_dropout: float = 0.0
    text_pooling: Literal["last_position", "cls", "mean"] = "mean"
    sequence_pooling: Literal["last_position", "mean", "attention", "statistics"] = "mean"
    longest_sequence: int | None = None
    mask_padding: bool = True
