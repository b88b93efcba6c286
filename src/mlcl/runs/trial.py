"""Train an experiment for its dev score alone: no run folder, no checkpoint, no test split."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlcl.config import Experiment
from mlcl.errors import MlclError
from mlcl.evaluate.direction import HIGHER_IS_BETTER
from mlcl.report.progress import TrainProgress
from mlcl.runs.prepare import Prepared
from mlcl.runs.setup import set_up
from mlcl.runs.stages import train_stages
from mlcl.train.device import resolve_device
from mlcl.train.loop import Selection, fit
from mlcl.train.state import TrainState


@dataclass(frozen=True)
class DevScore:
    """What a training reached on dev.

    Attributes:
        value: The selection metric at the chosen epoch.
        epoch: The chosen epoch, counted from 1.
        epochs: How many were trained.
    """

    value: float
    epoch: int
    epochs: int


def train_for_dev(
    experiment: Experiment, prepared: Prepared, on_epoch: Callable[[int, float | None], None]
) -> DevScore:
    """Train as ``mlcl train`` does, up to the chosen epoch on dev, and keep nothing.

    Args:
        experiment: What to train.
        prepared: Its data, made with ``with_test=False``.
        on_epoch: Called after every epoch with its number, counted from 1, and the dev value of the selection metric;
            what it raises ends the training.

    Raises:
        MlclError: If the loss or a prediction is not finite, or the metric is undefined in every epoch.
        Interrupted: After SIGINT or SIGTERM.
    """
    if "test" in prepared.openers:
        raise ValueError("a training for dev must not be given a test split")
    setup = set_up(prepared, resolve_device(experiment.device))
    model, metric, train = setup.model, setup.metric, setup.encoded["train"]

    def tell(state: TrainState) -> None:
        on_epoch(state.epoch, state.history[-1]["dev"][metric])

    with TrainProgress(metric, quiet=True) as progress, tempfile.TemporaryDirectory(prefix="mlcl-trial-") as scratch:
        train_stages(
            model.stages(experiment.train),
            train,
            setup.score_dev,
            metric,
            Path(scratch),
            seed=experiment.seed,
            device=setup.device,
            progress=progress,
        )
        state = fit(
            model,
            train,
            experiment.train,
            Selection(lambda: setup.score_dev(model), metric, metric in HIGHER_IS_BETTER, lambda: None),
            seed=experiment.seed,
            device=setup.device,
            checkpoint=None,
            reporter=progress,
            on_epoch=tell,
        )
    value = None if state.best_epoch is None else state.history[state.best_epoch - 1]["dev"][metric]
    if value is None or state.best_epoch is None:
        raise MlclError(f"dev {metric} is undefined in every epoch; choose another train.select_on")
    return DevScore(float(value), state.best_epoch, len(state.history))
