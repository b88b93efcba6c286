"""``mlcl train``."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlcl.cli.options import DEVICE, Data, Model, Threads, set_threads
from mlcl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlcl.config import Experiment


def train(
    recipe: str | None = None,
    *,
    model: Model = None,
    data: Data = None,
    text_encoder: Annotated[
        str | None, Parameter(help="Folder or hub name of the text encoder; `vectors` for text without words.")
    ] = None,
    label: Annotated[str | None, Parameter(help="Which label to learn, where the file has several.")] = None,
    profile: Annotated[
        str | None, Parameter(help="`default`, or `release` to compute what the authors' code computes.")
    ] = None,
    seed: Annotated[int | None, Parameter(help="Seed of everything random.")] = None,
    changes: Annotated[
        list[str] | None,
        Parameter(name="--set", negative="", help="Change one key: `section.key=value`. See `mlcl config RECIPE`."),
    ] = None,
    output: Annotated[Path | None, Parameter(help="Run folder to make; a free name under runs/ when absent.")] = None,
    resume: Annotated[Path | None, Parameter(help="Go on with this run folder.")] = None,
    device: Annotated[str | None, DEVICE] = None,
    threads: Threads = None,
    track: Annotated[
        str | None, Parameter(help="Show the epochs in `tensorboard`, `wandb` or `trackio` too; each is a package.")
    ] = None,
    quiet: Annotated[bool, Parameter(negative="", help="Show no progress.")] = False,
) -> None:
    """Train a model, choose its epoch on dev, read test once, and keep everything in a run folder.

    Parameters
    ----------
    recipe
        demo, mosi, mosei, ur_funny, mustard, or a recipe file (.yaml) that extends one of them.
    """
    from rich.console import Console

    from mlcl.config import TINY
    from mlcl.parallel import rank
    from mlcl.recipe import changed, recipe_names, resolve
    from mlcl.runs.checks import check_same_experiment
    from mlcl.runs.folder import RunFolder
    from mlcl.runs.start import new_folder
    from mlcl.runs.train import train_run
    from mlcl.score_table import score_table
    from mlcl.train.distributed import process_group

    set_threads(threads)
    if resume is not None:
        if any(given is not None for given in (recipe, output, profile, seed, model, label)):
            raise UsageError(
                "--resume goes on with a run as it is; "
                "only --data, --text-encoder, --device, --track and --set go with it"
            )
        folder = RunFolder.open(resume)
        before = folder.experiment()
        experiment = changed(
            before, data=data, text_encoder=text_encoder, device=device, tracking=track, changes=changes
        )
        check_same_experiment(before, experiment)

        make_folder: Callable[[], RunFolder] = partial(RunFolder.open, resume)
    else:
        if recipe is None:
            raise UsageError(f"name a recipe ({', '.join(recipe_names())}) or a run with --resume")
        experiment = resolve(
            recipe,
            model=model,
            profile=profile,
            data=data,
            text_encoder=text_encoder,
            seed=seed,
            device=device,
            tracking=track,
            label=label,
            changes=changes,
        )
        make_folder = new_folder(output, experiment)

    if threads is None and experiment.text_encoder == TINY:
        set_threads(1)  # its steps are too small to share: two threads take twice as long as one
    with process_group(experiment.device):
        done, columns = train_run(experiment, make_folder, quiet=quiet)
        if rank() == 0:
            console = Console(highlight=False)
            console.print(score_table(_title(experiment), columns))
            print(f"run folder: {done.path}")


def _title(experiment: "Experiment") -> str:
    return f"{experiment.model.name} on {experiment.recipe}, profile {experiment.profile}, seed {experiment.seed}"
