"""What a model trains before itself: each stage with its own checkpoint, history and selected weights."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from mlcl.data.batch import EncodedSplit
from mlcl.evaluate.direction import HIGHER_IS_BETTER
from mlcl.models.plan import Stage
from mlcl.parallel import rank
from mlcl.report.files import write_json_lines
from mlcl.report.progress import TrainProgress
from mlcl.train.loop import Selection, fit

Score = Callable[[nn.Module], dict[str, float | None]]


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
        if train.rows[stage.name].real.any():
            progress.announce(f"{stage.name} alone")
            _train_stage(stage, train, score_dev, metric, folder / stage.name, seed, device, progress)


def _train_stage(
    stage: Stage,
    train: EncodedSplit,
    score_dev: Score,
    metric: str,
    folder: Path,
    seed: int,
    device: torch.device,
    progress: TrainProgress,
) -> None:
    model, best = stage.model.to(device), folder / "model.safetensors"

    def keep() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / ".model.tmp"
        try:
            save_file(model.state_dict(), temporary)
            temporary.replace(best)
        finally:
            temporary.unlink(missing_ok=True)

    fit(
        model,
        train,
        stage.settings,
        Selection(lambda: score_dev(model), metric, metric in HIGHER_IS_BETTER, keep),
        seed=seed,
        device=device,
        checkpoint=folder / "checkpoint.pt",
        reporter=progress,
        on_epoch=lambda now: write_json_lines(folder / "history.jsonl", now.history) if rank() == 0 else None,
    )
    if rank() == 0:
        model.load_state_dict(load_file(best, device=str(device)))
