"""Whether ``metrics.json`` says what is computed anew: the only check there is for runs without digests."""

from collections.abc import Mapping

from mlcl.runs.folder import RunFolder

TOLERANCE = 1e-4  # absolute and relative; rounding on another processor stays below, one item of ten thousand does not


def disagreement(folder: RunFolder, split: str, computed: Mapping[str, float | None]) -> str:
    """The first metric on which a complete run's ``metrics.json`` and new numbers differ, in words; "" for none.

    Metrics that only one of them has are left out: versions differ in them.
    """
    for name, kept in folder.read_metrics().get(split, {}).items():
        if name in computed and not _agree(kept, computed[name]):
            return f"{folder.metrics} says {split} {name} {_shown(kept)}, and not {_shown(computed[name])}"
    return ""


def _agree(kept: float | None, computed: float | None) -> bool:
    if kept is None or computed is None:
        return kept is computed
    return abs(kept - computed) <= TOLERANCE * max(1.0, abs(kept))


def _shown(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.6g}"
