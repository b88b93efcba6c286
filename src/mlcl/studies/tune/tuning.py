"""What ``mlcl tune`` does: make or join a study, work on it, show what it found."""

from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from mlcl.config import Experiment
from mlcl.console import Console
from mlcl.errors import RunError
from mlcl.evaluate.direction import HIGHER_IS_BETTER
from mlcl.inert import printable
from mlcl.runs.facts import weights_hash
from mlcl.runs.prepare import Prepared, prepare
from mlcl.runs.setup import Setup, set_up
from mlcl.score_table import number
from mlcl.studies.tune.folder import TuneFolder
from mlcl.studies.tune.outcome import best_table, save_table
from mlcl.studies.tune.run import run_trials
from mlcl.studies.tune.search import SearchSpace
from mlcl.studies.tune.trials import TuneStudy
from mlcl.train.device import resolve_device


@dataclass(frozen=True, eq=False)
class Tuning:
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

    @classmethod
    def start(cls, experiment: Experiment, space: SearchSpace, folder: Path) -> "Tuning":
        """Find everything that can be wrong with data, encoder and options, then make or join the study.

        Raises:
            MlclError: If the experiment could not be trained, or the folder is of something else.
        """
        device = resolve_device(experiment.device)
        prepared = prepare(experiment, with_test=False)
        prepared = replace(prepared, openers={name: cache(opener) for name, opener in prepared.openers.items()})
        setup = set_up(prepared, device)
        place, higher = TuneFolder(folder), setup.metric in HIGHER_IS_BETTER
        place.begin(_plan(experiment, space, prepared, setup))
        study = TuneStudy.open(
            place, space, higher_is_better=higher, epochs=experiment.train.epochs, seed=experiment.seed
        )
        return cls(experiment, study, prepared, setup.metric)

    def work(self, *, budget: int, timeout: float | None, quiet: bool) -> None:
        """Train trials until the study has `budget` of them; say how each ended, and keep ``trials.csv`` up to date."""
        console = Console(stderr=True)

        def after(trial: int) -> None:
            save_table(self.study)
            if not quiet:
                console.print(printable(self._line(trial, budget)), markup=False, soft_wrap=True)

        run_trials(self.study, self.experiment, self.prepared, budget=budget, timeout=timeout, after=after)
        save_table(self.study)
        running = self.study.counts().get("running", 0)
        if running and not quiet:
            console.print(f"{running} of the trials still run in other processes", soft_wrap=True)

    def show(self) -> FrozenTrial:
        """Print the best trials and return the very best; raises a RunError if no trial is complete."""
        study, ranked = self.study, self.study.ranked()
        if not ranked:
            reasons = [str(trial.user_attrs["reason"]) for trial in study.counted() if "reason" in trial.user_attrs]
            raise RunError(f"{study.folder.path}: no trial is complete yet" + (f"; {reasons[-1]}" if reasons else ""))
        Console().print(best_table(study, self.metric))
        for key, reason in study.space.left_out.items():
            print(f"not searched: {key}, {reason}")
        return ranked[0]

    def _line(self, trial: int, budget: int) -> str:
        """One line about a trial that has ended."""
        study = self.study
        [(ended, end)] = [(each, end) for each, end in study.every() if each.number == trial]
        facts, value = ended.user_attrs, number(ended.value)
        what = f"dev {self.metric} {value}" if end == "complete" else f"{end} {facts.get('reason', '')}".rstrip()
        best = "".join(f"; best {number(first.value)} in trial {first.number}" for first in study.ranked()[:1])
        return f"trial {trial}, {len(study.counted())} of {budget}: {what}{best}  {facts.get('seconds', 0.0):.1f} s"


def _plan(experiment: Experiment, space: SearchSpace, prepared: Prepared, setup: Setup) -> dict[str, Any]:
    """What identifies a study, for ``tune.yaml``: nobody joins one with other data, encoder or settings. No paths."""
    settings = experiment.model_dump(mode="json", exclude={"device", "execution", "text_encoder"})
    settings["data"] = {key: value for key, value in settings["data"].items() if key not in ("file", "cache")}
    return {
        "kind": "tune",
        "created_with": f"mlcl {version('mlcl')}",
        "metric": setup.metric,
        "direction": "maximize" if setup.metric in HIGHER_IS_BETTER else "minimize",
        "experiment": settings,
        "data": {"name": prepared.facts["name"], "sha256": prepared.facts["sha256"]},
        "text_encoder": {
            "name": Path(experiment.text_encoder).name,
            "sha256": weights_hash(setup.model.get_submodule("text.encoder")),
        },
        "search": {key: dimension.model_dump(mode="json") for key, dimension in space.dimensions.items()},
        "not_searched": space.left_out,
    }
