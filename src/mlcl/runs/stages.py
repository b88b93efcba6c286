"""Train a model and what it trains before itself, up to the chosen epoch on dev; the one wiring of every training."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from mlcl.config import VECTORS, Experiment
from mlcl.data.batch import EncodedSplit
from mlcl.errors import MlclError
from mlcl.evaluate.direction import HIGHER_IS_BETTER
from mlcl.evaluate.levels import LevelProbe
from mlcl.files import replace_file, write_json_lines
from mlcl.models.plan import Stage
from mlcl.parallel import rank
from mlcl.recipe import with_vectors
from mlcl.runs.prepare import Prepared
from mlcl.runs.setup import Setup, set_up
from mlcl.train.device import resolve_device
from mlcl.train.follow.progress import TrainProgress
from mlcl.train.loop import Selection, fit
from mlcl.train.state import TrainState

Score = Callable[[nn.Module], dict[str, float | None]]


def fit_model(
    setup: Setup,
    stages_folder: Path,
    *,
    checkpoint: Path | None,
    keep: Callable[[], None],
    progress: TrainProgress,
    on_epoch: Callable[[TrainState], None],
) -> TrainState:
    """Train the model's stages, then the model.

    Args:
        setup: Model and encoded data.
        stages_folder: Where the stages keep what they learn.
        checkpoint: Checkpoint of the model's own training; None for one that nobody will go on with.
        keep: Called when the model is the best so far on dev.
        progress: Shows it.
        on_epoch: Called after every epoch of the model; what it raises ends the training.

    Raises:
        Interrupted: After SIGINT or SIGTERM.
        MlclError: If the loss or a prediction is not finite.
    """
    experiment, model, metric = setup.experiment, setup.model, setup.metric
    stages, probe = model.stages(experiment.train), LevelProbe(model)

    def score_and_look() -> dict[str, float | None]:
        with probe:
            return setup.score_dev(model)

    train_stages(
        stages,
        setup.encoded["train"],
        setup.score_dev,
        metric,
        stages_folder,
        seed=experiment.seed,
        device=setup.device,
        progress=progress,
    )
    if stages:
        progress.announce("the model")
    return fit(
        model,
        setup.encoded["train"],
        experiment.train,
        Selection(score_and_look, metric, metric in HIGHER_IS_BETTER, keep, probe.geometry),
        seed=experiment.seed,
        device=setup.device,
        checkpoint=checkpoint,
        reporter=progress,
        on_epoch=on_epoch,
    )


def train_stages(
    stages: tuple[Stage, ...],
    train: EncodedSplit,
    score_dev: Score,
    metric: str,
    folder: Path,
    *,
    seed: int,
    device: torch.device,
    progress: TrainProgress,
) -> None:
    """Train the stages one after the other and leave each at its best epoch on dev.

    A stage that was finished, or interrupted, before is taken from its folder. Under ``torchrun`` the selected weights
    are read by the first process; the others get them when the model's own training starts.

    Args:
        stages: What to train; stages without any real row in `train` are left out.
        train: The train split.
        score_dev: Dev metrics of a model.
        metric: Which of them decides.
        folder: Each stage gets a folder of its name in it.
        seed: Of the order of items and of dropout.
        device: Where to train.
        progress: Shows it.
    """
    for stage in stages:
        if not train.rows[stage.name].real.any():
            continue
        progress.announce(f"{stage.name} alone")
        model, place = stage.model.to(device), folder / stage.name
        best = place / "model.safetensors"
        fit(
            model,
            train,
            stage.settings,
            Selection(partial(score_dev, model), metric, metric in HIGHER_IS_BETTER, partial(_keep, model, best)),
            seed=seed,
            device=device,
            checkpoint=place / "checkpoint.pt",
            reporter=progress,
            on_epoch=partial(_record, place / "history.jsonl"),
        )
        if rank() == 0:
            model.load_state_dict(load_file(best, device=str(device)))


def _keep(model: nn.Module, file: Path) -> None:
    with replace_file(file) as temporary:
        save_file(model.state_dict(), temporary)


def _record(file: Path, now: TrainState) -> None:
    if rank() == 0:
        write_json_lines(file, now.history)


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
    if prepared.experiment.text_encoder == VECTORS != experiment.text_encoder:
        experiment = with_vectors(experiment)
    setup = set_up(replace(prepared, experiment=experiment), resolve_device(experiment.device))
    metric = setup.metric
    with TrainProgress(metric, quiet=True) as progress, tempfile.TemporaryDirectory(prefix="mlcl-trial-") as scratch:
        state = fit_model(
            setup,
            Path(scratch),
            checkpoint=None,
            keep=lambda: None,
            progress=progress,
            on_epoch=lambda now: on_epoch(now.epoch, now.history[-1]["dev"][metric]),
        )
    value = None if state.best_epoch is None else state.history[state.best_epoch - 1]["dev"][metric]
    if value is None or state.best_epoch is None:
        raise MlclError(f"dev {metric} is undefined in every epoch; choose another train.select_on")
    return DevScore(float(value), state.best_epoch, len(state.history))
