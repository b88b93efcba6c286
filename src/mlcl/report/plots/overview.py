"""All systems on the main metric: intervals over items, seeds as dots; and the differences from the reference."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mlcl.report.comparisons import Finding
from mlcl.report.plots.style import ACCENT, INK, MUTED, PANEL, Plot, draw, legend_below
from mlcl.report.predictions import CONSTANT
from mlcl.report.summary import Summary
from mlcl.report.wording import MINUS, arrow, bounds, class_label, digits, title


def results_plot(summary: Summary) -> Plot:
    """The main metric of each system."""
    names = [name for name in summary.values if name != CONSTANT]
    reference = summary.evidence.reference
    constant = summary.intervals[CONSTANT].estimate if CONSTANT in summary.values else None

    def paint(figure: Figure, axes: Axes) -> None:  # noqa: ARG001
        for row, name in enumerate(names):
            colour = ACCENT if name == reference else MUTED
            found = summary.intervals[name]
            axes.plot([found.low, found.high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt")
            seeds = [value for value in summary.values[name][summary.metric] if value is not None]
            axes.plot(seeds, [row + 0.24] * len(seeds), "o", color=colour, markersize=3.2, alpha=0.6, linestyle="none")
            axes.plot(found.estimate, row, "o", color=colour, markersize=7)
        if constant is not None:
            axes.axvline(constant, color=MUTED, linewidth=1, linestyle=":")
            axes.annotate(
                "constant", (constant, 0), (-3, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
                rotation=90, va="bottom", ha="right", fontsize=8.5, color=MUTED,
            )  # fmt: skip
        _name_rows(axes, [summary.labels[name] for name in names])
        axes.set_xlabel(f"{arrow(summary.metric)}, {summary.predictions.split}")

    said = "; ".join(
        f"{summary.labels[name]} {digits(summary.intervals[name].estimate)} {bounds(summary.intervals[name])}"
        for name in names
    )
    alt = f"{title(summary.metric)} per system with its 95 % interval over items: {said}."
    return draw(
        "results",
        f"{title(summary.metric)}: mean (large dot), seeds (small dots), 95 % interval over items (line)",
        alt,
        paint,
        size=(PANEL[0], 0.9 + 0.36 * len(names)),
        wide=True,
    )


def _name_rows(axes: Axes, labels: list[str]) -> None:
    """Write a label at the left of each row, from above."""
    axes.set_yticks(range(len(labels)), labels, color=INK, fontsize=10)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def differences_plot(summary: Summary, found: list[Finding], name: str, *, bars: bool) -> Plot:
    """The main metric of the reference minus that of each other system, as in the table: dots, or bars."""
    base = summary.labels[found[0].reference]

    def paint(figure: Figure, axes: Axes) -> None:  # noqa: ARG001
        for row, each in enumerate(found):
            gap = each.found.difference
            colour = ACCENT if each.better is not None else MUTED
            if bars:
                axes.barh(row, gap.estimate, height=0.56, color=colour, alpha=0.35, linewidth=0)
            else:
                axes.plot(gap.estimate, row, "o", color=colour, markersize=7)
            axes.plot([gap.low, gap.high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.axvline(0, color=INK, linewidth=1)
        _name_rows(axes, [summary.labels[each.other] for each in found])
        axes.set_xlabel(f"{base} minus the other system, {arrow(summary.metric)}")

    said = "; ".join(
        f"{summary.labels[each.other]} {digits(each.found.difference.estimate, signed=True)} "
        f"[{digits(each.found.difference.low, signed=True)}, {digits(each.found.difference.high, signed=True)}]"
        for each in found
    )
    return draw(
        name,
        f"{base} minus the other system in {title(summary.metric)}; coloured where it is distinguishable",
        f"{base} minus the other system in {title(summary.metric)} with 95 % intervals: {said}.",
        paint,
        size=(PANEL[0], 0.9 + 0.36 * len(found)),
        wide=True,
    )


def range_plot(summary: Summary, styles: dict[str, tuple[str, str]]) -> Plot:
    """The main metric by label: bins of width 1 for regression, the classes otherwise."""
    labels, target = summary.predictions.labels, summary.predictions.target
    regression = target.task == "regression"
    bins = label_bins(labels) if regression else labels.astype(int)
    centres = np.unique(bins)
    counts = [int((bins == centre).sum()) for centre in centres]
    names = [_signed(centre) if regression else class_label(target.class_names[centre]) for centre in centres]
    crowded = len(names) * max(map(len, names)) > 50
    lines = {name: metric_by_bin(summary, name, bins) for name in summary.values if name != CONSTANT}

    def paint(figure: Figure, axes: Axes) -> None:
        for name, values in lines.items():
            colour, dash = styles[name]
            first = name == summary.evidence.reference
            axes.plot(
                centres, values, dash, color=colour, marker="o", markersize=3.5, linewidth=2.2 if first else 1.3,
                label=summary.labels[name], zorder=3 if first else 2,
            )  # fmt: skip
        axes.set_xticks(
            centres,
            [f"{name}{': ' if crowded else chr(10)}{n}" for name, n in zip(names, counts, strict=True)],
            rotation=90 if crowded else 0,
            parse_math=False,
        )
        axes.set_xlabel(
            "Label (rounded), and number of items below" if regression else "Class, and number of items below"
        )
        axes.set_ylabel(title(summary.metric))
        axes.set_ylim(bottom=0)
        if not regression:
            axes.set_xlim(-0.5, target.num_classes - 0.5)
        legend_below(figure, axes)

    best = {
        int(centre): min(lines, key=lambda name: lines[name][place] * (1 if regression else -1))
        for place, centre in enumerate(centres)
    }
    said = "; ".join(
        f"label {names[place]}, {count} items: best {summary.labels[best[int(centre)]]} "
        f"{digits(lines[best[int(centre)]][place])}"
        for place, (centre, count) in enumerate(zip(centres, counts, strict=True))
    )
    what = f"{title(summary.metric)} by label"
    return draw("ranges", what, f"{what}. {said}.", paint, size=(PANEL[0], 4.0), wide=True)


def label_bins(labels: np.ndarray) -> np.ndarray:
    """(items,) the whole number nearest to each label, half away from zero, so that bins are symmetric."""
    return (np.sign(labels) * np.floor(np.abs(labels) + 0.5)).astype(int)


def metric_by_bin(summary: Summary, name: str, bins: np.ndarray) -> list[float]:
    """The main metric of a system within each bin, averaged over seeds."""
    found = summary.predictions
    if found.target.task == "regression":
        value = np.abs(found.scores[name] - found.labels)
    else:
        value = found.classes(name) == found.labels
    return [float(value[:, bins == centre].mean()) for centre in np.unique(bins)]


def _signed(number: int) -> str:
    return f"{number:+d}".replace("-", MINUS) if number else "0"
