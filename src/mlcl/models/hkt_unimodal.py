"""HKT's unimodal models: one kind of rows alone, by which its encoders are trained first."""

from jaxtyping import Bool, Int
from torch import Tensor, nn

from mlcl.config import TrainConfig
from mlcl.errors import AlignmentError
from mlcl.modality import ACOUSTIC, VISUAL
from mlcl.models.absence import real_rows
from mlcl.models.hkt_configuration import HCF, HKTConfig, RowKind
from mlcl.models.output import MultimodalOutput
from mlcl.models.plan import Group, Update
from mlcl.models.task import class_logits, task_loss


class UnimodalModel(nn.Module):
    """One kind of rows: an encoder, and a linear head on its state at the first token.

    Args:
        name: Which rows.
        encoder: A `RowEncoder` of their width.
        config: Of the model that the encoder belongs to: number of labels, and how training moves the encoder.

    Source:
        HKT's unimodal transformers, which its authors publish trained.
    """

    def __init__(self, name: RowKind, encoder: nn.Module, config: HKTConfig) -> None:
        super().__init__()
        self.name, self.config, self.encoder = name, config, encoder
        self.head = nn.Linear(getattr(config, f"{name}_dim"), config.num_scores)

    def forward(
        self,
        attention_mask: Int[Tensor, "batch time"] | Bool[Tensor, "batch time"],
        acoustic: Tensor | None = None,
        visual: Tensor | None = None,
        labels: Tensor | None = None,
        acoustic_mask: Tensor | None = None,
        visual_mask: Tensor | None = None,
        hcf: Tensor | None = None,
        hcf_mask: Tensor | None = None,
    ) -> MultimodalOutput:
        """Predict from the model's own kind of rows; arguments as for `HKTModel`."""
        given = {ACOUSTIC: (acoustic, acoustic_mask), VISUAL: (visual, visual_mask), HCF: (hcf, hcf_mask)}
        rows, real = given[self.name]
        mask = attention_mask.bool()
        if rows is None or rows.shape[1] != mask.shape[1]:
            raise AlignmentError(f"{self.name}: HKT needs a row under each token; use a word-aligned file")
        embedding = self.encoder(rows, real_rows(rows, real), mask)[:, 0]
        logits = class_logits(self.head(embedding), self.config.num_labels)
        if labels is None:
            return MultimodalOutput(terms={}, logits=logits, embedding=embedding)
        loss = task_loss(logits, labels)
        return MultimodalOutput(loss, {"task": loss}, logits, embedding)

    def updates(self, settings: TrainConfig) -> tuple[Update, ...]:  # noqa: ARG002 (the rate is the model's own)
        """Everything at the rate of this kind of rows."""
        rate = getattr(self.config, f"{self.name}_learning_rate")
        return (Update(tuple(decay_groups(dict(self.named_parameters()), rate, self.config.decay_norms))),)


def decay_groups(named: dict[str, nn.Parameter], learning_rate: float, decay_norms: bool) -> list[Group]:
    """Those that decay and those that do not: biases and norms, of which `decay_norms` spares ``LayerNorm`` alone."""
    decayed = {
        name: "bias" not in name and "LayerNorm" not in name if decay_norms else parameter.dim() > 1
        for name, parameter in named.items()
    }
    parts = [(tuple(p for n, p in named.items() if decayed[n] is decay), decay) for decay in (True, False)]
    return [Group(part, learning_rate, decay) for part, decay in parts if part]
