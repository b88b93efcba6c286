"""Train an experiment into a run folder, and go on with one that was interrupted."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.config import Experiment
from mlcl.data.source import best_reachable
from mlcl.errors import Interrupted, RunError, lacks_room
from mlcl.evaluate.evaluator import Predictions, constant_predictions
from mlcl.evaluate.intervals import main_intervals
from mlcl.execution import set_execution
from mlcl.files import write_json, write_json_lines, write_text
from mlcl.models.registry import load_model
from mlcl.parallel import rank
from mlcl.runs.card import model_card, run_card
from mlcl.runs.checks import check_finite, check_same_inputs
from mlcl.runs.export import export_model, save_predictions, save_processor
from mlcl.runs.facts import collect_facts, peak_memory, public_config
from mlcl.runs.folder import RunFolder
from mlcl.runs.prepare import prepare
from mlcl.runs.setup import set_up
from mlcl.runs.stages import fit_model
from mlcl.score_table import Scores
from mlcl.train.device import resolve_device
from mlcl.train.follow.progress import TrainProgress
from mlcl.train.follow.trackers import check_tracker
from mlcl.train.follow.tracking import Tracking
from mlcl.train.state import TrainState


def train_run(
    experiment: Experiment, make_folder: Callable[[], RunFolder], *, quiet: bool = False
) -> tuple[RunFolder, dict[str, Scores]]:
    """Train, select on dev, read test once, and write the run folder.

    Everything that can be wrong with data, encoder and options is found before `make_folder` makes the folder.

    Returns:
        The folder, and the columns of its result table.
    """
    folder: list[RunFolder] = []

    def remember() -> RunFolder:
        folder.append(make_folder())
        return folder[-1]

    try:
        with ExitStack() as closing:
            return _train_run(experiment, remember, closing, quiet=quiet)
    except (KeyboardInterrupt, Exception) as error:
        if not folder:
            raise
        path, reason = folder[0].path, lacks_room(error)
        if isinstance(error, KeyboardInterrupt | Interrupted):
            raise Interrupted(str(error) or "stopped", ["mlcl", "train", "--resume", str(path)]) from error
        if reason is None:
            raise
        raise RunError(f"{path}: {reason.lower()}; make room and go on with mlcl train --resume {path}") from error


def _train_run(
    experiment: Experiment, make_folder: Callable[[], RunFolder], closing: ExitStack, *, quiet: bool
) -> tuple[RunFolder, dict[str, Scores]]:
    device = resolve_device(experiment.device)
    check_tracker(experiment.tracking)
    prepared = prepare(experiment)
    experiment = prepared.experiment
    setup = set_up(prepared, device)
    model, metric, encoded = setup.model, setup.metric, setup.encoded
    facts = collect_facts(experiment, prepared.facts, model, device)
    folder = make_folder()
    if rank() == 0:
        closing.enter_context(folder.alone())
        check_same_inputs(folder.read_facts(), facts, experiment)
        folder.write_config(experiment)
        if not folder.facts.exists():
            folder.write_facts(facts)
        save_processor(folder, prepared.processor, prepared.tokenizer)
    tracking = closing.enter_context(Tracking(experiment, folder.tracking))
    tracking.start(public_config(experiment), facts)

    def on_epoch(now: TrainState) -> None:
        if rank() == 0:
            write_json_lines(folder.history, now.history)
            tracking.epochs(now.history)

    with TrainProgress(metric, quiet=quiet or rank() != 0) as progress:
        state = fit_model(
            setup,
            folder.stages,
            checkpoint=folder.checkpoint,
            keep=lambda: export_model(folder, model, prepared.processor.features),
            progress=progress,
            on_epoch=on_epoch,
        )
    if rank() != 0:
        return folder, {}
    if "test" in prepared.openers:
        encoded["test"] = prepared.openers["test"]()
    selected = load_model(str(folder.model)).to(device)
    set_execution(selected, experiment.execution)
    results = {
        name: check_finite(setup.predict(split, selected), name, experiment.data.file)
        for name, split in encoded.items()
        if name != "train" and split.labels is not None
    }
    facts = {**facts, "peak_memory_bytes": peak_memory(device)}
    columns = _finish(folder, experiment, facts, state, metric, results, encoded["train"].labels)
    tracking.finish({name: columns[name] for name in results})
    return folder, columns


def _finish(
    folder: RunFolder,
    experiment: Experiment,
    facts: dict[str, Any],
    state: TrainState,
    metric: str,
    results: dict[str, Predictions],
    labels: NDArray[np.float64] | None,
) -> dict[str, Scores]:
    """Write metrics, predictions, facts and cards; metrics come last and mark the run as complete."""
    metrics = {name: predictions.metrics() for name, predictions in results.items()}
    before = folder.read_facts().get("selection") if folder.complete else None
    reads = before.get("reads", [before["epochs"]]) if before else []
    if len(state.history) not in reads:
        reads = [*reads, len(state.history)]
    last = list(results)[-1]
    columns: dict[str, Scores] = dict(metrics)
    if labels is not None:
        constant = constant_predictions(labels, results[last])
        columns[f"constant, {last}"] = constant.metrics()
        facts = {**facts, "constant": np.atleast_1d(constant.score[0]).tolist()}
    best = best_reachable(experiment.data)
    if best is not None:
        columns["best reachable"] = best
    facts = {
        **facts,
        "selection": {"metric": metric, "epoch": state.best_epoch, "epochs": len(state.history), "reads": reads},
        "seconds": sum(record["seconds"] for record in state.history),
    }
    bounds = {name: (found.low, found.high) for name, found in main_intervals(results[last]).items()}
    intervals = {last: bounds} if bounds else {}
    tables = {folder.predictions / f"{name}.csv": {name: found} for name, found in results.items()}
    folder.digests.open([*tables, folder.metrics])
    for path, table in tables.items():
        save_predictions(path, table)
    folder.write_facts({**facts, "intervals": intervals})
    write_text(folder.card, run_card(experiment, facts, columns, intervals))
    write_text(folder.model_card, model_card(experiment, facts, columns, intervals))
    folder.digests.seal(tables)
    write_json(folder.metrics, metrics)
    folder.digests.seal([folder.metrics])
    return columns
