"""Sinusoidal positions as the sequence encoders of MulT and its descendants use them."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor


def sinusoid(positions: Int[Tensor, "*batch"], dim: int, *, dtype: torch.dtype) -> Float[Tensor, "*batch dim"]:
    r"""Vectors of positions: first half sines, second half cosines, a zero column appended for an odd `dim`.

    Frequencies are $\exp(-\ln(10000)\, i / (\lfloor d/2 \rfloor - 1))$. Position 0 stands for "no position" and is the
    zero vector; real steps count from 1.

    Args:
        positions: Non-negative step numbers.
        dim: Width, at least 4.
        dtype: Of the result; the table is computed in float64 where the result is.

    Source:
        fairseq's sinusoidal embedding, as copied by MulT, MIB, MCL and MLCL.
    """
    half = dim // 2
    steps = torch.arange(half, device=positions.device, dtype=dtype)
    angles = positions.unsqueeze(-1).to(dtype) * torch.exp(steps * -(math.log(10000.0) / (half - 1)))
    table = torch.cat([angles.sin(), angles.cos()], dim=-1)
    table = torch.nn.functional.pad(table, (0, dim - 2 * half))
    return table * (positions > 0).unsqueeze(-1)
