"""What ``mlcl tune`` does: make or join a study, work on it, show what it found."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from optuna.trial import FrozenTrial

from mlcl.config import Experiment
from mlcl.console import Console
from mlcl.errors import RunError
from mlcl.evaluate.direction import HIGHER_IS_BETTER
from mlcl.inert import printable
from mlcl.runs.prepare import Prepared, prepare
from mlcl.runs.setup import set_up
from mlcl.score_table import number
from mlcl.studies.tune.folder import TuneFolder
from mlcl.studies.tune.identity import tune_plan
from mlcl.studies.tune.outcome import best_table, save_table
from mlcl.studies.tune.run import run_trials
from mlcl.studies.tune.search import SearchSpace
from mlcl.studies.tune.trials import TuneStudy
from mlcl.train.device import resolve_device


@dataclass(frozen=True, eq=False)
class Begun:
    """A study that is ready for trials.

    Attributes:
        experiment: With its own values, which the trials change.
        study: Its trials.
        prepared: Its data, without test; each split is encoded once.
        metric: Dev metric that decides.
    """

    experiment: Experiment
    study: TuneStudy
    prepared: Prepared
    metric: str


def begin(experiment: Experiment, space: SearchSpace, folder: Path) -> Begun:
    """Find everything that can be wrong with data, encoder and options, then make or join the study.

    Raises:
        MlclError: If the experiment could not be trained, or the folder is of something else.
    """
    device = resolve_device(experiment.device)
    prepared = prepare(experiment, with_test=False)
    prepared = replace(prepared, openers={name: cache(opener) for name, opener in prepared.openers.items()})
    setup = set_up(prepared, device)
    place = TuneFolder(folder)
    place.begin(tune_plan(experiment, space, prepared, setup))
    study = TuneStudy.open(
        place,
        space,
        higher_is_better=setup.metric in HIGHER_IS_BETTER,
        epochs=experiment.train.epochs,
        seed=experiment.seed,
    )
    return Begun(experiment, study, prepared, setup.metric)


def work(begun: Begun, *, budget: int, timeout: float | None, quiet: bool) -> None:
    """Train trials until the study has `budget` of them; say how each ended, and keep ``trials.csv`` up to date."""
    study, console = begun.study, Console(stderr=True)

    def after(trial: int) -> None:
        save_table(study)
        if not quiet:
            console.print(printable(_line(study, trial, budget, begun.metric)), markup=False, soft_wrap=True)

    run_trials(study, begun.experiment, begun.prepared, budget=budget, timeout=timeout, after=after)
    save_table(study)
    running = study.counts().get("running", 0)
    if running and not quiet:
        console.print(f"{running} of the trials still run in other processes", soft_wrap=True)


def show(begun: Begun) -> FrozenTrial:
    """Print the best trials and return the very best.

    Raises:
        RunError: If no trial is complete.
    """
    study = begun.study
    ranked = study.ranked()
    if not ranked:
        reasons = [str(trial.user_attrs["reason"]) for trial in study.counted() if "reason" in trial.user_attrs]
        raise RunError(f"{study.folder.path}: no trial is complete yet" + (f"; {reasons[-1]}" if reasons else ""))
    Console().print(best_table(study, begun.metric))
    for key, reason in study.space.left_out.items():
        print(f"not searched: {key}, {reason}")
    return ranked[0]


def _line(study: TuneStudy, trial: int, budget: int, metric: str) -> str:
    """One line about a trial that has ended."""
    [(ended, end)] = [(each, end) for each, end in study.every() if each.number == trial]
    facts = ended.user_attrs
    what = f"dev {metric} {number(ended.value)}" if end == "complete" else f"{end} {facts.get('reason', '')}".rstrip()
    best = "".join(f"; best {number(first.value)} in trial {first.number}" for first in study.ranked()[:1])
    return f"trial {trial}, {len(study.counted())} of {budget}: {what}{best}  {facts.get('seconds', 0.0):.1f} s"
