"""Train every fold of a cross-validation, go on with one that was interrupted, and summarise."""

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from mlcl.config import Experiment, FoldConfig
from mlcl.data.folds import deal, pool
from mlcl.data.resplit import groups_of
from mlcl.errors import Interrupted, RunError, UsageError
from mlcl.evaluate.evaluator import Predictions
from mlcl.evaluate.fold_summary import FoldSummary, summarise
from mlcl.report.files import write_json, write_text
from mlcl.report.fold_card import fold_card
from mlcl.runs.crossvalidation import CrossValidation
from mlcl.runs.export import prediction_table, read_predictions, write_table
from mlcl.runs.folder import RunFolder
from mlcl.runs.source import open_corpus
from mlcl.runs.train import train_run


def cross_validate(experiment: Experiment, place: CrossValidation, *, quiet: bool = False) -> FoldSummary:
    """Train and test each fold that is not complete, then write the summary.

    What can be wrong with data, encoder and options is found before the folder is made.

    Args:
        experiment: Of the first fold.
        place: Where; an existing one goes on.
        quiet: Show no progress.

    Raises:
        Interrupted: After SIGINT or SIGTERM; finished folds stay, and the one in work goes on from its checkpoint.
        RunError: If a finished fold was trained on another file.
    """
    settings = experiment.data.fold
    if settings is None:
        raise UsageError("data.fold is null: there is nothing to cross-validate")
    corpus = open_corpus(experiment.data.model_copy(update={"fold": None}), experiment.recipe)
    items, sha256 = pool(corpus), corpus.sha256
    folds, groups = deal(items, settings), groups_of(items, settings.by)
    ids, labels = np.array(items.ids, dtype=object), np.asarray(items.labels)
    del corpus, items  # each fold reads what it needs
    for number in range(1, settings.of + 1):
        run = place.fold(number)
        if not run.metrics.exists():
            _train(experiment, settings, place, run, number, quiet=quiet)
        elif run.read_facts().get("data", {}).get("sha256") != sha256:
            raise RunError(f"{run.path} was trained on another file than {experiment.data.file}; start a new one")
    found = [read_predictions(place.fold(number).predictions / "test.csv") for number in range(1, settings.of + 1)]
    for number, (fold, predictions) in enumerate(zip(folds, found, strict=True), 1):
        if predictions.ids != ids[fold.test].tolist():
            raise RunError(f"{place.fold(number).path} has other test items than its fold; remove it, and go on")
    names = [[groups[item] for item in fold.test] for fold in folds]
    summary = summarise(found, names, [labels[fold.train] for fold in folds])
    _write(experiment, settings, place, summary, found, names)
    return summary


def _train(
    experiment: Experiment, settings: FoldConfig, place: CrossValidation, run: RunFolder, number: int, *, quiet: bool
) -> None:
    fold = settings.model_copy(update={"number": number})
    own = experiment.model_copy(update={"data": experiment.data.model_copy(update={"fold": fold})})

    def make_folder() -> RunFolder:
        place.write_config(experiment)
        return run if run.config.is_file() else RunFolder.create(run.path, own)

    if not quiet:
        print(f"fold {number} of {settings.of}", file=sys.stderr)
    try:
        train_run(own, make_folder, quiet=quiet)
    except (KeyboardInterrupt, Interrupted) as stop:
        raise Interrupted(f"fold {number} of {settings.of}: {str(stop) or 'stopped'}") from stop


def _write(
    experiment: Experiment,
    settings: FoldConfig,
    place: CrossValidation,
    summary: FoldSummary,
    found: Sequence[Predictions],
    groups: Sequence[Sequence[str]],
) -> None:
    """Write pooled predictions, card and metrics; metrics come last and mark the whole as complete."""
    tables = []
    for number, (predictions, names) in enumerate(zip(found, groups, strict=True), 1):
        table = prediction_table("test", predictions)
        table.insert(2, "fold", number)
        if settings.by != "item":
            table.insert(3, "group", list(names))
        tables.append(table)
    write_table(place.predictions, pd.concat(tables, ignore_index=True))
    facts = [place.fold(number).read_facts() for number in range(1, settings.of + 1)]
    distinct = len({name for part in groups for name in part})
    write_text(place.card, fold_card(experiment, facts, summary, distinct))
    write_json(
        place.metrics,
        {
            "folds": summary.folds,
            "mean": summary.mean,
            "sd": summary.sd,
            "pooled": summary.pooled,
            "constant": summary.constant,
            "intervals": {name: [found.low, found.high] for name, found in summary.intervals.items()},
            "groups": {"by": settings.by, "count": distinct},
        },
    )
