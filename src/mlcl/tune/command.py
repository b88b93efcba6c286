"""What ``mlcl tune`` does before, and says after, each trial."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from mlcl.config import Experiment
from mlcl.evaluate.direction import HIGHER_IS_BETTER
from mlcl.report.table import number
from mlcl.runs.prepare import Prepared, prepare
from mlcl.runs.setup import set_up
from mlcl.search import SearchSpace
from mlcl.train.device import resolve_device
from mlcl.tune.folder import TuneFolder
from mlcl.tune.plan import tune_plan
from mlcl.tune.study import TuneStudy


@dataclass(frozen=True, eq=False)
class Begun:
    """A study that is ready for trials.

    Attributes:
        study: Its trials.
        prepared: Its data, without test; each split is encoded once.
        metric: Dev metric that decides.
    """

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
    setup = set_up(experiment, prepared, device)
    place = TuneFolder(folder)
    place.begin(tune_plan(experiment, space, prepared, setup))
    study = TuneStudy.open(
        place,
        space,
        higher_is_better=setup.metric in HIGHER_IS_BETTER,
        epochs=experiment.train.epochs,
        seed=experiment.seed,
    )
    return Begun(study, prepared, setup.metric)


def progress_line(study: TuneStudy, trial: int, budget: int, metric: str) -> str:
    """One line about a trial that has ended."""
    [(ended, state)] = [(each, state) for each, state in study.every() if each.number == trial]
    facts = ended.user_attrs
    what = f"dev {metric} {number(ended.value)}" if state == "complete" else f"{state}: {facts.get('reason', '')}"
    best = study.ranked()[:1]
    best_so_far = f"; best {number(best[0].value)} in trial {best[0].number}" if best else ""
    return f"trial {trial}, {len(study.counted())} of {budget}: {what}{best_so_far}  {facts.get('seconds', 0.0):.1f} s"
