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
        sequence_pooling: The same for acoustic and visual: ``last_position`` (release), ``mean`` or ``attention``.
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
    sequence_pooling: Literal["last_position", "mean", "attention"] = "mean"
    mask_padding: bool = True


class MLCLConfig(EncodersConfig):
    r"""Configuration of `MLCLModel`; fields not listed are those of `EncodersConfig`.

    The paper's weights are $\alpha$ = `umcl_weight`, $\beta$ = `tmcl_weight`, $\gamma$ = `bmcl_weight`: beta weighs
    the tri-modal level and gamma the bi-modal one.

    Attributes:
        num_heads: Attention heads of the sequence encoders, the cross-modal and the fusion transformers.
        cross_depth: Blocks of a cross-modal transformer.
        cross_dim_head: Width of a head in the cross-modal transformers.
        fusion_layers: Layers of the fusion transformer.
        fusion_feed_forward: Width of the feed-forward in the fusion transformer.
        view_dropout: Dropout that makes the two uni-modal views.
        attention_dropout: On attention weights of the sequence encoders, in the cross-modal transformers and the head.
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
    """

    model_type = "mlcl"

    cross_depth: int = 1
    cross_dim_head: int = 32
    fusion_layers: int = 2
    fusion_feed_forward: int = 512
    view_dropout: float = 0.1
    fusion_dropout: float = 0.1
    umcl_weight: float = 0.01
    bmcl_weight: float = 0.11
    tmcl_weight: float = 0.08
    umcl_temperature: float = 0.1
    bmcl_temperature: float = 0.1
    tmcl_temperature: float = 0.1
    learn_temperature: bool = False
    cross_attention: Literal["pooled", "sequence"] = "sequence"
    tie_vt_to_av: bool = False


HCF = "hcf"
RowKind = Literal["acoustic", "visual", "hcf"]
ROWS: tuple[RowKind, ...] = ("acoustic", "visual", "hcf")


class HKTConfig(MultimodalConfig):
    """Configuration of `HKTModel`; the sizes are those published for UR-FUNNY.

    Attributes:
        text_config: Configuration of the text encoder, any `AutoModel`; the authors' is ALBERT.
        hcf_dim: Columns of a row of humor-centric features; 0 where the file has none, and no encoder then.
        acoustic_layers: Layers of the acoustic encoder; so for `visual_layers` and `hcf_layers`.
        acoustic_heads: Its attention heads; so for the others.
        acoustic_feed_forward: Width inside its layers; so for the others.
        cross_heads: Attention heads of the bimodal layer.
        fit_heads: Where a number of heads does not divide a width, take the largest smaller one that does.
        max_positions: Learned positions of the three encoders, the longest text in tokens.
        fusion_dim: Width of the head's hidden layer.
        encoder_dropout: In the three encoders.
        dropout: In the bimodal layer and in the head.
        mask_padding: Leave padding and absent modalities out of every computation. Off, as in the release, the three
            encoders and the maxima over time see padding; the bimodal layer attends to real tokens in any case.
        decay_norms: Weight decay also for the norms that are not named ``LayerNorm`` (release).
        pretrain_epochs: Epochs for which each of the three encoders is trained alone before the model is.
        acoustic_learning_rate: Of the acoustic encoder, alone and in the model; 0 freezes it. So for the others.
    """

    model_type = "mlcl_hkt"

    acoustic_dim: int = 60
    visual_dim: int = 36
    hcf_dim: int = 4
    acoustic_layers: int = 8
    acoustic_heads: int = 3
    acoustic_feed_forward: int = 256
    visual_layers: int = 7
    visual_heads: int = 3
    visual_feed_forward: int = 128
    hcf_layers: int = 3
    hcf_heads: int = 2
    hcf_feed_forward: int = 128
    cross_heads: int = 2
    fit_heads: bool = True
    max_positions: int = 5000
    fusion_dim: int = 300
    encoder_dropout: float = 0.1
    dropout: float = 0.2366
    mask_padding: bool = True
    decay_norms: bool = False
    pretrain_epochs: int = 10
    acoustic_learning_rate: float = 3e-3
    visual_learning_rate: float = 3e-3
    hcf_learning_rate: float = 3e-4

    def heads(self, option: str, width: int) -> int:
        """How many heads that option gives a width."""
        wanted: int = getattr(self, option)
        if width % wanted == 0:
            return wanted
        if not self.fit_heads:
            raise ValueError(f"{option} = {wanted} does not divide a width of {width}; fit_heads=true takes fewer")
        return max(number for number in range(1, wanted) if width % number == 0)

    @property
    def num_scores(self) -> int:
        """Width of a head: one score for one output and for two classes, else one per class."""
        return 1 if self.num_labels == 2 else self.num_labels
