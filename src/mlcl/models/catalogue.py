"""The registry as a table for people."""

from typing import Any

import torch
from rich.table import Table
from transformers import BertConfig

from mlcl.data.target import Target
from mlcl.models.registry import MODELS, model_sizes

_MOSI = {"acoustic": 74, "visual": 47, "hcf": 4}


def catalogue() -> list[dict[str, Any]]:
    """Name, title, paper, year, native labels and number of parameters of each model.

    Parameters are those of the default profile's sizes with a BERT-base text encoder and CMU-MOSI's columns; nothing is
    allocated to count them.
    """
    rows, target = [], Target("regression")
    for name, entry in MODELS.items():
        config = entry.model.config_class(text_config=BertConfig(), **model_sizes(entry.model, target, _MOSI))
        with torch.device("meta"):
            parameters = sum(parameter.numel() for parameter in entry.model(config).parameters())
        rows.append(
            {
                "name": name,
                "title": entry.title,
                "paper": entry.paper,
                "year": entry.year,
                "native": list(entry.native),
                "other_labels": entry.other_labels,
                "parameters": parameters,
            }
        )
    return rows


def catalogue_table(rows: list[dict[str, Any]]) -> Table:
    """The same for the terminal."""
    table = Table()
    for column in ("model", "what", "year", "native labels", "parameters"):
        table.add_column(column, justify="right" if column == "parameters" else "left")
    for row in rows:
        table.add_row(
            row["name"],
            row["title"],
            str(row["year"] or "baseline"),
            ", ".join([*row["native"], *filter(None, [row["other_labels"]])]),
            f"{row['parameters']:,}",
        )
    return table
