"""Configuration of MLCL: sizes, dropouts, weights of the levels, and one option per row of the release's departures."""

from typing import Literal

from mlcl.models.heads import HeadsConfig


class MLCLConfig(HeadsConfig):
    r"""Configuration of `MLCLModel`; fields not listed are those of `HeadsConfig`.

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
        positives: ``item``: a query's positive is its own item (paper); ``label``: with labels, all items of its class,
            or of a near score.
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
    positives: Literal["item", "label"] = "item"
    learn_temperature: bool = False
    cross_attention: Literal["pooled", "sequence"] = "sequence"
    tie_vt_to_av: bool = False
