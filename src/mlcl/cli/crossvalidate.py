"""``mlcl crossvalidate``."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlcl.cli.options import OwnRecipe, TrainingOptions, set_threads
from mlcl.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from mlcl.config import Experiment

_log = logging.getLogger(__name__)
_NONE = TrainingOptions()


def crossvalidate(
    recipe: OwnRecipe | None = None,
    *,
    folds: Annotated[int | None, Parameter(help="How many folds; 5, or as many as --lists has.")] = None,
    by: Annotated[
        str, Parameter(help="What stays together: `item`, `video`, `speaker`, or `auto` for the strictest there is.")
    ] = "auto",
    lists: Annotated[Path | None, Parameter(help="JSON, or pickle of pairs, of each fold's items.")] = None,
    fold_seed: Annotated[int, Parameter(help="Seed of the dealing.")] = 0,
    options: TrainingOptions = _NONE,
    output: Annotated[Path | None, Parameter(help="Folder to make; a free name under runs/ when absent.")] = None,
    resume: Annotated[Path | None, Parameter(help="Go on with this folder; finished folds are not repeated.")] = None,
) -> None:
    """Train and test on every fold of all items of a file, for sets too small for one test split."""
    from mlcl.console import Console
    from mlcl.parallel import launched
    from mlcl.recipe import recipe_names
    from mlcl.runs.checks import check_same_experiment
    from mlcl.runs.folder import check_free, free_path
    from mlcl.score_table import score_table
    from mlcl.studies.fold_card import fold_columns
    from mlcl.studies.folds import CrossValidation, cross_validate

    set_threads(options.threads)
    if launched():
        raise UsageError("crossvalidate trains fold after fold in one process; leave torchrun out")
    if resume is not None:
        fixed = (recipe, folds, lists, output, options.seed, options.profile, options.model)
        if (by, fold_seed) != ("auto", 0) or any(value is not None for value in fixed):
            raise UsageError(
                "--resume goes on with a cross-validation as it is; "
                "only --data, --text-encoder, --device and --set go with it"
            )
        place = CrossValidation.open(resume)
        before = place.experiment()
        experiment = options.resumed(before)
        check_same_experiment(before, experiment)
        if experiment.train != before.train:
            raise UsageError("--resume cannot change train here: folds must be trained alike; start a new one")
    else:
        if recipe is None:
            raise UsageError(f"name a recipe ({', '.join(recipe_names())}) or a folder with --resume")
        if output is not None:
            check_free(output)
        experiment = _with_fold(options.experiment(recipe), folds=folds, by=by, lists=lists, seed=fold_seed)
        place = CrossValidation(output if output is not None else free_path(experiment, "-folds"))
        check_free(place.path)
    options.limit_threads(experiment)
    try:
        summary = cross_validate(experiment, place, quiet=options.quiet)
    except (KeyboardInterrupt, Interrupted) as stop:
        command = ["mlcl", "crossvalidate", "--resume", str(place.path)] if place.config.is_file() else []
        raise Interrupted(str(stop) or "stopped", command) from stop
    fold = experiment.data.fold
    title = f"{experiment.model.name} on {experiment.recipe}, profile {experiment.profile}, seed {experiment.seed}"
    split = f"{len(summary.folds)} folds by {fold.by if fold is not None else 'item'}"
    Console().print(score_table(f"{title}, {split}", fold_columns(summary)))
    print(f"cross-validation: {place.path}")


def _with_fold(experiment: "Experiment", *, folds: int | None, by: str, lists: Path | None, seed: int) -> "Experiment":
    """The experiment of the first fold."""
    from mlcl.config import validate_experiment
    from mlcl.data.folds import grouping, listed_folds, pool
    from mlcl.data.source import open_corpus

    if experiment.data.fold is not None:
        raise UsageError("--set data.fold names one fold; mlcl crossvalidate trains all, see --folds and --by")
    count = folds if folds is not None else 5 if lists is None else listed_folds(str(lists))
    if count < 2:
        raise UsageError(f"--folds {count}: must be at least 2")
    if by == "auto":
        items = pool(open_corpus(experiment.data, experiment.recipe))
        by = grouping(items, count)
        stricter = grouping(items, 2)
        if by != stricter and 2 * count <= len(items):
            _log.warning(
                "note: folds are by %s, because there are too few %ss for %d folds; use fewer folds, or --by %s",
                *(by, stricter, count, stricter),
            )
    settings = experiment.model_dump(mode="json")
    path = None if lists is None else str(lists)
    settings["data"]["fold"] = {"number": 1, "of": count, "by": by, "seed": seed, "lists": path}
    return validate_experiment(settings)
