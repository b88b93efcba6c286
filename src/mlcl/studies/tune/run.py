"""Work on a study: one trial after the other, until the budget is spent."""

import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import optuna
import torch
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial, TrialState

from mlcl.config import Experiment
from mlcl.errors import Interrupted, MlclError, lacks_room
from mlcl.runs.prepare import Prepared
from mlcl.runs.stages import train_for_dev
from mlcl.studies.tune.trials import TuneStudy, experiment_of
from mlcl.studies.tune.worker import Worker
from mlcl.train.stopping import stop_signals


def run_trials(
    study: TuneStudy,
    experiment: Experiment,
    prepared: Prepared,
    *,
    budget: int,
    timeout: float | None,
    after: Callable[[int], None],
) -> None:
    """Train trials until the study has `budget` of them, this process's and those of others together.

    Args:
        study: The study.
        experiment: What the parameters change.
        prepared: Its data, made without test.
        budget: Trials of the whole study.
        timeout: Seconds after which no further trial begins; None for no limit.
        after: Called with the number of each trial that this process has ended.

    Raises:
        Interrupted: After SIGINT or SIGTERM; the trial in work will be tried again.
    """
    started = time.monotonic()
    with Worker(study.folder.workers) as worker, _terminable():
        while timeout is None or time.monotonic() - started < timeout:
            trial: Trial | None = None
            try:
                trial = study.next_trial(budget, worker)
                if trial is None:
                    return
                _run_trial(study, trial, experiment, prepared)
            except BaseException as stop:
                if trial is not None:
                    study.interrupt(trial)
                if isinstance(stop, Interrupted | KeyboardInterrupt):
                    place = "between trials" if trial is None else f"in trial {trial.number}"
                    raise Interrupted(f"stopped {place}") from stop
                raise
            after(trial.number)
            if torch.cuda.is_available():  # the next model may be larger
                gc.collect()
                torch.cuda.empty_cache()


@contextmanager
def _terminable() -> Iterator[None]:
    """Inside, every stop signal acts as Ctrl-C does, also while no model is in training."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in stop_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run_trial(study: TuneStudy, trial: Trial, experiment: Experiment, prepared: Prepared) -> None:
    """Train one trial and record how it ended; what is no fault of its parameters is raised."""
    own_values = trial.user_attrs.get("own_values", False)
    started = time.monotonic()

    def on_epoch(epoch: int, value: float | None) -> None:
        if value is not None:
            trial.report(value, epoch)
            if not own_values and trial.should_prune():
                raise optuna.TrialPruned(f"after epoch {epoch}")

    def finish(state: TrialState, value: float | None = None, **facts: str | int) -> None:
        study.finish(trial, state, value, seconds=round(time.monotonic() - started, 1), **facts)

    try:
        score = train_for_dev(experiment_of(experiment, study.space, trial.params), prepared, on_epoch)
    except UpdateFinishedTrialError:
        return  # this process slept so long that another gave the trial up for dead
    except optuna.TrialPruned as stop:
        finish(TrialState.PRUNED, reason=str(stop))
    except (MlclError, MemoryError, RuntimeError) as error:
        reason = _reason(error)
        if reason is None:
            raise
        finish(TrialState.FAIL, reason=reason)
    else:
        finish(TrialState.COMPLETE, score.value, epoch=score.epoch, epochs=score.epochs)


def _reason(error: BaseException) -> str | None:
    """Why a trial failed, in a line; None for what other parameters would not cure."""
    if isinstance(error, Interrupted) or lacks_room(error):
        return None
    if isinstance(error, MlclError):
        return " ".join(str(error).split())[:300]
    return "out of memory" if isinstance(error, MemoryError) or "memory" in str(error) else None
