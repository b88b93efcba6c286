"""Configuration of HKT."""

from typing import Literal

from mlcl.models.configuration import MultimodalConfig

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
