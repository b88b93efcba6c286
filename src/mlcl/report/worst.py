"""The items that a system gets most wrong, with their words where those may be shown."""

import numpy as np

from mlcl.report.scored import item_error
from mlcl.report.sheet import Cell, Sheet
from mlcl.report.summary import Summary
from mlcl.report.wording import digits, several

SHOWN = 12
"""Items in the table."""

LONGEST = 240
"""Letters of an item's words that are shown."""


def worst_sheet(summary: Summary, name: str, words: list[str] | None, *, ids: bool = True) -> Sheet:
    """The worst items of one system, by its error averaged over seeds.

    Args:
        summary: The numbers.
        name: Which system.
        words: What is said in each item, in the split's order; None leaves words out.
        ids: Whether items are named by their ids; by their rank in the table if not.
    """
    scored, rows = summary.scored, summary.scored.scores[name]
    regression = scored.task == "regression"
    error = item_error(scored.task, "mae" if regression else "cross_entropy")
    assert error is not None
    errors = np.stack([error(row, scored.labels) for row in rows]).mean(axis=0)
    cells, records = [], []
    for rank, place in enumerate(np.argsort(-errors, kind="stable")[:SHOWN], start=1):
        item = int(place)
        shown_id = scored.ids[item] if ids else f"{rank}."
        values = {
            "label": float(scored.labels[item]),
            "prediction": float(rows[:, item].mean()),
            "error": float(errors[item]),
        }
        said = {} if words is None else {"words": _cut(words[item])}
        cells.append([Cell(shown_id), *(Cell(digits(v)) for v in values.values()), *map(Cell, said.values())])
        records.append({"id": shown_id, **values, **said})
    kind = "prediction and absolute error" if regression else "probability of class 1 and cross-entropy"
    shown = several(len(cells), "item")
    caption = (
        f"The {shown} of {scored.split} with the largest error of {summary.labels[name]}; {kind}, mean over seeds."
    )
    header = ["Item", "Label", "Prediction", "Error", *(["Words"] if words is not None else [])]
    return Sheet("worst", caption, header, cells, records, left=frozenset({4}))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"
