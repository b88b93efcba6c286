"""Result tables for the terminal and for Markdown."""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from mlcl.inert import printable

Scores = Mapping[str, float | None]


def number(value: float | None) -> str:
    """Three decimals; "n/a" for an undefined metric."""
    return "n/a" if value is None else f"{value:.3f}"


def score_table(title: str, rows: Mapping[str, Scores]) -> Table:
    """Metrics as lines, systems or splits as columns."""
    table = Table(title=Text(printable(title)), title_justify="left", header_style="bold")
    table.add_column("metric")
    for name in rows:
        table.add_column(Text(printable(name)), justify="right")
    for metric in _metrics(rows):
        table.add_row(metric, *(number(scores[metric]) if metric in scores else "" for scores in rows.values()))
    return table


def score_markdown(rows: Mapping[str, Scores]) -> str:
    """The same table in Markdown."""
    lines = ["| metric | " + " | ".join(rows) + " |", "|---|" + "---:|" * len(rows)]
    for metric in _metrics(rows):
        cells = (number(scores[metric]) if metric in scores else "" for scores in rows.values())
        lines.append(f"| `{metric}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _metrics(rows: Mapping[str, Scores]) -> list[str]:
    return list(dict.fromkeys(metric for scores in rows.values() for metric in scores))


def interval_markdown(scores: Mapping[str, Scores], intervals: Mapping[str, Mapping[str, tuple[float, float]]]) -> str:
    """Metrics with their intervals in Markdown: a line for each, splits as columns."""
    lines = ["| metric | " + " | ".join(intervals) + " |", "|---|" + "---:|" * len(intervals)]
    for metric in dict.fromkeys(name for bounds in intervals.values() for name in bounds):
        cells = (
            f"{number(scores[split][metric])} [{number(bounds[metric][0])}, {number(bounds[metric][1])}]"
            if metric in bounds
            else ""
            for split, bounds in intervals.items()
        )
        lines.append(f"| `{metric}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)
