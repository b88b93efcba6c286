"""The items that a system gets most wrong, with their words where those may be shown."""

import numpy as np

from mlcl.data.target import Target
from mlcl.evaluate.classification import chosen
from mlcl.report.predictions import Array, item_error
from mlcl.report.printed_table import Cell, Table
from mlcl.report.summary import Summary
from mlcl.report.wording import digits, several

SHOWN = 12
"""Items in the table."""

LONGEST = 240
"""Letters of an item's words that are shown."""


def worst_table(summary: Summary, name: str, words: list[str] | None, *, ids: bool = True) -> Table:
    """The worst items of one system by its error averaged over seeds, with words and ids where these may be shown."""
    predictions, rows, target = summary.predictions, summary.predictions.scores[name], summary.predictions.target
    if target.task == "regression":
        kind, error = "prediction and absolute error", item_error(target, "mae")
    elif predictions.whole:
        two, more = f"probability of class {target.class_names[1]}", "most probable class with its probability"
        kind = f"{two if target.num_classes == 2 else more} and cross-entropy"
        error = item_error(target, "cross_entropy")
    else:
        kind, error = "most probable class with its probability, which is the error where it is wrong", _confidence
    assert error is not None
    errors = np.stack([error(row, predictions.labels) for row in rows]).mean(axis=0)
    means = np.nan_to_num(rows).mean(axis=0)
    cells: list[list[Cell]] = []
    records: list[dict[str, object]] = []
    for rank, place in enumerate(np.argsort(-errors, kind="stable")[:SHOWN], start=1):
        item = int(place)
        shown_id = predictions.ids[item] if ids else f"{rank}."
        label, given, shares = _said(target, float(predictions.labels[item]), means[item])
        said = {} if words is None else {"words": _cut(words[item])}
        cells.append(
            [
                Cell(shown_id),
                Cell(_shown(label)),
                Cell(_shown(given), notes=tuple(map(digits, shares.values()))),
                Cell(digits(float(errors[item]))),
                *map(Cell, said.values()),
            ]
        )
        records.append(
            {"id": shown_id, "label": label, "prediction": given, **shares, "error": float(errors[item]), **said}
        )
    caption = (
        f"The {several(len(cells), 'item')} of {predictions.split} with the largest error of {summary.labels[name]}; "
        f"{kind}, mean over seeds."
    )
    header = ["Item", "Label", "Prediction", "Error", *(["Words"] if words is not None else [])]
    return Table("worst", caption, header, cells, records, left=frozenset({4}))


def _confidence(score: Array, labels: Array) -> Array:
    """The probability of the predicted class where that is not the true one."""
    return np.nanmax(score, axis=1) * (chosen(score) != labels)


def _said(target: Target, label: float, mean: Array) -> tuple[float | str, float | str, dict[str, float]]:
    """Label, prediction, and the probability where the prediction is the name of a class."""
    if not target.num_classes:
        return label, float(mean), {}
    name = target.class_names[int(label)]
    if target.num_classes == 2:
        return name, float(mean[1]), {}
    return name, target.class_names[int(mean.argmax())], {"probability": float(mean.max())}


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else digits(value)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"
