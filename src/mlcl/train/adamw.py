"""AdamW as the transformers library had it until version 4, which trained MAG and HKT."""

import math
from typing import Any

import torch
from torch.optim import Optimizer


class TransformersAdamW(Optimizer):
    r"""Adam whose $\epsilon$ stands beside the uncorrected second moment, and whose decay comes after the step.

    $$\theta \leftarrow \theta - \eta\,\frac{\sqrt{1-\beta_2^t}}{1-\beta_1^t}\,\frac{m}{\sqrt{v} + \epsilon}, \qquad
      \theta \leftarrow \theta - \eta\lambda\theta$$

    torch's AdamW decays first and adds $\epsilon$ to $\sqrt{v / (1-\beta_2^t)}$: early steps of small gradients differ.
    """

    def __init__(
        self,
        params: Any,
        lr: float,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        super().__init__(params, {"lr": lr, "eps": eps, "weight_decay": weight_decay, "betas": betas})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Move every parameter that has a gradient."""
        if closure is not None:
            raise TypeError("this optimiser takes no closure")
        for group in self.param_groups:
            first, second = group["betas"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state.update(step=0, mean=torch.zeros_like(parameter), square=torch.zeros_like(parameter))
                state["step"] += 1
                mean, square, gradient = state["mean"], state["square"], parameter.grad
                mean.mul_(first).add_(gradient, alpha=1 - first)
                square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
                size = group["lr"] * math.sqrt(1 - second ** state["step"]) / (1 - first ** state["step"])
                parameter.addcdiv_(mean, square.sqrt().add_(group["eps"]), value=-size)
                if group["weight_decay"]:
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
