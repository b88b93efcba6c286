"""Product of experts: several Gaussian opinions about one vector, and a standard normal one, as one Gaussian."""

import torch
from jaxtyping import Float
from torch import Tensor


def product_of_experts(
    means: Float[Tensor, "experts batch dim"], deviations: Float[Tensor, "experts batch dim"]
) -> tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch dim"]]:
    r"""Mean and standard deviation of the normalised product of the experts' densities and $N(0, 1)$.

    $$\sigma^2 = \left(1 + \sum_m \sigma_m^{-2}\right)^{-1}, \quad \mu = \sigma^2 \sum_m \mu_m \sigma_m^{-2}$$

    An expert with an infinite deviation has no say.

    Examples:
        >>> import torch
        >>> mean, deviation = product_of_experts(torch.ones(1, 1, 2), torch.ones(1, 1, 2))
        >>> mean.tolist(), (deviation**2).round(decimals=4).tolist()
        ([[0.5, 0.5]], [[0.5, 0.5]])

    Source:
        MIB, eq. 19; not in the authors' code.
    """
    precision = deviations.square().reciprocal()
    variance = 1 / (1 + precision.sum(dim=0))
    return variance * (means * precision).sum(dim=0), torch.sqrt(variance)
