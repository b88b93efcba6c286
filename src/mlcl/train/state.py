"""What training needs besides weights to go on exactly where it stopped."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class TrainState:
    """Progress of a training.

    Attributes:
        epoch: Epoch in progress, from 0; equal to the number of epochs when done.
        step: Optimiser steps already taken in this epoch.
        totals: Sums of loss and terms over this epoch's items so far.
        seen: Items behind `totals`.
        best_score: Best selection score so far, lower is better.
        best_epoch: Its epoch, counted from 1.
        history: One record per finished epoch.
    """

    epoch: int = 0
    step: int = 0
    totals: dict[str, float] = field(default_factory=dict)
    seen: int = 0
    best_score: float | None = None
    best_epoch: int | None = None
    history: list[dict[str, Any]] = field(default_factory=list)

    def add(self, values: dict[str, float], items: int) -> None:
        """Add means over `items` items to this epoch's sums."""
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, 0.0) + value * items
        self.seen += items

    def means(self) -> dict[str, float]:
        """Means over this epoch's items so far."""
        return {name: total / max(self.seen, 1) for name, total in self.totals.items()}

    def finish_epoch(self, record: dict[str, Any]) -> None:
        """Append the epoch's record and start the next epoch."""
        self.history.append(record)
        self.epoch, self.step, self.totals, self.seen = self.epoch + 1, 0, {}, 0
