"""Fusion network: six vectors attend to one another, then predict."""

import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn


class FusionNetwork(nn.Module):
    r"""Post-LN transformer layers over the representations, concatenated into the embedding, and a two-layer head.

    Args:
        dim: Width $d$ of each representation.
        num_inputs: How many representations; 6 in MLCL (three uni-modal, three bi-modal).
        num_outputs: Width of the logits.
        num_heads: Attention heads of the transformer layers.
        num_layers: Number of transformer layers.
        feed_forward: Width of their feed-forward.
        layer_dropout: Dropout inside the transformer layers.
        head_dropout: Dropout between the head's two layers.

    Source:
        MLCL, fusion network.
    """

    def __init__(
        self,
        dim: int,
        *,
        num_inputs: int,
        num_outputs: int,
        num_heads: int,
        num_layers: int = 2,
        feed_forward: int = 2048,
        layer_dropout: float = 0.1,
        head_dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, num_heads, feed_forward, layer_dropout, batch_first=True)
            for _ in range(num_layers)
        )
        self.hidden = nn.Linear(num_inputs * dim, num_inputs * dim // 2)
        self.dropout = nn.Dropout(head_dropout)
        self.output = nn.Linear(num_inputs * dim // 2, num_outputs)

    def forward(
        self, representations: Float[Tensor, "batch inputs dim"], keep: Bool[Tensor, "batch inputs"] | None = None
    ) -> tuple[Float[Tensor, "batch embedding"], Float[Tensor, "batch outputs"]]:
        """Return the embedding (the fused representations side by side) and the logits.

        Args:
            representations: One vector per uni-modal and bi-modal representation.
            keep: False where the item lacks that representation: it is not attended to and stays exactly 0.
        """
        absent = None if keep is None else ~keep
        for layer in self.layers:
            representations = layer(representations, src_key_padding_mask=absent)
        if absent is not None:
            representations = representations.masked_fill(absent.unsqueeze(-1), 0.0)
        embedding = representations.flatten(1)
        return embedding, self.output(F.relu(self.dropout(self.hidden(embedding))))
