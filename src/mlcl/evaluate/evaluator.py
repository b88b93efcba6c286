"""Apply a model to a split, in the items' order, and score it."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mlcl.data.batch import EncodedSplit
from mlcl.data.target import Target
from mlcl.evaluate.calibration import calibrated_cross_entropy
from mlcl.evaluate.metrics import all_metrics, metric_functions
from mlcl.models.base import predict
from mlcl.parallel import alone


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says about each item of a split, in the split's order.

    Attributes:
        ids: Identifiers.
        target: What is predicted.
        score: (items,) predicted score for regression, (items, classes) probabilities for classification; nan where a
            file of version 0.1.0 does not say.
        labels: (items,) true labels, nan where an item has none, or None.
    """

    ids: list[str]
    target: Target
    score: NDArray[np.float64]
    labels: NDArray[np.float64] | None

    @property
    def num_labelled(self) -> int:
        """How many items have a label."""
        return 0 if self.labels is None else int((~np.isnan(self.labels)).sum())

    def metrics(self) -> dict[str, float | None]:
        """Every metric of the target, over the items that have a label; needs labels."""
        if self.labels is None:
            raise ValueError("metrics need labels")
        known = ~np.isnan(self.labels)
        return all_metrics(self.target, self.score[known], self.labels[known])

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


def selection_names(target: Target) -> list[str]:
    """Names that `Predictions.metric` knows for a target."""
    if target.task == "regression":
        return [*metric_functions(target), "mse_of_batches"]
    return [*metric_functions(target), "calibrated_cross_entropy", "cross_entropy_of_batches"]


def predict_split(
    model: nn.Module,
    split: EncodedSplit,
    target: Target,
    *,
    device: torch.device,
    batch_size: int = 128,
    precision: str = "fp32",
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
    score[order] = (joined if target.task == "regression" else joined.softmax(dim=1)).numpy()
    return Predictions(split.ids, target, score[:, 0] if target.task == "regression" else score, split.labels)


def constant_predictions(train: NDArray[np.float64], split: Predictions) -> Predictions:
    """The predictor that ignores its input: the train labels' median, or their class frequencies."""
    if split.target.task == "regression":
        return replace(split, score=np.full(len(split.ids), np.median(train)))
    share = np.bincount(train.astype(np.int64), minlength=split.target.num_classes) / len(train)
    return replace(split, score=np.tile(share, (len(split.ids), 1)))
