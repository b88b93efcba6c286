"""Named poolings: from a sequence of hidden states to one vector.

`reads` are the steps that a pooling looks at: encoders need not finish any other when nobody else wants them.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

Hidden = Float[Tensor, "batch time dim"]
Pooled = Float[Tensor, "batch dim"]
Mask = Bool[Tensor, "batch time"]
EVERY_STEP = slice(None)


class Pooling(nn.Module):
    """Base of all poolings."""

    reads = EVERY_STEP


class LastPosition(Pooling):
    """The state at the last padded position, whatever stands there (the release's readout)."""

    reads = slice(-1, None)

    def forward(self, hidden: Hidden, mask: Mask) -> Pooled:  # noqa: ARG002
        """Return ``hidden[:, -1]``."""
        return hidden[:, -1]


class FirstPosition(Pooling):
    """The state at the first position: [CLS] for text."""

    reads = slice(0, 1)

    def forward(self, hidden: Hidden, mask: Mask) -> Pooled:  # noqa: ARG002
        """Return ``hidden[:, 0]``."""
        return hidden[:, 0]


class LastToken(Pooling):
    """The state at the last real position: [CLS] where a tokenizer puts it at the end, as XLNet's does."""

    def forward(self, hidden: Hidden, mask: Mask) -> Pooled:
        """Return the state of each item's last real step."""
        last = (mask * torch.arange(mask.shape[1], device=mask.device)).amax(dim=1)
        return hidden[torch.arange(len(hidden), device=mask.device), last]


class MeanPosition(Pooling):
    """The mean over the real positions; zero for an item that has none."""

    def forward(self, hidden: Hidden, mask: Mask) -> Pooled:
        """Return the masked mean."""
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)


class AttentionPosition(Pooling):
    r"""The mean over the real positions weighted by a learned score, $\mathrm{softmax}_s(w \cdot h_s)$."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, hidden: Hidden, mask: Mask) -> Pooled:
        """Return the weighted mean; zero for an item without real positions."""
        score = self.score(hidden).squeeze(-1).masked_fill(~mask, float("-inf"))
        score = score.masked_fill(~mask.any(dim=1, keepdim=True), 0.0)
        weight = score.softmax(dim=1) * mask
        return (weight.unsqueeze(1) @ hidden).squeeze(1)


def build_pooling(name: str, dim: int, *, cls_last: bool = False) -> Pooling:
    """The pooling of that name; with `cls_last` the state at [CLS] is that of the last real token."""
    if name == "attention":
        return AttentionPosition(dim)
    cls = LastToken if cls_last else FirstPosition
    return {"last_position": LastPosition, "cls": cls, "mean": MeanPosition}[name]()
