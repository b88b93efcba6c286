"""How much each setting mattered among the trials of a study, as bars."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mlcl.report.plots.style import ACCENT, Plot, draw


def importance_plot(shares: Mapping[str, float], title: str) -> Plot:
    """A bar per setting, in the given order from above, with its share in percent."""

    def paint(_: Figure, axes: Axes) -> None:
        bars = axes.barh(list(shares), list(shares.values()), color=ACCENT, height=0.7)
        axes.bar_label(bars, [f"{share:.0%}" for share in shares.values()], padding=4)
        axes.invert_yaxis()
        axes.set_title(title, loc="left")
        axes.set_xticks([])
        axes.grid(visible=False)
        axes.tick_params(left=False)
        axes.spines["bottom"].set_visible(False)
        axes.margins(x=0.12)

    alt = f"{title}: {', '.join(f'{key} {share:.0%}' for key, share in shares.items())}"
    return draw("importance", title, alt, paint, size=(7.2, 0.8 + 0.3 * len(shares)))
