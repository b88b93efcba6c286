"""``mlcl train``."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlcl.cli.options import RECIPES, TrainingOptions, set_threads
from mlcl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


_NONE = TrainingOptions()


def train(
    recipe: Annotated[
        str | None, Parameter(help=f"{RECIPES}, or a recipe file (.yaml) that extends one of them.")
    ] = None,
    *,
    options: TrainingOptions = _NONE,
    label: Annotated[str | None, Parameter(help="Which label to learn, where the file has several.")] = None,
    output: Annotated[Path | None, Parameter(help="Run folder to make; a free name under runs/ when absent.")] = None,
    resume: Annotated[Path | None, Parameter(help="Go on with this run folder.")] = None,
    track: Annotated[
        str | None, Parameter(help="Show the epochs in `tensorboard`, `wandb` or `trackio` too; each is a package.")
    ] = None,
) -> None:
    """Train a model, choose its epoch on dev, read test once, and keep everything in a run folder."""
    from mlcl.console import Console
    from mlcl.parallel import rank
    from mlcl.recipe import recipe_names
    from mlcl.runs.checks import check_same_experiment
    from mlcl.runs.folder import RunFolder
    from mlcl.runs.start import new_folder
    from mlcl.runs.train import train_run
    from mlcl.score_table import score_table
    from mlcl.train.device import process_group
    from mlcl.train.stopping import stop_with_parent

    stop_with_parent()
    set_threads(options.threads)
    if resume is not None:
        fixed = (recipe, output, options.profile, options.seed, options.model, label)
        if any(given is not None for given in fixed):
            raise UsageError(
                "--resume goes on with a run as it is; "
                "only --data, --text-encoder, --device, --track and --set go with it"
            )
        folder = RunFolder.open(resume)
        before = folder.experiment()
        experiment = options.resumed(before, tracking=track)
        check_same_experiment(before, experiment)

        make_folder: Callable[[], RunFolder] = partial(RunFolder.open, resume)
    else:
        if recipe is None:
            raise UsageError(f"name a recipe ({', '.join(recipe_names())}) or a run with --resume")
        experiment = options.experiment(recipe, tracking=track, label=label)
        make_folder = new_folder(output, experiment)

    options.limit_threads(experiment)
    with process_group(experiment.device):
        done, columns = train_run(experiment, make_folder, quiet=options.quiet)
        if rank() == 0:
            title = f"{experiment.model.name} on {experiment.recipe}, profile {experiment.profile}"
            Console().print(score_table(f"{title}, seed {experiment.seed}", columns))
            print(f"run folder: {done.path}")
