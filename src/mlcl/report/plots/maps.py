"""The paper's picture: t-SNE of the fused embedding and of each level, items coloured by label."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mlcl.data.target import Target
from mlcl.errors import RunError
from mlcl.report.evidence import Evidence, SystemRecord
from mlcl.report.plots.style import LABEL_COLOURS, SYSTEMS, Plot, draw, legend_below
from mlcl.report.summary import Summary
from mlcl.report.wording import MINUS, class_label, digits, several
from mlcl.safe.npy import FAILURES, Archive

Array = NDArray[np.float32]
LEVELS = {"fused": "fused embedding", "umcl": "UMCL", "bmcl": "BMCL", "tmcl": "TMCL"}
NEIGHBOURS = 10
WITHOUT_CONTRAST = ("no_contrast", "late_fusion")
"""Systems whose maps stand beside the reference's; the first that there is."""
_MOST_BYTES = 2**31  # of all embeddings of a split


@dataclass(frozen=True, eq=False)
class Embeddings:
    """What a run's model makes of a split.

    Attributes:
        ids: Identifiers.
        levels: Per level (items, width): the fused embedding, or the unit vectors of the level side by side.
    """

    ids: list[str]
    levels: dict[str, Array]


def read_embeddings(run: Path, split: str) -> Embeddings | None:
    """Read ``embeddings/SPLIT.npz`` of a run; None where it keeps none.

    Format:
        ``ids`` (items,) text; ``fused`` and perhaps ``umcl``, ``bmcl``, ``tmcl`` (items, width) float32. No pickles.
    """
    file = run / "embeddings" / f"{split}.npz"
    if not file.is_file():
        return None
    try:
        with closing(Archive(file)) as stored:
            if sum(map(stored.size, stored.keys)) > _MOST_BYTES:
                raise ValueError("it unpacks to far more than embeddings take")
            ids = stored.load("ids", "U").tolist()
            return Embeddings(ids, {level: stored.load(level) for level in LEVELS if level in stored.keys})
    except FAILURES as error:
        raise RunError(f"{file} is damaged; delete it, and make the report again") from error


