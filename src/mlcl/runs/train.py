"""Train an experiment into a run folder, and go on with one that was interrupted."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from mlcl.config import Experiment
from mlcl.data.processor import Processor
from mlcl.errors import Interrupted, MlclError, RunError, UsageError, lacks_room, nearest
from mlcl.evaluate.evaluator import (
    DEFAULT_SELECTION,
    HIGHER_IS_BETTER,
    Predictions,
    constant_predictions,
    predict_split,
    selection_names,
)
from mlcl.execution import set_execution
from mlcl.models.registry import build_model, load_model
from mlcl.parallel import rank
from mlcl.report.files import write_json, write_json_lines, write_text
from mlcl.report.progress import TrainProgress
from mlcl.report.run_card import run_card
from mlcl.report.table import Scores
from mlcl.runs.checks import check_rows_under_tokens, check_same_inputs
from mlcl.runs.export import export_model, save_predictions, save_processor
from mlcl.runs.facts import collect_facts
from mlcl.runs.folder import RunFolder
from mlcl.runs.prepare import prepare
from mlcl.runs.source import best_reachable
from mlcl.runs.stages import train_stages
from mlcl.seeding import seed_everything
from mlcl.train.device import resolve_device
from mlcl.train.loop import Selection, fit
from mlcl.train.state import TrainState


def train_run(
    experiment: Experiment,
    make_folder: Callable[[], RunFolder],
    *,
    quiet: bool = False,
) -> tuple[RunFolder, dict[str, Scores]]:
    """Train, select on dev, read test once, and write the run folder.

    Everything that can be wrong with data, encoder and options is found before `make_folder` makes the folder.

    Args:
        experiment: What to train.
        make_folder: Makes the new folder, or opens the one to go on with.
        quiet: Show no progress.

    Returns:
        The folder, and the columns of its result table.
    """
    folder: list[RunFolder] = []

    def remember() -> RunFolder:
        folder.append(make_folder())
        return folder[-1]

    try:
        return _train_run(experiment, remember, quiet=quiet)
    except Exception as error:
        reason = lacks_room(error)
        if reason is None or not folder:
            raise
        path = folder[0].path
        raise RunError(f"{path}: {reason.lower()}; make room and go on with mlcl train --resume {path}") from error


def _train_run(
    experiment: Experiment, make_folder: Callable[[], RunFolder], *, quiet: bool
) -> tuple[RunFolder, dict[str, Scores]]:
    device = resolve_device(experiment.device)
    prepared = prepare(experiment)
    experiment = prepared.experiment
    processor, tokenizer = prepared.processor, prepared.tokenizer
    metric = _selection_metric(experiment, processor)
    seed_everything(experiment.seed)
    model = build_model(
        experiment,
        task=processor.task,
        widths=processor.widths,
        vocabulary_size=tokenizer.vocabulary_size,
        num_classes=processor.num_classes,
        classes=processor.classes,
    )
    facts = collect_facts(experiment, prepared.facts, model, device)
    model.to(device)
    set_execution(model, experiment.execution)
    encoded = {name: open_split() for name, open_split in prepared.openers.items() if name != "test"}
    if model.rows_under_tokens:
        check_rows_under_tokens(encoded["train"])
    settings = experiment.train

    def predict(split: str, with_model: nn.Module) -> Predictions:
        return predict_split(
            with_model,
            encoded[split],
            processor.task,
            device=device,
            batch_size=settings.eval_batch_size,
            precision=settings.precision,
            classes=processor.classes,
            label_range=processor.label_range,
        )

    def score_dev(with_model: nn.Module) -> dict[str, float | None]:
        dev = predict("dev", with_model)
        if not np.isfinite(dev.score).all():
            raise MlclError("the model predicts nan; lower train.learning_rate, set train.clip_norm=1")
        return {**dev.metrics(), metric: dev.metric(metric, settings.eval_batch_size)}

    folder = make_folder()
    if rank() == 0:
        check_same_inputs(folder.read_facts(), facts, experiment)
        folder.write_config(experiment)
        if not folder.facts.exists():
            write_json(folder.facts, facts)
        save_processor(folder, processor, tokenizer)
    try:
        with TrainProgress(metric, quiet=quiet or rank() != 0) as progress:
            stages = model.stages(settings)
            train_stages(
                stages,
                encoded["train"],
                score_dev,
                metric,
                folder.stages,
                seed=experiment.seed,
                device=device,
                progress=progress,
            )
            if stages:
                progress.announce("the model")
            state = fit(
                model,
                encoded["train"],
                settings,
                Selection(
                    lambda: score_dev(model), metric, metric in HIGHER_IS_BETTER, lambda: export_model(folder, model)
                ),
                seed=experiment.seed,
                device=device,
                checkpoint=folder.checkpoint,
                reporter=progress,
                on_epoch=lambda now: write_json_lines(folder.history, now.history) if rank() == 0 else None,
            )
    except Interrupted as stop:
        raise Interrupted(f"{stop}; go on with mlcl train --resume {folder.path}") from stop
    if rank() != 0:
        return folder, {}
    if "test" in prepared.openers:
        encoded["test"] = prepared.openers["test"]()
    selected = load_model(str(folder.model)).to(device)
    set_execution(selected, experiment.execution)
    results = {
        name: predict(name, selected) for name in encoded if name != "train" and encoded[name].labels is not None
    }
    return folder, _finish(folder, experiment, facts, state, metric, results, encoded["train"].labels)


def _finish(
    folder: RunFolder,
    experiment: Experiment,
    facts: dict[str, Any],
    state: TrainState,
    metric: str,
    results: dict[str, Predictions],
    labels: NDArray[np.float64] | None,
) -> dict[str, Scores]:
    """Write metrics, predictions, facts and card; metrics come last and mark the run as complete."""
    metrics = {name: predictions.metrics() for name, predictions in results.items()}
    last = list(results)[-1]
    columns: dict[str, Scores] = dict(metrics)
    if labels is not None:
        columns[f"constant, {last}"] = constant_predictions(labels, results[last]).metrics()
    best = best_reachable(experiment.data)
    if best is not None:
        columns["best reachable"] = best
    facts = {
        **facts,
        "selection": {"metric": metric, "epoch": state.best_epoch, "epochs": len(state.history)},
        "seconds": sum(record["seconds"] for record in state.history),
    }
    for name, predictions in results.items():
        save_predictions(folder.predictions / f"{name}.csv", {name: predictions})
    write_json(folder.facts, facts)
    write_text(folder.card, run_card(experiment, facts, columns))
    write_json(folder.metrics, metrics)
    return columns


def _selection_metric(experiment: Experiment, processor: Processor) -> str:
    name = experiment.train.select_on or DEFAULT_SELECTION[processor.task]
    allowed = selection_names(processor.task, num_classes=processor.num_classes, label_range=processor.label_range)
    if name not in allowed:
        raise UsageError(f"train.select_on = {name!r} is no {processor.task} metric; {nearest(name, allowed)}")
    return name
