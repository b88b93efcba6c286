"""The command line of the benchmarks: all cases that were asked for, beside the machine they were measured on."""

import platform
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from cyclopts import App, Parameter
from rich.table import Table

from benchmarks.cases import predict_case, train_case
from benchmarks.conversion import convert_case
from benchmarks.growth import growth_cases
from benchmarks.machine import copy_rate, matrix_rate
from benchmarks.preparation import prepare_case
from benchmarks.workload import shape_of
from mlcl.cli.main import run
from mlcl.cli.options import Threads, set_threads
from mlcl.console import Console
from mlcl.errors import UsageError
from mlcl.files import write_json
from mlcl.train.device import resolve_device

_MEASURED = {"train": train_case, "predict": predict_case}


def bench(
    what: Literal["train", "predict", "prepare", "convert", "growth", "all"] = "all",
    *,
    recipe: Annotated[str, Parameter(help="`mosi` or `mosei`: lengths, widths and batch sizes.")] = "mosi",
    profile: Annotated[Literal["default", "release"], Parameter(help="Which profile to measure.")] = "default",
    precision: Annotated[
        Literal["fp32", "bf16"], Parameter(help="Of our side; the plain side is always fp32.")
    ] = "fp32",
    device: Annotated[str, Parameter(help="`cpu`, `cuda` or `cuda:N`.")] = "cpu",
    repeats: Annotated[int, Parameter(help="Timed pairs per case.")] = 5,
    changes: Annotated[
        list[str] | None, Parameter(name="--set", negative="", help="Change one key of the recipe, as for training.")
    ] = None,
    seed: Annotated[int, Parameter(help="Of lengths, rows and weights.")] = 0,
    items: Annotated[
        int | None, Parameter(help="Of the file to convert; an eighth of the recipe's data when absent.")
    ] = None,
    threads: Threads = None,
    json: Annotated[
        Path | None, Parameter(help="Also write the cases and the machine's ceilings to this file.")
    ] = None,
) -> None:
    """Measure this machine: the padded execution against ours, in turns and in one process, at BERT-base size.

    Parameters
    ----------
    what
        train: one optimiser step; predict: two evaluation batches; prepare: a generated data file; convert: a
        generated unaligned file, to our folder; growth: a step against batch size and number of acoustic and visual
        rows; all: the first three.
    """
    if repeats < 1:
        raise UsageError(f"--repeats {repeats}: must be at least 1")
    if items is not None and items < 1:
        raise UsageError(f"--items {items}: must be at least 1")
    shape_of(recipe)
    set_threads(threads)
    kinds = ["train", "predict", "prepare"] if what == "all" else [what]
    result = run_bench(
        kinds,
        recipe=recipe,
        profile=profile,
        precision=precision,
        device=device,
        repeats=repeats,
        changes=changes,
        seed=seed,
        items=items,
    )
    Console().print(bench_table(result))
    if json is not None:
        write_json(json, result)


def build_app() -> App:
    """The command line, of one verb."""
    app = App(name="python -m benchmarks", suppress_keyboard_interrupt=False)
    app.default(bench)
    return app


def main() -> None:
    """Entry point of ``python -m benchmarks``."""
    sys.exit(run(sys.argv[1:], build_app()))


def run_bench(
    kinds: Sequence[str],
    *,
    recipe: str,
    profile: str,
    precision: str,
    device: str,
    repeats: int,
    changes: list[str] | None,
    seed: int,
    items: int | None = None,
) -> dict[str, Any]:
    """Measure; returns ``machine`` and ``cases``, one object per case."""
    place = resolve_device(device)
    machine = {
        "device": torch.cuda.get_device_name(place) if place.type == "cuda" else platform.machine(),
        "threads": torch.get_num_threads(),
        "matrix_product_gflops": {
            "fp32": matrix_rate(place, torch.float32) / 1e9,
            "bf16": matrix_rate(place, torch.bfloat16) / 1e9,
        },
        "copy_gigabytes_per_second": copy_rate(place) / 1e9,
        "versions": {name: version(name) for name in ("mlcl", "torch", "transformers")},
    }
    cases: list[dict[str, Any]] = []
    for kind in kinds:
        if kind == "prepare":
            cases.append(prepare_case(recipe, seed=seed))
            continue
        if kind == "convert":
            cases.append(convert_case(recipe, items=items, seed=seed))
            continue
        settings: dict[str, Any] = {
            "precision": precision,
            "device": place,
            "repeats": repeats,
            "changes": changes,
            "seed": seed,
        }
        if kind == "growth":
            cases += growth_cases(recipe, profile, **settings)
        else:
            cases.append(_MEASURED[kind](recipe, profile, **settings))
    return {"machine": machine, "repeats": repeats, "seed": seed, "cases": cases}


def bench_table(result: dict[str, Any]) -> Table:
    """The cases as a table for the terminal."""
    machine = result["machine"]
    rates = ", ".join(f"{name} {rate:.0f}" for name, rate in machine["matrix_product_gflops"].items())
    table = Table(
        title=f"{machine['device']}, {machine['threads']} threads; matrix product {rates} GFLOP/s; "
        f"copy {machine['copy_gigabytes_per_second']:.1f} GB/s",
        title_justify="left",
    )
    lines: dict[str, Callable[[dict[str, Any]], str]] = {
        "items per second, plain": _plain,
        "items per second, ours": lambda row: f"{row['items_per_second']:.1f}",
        "seconds a step": lambda row: f"{row['seconds']:.2f}" if "seconds" in row else "",
        "time plain / time ours": _ratio,
        "share of the floor": lambda row: _percent(row.get("floor_share")),
        "peak memory": _peak,
        "seconds, from the cache": _seconds,
        "seconds, reading what was made": _conversion,
        "difference fp32, float64": _difference,
    }
    table.add_column("")
    for row in result["cases"]:
        table.add_column(str(row["case"]), justify="right")
    for name, show in lines.items():
        cells = [show(row) for row in result["cases"]]
        if any(cells):
            table.add_row(name, *cells)
    return table


def _plain(row: dict[str, Any]) -> str:
    return f"{row['items_per_second_plain']:.1f}" if "items_per_second_plain" in row else ""


def _ratio(row: dict[str, Any]) -> str:
    if "ratio" not in row:
        return ""
    spread = f" ({row['ratio_low']:.2f} to {row['ratio_high']:.2f})" if "ratio_low" in row else ""
    return f"{row['ratio']:.2f}{spread}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"


def _peak(row: dict[str, Any]) -> str:
    if row["peak_bytes"] is None:
        return ""
    if "peak_ratio" not in row:
        return f"{row['peak_bytes'] / 2**20:.0f} MiB"
    return f"{row['peak_ratio']:.2f} x the {'arrays' if 'array_bytes' in row else 'plain'}"


def _seconds(row: dict[str, Any]) -> str:
    if "preparation_seconds" not in row:
        return ""
    return f"{row['preparation_seconds']:.2f}, {row['cached_seconds']:.2f}"


def _conversion(row: dict[str, Any]) -> str:
    return f"{row['conversion_seconds']:.1f}, {row['reading_seconds']:.1f}" if "conversion_seconds" in row else ""


def _difference(row: dict[str, Any]) -> str:
    return f"{row['difference_fp32']:.0e}, {row['difference_float64']:.0e}" if "difference_fp32" in row else ""
