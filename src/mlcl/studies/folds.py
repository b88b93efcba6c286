"""Train every fold of a cross-validation, go on with one that was interrupted, and summarise."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mlcl.config import Experiment, FoldConfig, validate_experiment
from mlcl.data.folds import deal, labelled_folds, pool
from mlcl.data.resplit import groups_of
from mlcl.data.source import open_corpus
from mlcl.errors import DataError, Interrupted, RunError, UsageError
from mlcl.evaluate.evaluator import Predictions
from mlcl.evaluate.fold_summary import FoldSummary, summarise
from mlcl.files import write_json, write_text, write_yaml
from mlcl.runs.agreement import disagreement
from mlcl.runs.export import prediction_table, read_predictions, write_table
from mlcl.runs.folder import RunFolder, check_free
from mlcl.runs.train import train_run
from mlcl.safe.text_file import read_yaml
from mlcl.studies.fold_card import fold_card

_log = logging.getLogger(__name__)


class CrossValidation:
    """Paths of a cross-validation, and its configuration.

    ``crossvalidation.yaml`` the configuration of the first fold; the others differ in ``data.fold.number`` alone ·
    ``fold-N/`` ordinary run folders · ``predictions/test.csv`` every item's prediction by the fold that did not train
    on it, with columns ``fold`` and, where items are grouped, ``group`` · ``README.md`` · ``metrics.json``, which comes
    last and marks the whole as complete.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "crossvalidation.yaml"
        self.predictions = self.path / "predictions" / "test.csv"
        self.card = self.path / "README.md"
        self.metrics = self.path / "metrics.json"

    @classmethod
    def open(cls, path: str | Path) -> "CrossValidation":
        """Open an existing one; raises a RunError if there is none at `path`."""
        folder = cls(path)
        if not folder.config.is_file():
            raise RunError(f"{path} is no cross-validation (it has no {folder.config.name})")
        return folder

    def experiment(self) -> Experiment:
        """The resolved configuration, of the first fold."""
        try:
            values = read_yaml(self.config)
            experiment = validate_experiment(values if isinstance(values, dict) else {})
        except (DataError, UsageError) as error:
            raise RunError(f"{self.config} is damaged: {' '.join(str(error).split())}") from error
        if experiment.data.fold is None:
            raise RunError(f"{self.config} is damaged: it has no data.fold")
        return experiment

    def write_config(self, experiment: Experiment) -> None:
        """Write the configuration, and with it make the folder.

        Raises:
            RunError: If there is something else in its place.
        """
        if not self.config.exists():
            check_free(self.path)
        write_yaml(self.config, experiment.model_dump(mode="json"))

    def fold(self, number: int) -> RunFolder:
        """The run folder of a fold, from 1."""
        return RunFolder(self.path / f"fold-{number}")


def cross_validate(experiment: Experiment, place: CrossValidation, *, quiet: bool = False) -> FoldSummary:
    """Train and test each fold that is not complete, or go on with it, then write the summary.

    What can be wrong with data, encoder and options is found before the folder is made.

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
    folds, labels = labelled_folds(corpus, folds, experiment.data)
    ids = np.array(items.ids, dtype=object)
    del corpus, items  # each fold reads what it needs
    for number in range(1, settings.of + 1):
        run = place.fold(number)
        if not run.complete:
            _train(experiment, settings, place, run, number, quiet=quiet)
        elif run.read_facts().get("data", {}).get("sha256") != sha256:
            raise RunError(f"{run.path} was trained on another file than {experiment.data.file}; start a new one")
    runs = [place.fold(number) for number in range(1, settings.of + 1)]
    found = [_test_predictions(run) for run in runs]
    for number, (fold, predictions) in enumerate(zip(folds, found, strict=True), 1):
        if predictions.ids != ids[fold.test].tolist() or predictions.target.num_classes != found[0].target.num_classes:
            raise RunError(f"{place.fold(number).path} has other test items than its fold; remove it, and go on")
    names = [[groups[item] for item in fold.test] for fold in folds]
    summary = summarise(found, names, [labels[fold.train] for fold in folds])
    for run, predictions in zip(runs, found, strict=True):
        said = disagreement(run, "test", predictions.metrics())
        if said:
            _log.warning("note: %s as its predictions give: one of the files was changed; make the fold again", said)
        if np.isnan(predictions.score).any():
            file = run.predictions / "test.csv"
            _log.warning(
                "note: %s is of version 0.1.0 and has the probability of the chosen class alone, so metrics that need "
                "the others are left out; mlcl predict %s --split test --output %s writes them",
                *(file, run.path, file),
            )
    _write(experiment, settings, place, summary, found, names)
    return summary


def _test_predictions(run: RunFolder) -> Predictions:
    """What a finished fold predicted, as it was written."""
    file = run.predictions / "test.csv"
    run.digests.check(file)
    return read_predictions(file, run.target())


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
    facts = [place.fold(number).read_complete_facts() for number in range(1, settings.of + 1)]
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
