"""Apply a model to a split, in the items' order, and score it."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mlcl.data.batch import EncodedSplit
from mlcl.data.corpus import Task
from mlcl.evaluate.calibration import calibrated_cross_entropy
from mlcl.evaluate.classification import classification_metrics
from mlcl.evaluate.regression import regression_metrics
from mlcl.models.base import predict
from mlcl.parallel import alone


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says about each item of a split, in the split's order.

    Attributes:
        ids: Identifiers.
        task: Kind of label.
        score: (items,) predicted score for regression, (items, classes) probabilities for classification.
        labels: (items,) true labels, nan where an item has none, or None.
        classes: Names of the classes, where they have any.
        label_range: Least and greatest possible score of a regression.
    """

    ids: list[str]
    task: Task
    score: NDArray[np.float64]
    labels: NDArray[np.float64] | None
    classes: tuple[str, ...] = ()
    label_range: tuple[float, float] | None = None

    @property
    def num_labelled(self) -> int:
        """How many items have a label."""
        return 0 if self.labels is None else int((~np.isnan(self.labels)).sum())

    def metrics(self) -> dict[str, float | None]:
        """Every metric of the task, over the items that have a label; needs labels."""
        if self.labels is None:
            raise ValueError("metrics need labels")
        known = ~np.isnan(self.labels)
        score, labels = self.score[known], self.labels[known]
        if self.task == "regression":
            return regression_metrics(score, labels, self.label_range)
        return classification_metrics(score, labels.astype(np.int64))

    def metric(self, name: str, batch_size: int) -> float | None:
        """One metric by name.

        ``mse_of_batches`` and ``cross_entropy_of_batches`` are the mean over batches of the batches' means, which
        weighs the items of a last, smaller batch more: what the release selects on. `calibrated_cross_entropy` is a
        number to select on and not to report: its temperature is fitted on the same items.
        """
        if name == "calibrated_cross_entropy" and self.labels is not None:
            known = ~np.isnan(self.labels)
            return calibrated_cross_entropy(self.score[known], self.labels[known].astype(np.int64))
        base = name.removesuffix("_of_batches")
        if base == name:
            return self.metrics()[name]
        batches = [
            self._slice(start, start + batch_size).metrics()[base] for start in range(0, len(self.ids), batch_size)
        ]
        return float(np.mean([value for value in batches if value is not None]))

    def _slice(self, start: int, stop: int) -> "Predictions":
        labels = None if self.labels is None else self.labels[start:stop]
        return replace(self, ids=self.ids[start:stop], score=self.score[start:stop], labels=labels)


def selection_names(task: Task, *, num_classes: int = 2, label_range: tuple[float, float] | None = None) -> list[str]:
    """Names that `Predictions.metric` knows for a kind of label."""
    if task == "regression":
        probe = Predictions(["a", "b"], task, np.array([0.0, 1.0]), np.array([0.0, 1.0]), label_range=label_range)
        return [*probe.metrics(), "mse_of_batches"]
    probe = Predictions(["a", "b"], task, np.eye(num_classes)[:2], np.array([0.0, 1.0]))
    return [*probe.metrics(), "calibrated_cross_entropy", "cross_entropy_of_batches"]


def predict_split(
    model: nn.Module,
    split: EncodedSplit,
    task: Task,
    *,
    device: torch.device,
    batch_size: int = 128,
    precision: str = "fp32",
    classes: tuple[str, ...] = (),
    label_range: tuple[float, float] | None = None,
) -> Predictions:
    """Apply `model` in evaluation mode. Batches hold items of similar length; results come in the split's order."""
    order = np.argsort(np.diff(split.offsets), kind="stable")
    logits: list[torch.Tensor] = []
    was_training = model.training
    model.eval()
    with alone(), torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        for start in range(0, len(order), batch_size):
            batch = split.batch(order[start : start + batch_size]).to(device)
            logits.append(predict(model, batch).float().cpu())
    model.train(was_training)
    score = np.empty((len(split), logits[0].shape[1]), dtype=np.float64)
    joined = torch.cat(logits)
    score[order] = (joined if task == "regression" else joined.softmax(dim=1)).numpy()
    score = score[:, 0] if task == "regression" else score
    return Predictions(split.ids, task, score, split.labels, classes, label_range)


def constant_predictions(train: NDArray[np.float64], split: Predictions) -> Predictions:
    """The predictor that ignores its input: the train labels' median, or their class frequencies."""
    if split.task == "regression":
        return replace(split, score=np.full(len(split.ids), np.median(train)))
    share = np.bincount(train.astype(np.int64), minlength=split.score.shape[1]) / len(train)
    return replace(split, score=np.tile(share, (len(split.ids), 1)))
