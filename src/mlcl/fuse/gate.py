"""The multimodal adaptation gate: text states, moved by what is heard and seen under the same token."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

_TINY = 1e-6  # of the release, beside the norm that it divides by


class AdaptationGate(nn.Module):
    r"""Shift each token's state $e$ by its acoustic row $a$ and its visual row $v$, by no more than $\beta\|e\|$.

    $$h = \mathrm{relu}(W_{ha}[a; e] + b_{ha}) \odot (W_a a + b_a)
        + \mathrm{relu}(W_{hv}[v; e] + b_{hv}) \odot (W_v v + b_v)$$
    $$\alpha = \min\Big(\beta\,\frac{\|e\|_2}{\|h\|_2 + \epsilon},\, 1\Big), \qquad
      \bar e = \mathrm{dropout}(\mathrm{LayerNorm}(e + \alpha h))$$

    Args:
        dim: Width of the text states.
        acoustic_dim: Columns of an acoustic row.
        visual_dim: Columns of a visual row.
        beta: $\beta \geq 0$, how far a state may be moved relative to its own norm.
        dropout: Probability of the dropout at the end.

    Source:
        Rahman et al., ACL 2020, equations 1 to 5, and its release. As in the release each projection has a bias of its
        own, where the paper adds one to the sum. A token without a row can be left alone, which neither does.
    """

    def __init__(self, dim: int, *, acoustic_dim: int, visual_dim: int, beta: float, dropout: float) -> None:
        super().__init__()
        self.beta = beta
        self.acoustic_gate = nn.Linear(acoustic_dim + dim, dim)
        self.visual_gate = nn.Linear(visual_dim + dim, dim)
        self.acoustic = nn.Linear(acoustic_dim, dim)
        self.visual = nn.Linear(visual_dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        text: Float[Tensor, "*tokens dim"],
        acoustic: Float[Tensor, "*tokens acoustic"],
        visual: Float[Tensor, "*tokens visual"],
        acoustic_mask: Bool[Tensor, "*tokens"] | None = None,
        visual_mask: Bool[Tensor, "*tokens"] | None = None,
    ) -> Float[Tensor, "*tokens dim"]:
        """Return the shifted states; where a mask is False the modality adds nothing."""
        shift = self.displacement(text, acoustic, visual, acoustic_mask, visual_mask)
        return self.dropout(self.norm(text + self.scale(text, shift).unsqueeze(-1) * shift))

    def displacement(
        self,
        text: Float[Tensor, "*tokens dim"],
        acoustic: Float[Tensor, "*tokens acoustic"],
        visual: Float[Tensor, "*tokens visual"],
        acoustic_mask: Bool[Tensor, "*tokens"] | None = None,
        visual_mask: Bool[Tensor, "*tokens"] | None = None,
    ) -> Float[Tensor, "*tokens dim"]:
        """$h$, before it is scaled."""
        heard = F.relu(self.acoustic_gate(torch.cat([acoustic, text], dim=-1))) * self.acoustic(acoustic)
        seen = F.relu(self.visual_gate(torch.cat([visual, text], dim=-1))) * self.visual(visual)
        return _only(heard, acoustic_mask) + _only(seen, visual_mask)

    def scale(
        self, text: Float[Tensor, "*tokens dim"], shift: Float[Tensor, "*tokens dim"]
    ) -> Float[Tensor, "*tokens"]:
        r"""$\alpha$, in [0, 1]; a shift of norm 0 counts as one of norm 1, and has gradient 0."""
        length = torch.linalg.vector_norm(shift, dim=-1)
        length = torch.where(length == 0, 1.0, length)
        return (self.beta * torch.linalg.vector_norm(text, dim=-1) / (length + _TINY)).clamp(max=1.0)


def _only(rows: Tensor, mask: Tensor | None) -> Tensor:
    return rows if mask is None else rows.masked_fill(~mask.unsqueeze(-1), 0.0)
