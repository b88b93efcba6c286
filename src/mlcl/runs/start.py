"""Start a training from Python: what ``mlcl train`` does, as a function."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from mlcl.config import TINY, Experiment
from mlcl.errors import UsageError
from mlcl.parallel import any_process, launched, rank
from mlcl.recipe import flat, resolve
from mlcl.runs.folder import RunFolder
from mlcl.runs.train import train_run
from mlcl.runs.trained import TrainedRun
from mlcl.train.device import process_group


def train(
    recipe: str,
    *,
    data: str | Path | None = None,
    text_encoder: str | Path | None = None,
    model: str | None = None,
    profile: str | None = None,
    label: str | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    device: str | None = None,
    quiet: bool = True,
) -> TrainedRun:
    """Train a model, choose its epoch on dev, read test once, and keep everything in a run folder.

    The folder is that of ``mlcl train`` with the same options, file for file.

    Args:
        recipe: ``demo``, ``mosi``, ``mosei``, ``ur_funny``, ``mustard``, or a recipe file (.yaml).
        data: The data file or folder; the recipe's own place when absent.
        text_encoder: Folder or hub name; the recipe's own when absent.
        model: Name of the model, as in ``mlcl models``; ``mlcl`` when absent.
        profile: ``default``, or ``release`` to compute what the authors' code computes.
        label: Which label to learn, where the file has several.
        seed: Seed of everything random.
        settings: Values by ``section.key``, such as ``{"train.epochs": 8}`` or ``{"train": {"epochs": 8}}``;
            ``mlcl config RECIPE`` lists the keys.
        output: Run folder to make; a free name under ``runs/`` when absent.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        quiet: Show no progress.

    Returns:
        The trained run, on its device.

    Raises:
        MlclError: If an option, the data or the text encoder is wrong, which is found before the folder is made.
    """
    experiment = resolve(
        recipe,
        model=model,
        profile=profile,
        data=None if data is None else str(data),
        text_encoder=None if text_encoder is None else str(text_encoder),
        seed=seed,
        device=device,
        label=label,
        settings=flat(settings or {}),
    )
    make_folder = new_folder(None if output is None else Path(output), experiment)
    with _suited_threads(experiment), process_group(experiment.device):
        folder, _ = train_run(experiment, make_folder, quiet=quiet)
        any_process(False)  # under torchrun the others wait until the first has written the folder
    return TrainedRun.load(folder.path, device=experiment.device)


def new_folder(output: Path | None, experiment: Experiment) -> Callable[[], RunFolder]:
    """A function that makes the run folder, in the first process of a ``torchrun`` launch alone.

    Raises:
        UsageError: If the processes could not agree on a name.
    """
    if output is None and launched():
        raise UsageError("under torchrun name the run folder with --output, so that all processes agree")
    return lambda: RunFolder.create(output, experiment) if rank() == 0 else RunFolder(output or "")


@contextmanager
def _suited_threads(experiment: Experiment) -> Iterator[None]:
    """One thread for the tiny encoder, whose steps are too small to share: two threads take twice as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if experiment.text_encoder == TINY else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
