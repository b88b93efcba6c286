"""A table that is written once and printed as HTML, Markdown, LaTeX and CSV."""

import csv
import io
from dataclasses import dataclass, field

from mlcl.inert import latex, markdown, printable, spreadsheet


@dataclass(frozen=True)
class Cell:
    """A cell as people see it.

    Attributes:
        text: What it says.
        bold: Set in bold: a finding.
        notes: Smaller print below or beside it.
    """

    text: str
    bold: bool = False
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """Text and notes on one line."""
        return " ".join([self.text, *self.notes])


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: Stem of its files.
        caption: What it shows and how to read it.
        header: Names of the columns.
        rows: Cells, as many as there are columns.
        records: The same as plain values for CSV, one dictionary a row, full precision.
        left: Columns that hold words and stand to the left; the first one always does.
        marked: Numbers of rows that are set apart, such as baselines.
    """

    name: str
    caption: str
    header: list[str]
    rows: list[list[Cell]]
    records: list[dict[str, object]]
    left: frozenset[int] = frozenset()
    marked: frozenset[int] = field(default_factory=frozenset)

    def markdown(self) -> str:
        """The table in Markdown, its caption below."""
        rule = ["---" if self.is_left(column) else "---:" for column in range(len(self.header))]
        head = [_markdown(Cell(name)) for name in self.header]
        lines = [head, rule, *([_markdown(cell) for cell in row] for row in self.rows)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{markdown(self.caption)}\n"

    def latex(self) -> str:
        r"""The table in LaTeX, for ``\usepackage{booktabs}``."""
        columns = "".join("l" if self.is_left(column) else "r" for column in range(len(self.header)))
        body = "\n".join(" & ".join(map(_latex_cell, row)) + r" \\" for row in self.rows)
        return (
            "\\begin{table}\n\\centering\n"
            f"\\caption{{{latex(self.caption)}}}\n\\label{{tab:{self.name}}}\n"
            f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n"
            f"{' & '.join(map(latex, self.header))} \\\\\n\\midrule\n{body}\n\\bottomrule\n"
            "\\end{tabular}\n\\end{table}\n"
        )

    def csv(self) -> str:
        """The records as CSV; an undefined value is an empty field."""
        stream = io.StringIO()
        names = list(dict.fromkeys(name for record in self.records for name in record))
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(_plain, self.records))
        return stream.getvalue()

    def is_left(self, column: int) -> bool:
        """Whether a column holds words."""
        return column == 0 or column in self.left


def _markdown(cell: Cell) -> str:
    text = markdown(cell.whole)
    return f"**{text}**" if cell.bold else text


def _latex_cell(cell: Cell) -> str:
    return f"\\textbf{{{latex(cell.whole)}}}" if cell.bold else latex(cell.whole)


def _plain(record: dict[str, object]) -> dict[str, object]:
    return {name: spreadsheet(printable(value)) if isinstance(value, str) else value for name, value in record.items()}
