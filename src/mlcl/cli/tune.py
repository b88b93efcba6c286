"""``mlcl tune``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mlcl.cli.options import DEVICE, Data, Model, Threads, set_threads
from mlcl.errors import MlclError, UsageError


def tune(
    recipe: str,
    *,
    model: Model = None,
    data: Data = None,
    text_encoder: Annotated[str | None, Parameter(help="Folder or hub name of the text encoder.")] = None,
    trials: Annotated[
        int, Parameter(help="Trials of the whole study: complete, pruned and failed ones together.")
    ] = 20,
    study: Annotated[
        Path | None, Parameter(help="Study folder to make or to join; tune/RECIPE-MODEL-PROFILE-SEED when absent.")
    ] = None,
    profile: Annotated[
        str | None, Parameter(help="`default`, or `release`, whose values the search starts from.")
    ] = None,
    seed: Annotated[int | None, Parameter(help="Seed of the search and of every training.")] = None,
    changes: Annotated[
        list[str] | None,
        Parameter(name="--set", negative="", help="Change one key: `section.key=value`; it is then not searched."),
    ] = None,
    timeout: Annotated[float | None, Parameter(help="Seconds after which no further trial begins.")] = None,
    apply: Annotated[Path | None, Parameter(help="Write the best trial as a recipe file for `mlcl train`.")] = None,
    importance: Annotated[
        Path | None, Parameter(help="Write how much each setting mattered as a figure (.svg).")
    ] = None,
    device: Annotated[str | None, DEVICE] = None,
    threads: Threads = None,
    quiet: Annotated[bool, Parameter(negative="", help="Show no progress.")] = False,
) -> None:
    """Search settings by their dev score; the test split is not loaded. `mlcl config` shows which.

    The first trial has the recipe's own values. Start the command again to go on, or several times to share the work.

    Parameters
    ----------
    recipe
        demo, mosi, mosei, ur_funny, mustard, or a recipe file.
    """
    from mlcl.recipe import resolve
    from mlcl.search import search_space

    _check_options(trials, timeout, apply, importance)
    experiment = resolve(
        recipe,
        model=model,
        profile=profile,
        data=data,
        text_encoder=text_encoder,
        seed=seed,
        device=device,
        changes=changes,
    )
    space = search_space(experiment, recipe, changes)
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise MlclError("mlcl tune needs Optuna: pip install 'mlcl[sweep]'") from None

    from rich.console import Console

    from mlcl.models.registry import TINY
    from mlcl.parallel import launched
    from mlcl.report.files import write_text
    from mlcl.tune.command import begin, progress_line
    from mlcl.tune.importance import importance_svg, importances
    from mlcl.tune.outcome import best_table, recipe_text, set_line, trials_csv, write_recipe
    from mlcl.tune.run import run_trials

    if launched():
        raise UsageError("mlcl tune does not run under torchrun; start it several times with the same --study")
    set_threads(threads)
    if threads is None and experiment.text_encoder == TINY:
        set_threads(1)
    folder = (
        study or Path("tune") / f"{experiment.recipe}-{experiment.model.name}-{experiment.profile}-{experiment.seed}"
    )
    begun = begin(experiment, space, folder)
    search = begun.study
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)

    def after(number: int) -> None:
        with search.folder.lock():
            write_text(search.folder.table, trials_csv(search))
        if not quiet:
            errors.print(progress_line(search, number, trials, begun.metric), soft_wrap=True)

    run_trials(search, experiment, begun.prepared, budget=trials, timeout=timeout, after=after)
    with search.folder.lock():
        write_text(search.folder.table, trials_csv(search))
    ranked = search.ranked()
    if not ranked:
        raise MlclError(f"no trial is complete; {search.folder.table} says why")
    console.print(best_table(search, begun.metric))
    for key, reason in space.left_out.items():
        print(f"not searched: {key}, {reason}")
    shares = importances(search)
    if importance is not None:
        write_text(importance, importance_svg(shares, f"Share of dev {begun.metric} that each setting explains"))
    if apply is not None:
        write_recipe(apply, recipe_text(experiment, search, ranked[0], begun.metric, len(search.counted())))
    print(f"best: trial {ranked[0].number}, {set_line(space, ranked[0])}")
    print(f"study folder: {search.folder.path}")


def _check_options(trials: int, timeout: float | None, apply: Path | None, importance: Path | None) -> None:
    """Refuse what could not be done at the end, before the work begins."""
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
        if path.is_dir() or (option == "--apply" and path.exists()):
            raise UsageError(f"{option} {path}: exists; name a new file")
