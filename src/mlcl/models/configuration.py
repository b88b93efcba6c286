"""Configuration of MLCL: sizes, dropouts, weights of the levels, and one option per row of the release's departures."""

from typing import Any, Literal

from transformers import AutoConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec

from mlcl.models.choices import check_choices


class MLCLConfig(PreTrainedConfig):
    r"""Configuration of `MLCLModel`.

    The paper's weights are $\alpha$ = `umcl_weight`, $\beta$ = `tmcl_weight`, $\gamma$ = `bmcl_weight`: beta weighs
    the tri-modal level and gamma the bi-modal one.

    Attributes:
        text_config: Configuration of the text encoder, any `AutoModel`.
        acoustic_dim: Columns of an acoustic row.
        visual_dim: Columns of a visual row.
        d_model: Shared width $d$.
        num_heads: Attention heads of the sequence encoders, the cross-modal and the fusion transformers.
        sequence_layers: Layers of the acoustic and of the visual encoder.
        cross_depth: Blocks of a cross-modal transformer.
        cross_dim_head: Width of a head in the cross-modal transformers.
        fusion_layers: Layers of the fusion transformer.
        fusion_feed_forward: Width of the feed-forward in the fusion transformer.
        view_dropout: Dropout that makes the two uni-modal views.
        attention_dropout: On attention weights of the sequence encoders, in the cross-modal transformers and the head.
        relu_dropout: After the ReLU in the sequence encoders.
        residual_dropout: On the residual branches of the sequence encoders.
        embedding_dropout: On the input of the sequence encoders.
        fusion_dropout: Inside the fusion transformer layers.
        umcl_weight: $\alpha$, of the uni-modal level.
        bmcl_weight: $\gamma$, of the bi-modal level.
        tmcl_weight: $\beta$, of the tri-modal level.
        umcl_temperature: $\tau$ of the uni-modal level.
        bmcl_temperature: $\tau$ of the bi-modal level.
        tmcl_temperature: $\tau$ of the tri-modal level.
        learn_temperature: Train the three temperatures, starting from the values above.
        cross_attention: ``pooled``: the cross-modal transformers see one vector per modality (release);
            ``sequence``: they see the token sequences.
        tie_vt_to_av: Compute the visual-to-text direction with the acoustic-to-visual weights (release, regression).
        text_pooling: Readout of the text states: ``last_position`` (release), ``cls`` or ``mean``.
        sequence_pooling: The same for acoustic and visual: ``last_position`` (release), ``mean`` or ``attention``.
        mask_padding: Leave padding and absent modalities out of every computation. Off in the release.
    """

    model_type = "mlcl"
    keys_to_ignore_at_inference = ["terms", "embedding"]  # noqa: RUF012
    sub_configs_defaults = {"text_config": SubConfigSpec(config_class=AutoConfig, model_type="bert")}  # noqa: RUF012

    text_config: dict[str, Any] | PreTrainedConfig | None = None
    acoustic_dim: int = 74
    visual_dim: int = 47
    d_model: int = 128
    num_heads: int = 4
    sequence_layers: int = 2
    cross_depth: int = 1
    cross_dim_head: int = 32
    fusion_layers: int = 2
    fusion_feed_forward: int = 512
    view_dropout: float = 0.1
    attention_dropout: float = 0.1
    relu_dropout: float = 0.1
    residual_dropout: float = 0.1
    embedding_dropout: float = 0.1
    fusion_dropout: float = 0.1
    modality_dropout: float = 0.0
    umcl_weight: float = 0.01
    bmcl_weight: float = 0.11
    tmcl_weight: float = 0.08
    umcl_temperature: float = 0.1
    bmcl_temperature: float = 0.1
    tmcl_temperature: float = 0.1
    learn_temperature: bool = False
    cross_attention: Literal["pooled", "sequence"] = "sequence"
    tie_vt_to_av: bool = False
    text_pooling: Literal["last_position", "cls", "mean"] = "mean"
    sequence_pooling: Literal["last_position", "mean", "attention"] = "mean"
    mask_padding: bool = True

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        check_choices(self)
        if self.d_model % self.num_heads:
            raise ValueError(f"d_model ({self.d_model}) must be a multiple of num_heads ({self.num_heads})")
