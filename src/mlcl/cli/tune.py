"""``mlcl tune``."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mlcl.cli.options import Recipe, TrainingOptions
from mlcl.errors import MlclError, UsageError

_NONE = TrainingOptions()


def tune(
    recipe: Recipe,
    *,
    options: TrainingOptions = _NONE,
    trials: Annotated[
        int, Parameter(help="Trials of the whole study: complete, pruned and failed ones together.")
    ] = 20,
    study: Annotated[
        Path | None, Parameter(help="Study folder to make or to join; tune/RECIPE-MODEL-PROFILE-SEED when absent.")
    ] = None,
    timeout: Annotated[float | None, Parameter(help="Seconds after which no further trial begins.")] = None,
    apply: Annotated[Path | None, Parameter(help="Write the best trial as a recipe file for `mlcl train`.")] = None,
    importance: Annotated[
        Path | None, Parameter(help="Write how much each setting mattered as a figure (.svg).")
    ] = None,
) -> None:
    """Search settings by their dev score; the test split is not loaded. `mlcl config` shows which.

    The first trial has the recipe's own values. Start the command again to go on, or several times to share the work.
    """
    from mlcl.studies.tune.search import search_space

    _check_options(trials, timeout, apply, importance)
    experiment = options.experiment(recipe)
    space = search_space(experiment, recipe, options.changes)
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise MlclError("mlcl tune needs Optuna: pip install 'mlcl[sweep]'") from None

    from mlcl.files import write_text
    from mlcl.parallel import launched
    from mlcl.studies.tune.outcome import FEWEST, importances, recipe_text, set_words
    from mlcl.studies.tune.tuning import Tuning

    if launched():
        raise UsageError("mlcl tune does not run under torchrun; start it several times with the same --study")
    options.limit_threads(experiment)
    names = (experiment.recipe, experiment.model.name, experiment.profile, str(experiment.seed))
    tuning = Tuning.start(experiment, space, study or Path("tune") / "-".join(names))
    tuning.work(budget=trials, timeout=timeout, quiet=options.quiet)
    best, shares = tuning.show(), importances(tuning.study)
    if shares:
        print(f"share explained: {', '.join(f'{key} {share:.0%}' for key, share in shares.items())}")
    if importance is not None and not shares:
        print(f"note: {importance} is not written: it takes {FEWEST} complete trials that differ", file=sys.stderr)
    elif importance is not None:
        from mlcl.report.plots.importance import importance_plot

        write_text(importance, importance_plot(shares, f"Share of dev {tuning.metric} that each setting explains").svg)
    if apply is not None:
        write_text(apply, recipe_text(tuning.study, experiment, best, tuning.metric))
    given: list[tuple[str, object]] = [("--model", options.model), ("--profile", options.profile)]
    given += [("--data", options.data), ("--text-encoder", options.text_encoder), ("--seed", options.seed)]
    given += [("--set", change) for change in options.changes or []]
    words = [str(word) for option, value in given if value is not None for word in (option, value)]
    print(f"best: trial {best.number}. To train with it and read test once:")
    print(shlex.join(["mlcl", "train", recipe, *words, *set_words(space, best)]))
    print(f"study folder: {tuning.study.folder.path}")


def _check_options(trials: int, timeout: float | None, apply: Path | None, importance: Path | None) -> None:
    """Refuse what could not be done at the end, before the work begins."""
    from mlcl.files import is_there
    from mlcl.recipe import TUNED
    from mlcl.safe.text_file import peek_text

    if trials < 1:
        raise UsageError(f"--trials {trials}: must be at least 1")
    if timeout is not None and not timeout > 0:
        raise UsageError(f"--timeout {timeout:g}: must be above 0")
    for option, path, suffixes in (("--apply", apply, (".yaml", ".yml")), ("--importance", importance, (".svg",))):
        if path is None:
            continue
        if path.suffix not in suffixes:
            raise UsageError(f"{option} {path}: the suffix must be {' or '.join(suffixes)}")
        if not path.parent.is_dir():
            raise UsageError(f"{option} {path}: there is no folder {path.parent}")
        if path.is_dir() or (option == "--apply" and is_there(path) and not peek_text(path).startswith(TUNED)):
            raise UsageError(f"{option} {path}: exists and is not of mlcl tune; name a new file")
