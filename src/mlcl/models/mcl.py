"""MCL, multimodal correlation learning: beside the task, the encoders learn which vectors belong to alike items."""

import torch
from jaxtyping import Int
from torch import Tensor, nn

from mlcl.config import TrainConfig
from mlcl.contrast import CorrelationContrast
from mlcl.modality import MODALITIES
from mlcl.models.base import MultimodalOutput
from mlcl.models.configuration import MultimodalConfig
from mlcl.models.encoders import EncodersModel, blank
from mlcl.models.inputs import Inputs
from mlcl.models.plan import Group, Update, split_by_decay
from mlcl.models.task import task_loss
from mlcl.options import MCLOptions


class MCLConfig(MultimodalConfig, options=MCLOptions):
    """Configuration of `MCLModel`."""

    model_type = "mlcl_mcl"


class MCLModel(EncodersModel):
    """Three encoders, a linear head on their vectors, and a linear predictor of correlation on vectors of any items.

    Two losses, each with an optimiser state of its own: the correlation loss moves encoders and predictor, the task's
    moves encoders and head. Both gradients are taken at the same weights; the release takes the second after the first
    step, which current torch refuses to do with the activations of before.

    Source:
        Mai, Sun, Zeng and Hu, Excavating multimodal correlation for representation learning, Information Fusion 91,
        2023. The release's second, bi-modal predictor, which no loss reads, is not built.
    """

    config_class = MCLConfig
    base_model_prefix = "mcl"

    def __init__(self, config: MCLConfig) -> None:
        super().__init__(config)
        self.head = nn.Linear(3 * config.d_model, config.num_labels)
        self.correlation = CorrelationContrast(
            config.d_model,
            ratio=config.negatives,
            offset=config.distance_offset,
            scale=config.distance_scale,
            supervised=config.supervised,
            nominal=config.num_labels > 1,
        )
        self.post_init()

    def updates(self, settings: TrainConfig) -> tuple[Update, ...]:
        """The correlation loss first, then the task; the correlation's update leaves weight decay to the task's."""
        trainable = [(name, p) for name, p in self.named_parameters() if p.requires_grad]
        pretrained = [p for name, p in trainable if name.startswith("text.encoder.")]
        encoders = [p for n, p in trainable if n.startswith(MODALITIES) and not n.startswith("text.encoder.")]
        head, predictor = list(self.head.parameters()), list(self.correlation.parameters())
        rate = self.config.correlation_learning_rate
        slow = self.config.correlation_encoder_learning_rate if settings.encoder_learning_rate else 0.0
        correlation = (
            Group(tuple(pretrained), slow, decayed=False),
            Group(tuple(encoders), rate, decayed=False),
            *split_by_decay(predictor, rate * self.config.predictor_rate),
        )
        task = (
            *split_by_decay(pretrained, settings.encoder_learning_rate),
            *split_by_decay(encoders + head, settings.learning_rate),
        )
        if not any(group.learning_rate for group in correlation):
            return (Update(task, "task"),)
        return (Update(correlation, "correlation"), Update(task, "task"))

    def answer(
        self, given: Inputs, labels: Tensor | None, triplets: Int[Tensor, "triplets 3"] | None = None
    ) -> MultimodalOutput:
        """Predict, and with `labels` compute the loss.

        `triplets` are the negatives of the correlation loss: whose text, acoustic and visual vector. Without them
        torch's generator draws them, in training only: the loss in evaluation mode is the task's.
        """
        encoded, present = self.encode(given)
        heard = self.heard(present)

        vectors = {m: encoded[m].pooled for m in MODALITIES}
        embedding = torch.cat([blank(vectors[m], heard, m) for m in MODALITIES], dim=1)
        logits = self.head(embedding)
        if labels is None:
            return MultimodalOutput(logits=logits, embedding=embedding)
        terms = {"task": task_loss(logits, labels)}
        if self.training or triplets is not None:
            scores = labels.reshape(len(logits)).to(logits.dtype)
            terms["correlation"] = self.correlation(vectors, scores, present, triplets)
        return MultimodalOutput(torch.stack(list(terms.values())).sum(), logits, embedding, terms)
