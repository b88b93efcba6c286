"""MLCL, as in the paper's figure: encoders, three levels of contrast, fusion network, prediction. Read this first."""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

import torch
from torch import Tensor, nn

from mlcl.contrast import BiModalContrast, DropoutView, TriModalContrast, UniModalContrast
from mlcl.encode.sequence import Encoded
from mlcl.fuse import CrossModalTransformer, FusionNetwork
from mlcl.modality import ACOUSTIC, MODALITIES, PAIRS, TEXT, VISUAL, pair_name
from mlcl.models.base import MultimodalOutput
from mlcl.models.configuration import MLCLConfig
from mlcl.models.encoders import EncodersModel, blank, together
from mlcl.models.heads import ModalityHeads, head_terms, heads_loss
from mlcl.models.inputs import Inputs
from mlcl.models.task import task_loss


class MLCLModel(EncodersModel):
    r"""Multi-level contrastive learning for multimodal sentiment, humor and sarcasm.

    $$\mathcal{L} = \mathcal{L}_\mathrm{task} + \tfrac{\alpha}{3}\mathcal{L}_\mathrm{UMCL}
      + \tfrac{\beta}{3}\mathcal{L}_\mathrm{TMCL} + \tfrac{\gamma}{3}\mathcal{L}_\mathrm{BMCL}$$

    Source:
        Zhuang et al., IEEE Transactions on Multimedia 2025, doi 10.1109/TMM.2025.3613116. With every option at its
        release value this is the authors' function; the defaults fix what departs from the paper.
    """

    config_class = MLCLConfig
    base_model_prefix = "mlcl"
    terms_without_labels = True

    def __init__(self, config: MLCLConfig) -> None:
        super().__init__(config, pooled_only=config.cross_attention == "pooled")
        dim, heads = config.d_model, config.num_heads
        self.view_1 = nn.ModuleDict({m: DropoutView(dim, dropout=config.view_dropout) for m in MODALITIES})
        self.view_2 = nn.ModuleDict({m: DropoutView(dim, dropout=config.view_dropout) for m in MODALITIES})
        self.cross = nn.ModuleDict(
            {
                pair_name(pair): CrossModalTransformer(
                    dim,
                    depth=config.cross_depth,
                    num_heads=heads,
                    dim_head=config.cross_dim_head,
                    dropout=config.attention_dropout,
                )
                for pair in permutations(MODALITIES, 2)
            }
        )
        learn = config.learn_temperature
        self.umcl = UniModalContrast(config.umcl_temperature, learn_temperature=learn)
        self.bmcl = BiModalContrast(config.bmcl_temperature, learn_temperature=learn)
        self.tmcl = TriModalContrast(config.tmcl_temperature, learn_temperature=learn)
        self.fusion = FusionNetwork(
            dim,
            num_inputs=len(MODALITIES) + len(PAIRS),
            num_outputs=config.num_labels,
            num_heads=heads,
            num_layers=config.fusion_layers,
            feed_forward=config.fusion_feed_forward,
            layer_dropout=config.fusion_dropout,
            head_dropout=config.attention_dropout,
        )
        self.heads = None if config.modality_heads == "none" else ModalityHeads(config)
        self.post_init()
        self._freeze_unused()
        if self.heads is not None:  # the fused part corrects what the heads say, and starts at 0
            nn.init.zeros_(self.fusion.output.weight)
        first, *others = [layer.get_parameter("self_attn.in_proj_weight") for layer in self.fusion.layers]
        with torch.no_grad():  # the release's fusion layers start from one packed projection
            for weight in others:
                weight.copy_(first)

    @classmethod
    def from_pretrained(cls, *arguments: Any, trust_remote_code: bool = False, **options: Any) -> Any:  # noqa: ARG003
        """As `MultimodalModel.from_pretrained`."""
        loaded = super().from_pretrained(*arguments, trust_remote_code=False, **options)
        (loaded[0] if isinstance(loaded, tuple) else loaded)._freeze_unused()
        return loaded

    def answer(self, given: Inputs, labels: Tensor | None, output_terms: bool = False) -> MultimodalOutput:
        """Predict, and with `labels` compute the loss; with `output_terms` the contrastive terms without labels too."""
        encoded, present = self.encode(given)
        asked = labels is not None or output_terms
        single = {m: blank(self.view_1[m](encoded[m].pooled), present, m) for m in MODALITIES}
        second = {m: blank(self.view_2[m](encoded[m].pooled), present, m) for m in MODALITIES if asked}
        directions = permutations(MODALITIES, 2) if asked else PAIRS  # the others serve the bi-modal level alone
        vectors = self._cross(encoded, single, directions)
        cross = {pair: blank(vector, present, *pair) for pair, vector in vectors.items()}

        inputs = [(single[m], (m,)) for m in MODALITIES] + [(cross[pair], pair) for pair in PAIRS]
        heard = self.heard(present)
        keep = None if heard is None else torch.stack([together(heard, *names) for _, names in inputs], dim=1)
        embedding, logits = self.fusion(torch.stack([vector for vector, _ in inputs], dim=1), keep)

        alone: dict[str, Tensor] = {}
        if self.heads is not None:
            alone, joint = self.heads({m: encoded[m].pooled for m in MODALITIES}, heard)
            logits = joint + logits
        if not asked:
            return MultimodalOutput(logits=logits, embedding=embedding)

        terms = {
            **self.umcl(single, second, present),
            **self.bmcl(cross, present),
            **self.tmcl(single, cross, present),
        }
        if labels is None:
            return MultimodalOutput(logits=logits, embedding=embedding, terms=terms)
        smoothing = self.config.label_smoothing
        terms = {
            "task": task_loss(logits, labels, smoothing=smoothing),
            **head_terms(alone, labels, present, smoothing),
            **terms,
        }
        return MultimodalOutput(self.objective(terms), logits, embedding, terms)

    def objective(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum of the terms: the one place where the loss is put together."""
        level = {name: sum(v for k, v in terms.items() if k.startswith(name)) for name in ("umcl", "tmcl", "bmcl")}
        return (
            terms["task"]
            + self.config.heads_weight * heads_loss(terms)
            + self.config.umcl_weight / 3 * level["umcl"]
            + self.config.tmcl_weight / 3 * level["tmcl"]
            + self.config.bmcl_weight / 3 * level["bmcl"]
        )

    def _freeze_unused(self) -> None:
        """Keep parameters without any influence in the checkpoint, as the release does, and out of training.

        These are the tied direction's own weights, and what makes the queries where there is one key to attend to.
        """
        if self.config.tie_vt_to_av:
            self.cross[pair_name((VISUAL, TEXT))].requires_grad_(False)
        if self.config.cross_attention == "pooled":
            for name in self.cross:
                self.get_submodule(f"cross.{name}").freeze_queries()

    def _cross(
        self, encoded: dict[str, Encoded], single: dict[str, Tensor], pairs: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], Tensor]:
        """Cross-modal representation of ordered pairs (latent, context)."""
        if self.config.cross_attention == "pooled":
            tokens = {m: single[m].unsqueeze(1) for m in MODALITIES}
            masks: dict[str, Tensor | None] = dict.fromkeys(MODALITIES)
        else:
            tokens = {m: self.view_1[m](encoded[m].hidden) for m in MODALITIES}
            masks = {m: encoded[m].mask for m in MODALITIES}
        vectors = {}
        for latent, context in pairs:
            tied = self.config.tie_vt_to_av and (latent, context) == (VISUAL, TEXT)
            transformer = self.cross[pair_name((ACOUSTIC, VISUAL) if tied else (latent, context))]
            vectors[latent, context] = transformer(tokens[latent], tokens[context], masks[latent], masks[context])
        return vectors
