"""The floor: floating-point operations that the mathematics needs, on real tokens only."""

from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.workload import Workload


class Floor:
    """Operations of an item, counted once for each length: alone in its batch an item has no padding.

    Args:
        work: Model and items.
        training: Count forward and backward with dropout, instead of a prediction.
    """

    def __init__(self, work: Workload, *, training: bool) -> None:
        self.work, self.training = work, training
        self.known: dict[int, int] = {}

    def operations(self, items: Any) -> int:
        """Of a batch: the sum over its items."""
        lengths = np.diff(self.work.tight.offsets)[items]
        for length, item in zip(lengths, items, strict=True):
            if int(length) not in self.known:
                self.known[int(length)] = self._count(int(item))
        return sum(self.known[int(length)] for length in lengths)

    def _count(self, item: int) -> int:
        model = self.work.model.train(self.training)
        device = next(model.parameters()).device
        batch = self.work.tight.batch(np.array([item])).to(device)
        with FlopCounterMode(display=False) as counter:
            if self.training:
                model(**batch.inputs()).loss.backward()
            else:
                with torch.no_grad():
                    model(**batch.inputs(labels=False))
        model.zero_grad()
        return counter.get_total_flops()
