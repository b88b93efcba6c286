"""What a fusion of three vectors is."""

from jaxtyping import Float
from torch import Tensor, nn

Vector = Float[Tensor, "batch dim"]


class Fusion(nn.Module):
    """Base of the fusions that take one vector per modality and give one of the same width.

    Attributes:
        absent: What stands in every entry of a modality that an item lacks: the value that leaves the result alone.
    """

    absent = 0.0
