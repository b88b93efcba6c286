"""LFMIM: unimodal streams that stay independent, and a multimodal stream that takes in their states level by level."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Self

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from transformers import initialization as init

from mlcl.encode.pooling import EVERY_STEP
from mlcl.encode.stream import PositionReadout, Stream
from mlcl.encode.text import TextBackbone
from mlcl.modality import ACOUSTIC, MODALITIES, TEXT, VISUAL
from mlcl.models.base import MultimodalOutput
from mlcl.models.configuration import MultimodalConfig
from mlcl.models.encoders import blank, hide_modalities
from mlcl.models.inputs import Inputs, InputsModel
from mlcl.models.task import item_losses
from mlcl.options import LFMIMOptions
from mlcl.parallel import global_mean

MULTIMODAL = "multimodal"
STREAMS = (*MODALITIES, MULTIMODAL)
SLOTS = (TEXT, VISUAL, ACOUSTIC)
"""Order in which the unimodal states follow the tokens of the multimodal stream."""


class LFMIMConfig(MultimodalConfig, options=LFMIMOptions):
    """Configuration of `LFMIMModel`."""

    model_type = "mlcl_lfmim"


class LFMIMModel(InputsModel):
    """Four streams, four heads: text, acoustic, visual, and multimodal over the states of the other three.

    The release takes stored states of a frozen text encoder; here the encoder is part of the model, and one whose
    parameters are all frozen computes in evaluation mode, so that its states are those that could have been stored.

    Source:
        Sun et al. 2023, Layer-wise Fusion with Modality Independence Modeling for Multi-modal Emotion Recognition, ACL,
        https://aclanthology.org/2023.acl-long.39. Its data have seven classes and a label for each stream.
    """

    config_class = LFMIMConfig
    base_model_prefix = "lfmim"

    def __init__(self, config: LFMIMConfig) -> None:
        super().__init__(config)
        dim, tokens = config.d_model, config.multimodal_tokens
        self.text = TextBackbone(config.text_config)
        widths = (self.text.width, config.acoustic_dim, config.visual_dim)
        self.project = nn.ModuleDict({m: nn.Linear(width, dim) for m, width in zip(MODALITIES, widths, strict=True)})
        longest = {TEXT: config.text_length, ACOUSTIC: config.acoustic_length, VISUAL: config.visual_length}
        self.streams = nn.ModuleDict({m: self._stream(m, 1, [1 + longest[m]]) for m in MODALITIES})
        self.streams[MULTIMODAL] = self._stream(MULTIMODAL, tokens, [tokens, *(1 + longest[m] for m in SLOTS)])
        self.mixing = nn.Parameter(torch.empty(len(SLOTS), 2))
        self.heads = nn.ModuleDict({m: _perceptron(dim, dim // 2, 32, config.num_labels) for m in MODALITIES})
        self.heads[MULTIMODAL] = _perceptron(4 * dim, 2 * dim, 128, 64, config.num_labels)
        self.post_init()

    def answer(self, given: Inputs, labels: Tensor | None) -> MultimodalOutput:
        """Predict with the multimodal head, and with `labels` compute the loss.

        Labels are (batch,) or (batch, 1), one for the four heads, or (batch, 4): text, acoustic, visual, multimodal.
        """
        window = None if self.config.mask_padding else EVERY_STEP
        states = self.text.states(given.input_ids, given.mask, given.token_type_ids, window=window)
        rows, masks = {TEXT: states, **given.rows}, {TEXT: given.mask, **given.masks}
        return self.from_rows(rows, masks, given.text_present, labels)

    def from_rows(
        self,
        rows: Mapping[str, Float[Tensor, "batch _ _"]],
        masks: Mapping[str, Bool[Tensor, "batch _"]],
        text_present: Bool[Tensor, " batch"] | None = None,
        labels: Tensor | None = None,
    ) -> MultimodalOutput:
        """The same from states of the text encoder and rows, by modality; masks are True at real steps."""
        present = {m: masks[m].any(dim=1) for m in MODALITIES}
        if text_present is not None:
            present[TEXT] = text_present
        if not self.config.mask_padding:
            masks, present = ({m: torch.ones_like(v) for m, v in flags.items()} for flags in (masks, present))
        vectors, logits = self.score(rows, masks, present)
        if labels is None:
            return MultimodalOutput(logits=logits[MULTIMODAL], embedding=vectors)
        terms = self.losses(logits, labels, present)
        return MultimodalOutput(torch.stack(list(terms.values())).sum(), logits[MULTIMODAL], vectors, terms)

    def score(
        self, rows: Mapping[str, Tensor], masks: Mapping[str, Tensor], present: dict[str, Tensor]
    ) -> tuple[Float[Tensor, "batch four_dim"], dict[str, Float[Tensor, "batch outputs"]]]:
        """The concatenated vectors of the four streams, and the logits of the four heads."""
        streams: Mapping[str, Stream] = dict(self.streams.items())  # type: ignore[arg-type]  # all are streams
        hidden = {m: streams[m].start(self.project[m](rows[m])) for m in MODALITIES}
        real = {m: nn.functional.pad(masks[m], (1, 0), value=True) for m in MODALITIES}
        length = {m: hidden[m].shape[1] for m in MODALITIES}

        heard = present
        if self.training and self.config.modality_dropout:
            heard = hide_modalities(present, self.config.modality_dropout)
        joint = streams[MULTIMODAL].start(hidden[TEXT][:, :0].detach())
        lengths = [joint.shape[1], *(length[m] for m in SLOTS)]
        tokens_real = torch.ones_like(joint[..., 0], dtype=torch.bool)
        joint_real = torch.cat([tokens_real, *(real[m] & heard[m].unsqueeze(1) for m in SLOTS)], dim=1)

        for level in range(self.config.levels):
            joint = self._take_in(level, joint, {m: self._shown(hidden[m]) for m in SLOTS}, lengths)
            hidden = {m: streams[m].level(level, hidden[m], real[m]) for m in MODALITIES}
            joint = streams[MULTIMODAL].level(level, joint, joint_real)

        vector = {m: blank(streams[m].read(hidden[m], real[m], [length[m]]), present, m) for m in MODALITIES}
        shown = [blank(self._shown(vector[m]), heard, m) for m in MODALITIES]
        vectors = torch.cat([*shown, streams[MULTIMODAL].read(joint, joint_real, lengths)], dim=1)
        return vectors, {m: self.heads[m](vectors if m == MULTIMODAL else vector[m]) for m in STREAMS}

    def losses(self, logits: Mapping[str, Tensor], labels: Tensor, present: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The four terms, ``task`` for the multimodal head; an absent modality adds 0 to its head's mean."""
        four = labels.reshape(len(labels), -1).expand(-1, len(STREAMS))
        single = {m: item_losses(logits[m], label) for m, label in zip(STREAMS, four.unbind(dim=1), strict=True)}
        unimodal = {f"task_{m}": global_mean(single[m] * present[m]) for m in MODALITIES}
        return {"task": global_mean(single[MULTIMODAL]), **unimodal}

    def train(self, mode: bool = True) -> Self:
        """Switch to training; a text encoder that is frozen as a whole stays in evaluation mode."""
        super().train(mode)
        if not any(parameter.requires_grad for parameter in self.text.parameters()):
            self.text.eval()
        return self

    def _take_in(self, level: int, joint: Tensor, incoming: dict[str, Tensor], lengths: list[int]) -> Tensor:
        """The multimodal sequence before a level: first the unimodal states, then a mixture of old and new ones."""
        if level == 0:
            return torch.cat([joint, *(incoming[m] for m in SLOTS)], dim=1)
        tokens, *slots = torch.split(joint, lengths, dim=1)
        mixed = [old * slot + new * incoming[m] for m, slot, (old, new) in zip(SLOTS, slots, self.mixing, strict=True)]
        return torch.cat([tokens, *mixed], dim=1)

    def _shown(self, unimodal: Tensor) -> Tensor:
        """Unimodal states as the multimodal stream and head see them."""
        return unimodal.detach() if self.config.detach else unimodal

    def _stream(self, name: str, tokens: int, lengths: list[int]) -> Stream:
        config = self.config
        return Stream(
            config.d_model,
            num_tokens=tokens,
            levels=config.levels,
            blocks_per_level=config.visual_blocks_per_level if name == VISUAL else 1,
            num_heads=config.num_heads,
            feed_forward=config.feed_forward_factor * config.d_model,
            embedding_dropout=config.embedding_dropout,
            attention_dropout=config.attention_dropout,
            relu_dropout=config.relu_dropout,
            readout=config.readout,
            lengths=lengths,
        )

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """The release's start: blocks as in CLIP, which their stream draws, all other layers as in torch.

        transformers asks only for modules that have parameters of their own, and blocks have none.
        """
        if isinstance(module, nn.Linear | nn.LayerNorm | Stream | PositionReadout):
            module.reset_parameters()
        elif isinstance(module, nn.MultiheadAttention):
            module._reset_parameters()
        elif module is self:
            init.normal_(self.mixing)


def _perceptron(*widths: int) -> nn.Sequential:
    """Linear maps of these widths with a ReLU between them."""
    layers: list[nn.Module] = []
    for width, following in pairwise(widths):
        layers += [nn.Linear(width, following), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
