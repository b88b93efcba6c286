"""Items to parts, so that items of one group stay together and labels are spread evenly."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import UsageError

_MOST_STRATA = 10  # distinct labels that are strata of their own; more are cut into fifths


def divide(
    groups: Sequence[str], shares: Sequence[float], seed: int, labels: NDArray[np.float64] | None = None
) -> list[NDArray[np.int64]]:
    r"""Divide items into parts of given shares.

    Groups are placed one by one, large ones first and equals in random order, each where it lowers most

    $$\sum_{p,s} \frac{(n_{ps} - w_p n_s)^2}{n_s}$$

    with $n_{ps}$ the items of stratum $s$ in part $p$, $w_p$ the part's share and $n_s$ all items of the stratum; all
    items together count as one more stratum. Strata are the labels, or their fifths where there are more than ten.
    The result depends on the seed and on the groups' names, sizes and labels, not on the order of the items.

    Args:
        groups: Per item the name of its group, which is never divided.
        shares: Per part how much of the items it shall get; positive, and summing to 1.
        seed: Seed of the order among groups of one size.
        labels: Per item what is spread evenly as far as groups allow; nan is a stratum. None for sizes alone.

    Returns:
        Per part the indices of its items, in the items' order; every item is in one part, and no part is empty.

    Raises:
        UsageError: If there are fewer groups than parts, or the shares are not shares.

    Examples:
        >>> [part.tolist() for part in divide(["a", "a", "b", "c"], [0.5, 0.5], seed=1)]
        [[0, 1], [2, 3]]
    """
    if any(not share > 0 for share in shares) or abs(sum(shares) - 1) > 1e-6:
        shown = ",".join(f"{share:g}" for share in shares)
        raise UsageError(f"shares {shown}: must be positive and sum to 1, as in 0.7,0.1,0.2")
    names, group = np.unique(np.array(groups, dtype=np.dtypes.StringDType()), return_inverse=True)
    if len(names) < len(shares):
        raise UsageError(f"{len(groups)} items in {len(names)} groups cannot be divided into {len(shares)} parts")
    strata = _strata(labels, len(groups))
    counts = np.zeros((len(names), int(strata.max()) + 2))
    np.add.at(counts, (group, strata), 1)
    counts[:, -1] = counts.sum(axis=1)
    part = _place(counts, np.asarray(shares, dtype=np.float64), np.random.default_rng(seed))[group]
    return [np.flatnonzero(part == index) for index in range(len(shares))]


def k_folds(
    groups: Sequence[str], k: int, seed: int, labels: NDArray[np.float64] | None = None
) -> list[NDArray[np.int64]]:
    """Divide items into `k` folds of about one size: each is the test part once. See `divide`.

    Raises:
        UsageError: If `k` is less than 2, or there are fewer groups than folds.
    """
    if k < 2:
        raise UsageError(f"{k} folds: must be at least 2")
    return divide(groups, [1 / k] * k, seed, labels)


def _strata(labels: NDArray[np.float64] | None, items: int) -> NDArray[np.int64]:
    """(items,) number of each item's stratum."""
    if labels is None:
        return np.zeros(items, np.int64)
    found = labels[~np.isnan(labels)]
    edges = np.unique(found)
    if len(edges) > _MOST_STRATA:
        edges = np.unique(np.quantile(found, (0.2, 0.4, 0.6, 0.8)))
    return np.where(np.isnan(labels), len(edges) + 1, np.searchsorted(edges, labels, side="right"))


def _place(counts: NDArray[np.float64], shares: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """(groups,) the part of each group; `counts` is (groups, strata)."""
    totals = counts.sum(axis=0)
    weight = np.divide(1, totals, out=np.zeros_like(totals), where=totals > 0)
    missing = shares[:, None] * totals
    order = rng.permutation(len(counts))
    order = order[np.argsort(-counts[order, -1], kind="stable")]
    part = np.full(len(counts), -1)
    empty = np.ones(len(shares), dtype=bool)
    for done, index in enumerate(order):
        gain = (weight * counts[index] * (2 * missing - counts[index])).sum(axis=1)
        if empty.sum() == len(order) - done:  # just enough groups are left
            gain[~empty] = -np.inf
        best = int(gain.argmax())
        part[index], empty[best] = best, False
        missing[best] -= counts[index]
    return part
