"""Prediction against truth: density and calibration of scores, reliability of probabilities, confusion of classes."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from mlcl.evaluate.classification import NUM_BINS, ece
from mlcl.report.plots.style import ACCENT, INK, MUTED, PANEL, SYSTEMS, Plot, draw
from mlcl.report.summary import Summary
from mlcl.report.wording import class_label, digits

Array = NDArray[np.float64]
DENSITY = LinearSegmentedColormap.from_list("density", [to_rgba(ACCENT, 0.12), to_rgba(ACCENT, 1.0)])


def truth_plot(summary: Summary, name: str) -> Plot:
    """Predictions of all seeds against the labels, or the reliability of probabilities."""
    if summary.predictions.target.task == "regression":
        return _density(summary, name)
    return _reliability(summary, name)


def confusion_plot(summary: Summary, name: str) -> Plot:
    """Counts of true against predicted class over all seeds, as shares of each true class."""
    classes, counts = confusion(summary, name)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    named = bool(summary.predictions.target.classes)
    edge = max(PANEL[1], 0.36 * len(classes))

    def paint(figure: Figure, axes: Axes) -> None:  # noqa: ARG001
        for row, column in np.ndindex(*shares.shape):
            share = float(shares[row, column])
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=ACCENT, alpha=share * 0.75, linewidth=0))
            if counts[row].sum():
                axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=INK, fontsize=9.5)
        end = len(classes) - 0.5
        axes.set(xlim=(-0.5, end), ylim=(end, -0.5), aspect="equal", xlabel="Predicted class", ylabel="True class")
        ticks = [class_label(value) for value in classes]
        axes.set_xticks(range(len(classes)), ticks, rotation=90 if named and len(classes) > 2 else 0, parse_math=False)
        axes.set_yticks(range(len(classes)), ticks, parse_math=False)
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)

    right = "; ".join(
        f"{'' if named else 'class '}{value}: {100 * share:.0f} % right"
        for value, share in zip(classes, np.diag(shares), strict=True)
    )
    label = summary.labels[name]
    alt = f"Confusion matrix of {label}, shares of each true class. {right}."
    return draw(f"confusion-{name}", label, alt, paint, size=(max(PANEL[0], edge), edge))


def confusion(summary: Summary, name: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """What the classes are called, and (true, predicted) counts over all seeds: the seven of Acc7, or the target's."""
    rows, labels = summary.predictions.scores[name], summary.predictions.labels
    if summary.predictions.target.task == "regression":
        classes = tuple(map(str, range(-3, 4)))
        predicted, true = (np.rint(np.clip(side, -3, 3)).astype(int) + 3 for side in (rows, labels))
    else:
        classes = summary.predictions.target.class_names
        predicted, true = summary.predictions.classes(name), labels.astype(int)
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, (np.broadcast_to(true, predicted.shape), predicted), 1)
    return classes, counts


def calibration(scores: Array, labels: Array, *, bins: int = 10) -> tuple[Array, Array]:
    """Mean prediction and mean label of the items in each tenth of the predictions, ascending."""
    predicted = scores.ravel()
    true = np.broadcast_to(labels, scores.shape).ravel()
    parts = np.array_split(np.argsort(predicted, kind="stable"), min(bins, predicted.size))
    return np.array([predicted[part].mean() for part in parts]), np.array([true[part].mean() for part in parts])


def _density(summary: Summary, name: str) -> Plot:
    rows, labels = summary.predictions.scores[name], summary.predictions.labels
    predicted, true = rows.ravel(), np.broadcast_to(labels, rows.shape).ravel()
    centres, means = calibration(rows, labels)
    low, high = float(min(labels.min(), predicted.min())), float(max(labels.max(), predicted.max()))
    margin = 0.03 * (high - low) or 1.0
    limits = (low - margin, high + margin)

    def paint(figure: Figure, axes: Axes) -> None:  # noqa: ARG001
        look: dict[str, Any] = {"cmap": DENSITY, "norm": LogNorm(), "linewidths": 0.2}
        axes.hexbin(true, predicted, gridsize=26, extent=(*limits, *limits), mincnt=1, **look)
        axes.plot(limits, limits, color=MUTED, linewidth=1, linestyle="--")
        axes.plot(means, centres, color=SYSTEMS[1], linewidth=2, marker="o", markersize=4)
        axes.set(xlim=limits, ylim=limits, aspect="equal", ylabel="Prediction")
        axes.set_xlabel("Label (line: its mean per tenth of the predictions)")

    slope = float(np.polyfit(predicted, true, 1)[0]) if np.ptp(predicted) else None
    label = summary.labels[name]
    alt = (
        f"Predictions of {label} against labels. Lowest tenth: mean prediction {digits(centres[0])}, mean label"
        f" {digits(means[0])}; highest tenth: {digits(centres[-1])} and {digits(means[-1])}; slope of label on"
        f" prediction {digits(slope)} (1 is calibrated)."
    )
    return draw(f"truth-{name}", label, alt, paint)


def reliability(scores: Array, labels: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """Mean probability, share of label 1 and number of items in each tenth of [0, 1] that holds any."""
    predicted, true = scores.ravel(), np.broadcast_to(labels, scores.shape).ravel()
    bins = np.minimum((predicted * NUM_BINS).astype(int), NUM_BINS - 1)
    held = np.unique(bins)
    return (
        np.array([predicted[bins == each].mean() for each in held]),
        np.array([true[bins == each].mean() for each in held]),
        np.array([(bins == each).sum() for each in held]),
    )


def _reliability(summary: Summary, name: str) -> Plot:
    predictions, rows = summary.predictions, summary.predictions.scores[name]
    if predictions.target.num_classes == 2:
        probability, true, what = rows[..., 1], predictions.labels, "class 1"
    else:
        probability, true, what = np.nanmax(rows, axis=-1), predictions.classes(name) == predictions.labels, "right"
    centres, shares, counts = reliability(probability, true)
    errors = [ece(row, predictions.labels.astype(np.int64)) for row in rows] if predictions.whole else []

    def paint(figure: Figure, axes: Axes) -> None:  # noqa: ARG001
        axes.plot((0, 1), (0, 1), color=MUTED, linewidth=1, linestyle="--")
        axes.bar(centres, counts / counts.sum(), width=0.06, color=MUTED, alpha=0.3, linewidth=0)
        axes.plot(centres, shares, color=ACCENT, linewidth=2, marker="o", markersize=5)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", ylabel=f"Share that is {what}")
        axes.set_xlabel("Predicted probability (bars: share of items)")

    label = summary.labels[name]
    points = "; ".join(
        f"predicted {digits(centre)}, true {digits(share)}" for centre, share in zip(centres, shares, strict=True)
    )
    mean = digits(float(np.mean([error for error in errors if error is not None])) if errors else None)
    return draw(f"truth-{name}", label, f"Reliability of {label}: {points}. Calibration error {mean}.", paint)
