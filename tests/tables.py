"""Read tables of predictions back, to the last bit."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd


def read_csv(path: Path) -> pd.DataFrame:
    """Read exactly: pandas' own way to read a number may miss its last bit."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return pd.DataFrame(
        [{k: v if k in ("id", "split", "class") else json.loads(v) for k, v in row.items()} for row in rows]
    )


def read_jsonl(path: Path) -> pd.DataFrame:
    """One JSON object a line."""
    return pd.DataFrame([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()])


READ: dict[str, Callable[[Path], pd.DataFrame]] = {".csv": read_csv, ".jsonl": read_jsonl, ".parquet": pd.read_parquet}
