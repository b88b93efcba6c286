"""MAG: a pretrained transformer whose token embeddings are shifted by the sound and the picture of each word."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mlcl.config import TrainConfig
from mlcl.encode.inject import Lay, injection_width
from mlcl.encode.pooling import build_pooling
from mlcl.encode.text import TextBackbone
from mlcl.errors import AlignmentError
from mlcl.fuse import AdaptationGate
from mlcl.modality import ACOUSTIC, TEXT, VISUAL
from mlcl.models.base import MultimodalOutput, supervised
from mlcl.models.configuration import MultimodalConfig
from mlcl.models.encoders import blank, hide_modalities
from mlcl.models.inputs import Inputs, InputsModel
from mlcl.models.plan import Group, Update
from mlcl.options import MAGOptions


class MAGConfig(MultimodalConfig, options=MAGOptions):
    """Configuration of `MAGModel`; the text encoder is one of the family of BERT, or XLNet."""

    model_type = "mlcl_mag"


class MAGModel(InputsModel):
    """MAG-BERT, MAG-XLNet, and the same with their relatives; the gate acts on each token by itself.

    Source:
        Rahman et al., Integrating Multimodal Information in Large Pretrained Transformers, ACL 2020, and its release,
        which is this function with the options at their release values. The gate stands behind BERT's embeddings, and
        in XLNet before the second layer, see `mlcl.encode.inject`.
    """

    config_class = MAGConfig
    base_model_prefix = "mag"

    def __init__(self, config: MAGConfig) -> None:
        super().__init__(config)
        self.text = TextBackbone(config.text_config)
        width = self.text.width
        if config.gate == "mag":
            self.gate = AdaptationGate(
                injection_width(self.text.encoder),
                acoustic_dim=config.acoustic_dim,
                visual_dim=config.visual_dim,
                beta=config.beta_shift,
                dropout=config.gate_dropout,
            )
        self.pool = build_pooling("mean" if config.readout == "mean" else "cls", width, cls_last=self.text.cls_last)
        if config.readout == "pooler":
            self.pooler = nn.Linear(width, width)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(width, config.num_labels)
        self.post_init()

    def answer(self, given: Inputs, labels: Tensor | None) -> MultimodalOutput:
        """Predict, and with `labels` compute the loss; each row stands under its token.

        Raises:
            AlignmentError: If the acoustic or the visual rows do not lie under the tokens.
        """
        mask, rows, masks = given.mask, given.rows, given.masks
        present = mask.any(dim=1) if given.text_present is None else given.text_present
        if self.config.gate == "identity":
            hidden = self.text.states(given.input_ids, mask, given.token_type_ids)
        else:
            _check_alignment(mask, masks)
            if self.training and self.config.modality_dropout:
                rows, masks = self._hide(rows, masks, present)

            def shifted(states: Tensor, lay: Lay) -> Tensor:
                under = [lay(masks[m]) if self.config.mask_padding else None for m in (ACOUSTIC, VISUAL)]
                return self.gate(states, lay(rows[ACOUSTIC]), lay(rows[VISUAL]), *under)

            hidden = self.text.states(given.input_ids, mask, given.token_type_ids, inject=shifted)
        embedding = self.pool(hidden, mask)
        if self.config.readout == "pooler":
            embedding = torch.tanh(self.pooler(embedding))
        embedding = blank(embedding, {TEXT: present} if self.config.mask_padding else None, TEXT)
        logits = self.head(self.dropout(embedding))
        return supervised(logits, embedding, labels, regression=self.config.loss)

    def updates(self, settings: TrainConfig) -> tuple[Update, ...]:
        """One optimiser; what decays may be decided by name."""
        [update] = super().updates(settings)
        if not self.config.decay_by_name:
            return (update,)
        spared = {id(p) for name, p in self.named_parameters() if _spared(name)}
        groups = [
            Group(part, group.learning_rate, decayed)
            for group in update.groups
            for decayed in (True, False)
            if (part := tuple(p for p in group.parameters if (id(p) not in spared) is decayed))
        ]
        return (Update(tuple(groups)),)

    def adopt(self, pretrained: dict[str, Tensor]) -> None:
        """Take the encoder's pretrained pooler, of BERT's shape or ALBERT's, where there is one."""
        for part in ("weight", "bias") if self.config.readout == "pooler" else ():
            value = pretrained.get(f"pooler.dense.{part}", pretrained.get(f"pooler.{part}"))
            if value is not None:
                self.pooler.load_state_dict({part: value}, strict=False)

    def _hide(
        self, rows: Mapping[str, Tensor], masks: Mapping[str, Tensor], spoken: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Rows and masks with modalities hidden in random items."""
        kept = hide_modalities(
            {TEXT: spoken, **{m: mask.any(dim=1) for m, mask in masks.items()}}, self.config.modality_dropout
        )
        return (
            {m: value * kept[m].view(-1, 1, 1) for m, value in rows.items()},
            {m: mask & kept[m].unsqueeze(1) for m, mask in masks.items()},
        )


def _spared(name: str) -> bool:
    """Whether the release's optimiser would not decay a parameter of this name; its gate calls the norm LayerNorm."""
    return "bias" in name or "LayerNorm" in name or name == "gate.norm.weight"


def _check_alignment(mask: Tensor, masks: Mapping[str, Tensor]) -> None:
    """Refuse rows on a clock of their own."""
    for name, real in masks.items():
        if real.shape != mask.shape:
            steps = f"the {name} rows have {real.shape[1]} steps and the text {mask.shape[1]}"
        elif bool((real & ~mask).any()):
            steps = f"there are {name} rows where there is no token"
        else:
            continue
        raise AlignmentError(
            f"MAG needs word-aligned data, a row of each modality under each token, but {steps}; use an aligned file, "
            "and keep text among data.modalities"
        )
