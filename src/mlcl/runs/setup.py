"""Model and encoded data of an experiment, side by side on its device: what every training starts from."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mlcl.config import Experiment
from mlcl.data.batch import EncodedSplit
from mlcl.data.processor import Processor
from mlcl.data.target import Target
from mlcl.errors import MlclError, UsageError, nearest
from mlcl.evaluate.direction import DEFAULT_SELECTION
from mlcl.evaluate.evaluator import Predictions, predict_split, selection_names
from mlcl.execution import set_execution
from mlcl.models.base import MultimodalModel
from mlcl.models.registry import build_model
from mlcl.runs.checks import check_rows_under_tokens, note_lonely_batches
from mlcl.runs.prepare import Prepared
from mlcl.seeding import seed_everything


@dataclass(frozen=True, eq=False)
class Setup:
    """A model that is ready to be trained.

    Attributes:
        processor: How items became tensors.
        model: With its weights before the first step.
        encoded: Splits by name; ``test`` is not among them.
        metric: Dev metric that chooses the epoch.
    """

    experiment: Experiment
    processor: Processor
    device: torch.device
    model: MultimodalModel
    encoded: dict[str, EncodedSplit]
    metric: str

    def predict(self, split: EncodedSplit, model: nn.Module) -> Predictions:
        """What a model says about a split."""
        settings = self.experiment.train
        return predict_split(
            model,
            split,
            self.processor.target,
            device=self.device,
            batch_size=settings.eval_batch_size,
            precision=settings.precision,
        )

    def score_dev(self, model: nn.Module) -> dict[str, float | None]:
        """Every dev metric of a model, `metric` among them; raises an MlclError if the model predicts nan."""
        dev = self.predict(self.encoded["dev"], model)
        if not np.isfinite(dev.score).all():
            raise MlclError("the model predicts nan; lower train.learning_rate, set train.clip_norm=1")
        return {**dev.metrics(), self.metric: dev.metric(self.metric, self.experiment.train.eval_batch_size)}


def set_up(prepared: Prepared, device: torch.device) -> Setup:
    """Seed everything, build the model and open every split but test.

    Raises:
        UsageError: If options do not fit one another or the task.
        EncoderError: If the text encoder cannot be loaded.
    """
    experiment, processor = prepared.experiment, prepared.processor
    metric = _selection_metric(experiment, processor.target)
    note_lonely_batches(experiment)
    seed_everything(experiment.seed)
    model = build_model(
        experiment, processor.target, widths=processor.widths, vocabulary_size=prepared.tokenizer.vocabulary_size
    )
    model.to(device)
    set_execution(model, experiment.execution)
    encoded = {name: open_split() for name, open_split in prepared.openers.items() if name != "test"}
    if model.rows_under_tokens:
        check_rows_under_tokens(encoded["train"])
    return Setup(experiment, processor, device, model, encoded, metric)


def _selection_metric(experiment: Experiment, target: Target) -> str:
    name = experiment.train.select_on or DEFAULT_SELECTION[target.task]
    allowed = selection_names(target)
    if name not in allowed:
        raise UsageError(f"train.select_on = {name!r} is no {target.task} metric; {nearest(name, allowed)}")
    return name
