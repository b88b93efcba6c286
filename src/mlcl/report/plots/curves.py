"""Curves over epochs: terms of the loss, the dev metric, geometry of embeddings; thin for seeds, thick for a mean."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mlcl.report.evidence import RunRecord, SystemRecord
from mlcl.report.plots.maps import LEVELS
from mlcl.report.plots.style import SYSTEMS, Plot, draw, legend_below
from mlcl.report.summary import Summary
from mlcl.report.wording import arrow, digits, title

FUSED = "fused"
Line = list[float | None]
Style = tuple[str, str]


def curve_plots(summary: Summary, styles: dict[str, Style], shown: list[str]) -> list[Plot]:
    """The dev metric and the task loss of all systems, then the other terms of the `shown` ones by level."""
    complete = summary.evidence.complete
    labels = {system.name: system.label for system in complete}
    dev = {system.name: _lines(system, "dev", summary.metric) for system in complete}
    task = {system.name: _lines(system, "train", "task") for system in complete}
    plots = [
        panel("curves-dev", f"Dev {title(summary.metric)}", arrow(summary.metric), dev, labels, styles),
        panel("curves-task", "Task loss on train", "task loss", task, labels, styles),
    ]
    for system in [system for system in complete if system.name in shown]:
        terms = _terms(system)
        for level in dict.fromkeys(term.split("_")[0] for term in terms):
            members = [term for term in terms if term.split("_")[0] == level]
            lines = {term: _lines(system, "train", term) for term in members}
            looks = {term: (SYSTEMS[number % len(SYSTEMS)], "-") for number, term in enumerate(members)}
            names = {term: term.removeprefix(f"{level}_").replace("_", " → ") for term in members}
            heading = f"{system.label}: {level.upper() if level.endswith('mcl') else level} on train"
            plots.append(panel(f"curves-{system.name}-{level}", heading, "loss term", lines, names, looks))
    return [plot for plot in plots if plot is not None]


def geometry_plots(systems: list[SystemRecord], styles: dict[str, Style]) -> list[Plot]:
    """Two panels per system with levels of contrast, and one of the fused embeddings of all, as far as recorded."""
    looks = {level: (SYSTEMS[number], "-") for number, level in enumerate(LEVELS)}
    plots = [
        panel(
            f"geometry-{system.name}-{quantity}",
            f"{system.label}: {quantity}",
            quantity,
            {level: _geometry_lines(system, level, quantity) for level in LEVELS if level != FUSED},
            LEVELS,
            looks,
        )
        for system in systems
        for quantity in ("alignment", "uniformity")
    ]
    fused = {system.name: _geometry_lines(system, FUSED, "uniformity") for system in systems}
    labels = {system.name: system.label for system in systems}
    plots.append(panel("geometry-fused", "Fused embeddings: uniformity", "uniformity", fused, labels, styles))
    return [plot for plot in plots if plot is not None]


def _geometry_lines(system: SystemRecord, level: str, quantity: str) -> list[Line]:
    return [
        [record.get("geometry", {}).get(level, {}).get(quantity) for record in run.history]
        for run in system.runs.values()
    ]


def _terms(system: SystemRecord) -> list[str]:
    history = system.first.history if system.first else []
    return [term for term in (history[0]["train"] if history else {}) if term not in ("loss", "task")]


def _lines(system: SystemRecord, part: str, key: str) -> list[Line]:
    return [_line(run, part, key) for run in system.runs.values()]


def _line(run: RunRecord, part: str, key: str) -> Line:
    return [record[part].get(key) for record in run.history]


def panel(
    name: str,
    heading: str,
    quantity: str,
    lines: Mapping[str, list[Line]],
    labels: Mapping[str, str],
    styles: Mapping[str, Style],
) -> Plot | None:
    """One panel; None where nobody recorded the quantity."""
    known = {key: [line for line in seeds if any(v is not None for v in line)] for key, seeds in lines.items()}
    known = {key: seeds for key, seeds in known.items() if seeds}
    if not known:
        return None
    means = {key: mean_line(seeds) for key, seeds in known.items()}

    def paint(figure: Figure, axes: Axes) -> None:
        for key, seeds in known.items():
            colour, dash = styles[key]
            for line in seeds if len(seeds) > 1 else []:
                epochs = range(1, len(line) + 1)
                values = [np.nan if value is None else value for value in line]
                axes.plot(epochs, values, dash, color=colour, linewidth=0.8, alpha=0.35)
            axes.plot(
                range(1, len(means[key]) + 1), means[key], dash, color=colour, linewidth=2, label=labels[key],
                marker="o" if len(means[key]) == 1 else None,
            )  # fmt: skip
        axes.set(xlabel="Epoch", ylabel=quantity)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        legend_below(figure, axes)

    said = "; ".join(
        f"{labels[key]} from {digits(line[0])} in epoch 1 to {digits(line[-1])} in epoch {len(line)}"
        for key, line in means.items()
    )
    return draw(name, heading, f"{heading} over epochs, mean over seeds: {said}.", paint)


def mean_line(seeds: list[Line]) -> list[float]:
    """Mean over the seeds that reached an epoch, up to the longest; nan where none has a value."""
    longest = max(map(len, seeds))
    columns = [[line[epoch] for line in seeds if epoch < len(line)] for epoch in range(longest)]
    known = [[value for value in column if value is not None] for column in columns]
    return [float(np.mean(column)) if column else float("nan") for column in known]
