"""The trials of a study: which comes next, what it trains, what became of each, and when the budget is spent."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from mlcl.config import Experiment
from mlcl.studies.tune.folder import TuneFolder
from mlcl.studies.tune.search import Choices, Range, SearchSpace, Value, with_values
from mlcl.studies.tune.worker import Worker

_ENDS = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}
_UNPRUNED = 5  # trials that must be complete before any is stopped early
_DIGITS = 4  # significant digits of a real number that is tried: enough for a rate, and short enough to be typed


@dataclass(frozen=True, eq=False)
class TuneStudy:
    """The trials of one study folder.

    A trial that was interrupted, or whose process died, counts for nothing: its parameters are tried again. Every other
    trial counts, the failed and the pruned among them, so that equal budgets are equal.

    Attributes:
        seed: Of the sampler. Each trial draws from a generator of its own, by its number: a study that was stopped and
            gone on with is the same as one in one go.
    """

    folder: TuneFolder
    space: SearchSpace
    study: optuna.Study
    seed: int

    @classmethod
    def open(
        cls, folder: TuneFolder, space: SearchSpace, *, higher_is_better: bool, epochs: int, seed: int
    ) -> "TuneStudy":
        """Open the study of a folder, or start it with the recipe's own values as first trial.

        Raises:
            RunError: If its journal is damaged.
        """
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with folder.lock(), folder.reading():
            study = optuna.create_study(
                study_name="tune",
                storage=folder.storage(),
                direction="maximize" if higher_is_better else "minimize",
                load_if_exists=True,
                pruner=MedianPruner(n_startup_trials=_UNPRUNED, n_warmup_steps=max(1, epochs // 5)),
            )
            opened = cls(folder, space, study, seed)
            opened._check()
            if not study.get_trials(deepcopy=False):
                study.enqueue_trial(dict(space.own), user_attrs={"own_values": True})
        return opened

    def next_trial(self, budget: int, worker: Worker) -> Trial | None:
        """Begin the next trial, or return None when `budget` trials are begun."""
        with self.folder.lock():
            self._retry_dead(worker)
            if len(self.counted()) >= budget:
                return None
            trials = self.study.get_trials(deepcopy=False)
            waiting = [trial.number for trial in trials if trial.state == TrialState.WAITING]
            number = waiting[0] if waiting else len(trials)
            self.study.sampler = TPESampler(seed=int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0]))
            trial = self.study.ask(distributions(self.space))
            trial.set_user_attr("worker", worker.name)
            return trial

    def finish(self, trial: Trial, state: TrialState, value: float | None = None, **facts: str | float) -> None:
        """Record what became of a trial, unless another process has given it up for dead."""
        with suppress(UpdateFinishedTrialError):
            for name, fact in facts.items():
                trial.set_user_attr(name, fact)
            self.study.tell(trial, value, state, skip_if_finished=True)

    def interrupt(self, trial: Trial) -> None:
        """Record that a trial was stopped while it ran, and let its parameters be tried again."""
        with self.folder.lock():
            frozen = self.study.get_trials(deepcopy=False)[trial.number]
            if frozen.state == TrialState.RUNNING:
                self._give_up(frozen)

    def counted(self) -> list[FrozenTrial]:
        """The trials that count against the budget, those that are running among them."""
        trials = self.study.get_trials(deepcopy=False)
        again = {trial.user_attrs.get("retry_of") for trial in trials}
        return [trial for trial in trials if trial.state != TrialState.WAITING and trial.number not in again]

    def ranked(self) -> list[FrozenTrial]:
        """The complete trials, the best first, and the earlier of two equals."""
        sign = -1.0 if self.study.direction == StudyDirection.MAXIMIZE else 1.0
        complete = [
            (sign * trial.value, trial)
            for trial in self.counted()
            if trial.state == TrialState.COMPLETE and trial.value is not None
        ]
        return [trial for _, trial in sorted(complete, key=lambda pair: (pair[0], pair[1].number))]

    def every(self) -> list[tuple[FrozenTrial, str]]:
        """Every trial that was begun, with how it ended."""
        counted = {trial.number for trial in self.counted()}
        return [
            (trial, _ENDS[trial.state] if trial.number in counted else "interrupted")
            for trial in self.study.get_trials(deepcopy=False)
            if trial.state != TrialState.WAITING
        ]

    def counts(self) -> Mapping[str, int]:
        """How many of the counted trials ended in which way."""
        ends = [end for _, end in self.every()]
        return {end: ends.count(end) for end in _ENDS.values() if end in ends}

    def _check(self) -> None:
        """Raise an error of some kind where a trial of the journal has values that none of ours has."""
        for trial, _ in self.every():
            tried(self.space, trial.params)
            if not isinstance(trial.user_attrs.get("worker", ""), str):
                raise TypeError(f"trial {trial.number} has a worker without a name")

    def _give_up(self, trial: FrozenTrial) -> None:
        self.study.tell(trial.number, state=TrialState.FAIL)
        kept = {"own_values": True} if trial.user_attrs.get("own_values") else {}
        self.study.enqueue_trial(dict(trial.params), user_attrs={**kept, "retry_of": trial.number})

    def _retry_dead(self, worker: Worker) -> None:
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            owner = trial.user_attrs.get("worker")
            if owner is None or worker.is_dead(owner):
                self._give_up(trial)


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """One distribution per key; whole numbers where the experiment has a whole number."""
    return {key: _distribution(dimension, space.own[key]) for key, dimension in space.dimensions.items()}


def tried(space: SearchSpace, parameters: dict[str, Value]) -> dict[str, Value]:
    """The values that are really trained with: real numbers are rounded, as a person would write them."""
    return {key: _written(space.dimensions[key], value) for key, value in parameters.items()}


def experiment_of(experiment: Experiment, space: SearchSpace, parameters: dict[str, Value]) -> Experiment:
    """The experiment that a trial's parameters stand for."""
    return with_values(experiment, tried(space, parameters))


def _distribution(dimension: Range | Choices, own: Value) -> BaseDistribution:
    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.choices)
    if isinstance(own, int):
        return IntDistribution(int(dimension.low), int(dimension.high), dimension.log, int(dimension.step or 1))
    return FloatDistribution(float(dimension.low), float(dimension.high), dimension.log, dimension.step)


def _written(dimension: Range | Choices, value: Value) -> Value:
    if isinstance(value, float) and isinstance(dimension, Range):
        return min(max(float(f"{value:.{_DIGITS}g}"), float(dimension.low)), float(dimension.high))
    return value