def project(vectors: Array) -> NDArray[np.float64]:
    """(items, 2) t-SNE from a start by principal components, always the same for the same vectors."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    if not centred.any() or len(centred) < 4:
        return np.zeros((len(centred), 2))
    narrow = PCA(min(50, *centred.shape), random_state=0).fit_transform(centred)
    perplexity = min(30.0, (len(centred) - 1) / 3)
    # A start of tiny numbers, as t-SNE wants it, and never of a constant column.
    start = narrow[:, :2] / max(float(narrow[:, 0].std()), 1e-12) * 1e-4
    if start.shape[1] < 2:
        start = np.column_stack([start, np.zeros(len(start))])
    found: NDArray[np.float64] = TSNE(
        init=start.astype(np.float32), perplexity=perplexity, random_state=0
    ).fit_transform(narrow)
    return found


def neighbour_agreement(vectors: Array, labels: NDArray[np.float64], *, nominal: bool = False) -> float:
    """How alike the labels of nearest neighbours in the embedding are, by cosine; what t-SNE alone cannot tell.

    The correlation over items of the label and the neighbours' mean label, 0 where neighbours say nothing. For nominal
    labels, whose numbers have no order, the share of neighbours of the item's own class.
    """
    if len(labels) < 2:
        return 0.0
    rows = vectors.astype(np.float64)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    near = rows @ rows.T
    np.fill_diagonal(near, -np.inf)
    nearest = np.argsort(-near, axis=1, kind="stable")[:, : min(NEIGHBOURS, len(rows) - 1)]
    if nominal:
        return float((labels[nearest] == labels[:, None]).mean())
    means = labels[nearest].mean(axis=1)
    if np.ptp(means) == 0 or np.ptp(labels) == 0:
        return 0.0
    return float(np.corrcoef(means, labels)[0, 1])


def map_systems(evidence: Evidence) -> list[SystemRecord]:
    """The reference and its counterpart without contrast, as far as they have a complete run."""
    complete = {system.name: system for system in evidence.complete}
    partner = next((name for name in WITHOUT_CONTRAST if name in complete), None)
    names = dict.fromkeys([evidence.reference, *([partner] if partner else [])])
    return [complete[name] for name in names if name in complete]


def shown_systems(evidence: Evidence) -> list[str]:
    """Names of the systems with figures of their own: all of a comparison; of an ablation those that say most."""
    if evidence.kind != "ablate":
        return [system.name for system in evidence.complete]
    return list(dict.fromkeys(s.name for s in [*map_systems(evidence), *(s for s in evidence.complete if s.is_text)]))


def map_section_plots(summary: Summary) -> list[Plot]:
    """The maps of those systems that keep embeddings, level by level.

    Raises:
        RunError: If kept embeddings are of other items than the predictions.
    """
    predictions, found = summary.predictions, {}
    for system in map_systems(summary.evidence):
        embeddings = read_embeddings(system.chosen.path, predictions.split)
        if embeddings is None:
            continue
        if embeddings.ids != predictions.ids:
            raise RunError(
                f"{system.chosen.path}/embeddings are of other items than its predictions; delete that folder"
            )
        found[system.name] = embeddings.levels
    return [
        map_plot(name, summary.labels[name], level, levels[level], predictions.labels, predictions.target)
        for level in LEVELS
        for name, levels in found.items()
        if level in levels
    ]


def map_plot(system: str, label: str, level: str, vectors: Array, labels: NDArray[np.float64], target: Target) -> Plot:
    """The map of one level of one system."""
    places, nominal = project(vectors), target.kind == "multi-class"
    legend, paints = _colours(labels, target)

    def paint(figure: Figure, axes: Axes) -> None:
        colours = [paints(value) for value in labels]
        axes.scatter(places[:, 0], places[:, 1], c=colours, s=11, alpha=0.8, linewidths=0, edgecolors="none")
        axes.set(xticks=[], yticks=[])
        axes.set_aspect("equal", adjustable="datalim")
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        for value, name in legend.items():
            axes.plot([], [], "o", color=paints(value), markersize=5, label=name)
        legend_below(figure, axes)

    agreement = neighbour_agreement(vectors, labels, nominal=nominal)
    what = "neighbours of the same class" if nominal else "neighbour correlation"
    said = (
        f"Share of an item's {NEIGHBOURS} nearest neighbours that are of its class"
        if nominal
        else f"Correlation of an item's label with its {NEIGHBOURS} nearest neighbours'"
    )
    alt = (
        f"t-SNE of the {LEVELS[level]} of {label}, {several(len(labels), 'item')} coloured by label. {said}:"
        f" {digits(agreement)}."
    )
    return draw(f"map-{system}-{level}", f"{label}: {LEVELS[level]} ({what} {digits(agreement)})", alt, paint)


def _colours(labels: NDArray[np.float64], target: Target) -> tuple[dict[float, str], Callable[[float], Any]]:
    """Which labels the legend names, and the colour of any label: of its class, or on a scale for scores."""
    if target.kind == "multi-class":
        names = {value: class_label(target.class_names[int(value)]) for value in np.unique(labels).tolist()}
        return {v: n.replace("$", r"\$") for v, n in names.items()}, lambda value: SYSTEMS[int(value) % len(SYSTEMS)]
    limit = max(float(np.ceil(np.abs(labels).max())), 1.0)
    low, high = (0.0, 1.0) if target.num_classes else target.label_range or (-limit, limit)
    shown = dict.fromkeys([low, high] if target.num_classes else [low, (low + high) / 2, high])
    legend = {value: f"label {value:g}".replace("-", MINUS) for value in shown}
    return legend, lambda value: LABEL_COLOURS((value - low) / ((high - low) or 1.0))
