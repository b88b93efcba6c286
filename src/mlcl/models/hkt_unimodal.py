"""HKT's unimodal models: one kind of rows alone, by which its encoders are trained first."""

from jaxtyping import Bool, Int
from torch import Tensor, nn

from mlcl.config import TrainConfig
from mlcl.errors import AlignmentError
from mlcl.modality import ACOUSTIC, VISUAL
from mlcl.models.base import MultimodalOutput, supervised
from mlcl.models.configuration import HCF, HKTConfig, RowKind
from mlcl.models.inputs import real_rows
from mlcl.models.plan import Group, Update, split_by_decay
from mlcl.models.task import class_logits


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
        mask = attention_mask.bool()
        rows, real = check_rows(self.name, *given[self.name], mask, self.config)
        embedding = self.encoder(rows, real, mask)[:, 0]
        logits = class_logits(self.head(embedding), self.config.num_labels)
        return supervised(logits, embedding, labels)

    def updates(self, settings: TrainConfig) -> tuple[Update, ...]:  # noqa: ARG002 (the rate is the model's own)
        """Everything at the rate of this kind of rows."""
        rate = getattr(self.config, f"{self.name}_learning_rate")
        return (Update(decay_groups(dict(self.named_parameters()), rate, decay_norms=self.config.decay_norms)),)


def check_rows(
    name: str, rows: Tensor | None, real: Tensor | None, mask: Tensor, config: HKTConfig
) -> tuple[Tensor, Tensor]:
    """The rows, and which of them are real: those that are not all zeros where nobody says.

    Raises:
        AlignmentError: If there is no row under each token, or no position for it.
    """
    if rows is None:
        raise AlignmentError(f"the model was made for {name} rows and got none")
    if rows.shape[1] != mask.shape[1]:
        raise AlignmentError(
            f"{rows.shape[1]} {name} rows and {mask.shape[1]} tokens: HKT needs a row under each token; "
            "use a word-aligned file, and keep text among data.modalities"
        )
    if rows.shape[1] > config.max_positions:
        raise AlignmentError(f"{rows.shape[1]} tokens and model.max_positions = {config.max_positions}; raise it")
    return rows, real_rows(rows, real)


def decay_groups(named: dict[str, nn.Parameter], learning_rate: float, *, decay_norms: bool) -> tuple[Group, ...]:
    """Those that decay and those that do not: biases and norms, of which `decay_norms` spares ``LayerNorm`` alone."""
    if not decay_norms:
        return split_by_decay(named.values(), learning_rate)
    decayed = {name: "bias" not in name and "LayerNorm" not in name for name in named}
    parts = [(tuple(p for name, p in named.items() if decayed[name] is decay), decay) for decay in (True, False)]
    return tuple(Group(part, learning_rate, decay) for part, decay in parts if part)
