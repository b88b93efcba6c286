"""An average of the weights over the steps, which is scored and kept in their place."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    r"""Exponential average of parameters, $\bar\theta \leftarrow k\bar\theta + (1 - k)\theta$.

    $k = \min(\mathrm{decay}, t / (t + 9))$ at step $t$, so that the start is soon forgotten.

    Args:
        parameters: What is trained; one that comes twice is averaged once.
        decay: From 0 to 1; 0 averages nothing.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.parameters = list({id(p): p for p in parameters}.values()) if decay else []
        self.averages = [p.detach().clone() for p in self.parameters]

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        if not self.parameters:
            return
        self.steps += 1
        keep = min(self.decay, self.steps / (self.steps + 9))
        torch._foreach_lerp_(self.averages, [p.detach() for p in self.parameters], 1 - keep)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The parameters have the averages for their values inside the block, and their own after it, bit by bit."""
        own = [p.detach().clone() for p in self.parameters]
        self._put(self.averages)
        try:
            yield
        finally:
            self._put(own)

    def state_dict(self) -> dict[str, int | list[Tensor]]:
        """What a checkpoint keeps."""
        return {"steps": self.steps, "averages": self.averages}

    def load_state_dict(self, state: dict[str, int | list[Tensor]]) -> None:
        """Restore what `state_dict` gave."""
        steps, averages = state["steps"], state["averages"]
        if not isinstance(steps, int) or not isinstance(averages, list) or len(averages) != len(self.averages):
            raise ValueError("the average is of another model")
        self.steps = steps
        for mine, kept in zip(self.averages, averages, strict=True):
            mine.copy_(kept)

    @torch.no_grad()
    def _put(self, values: list[Tensor]) -> None:
        for parameter, value in zip(self.parameters, values, strict=True):
            parameter.copy_(value)
