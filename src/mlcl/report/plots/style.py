"""One look for every figure: quiet axes, one accent, a palette that colour-blind readers can tell apart.

Colours are written as plain hex in the files. In a page each becomes a CSS variable with that hex as its default, so
that a dark page can give lighter ones.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from mlcl.report.plots.compact import FONT, compact

INK, MUTED, GRID, ACCENT, GROUND = "#1d2327", "#667079", "#dfe3e6", "#0b6e8a", "#fefefd"
SYSTEMS = ["#0b6e8a", "#d1661b", "#6a4c93", "#2a8f57", "#b3305f", "#8a6d1a", "#3f6fc4", "#5c6670", "#9c5b3c", "#4b9aa8"]
"""Hues that differ in lightness too; systems beyond these repeat them with another dash."""

DASHES = ["-", "--", ":"]
NEGATIVE, NEUTRAL, POSITIVE = "#2f6fb0", "#a3a8ac", "#d1661b"
LABEL_COLOURS = LinearSegmentedColormap.from_list("label", [NEGATIVE, NEUTRAL, POSITIVE])

_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    GROUND: "ground",
    **{colour: f"s{number}" for number, colour in enumerate(SYSTEMS)},
}
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mlcl",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9.5,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 1.6,
    "legend.labelcolor": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "path.simplify_threshold": 0.5,
}
PANEL = (4.8, 3.5)
"""Inches of a panel: three stand side by side on a wide page, one fills a phone."""


@dataclass(frozen=True)
class Plot:
    """A figure as SVG.

    Attributes:
        name: Stem of its file.
        title: What stands above it.
        alt: What it shows, in numbers, for those who cannot see it.
        wide: Whether it takes the page's width.
    """

    name: str
    title: str
    alt: str
    svg: str
    wide: bool = False

    def inline(self) -> str:
        """The drawing to put into a page: colours as CSS variables, ids that no other figure has."""
        body = self.svg[self.svg.index("<svg") :]
        body = re.sub(r'\bid="', f'id="{self.name}-', body)
        body = re.sub(r'(xlink:)?href="#', f'href="#{self.name}-', body)
        body = body.replace("url(#", f"url(#{self.name}-")
        for colour, variable in _VARIABLES.items():
            body = re.sub(rf"(?<=[: ]){colour}\b", f"var(--{variable},{colour})", body)
        return body


def draw(
    name: str,
    title: str,
    alt: str,
    paint: Callable[[Figure, Axes], None],
    *,
    size: tuple[float, float] = PANEL,
    wide: bool = False,
) -> Plot:
    """Make a figure with one pair of axes, let `paint` fill it, and return it as SVG.

    The same data give the same bytes.
    """
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure, figure.subplots())
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return Plot(name, title, alt, _accessible(stream.getvalue(), alt), wide)


def legend_below(figure: Figure, axes: Axes, *, columns: int = 3) -> None:
    """A legend under the axes, outside of the data."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=min(columns, len(handles)))


def system_style(number: int) -> tuple[str, str]:
    """Colour and dash of a system: the same in every figure of a report."""
    return SYSTEMS[number % len(SYSTEMS)], DASHES[(number // len(SYSTEMS)) % len(DASHES)]


def _accessible(svg: str, alt: str) -> str:
    """Role and label, and no size of its own, so that it fills the place it is given."""
    head = re.search(r"<svg [^>]*>", svg)
    assert head is not None
    box = re.search(r'viewBox="[^"]*"', head.group())
    assert box is not None
    safe = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {box.group()} '
        f'role="img" aria-label="{safe}" class="plot" style="stroke-linejoin: round; stroke-linecap: butt; {FONT}">'
    )
    # matplotlib's own style table would hold for the whole page; what it says stands on the drawing instead.
    body = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", svg[head.end() : svg.rindex("</svg>")], flags=re.DOTALL)
    return f"{opening}{compact(body)}</svg>\n"
