"""Result tables for the terminal and for Markdown."""

from collections.abc import Mapping

from rich.table import Table

Scores = Mapping[str, float | None]


def number(value: float | None) -> str:
    """Three decimals; "n/a" for an undefined metric."""
    return "n/a" if value is None else f"{value:.3f}"


def score_table(title: str, rows: Mapping[str, Scores]) -> Table:
    """Metrics as lines, systems or splits as columns."""
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column("metric")
    for name in rows:
        table.add_column(name, justify="right")
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
