"""``mlcl bench``."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from mlcl.cli.options import Threads, set_threads


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
    from mlcl.bench.run import bench_table, run_bench
    from mlcl.console import Console
    from mlcl.errors import UsageError
    from mlcl.files import write_json

    if repeats < 1:
        raise UsageError(f"--repeats {repeats}: must be at least 1")
    if items is not None and items < 1:
        raise UsageError(f"--items {items}: must be at least 1")
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
