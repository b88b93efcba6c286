"""The report as one HTML page that needs nothing else: style, tables and drawings are inside."""

from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from mlcl.inert import printable
from mlcl.report.plots.style import SYSTEMS, Plot
from mlcl.report.printed_table import Table


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        anchor: Its id.
        lead: What to look for, in a sentence or two.
        tables: Its tables.
        plots: Its figures.
        absent: Why there is nothing, where there is nothing.
        pairs: Whether the figures belong together two by two.
    """

    anchor: str
    title: str
    lead: str = ""
    tables: list[Table] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    absent: str = ""
    pairs: bool = False


@dataclass(frozen=True)
class Page:
    """Everything that the page shows.

    Attributes:
        subtitle: What kind of study, of how many runs.
        verdict: What it says, in paragraphs.
        problems: Sentences on what does not fit together; shown first.
        identity: Name and value of what identifies the study.
    """

    title: str
    subtitle: str
    verdict: list[str]
    problems: list[str]
    identity: list[tuple[str, str]]
    sections: list[Section]


def page_html(page: Page) -> str:
    """Render the page; whatever comes from a study is escaped, and without control characters."""
    folder = files("mlcl.report") / "templates"
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_plain
    )
    template = environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
    style: Any = (folder / "report.css").read_text(encoding="utf-8")
    return template.render(page=page, style=Markup(style), drawing=_drawing, hues=list(enumerate(SYSTEMS)))


def _plain(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _drawing(plot: Plot) -> Markup:
    """Our own SVG, which is markup already; matplotlib has escaped the words in it."""
    return Markup(plot.inline())
