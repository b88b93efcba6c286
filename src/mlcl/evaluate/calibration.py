"""Cross-entropy after temperature scaling: what a classifier would lose if it were as sure as it should be."""

import numpy as np
from numpy.typing import NDArray

from mlcl.evaluate.classification import SMALLEST_PROBABILITY, cross_entropy

HOTTEST = 1e4
"""The temperature stays between its inverse and this."""


def calibrated_cross_entropy(probability: NDArray[np.floating], target: NDArray[np.integer]) -> float | None:
    r"""The least cross-entropy of $\mathrm{softmax}(\ln p / T)$ over temperatures $T$ on these very items.

    A network that has learned its train split by heart is too sure of itself, and its plain cross-entropy measures
    little else; one number $T$ takes that out, and no order of classes changes.

    Returns:
        Nats, at most the plain cross-entropy and at most the logarithm of the number of classes; None without items.

    Source:
        Guo et al. 2017, section 4.2, https://arxiv.org/abs/1706.04599.
    """
    from scipy.optimize import minimize_scalar

    plain = cross_entropy(probability, target)
    if plain is None:
        return None
    logits = np.log(np.clip(np.asarray(probability, dtype=np.float64), SMALLEST_PROBABILITY, 1.0))
    rows = np.arange(len(logits))

    def scaled(log_coldness: float) -> float:
        score = logits * np.exp(log_coldness)
        score -= score.max(axis=1, keepdims=True)
        return float((np.log(np.exp(score).sum(axis=1)) - score[rows, target]).mean())

    bound = np.log(HOTTEST)  # convex in the coldness 1 / T, so one dip
    found = minimize_scalar(scaled, bounds=(-bound, bound), method="bounded", options={"xatol": 1e-4})
    return float(min(plain, found.fun))
