"""HKT: language with humor-centric features, crossed once with what is heard and seen."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mlcl.config import TrainConfig
from mlcl.encode.pooling import EVERY_STEP
from mlcl.encode.text import TextBackbone, TextInput
from mlcl.errors import UsageError
from mlcl.modality import ACOUSTIC, VISUAL
from mlcl.models.base import MultimodalModel, MultimodalOutput, forward_pass, supervised
from mlcl.models.configuration import HCF, ROWS, HKTConfig, RowKind
from mlcl.models.hkt_layers import BimodalAttention, RowEncoder
from mlcl.models.hkt_unimodal import UnimodalModel, check_rows, decay_groups
from mlcl.models.plan import Stage, Update
from mlcl.models.task import class_logits


class HKTModel(MultimodalModel):
    r"""Humor knowledge enriched transformer.

    $t$ = [text; humor-centric features] and $n$ = [acoustic; visual] are crossed to $c$; the head reads $t$ at the
    first token and the maxima over time of the visual and acoustic states and of $c$.

    For two classes there is one score $z$, as in the authors' binary cross-entropy; the logits are $(0, z)$, whose
    cross-entropy, gradient and probabilities are the same. One output (L1) and a file without humor-centric features,
    where $t$ is the text alone, are adaptations.

    Source:
        Hasan et al., Humor Knowledge Enriched Transformer for Understanding Multimodal Humor, AAAI 2021. With
        `mask_padding` and `fit_heads` off and `decay_norms` on this is the authors' function.
    """

    config_class = HKTConfig
    base_model_prefix = "hkt"
    rows_under_tokens = True

    @property
    def reads_cls(self) -> str:
        """There is no other readout."""
        return ""

    def __init__(self, config: HKTConfig) -> None:
        super().__init__(config)
        self.text = TextBackbone(config.text_config)
        widths: dict[str, int] = {name: getattr(config, f"{name}_dim") for name in ROWS}
        self.rows = nn.ModuleDict({name: self._row_encoder(name) for name in ROWS if widths[name]})
        text_dim = self.text.width + widths[HCF]
        nonverbal_dim = widths[ACOUSTIC] + widths[VISUAL]
        streams = (text_dim, nonverbal_dim, text_dim + nonverbal_dim)
        of_text, of_nonverbal, of_both = (config.heads("cross_heads", width) for width in streams)
        self.cross = BimodalAttention(
            text_dim, nonverbal_dim, num_heads=(of_text, of_nonverbal, of_both), dropout=config.dropout
        )
        self.hidden = nn.Linear(2 * sum(streams[:2]), config.fusion_dim)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.fusion_dim, config.num_scores)
        self.post_init()

    @forward_pass
    def forward(
        self,
        input_ids: TextInput,
        acoustic: Float[Tensor, "batch time acoustic_dim"],
        visual: Float[Tensor, "batch time visual_dim"],
        attention_mask: Int[Tensor, "batch time"] | Bool[Tensor, "batch time"],
        token_type_ids: Int[Tensor, "batch time"] | None = None,
        labels: Tensor | None = None,
        acoustic_mask: Bool[Tensor, "batch time"] | None = None,
        visual_mask: Bool[Tensor, "batch time"] | None = None,
        text_present: Bool[Tensor, " batch"] | None = None,
        hcf: Float[Tensor, "batch time hcf_dim"] | None = None,
        hcf_mask: Bool[Tensor, "batch time"] | None = None,
    ) -> MultimodalOutput:
        """Predict, and with `labels` compute the loss; arguments as for `MLCLModel`, but rows stand under the tokens.

        Raises:
            AlignmentError: If rows have another number of steps than the tokens, or there are more than positions.
        """
        mask, masked = attention_mask.bool(), self.config.mask_padding
        rows = {ACOUSTIC: (acoustic, acoustic_mask), VISUAL: (visual, visual_mask), HCF: (hcf, hcf_mask)}
        states = {}
        for name, encoder in self.rows.items():
            under_tokens, real = check_rows(name, *rows[name], mask, self.config)
            states[name] = encoder(under_tokens, real, mask)
        text = self.text.states(input_ids, mask, token_type_ids, window=None if masked else EVERY_STEP)
        if masked and text_present is not None:
            text = text.masked_fill(~text_present[:, None, None], 0.0)

        language = torch.cat([text, states[HCF]], dim=2) if HCF in states else text
        joint = self.cross(language, torch.cat([states[ACOUSTIC], states[VISUAL]], dim=2), mask)
        read = mask if masked else torch.ones_like(mask)
        maxima = [_maximum(sequence, read) for sequence in (states[VISUAL], states[ACOUSTIC], joint)]
        embedding = torch.cat([language[:, 0], *maxima], dim=1)
        logits = class_logits(self.output(self.dropout(F.relu(self.hidden(embedding)))), self.config.num_labels)
        return supervised(logits, embedding, labels)

    def unimodal(self, name: RowKind) -> UnimodalModel:
        """The model of one kind of rows around this model's own encoder: to train it is to train that encoder.

        Raises:
            UsageError: If the model has no such encoder.
        """
        if name not in self.rows:
            raise UsageError(f"the model has no {name} encoder; it has {', '.join(self.rows)}")
        return UnimodalModel(name, self.get_submodule(f"rows.{name}"), self.config)

    def stages(self, settings: TrainConfig) -> tuple[Stage, ...]:
        """Each encoder alone, as the authors start from encoders that were trained so: else the text learns alone."""
        epochs = self.config.pretrain_epochs
        moving = [name for name in ROWS if name in self.rows and getattr(self.config, f"{name}_learning_rate")]
        alone = settings.model_copy(update={"epochs": epochs, "patience": None})
        return tuple(Stage(name, self.unimodal(name), alone) for name in moving if epochs)

    def updates(self, settings: TrainConfig) -> tuple[Update, ...]:
        """Text encoder, then the rest, then the three encoders, each at its own rate.

        One optimiser: Adam's steps are those of one for each group, as the authors have it.
        """
        rates = {"text.encoder.": settings.encoder_learning_rate, "": settings.learning_rate}
        rates |= {f"rows.{name}.": getattr(self.config, f"{name}_learning_rate") for name in (HCF, VISUAL, ACOUSTIC)}
        parts: dict[str, dict[str, nn.Parameter]] = {prefix: {} for prefix in rates}
        for name, parameter in self.named_parameters():
            parts[max((p for p in rates if name.startswith(p)), key=len)][name] = parameter
        decay_norms = self.config.decay_norms
        groups = [decay_groups(parts[prefix], rate, decay_norms=decay_norms) for prefix, rate in rates.items()]
        return (Update(tuple(group for part in groups for group in part)),)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """New layers start as torch has them, as the authors' do."""
        if isinstance(module, nn.Linear | nn.Embedding | nn.LayerNorm):
            module.reset_parameters()

    def _row_encoder(self, name: RowKind) -> RowEncoder:
        config = self.config
        width = getattr(config, f"{name}_dim")
        return RowEncoder(
            width,
            num_layers=getattr(config, f"{name}_layers"),
            num_heads=config.heads(f"{name}_heads", width),
            feed_forward=getattr(config, f"{name}_feed_forward"),
            dropout=config.encoder_dropout,
            max_positions=config.max_positions,
            mask_padding=config.mask_padding,
        )


def _maximum(states: Tensor, mask: Tensor) -> Tensor:
    """(batch, width) largest value over the steps where the mask is True; over all where it is False everywhere."""
    mask = mask | ~mask.any(dim=1, keepdim=True)
    return states.masked_fill(~mask.unsqueeze(-1), float("-inf")).amax(dim=1)
