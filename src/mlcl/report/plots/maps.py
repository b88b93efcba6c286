"""The paper's picture: t-SNE of the fused embedding and of each level, items coloured by label."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mlcl.errors import RunError
from mlcl.report.plots.style import LABEL_COLOURS, Plot, draw, legend_below
from mlcl.report.wording import MINUS, digits
from mlcl.safe.npy import FAILURES, Archive

Array = NDArray[np.float32]
LEVELS = {"fused": "fused embedding", "umcl": "UMCL", "bmcl": "BMCL", "tmcl": "TMCL"}
NEIGHBOURS = 10


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


def neighbour_agreement(vectors: Array, labels: NDArray[np.float64]) -> float:
    """Correlation over items of the label and the mean label of the nearest neighbours in the embedding, by cosine.

    0 where neighbours say nothing about the label; the number beside the picture, which t-SNE alone cannot give.
    """
    rows = vectors.astype(np.float64)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    near = rows @ rows.T
    np.fill_diagonal(near, -np.inf)
    nearest = np.argsort(-near, axis=1, kind="stable")[:, : min(NEIGHBOURS, len(rows) - 1)]
    means = labels[nearest].mean(axis=1)
    if np.ptp(means) == 0 or np.ptp(labels) == 0:
        return 0.0
    return float(np.corrcoef(means, labels)[0, 1])


def map_plot(system: str, label: str, level: str, vectors: Array, labels: NDArray[np.float64]) -> Plot:
    """The map of one level of one system."""
    places = project(vectors)
    limit = max(float(np.ceil(np.abs(labels).max())), 1.0)
    binary = bool(np.isin(labels, (0, 1)).all())
    low, high = (0.0, 1.0) if binary else (-limit, limit)

    def paint(figure: Figure, axes: Axes) -> None:
        axes.scatter(
            places[:, 0],
            places[:, 1],
            c=labels,
            cmap=LABEL_COLOURS,
            vmin=low,
            vmax=high,
            s=11,
            alpha=0.8,
            linewidths=0,
            edgecolors="none",
        )
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal", adjustable="datalim")
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        for value in [low, high] if binary else [low, 0.0, high]:
            axes.plot(
                [],
                [],
                "o",
                color=LABEL_COLOURS((value - low) / (high - low)),
                markersize=5,
                label=f"label {value:g}".replace("-", MINUS),
            )
        legend_below(figure, axes)

    agreement = neighbour_agreement(vectors, labels)
    alt = (
        f"t-SNE of the {LEVELS[level]} of {label}, {len(labels)} items coloured by label. Correlation of an item's"
        f" label with its {NEIGHBOURS} nearest neighbours': {digits(agreement)}."
    )
    heading = f"{label}: {LEVELS[level]} (neighbour correlation {digits(agreement)})"
    return draw(f"map-{system}-{level}", heading, alt, paint)
