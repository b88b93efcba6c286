"""Two ways to do the same, measured fairly: in turns, in one process, on the same inputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import torch

from benchmarks.machine import seconds


@dataclass(frozen=True)
class Pair:
    """Seconds of A (plain) and B (ours), one of each per repeat.

    Attributes:
        plain: Seconds of A.
        ours: Seconds of B.
    """

    plain: Sequence[float]
    ours: Sequence[float]

    def row(self, items: int) -> dict[str, float]:
        """Medians, and the spread of the ratio over the repeats."""
        ratios = sorted(a / b for a, b in zip(self.plain, self.ours, strict=True))
        return {
            "items_per_second_plain": items / median(self.plain),
            "items_per_second": items / median(self.ours),
            "ratio": median(ratios),
            "ratio_low": ratios[0],
            "ratio_high": ratios[-1],
        }


def measure_pair(
    plain: Callable[[int], object], ours: Callable[[int], object], *, repeats: int, device: torch.device
) -> Pair:
    """Time A and B in turns after one call of each to warm up; each gets the number of the repeat."""
    plain(0)
    ours(0)
    a: list[float] = []
    b: list[float] = []
    for number in range(repeats):
        order = [(a, plain), (b, ours)] if number % 2 == 0 else [(b, ours), (a, plain)]
        for times, work in order:
            times.append(seconds(partial(work, number), device))
    return Pair(a, b)
