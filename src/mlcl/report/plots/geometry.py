"""Alignment and uniformity of the unit embeddings on dev over training: per level, and of every fused embedding."""

from mlcl.report.evidence import SystemRecord
from mlcl.report.plots.curves import Line, Style, panel
from mlcl.report.plots.maps import LEVELS
from mlcl.report.plots.style import SYSTEMS, Plot

FUSED = "fused"


def geometry_plots(systems: list[SystemRecord], styles: dict[str, Style]) -> list[Plot]:
    """Two panels per system with levels of contrast, and one of the fused embeddings of all, as far as recorded."""
    looks = {level: (SYSTEMS[number], "-") for number, level in enumerate(LEVELS)}
    plots = [
        panel(
            f"geometry-{system.name}-{quantity}",
            f"{system.label}: {quantity}",
            quantity,
            {level: _lines(system, level, quantity) for level in LEVELS if level != FUSED},
            LEVELS,
            looks,
        )
        for system in systems
        for quantity in ("alignment", "uniformity")
    ]
    fused = {system.name: _lines(system, FUSED, "uniformity") for system in systems}
    labels = {system.name: system.label for system in systems}
    plots.append(panel("geometry-fused", "Fused embeddings: uniformity", "uniformity", fused, labels, styles))
    return [plot for plot in plots if plot is not None]


def _lines(system: SystemRecord, level: str, quantity: str) -> list[Line]:
    return [
        [record.get("geometry", {}).get(level, {}).get(quantity) for record in run.history]
        for run in system.runs.values()
    ]
