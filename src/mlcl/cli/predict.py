"""``mlcl predict``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mlcl.cli.options import Data, Device, Run, Threads, set_threads


def predict(
    run: Run,
    *,
    data: Data = None,
    output: Annotated[Path, Parameter(help="Table to write: .csv, .jsonl or .parquet.")],
    split: Annotated[str | None, Parameter(help="Only this split; all of the file's when absent.")] = None,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Write a trained run's predictions for every item of a file; labels may be absent."""
    from mlcl.runs.export import check_table_path, write_table
    from mlcl.runs.trained import TrainedRun

    set_threads(threads)
    check_table_path(output)
    _check_apart(output, run, data)
    table = TrainedRun.load(run, device=device).predict(data, split)
    write_table(output, table.reset_index())
    print(f"{len(table)} predictions: {output}")


def _check_apart(output: Path, run: Path, data: str | None) -> None:
    """Refuse to replace what is read: the data, or a file of the run.

    What version 0.1.0 predicted may be: it kept one probability of many.
    """
    from mlcl.errors import UsageError
    from mlcl.runs.digests import Digests

    target, source = output.resolve(), None if data is None else Path(data).resolve()
    replaced = source is not None and target.exists() and source in (target, *target.parents)
    if replaced or Digests(run.resolve()).knows(target):
        what = "the data" if replaced else "a file of the run"
        raise UsageError(f"--output {output}: {what} would be replaced; name another place")
