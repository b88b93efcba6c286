"""Views: what the uni-modal level compares, two random looks at one embedding."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class DropoutView(nn.Module):
    r"""One view of an embedding: $\mathrm{relu}(\mathrm{dropout}(W x + b))$.

    The order (linear, dropout, ReLU) is the release's. Applied to a sequence it acts on each step.

    Args:
        dim: Width $d$ of the embedding and of the view.
        dropout: Probability in [0, 1) of zeroing an entry before the ReLU.

    Source:
        MLCL, uni-modal contrastive learning (UMCL): positive pairs by modality-specific random dropout.
    """

    def __init__(self, dim: int, *, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, embedding: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Return the view of each embedding."""
        return F.relu(self.dropout(self.linear(embedding)))
