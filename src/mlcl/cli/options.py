"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Data = Annotated[str | None, Parameter(help="Data file; `planted` for the embedded corpus.")]
DEVICE = Parameter(help="`auto`, `cpu`, `cuda`, `cuda:N` or `mps`.")
Model = Annotated[str | None, Parameter(help="Which model; `mlcl models` lists them; mlcl when absent.")]
Device = Annotated[str, DEVICE]
Threads = Annotated[int | None, Parameter(help="CPU threads; as many as torch finds cores when absent.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON instead of a table.")]
Run = Annotated[Path, Parameter(help="Run folder.")]


def set_threads(threads: int | None) -> None:
    """Limit torch to a number of CPU threads."""
    from mlcl.errors import UsageError

    if threads is None:
        return
    if threads < 1:
        raise UsageError(f"--threads {threads}: must be at least 1")
    import torch

    torch.set_num_threads(threads)
