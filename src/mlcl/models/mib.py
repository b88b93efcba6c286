"""MIB, the multimodal information bottleneck: codes that keep what the label needs and pay for the rest."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mlcl.config import TrainConfig
from mlcl.encode.bottleneck import Bottleneck, Code
from mlcl.fuse import build_fusion, product_of_experts
from mlcl.modality import MODALITIES
from mlcl.models.base import MultimodalOutput
from mlcl.models.configuration import MultimodalConfig
from mlcl.models.encoders import EncodersModel
from mlcl.models.inputs import Inputs
from mlcl.models.plan import Update, two_rates
from mlcl.models.task import task_loss
from mlcl.options import MIBOptions
from mlcl.parallel import global_mean

FUSED = "fused"
STREAMS = {"complete": (*MODALITIES, FUSED), "early": (FUSED,), "late": MODALITIES}


class MIBConfig(MultimodalConfig, options=MIBOptions):
    """Configuration of `MIBModel`."""

    model_type = "mlcl_mib"

    def check(self) -> None:
        """Refuse, besides, codes that a fusion cannot join."""
        super().check()
        if self.fusion == "experts" and self.variant != "late":
            raise ValueError(f"fusion = 'experts' joins the codes of variant = 'late', not of {self.variant!r}")


class MIBModel(EncodersModel):
    r"""Encoders, a bottleneck per stream, a fusion, and a linear decoder for every code.

    $$\mathcal{L} = w\,\ell(\hat y, y) + \sum_m \ell(\hat y_m, y) + \beta \sum_s \mathrm{KL}(z_s \,\|\, N(0, 1))$$

    with $\ell$ the task's loss, $m$ the modalities that have a code, and $s$ all codes. B-MIB of the paper is ``early``
    with ``kl_weight = 0``.

    Source:
        Mai, Zeng and Hu, Multimodal Information Bottleneck, IEEE Transactions on Multimedia 2022. With every option at
        its release value this is the authors' function; what their code holds without using it is not built.
    """

    config_class = MIBConfig
    base_model_prefix = "mib"
    terms_without_labels = True

    def __init__(self, config: MIBConfig) -> None:
        super().__init__(config)
        dim = config.d_model
        streams = STREAMS[config.variant]
        self.bottleneck = nn.ModuleDict({s: Bottleneck(dim, config.bottleneck_hidden) for s in streams})
        self.decoder = nn.ModuleDict(
            {s: nn.Linear(dim, config.num_labels) for s in (*MODALITIES, FUSED) if s in streams or s == FUSED}
        )
        if config.fusion != "experts":
            self.fusion = build_fusion(
                config.fusion,
                dim,
                hidden=config.fusion_hidden,
                edge_hidden=config.graph_hidden,
                rank=config.low_rank,
                dropout=config.tensor_dropout,
                activations=config.tensor_activations,
            )
        self.post_init()

    def updates(self, settings: TrainConfig) -> tuple[Update, ...]:
        """Two rates; the text convolution is at the encoder's where the option says so."""
        slow = "text." if self.config.project_at_encoder_rate else "text.encoder."
        return (Update(two_rates(self, settings, slow)),)

    def answer(
        self,
        given: Inputs,
        labels: Tensor | None,
        noise: Mapping[str, Float[Tensor, "batch dim"]] | None = None,
        output_terms: bool = False,
    ) -> MultimodalOutput:
        """Predict, and with `labels` compute the loss.

        `noise` is what the codes are drawn with, by stream: ``text``, ``acoustic``, ``visual``, ``fused``. Without it
        torch's generator draws it. `output_terms` asks for the divergences where there are no labels.
        """
        encoded, present = self.encode(given)
        heard = self.heard(present)

        codes: dict[str, Code] = {m: self.bottleneck[m](encoded[m].pooled) for m in MODALITIES if m in self.bottleneck}
        vectors = {m: self._read(codes[m], m, noise) if m in codes else encoded[m].pooled for m in MODALITIES}
        if self.config.fusion == "experts":
            fused = self._read(self._product(codes, heard), FUSED, noise)
        else:
            fused = self.fusion(*(_fill(vectors[m], heard, m, self.fusion.absent) for m in MODALITIES))
        if FUSED in self.bottleneck:
            codes[FUSED] = self.bottleneck[FUSED](fused)
            fused = self._read(codes[FUSED], FUSED, noise)
        logits = self.decoder[FUSED](fused)

        if labels is None and not output_terms:
            return MultimodalOutput(logits=logits, embedding=fused)
        terms = {f"kl_{s}": global_mean(_kept(self._divergence(code), present, s)) for s, code in codes.items()}
        if labels is None:
            return MultimodalOutput(logits=logits, embedding=fused, terms=terms)
        labels = labels.reshape(len(logits))
        single = {
            f"task_{m}": task_loss(_kept(self.decoder[m](vectors[m]), present, m), _kept(labels, present, m))
            for m in MODALITIES
            if m in codes
        }
        terms = {"task": task_loss(logits, labels), **single, **terms}
        return MultimodalOutput(self.objective(terms), logits, fused, terms)

    def objective(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum of the terms."""
        weight = {"task": self.config.task_weight}
        weight |= {name: self.config.kl_weight for name in terms if name.startswith("kl_")}
        return torch.stack([weight.get(name, 1.0) * term for name, term in terms.items()]).sum()

    def _read(self, code: Code, stream: str, noise: Mapping[str, Tensor] | None) -> Tensor:
        """What the next module sees of a code."""
        if self.training or self.config.evaluation == "sample":
            return code.draw(None if noise is None else noise[stream])
        return code.mean

    def _divergence(self, code: Code) -> Tensor:
        """(batch,) divergence of a code from the standard normal."""
        entries = code.divergence()
        return entries.sum(dim=1) if self.config.kl == "sum" else entries.mean(dim=1)

    def _product(self, codes: dict[str, Code], present: Mapping[str, Tensor] | None) -> Code:
        """The product of the modalities' codes; one that an item lacks has no say."""
        spread = [_fill(codes[m].deviation, present, m, float("inf")) for m in MODALITIES]
        return Code(*product_of_experts(torch.stack([codes[m].mean for m in MODALITIES]), torch.stack(spread)))


def _fill(vector: Tensor, present: Mapping[str, Tensor] | None, name: str, value: float) -> Tensor:
    """The vector, every entry `value` for items that lack the modality."""
    return vector if present is None else vector.masked_fill(~present[name].unsqueeze(-1), value)


def _kept(rows: Tensor, present: Mapping[str, Tensor] | None, name: str) -> Tensor:
    """The rows of those items that have the modality; of all for the fused stream."""
    return rows if present is None or name not in present else rows[present[name]]
