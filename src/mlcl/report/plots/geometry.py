"""Alignment and uniformity of the unit embeddings per level on dev, over training."""

from mlcl.report.evidence import SystemRecord
from mlcl.report.plots.curves import Line, panel
from mlcl.report.plots.maps import LEVELS
from mlcl.report.plots.style import SYSTEMS, Plot


def geometry_plots(systems: list[SystemRecord]) -> list[Plot]:
    """Two panels per system that recorded them: alignment, and uniformity."""
    plots = []
    for system in systems:
        for quantity in ("alignment", "uniformity"):
            lines = {level: _lines(system, level, quantity) for level in LEVELS}
            looks = {level: (SYSTEMS[number], "-") for number, level in enumerate(LEVELS)}
            heading = f"{system.label}: {quantity}"
            plot = panel(f"geometry-{system.name}-{quantity}", heading, quantity, lines, LEVELS, looks)
            if plot is not None:
                plots.append(plot)
    return plots


def _lines(system: SystemRecord, level: str, quantity: str) -> list[Line]:
    return [
        [record.get("geometry", {}).get(level, {}).get(quantity) for record in run.history]
        for run in system.runs.values()
    ]
