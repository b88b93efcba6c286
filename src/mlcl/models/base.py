"""What training, evaluation and run folders expect of every model."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers import initialization as init
from transformers.utils import ModelOutput

from mlcl.config import TrainConfig
from mlcl.data.batch import Batch
from mlcl.encode.build import read_encoder_config, read_encoder_weights
from mlcl.encode.pretrained import naming
from mlcl.encode.text import TextBackbone
from mlcl.models.configuration import ModelConfig
from mlcl.models.plan import Stage, Update, two_rates
from mlcl.models.task import task_loss


@dataclass
class MultimodalOutput(ModelOutput):
    """Result of a forward pass.

    Attributes:
        loss: Scalar, the weighted sum of `terms`; None without labels.
        logits: (batch, outputs): the score itself for regression, class logits for classification.
        embedding: (batch, width): the fused representation.
        terms: The parts of the loss by name, unweighted; None without labels, unless the call asks for those that need
            none (``output_terms=True``).
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    embedding: Tensor | None = None
    terms: dict[str, Tensor] | None = None


def supervised(
    logits: Tensor, embedding: Tensor, labels: Tensor | None, *, regression: Literal["l1", "mse"] = "l1"
) -> MultimodalOutput:
    """The output of a model whose loss is the task's alone."""
    if labels is None:
        return MultimodalOutput(logits=logits, embedding=embedding)
    loss = task_loss(logits, labels, regression=regression)
    return MultimodalOutput(loss, logits, embedding, {"task": loss})


def forward_pass(forward: Callable[..., MultimodalOutput]) -> Callable[..., Any]:
    """What transformers expects of every forward pass, around one that knows nothing of it.

    `return_dict`, else the configuration's, says whether the output comes as a tuple. Rows in another precision are
    converted to that of the weights. `output_terms` reaches models that have terms without labels alone.
    """

    @wraps(forward)
    def called(self: Any, *arguments: Any, return_dict: bool | None = None, **named: Any) -> Any:
        def fit(value: Any) -> Any:
            return value.to(self.dtype) if isinstance(value, Tensor) and value.is_floating_point() else value

        if not self.terms_without_labels:
            named.pop("output_terms", None)
        output = forward(self, *map(fit, arguments), **{name: fit(value) for name, value in named.items()})
        as_tuple = not (self.config.return_dict if return_dict is None else return_dict)
        return output.to_tuple() if as_tuple else output

    return called


class MultimodalModel(PreTrainedModel):
    """A model over text, acoustic and visual sequences.

    A subclass keeps its pretrained text encoder as ``text.encoder``, takes fields of a `mlcl.data.batch.Batch` by name
    and returns a `MultimodalOutput`. It never touches an optimiser: `updates` says what it needs.
    """

    supports_gradient_checkpointing = True
    _supports_sdpa = _supports_flash_attn = _supports_flex_attn = _supports_attention_backend = True
    text: TextBackbone
    rows_under_tokens = False
    """Whether the model needs its feature rows on the clock of the tokens."""
    terms_without_labels = False
    """Whether some terms of the loss need no labels; ``output_terms=True`` then asks for these."""

    def __init__(self, config: ModelConfig) -> None:
        config.check()
        config.check_problem()
        super().__init__(config)

    @property
    def reads_cls(self) -> str | None:
        """The option by which the state at [CLS] stands for the whole text; None where another readout is chosen."""
        names = ("text_pooling", "pooling", "readout")
        return next((name for name in names if getattr(self.config, name, None) in ("cls", "pooler")), None)

    def get_input_embeddings(self) -> nn.Module:
        """The text encoder's."""
        return self.get_submodule("text.encoder").get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the text encoder's."""
        self.get_submodule("text.encoder").set_input_embeddings(value)

    def updates(self, settings: TrainConfig) -> tuple[Update, ...]:
        """The optimisers that a training step needs, in the order in which they step."""
        return (Update(two_rates(self, settings)),)

    def stages(self, settings: TrainConfig) -> tuple[Stage, ...]:  # noqa: ARG002 (for models that have any)
        """What is trained before the model itself, in order; each starts from what the ones before it left."""
        return ()

    @classmethod
    def from_pretrained(cls, *arguments: Any, trust_remote_code: bool = False, **options: Any) -> Any:  # noqa: ARG003
        """Load what `save_pretrained` wrote: a folder or a hub name; code that comes with it is never run.

        Raises:
            ValueError: If it holds another model.
        """
        if arguments and "config" not in options:
            held = PreTrainedConfig.get_config_dict(arguments[0], **options)[0].get("model_type")
            if held != cls.config_class.model_type:
                raise ValueError(
                    f"{arguments[0]} holds a model of type {held!r}, and {cls.__name__} is of type "
                    f"{cls.config_class.model_type!r}; mlcl.models has the classes, and "
                    "mlcl.runs.trained.TrainedRun.load takes any run folder"
                )
        return super().from_pretrained(*arguments, trust_remote_code=False, **options)

    @classmethod
    def from_text_encoder(cls, name: str, **options: Any) -> Self:
        """Build a model around a pretrained text encoder (folder or hub name); `options` are its config's fields.

        Raises:
            EncoderError: If it cannot be read, or cannot serve.
        """
        config = read_encoder_config(name)
        with naming(name):
            model = cls(cls.config_class(text_config=config, **options))
        model.adopt(read_encoder_weights(model.text.encoder, name))
        with naming(name):
            model.text.measured()
        return model

    def adopt(self, pretrained: dict[str, Tensor]) -> None:
        """Take pretrained weights that have no place in the encoder; most models have no use for any."""

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """The start of MLCL, MIB and MCL: Linear N(0, 0.02); convolutions and packed attention as torch has them."""
        if isinstance(module, nn.Linear):
            init.normal_(module.weight, mean=0.0, std=0.02)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, nn.Conv1d | nn.LayerNorm):
            module.reset_parameters()
        elif isinstance(module, nn.MultiheadAttention):
            module._reset_parameters()


def predict(model: nn.Module, batch: Batch) -> Tensor:
    """(batch, outputs) logits, whether or not the batch has labels."""
    logits = apply(model, batch, labels=False).logits
    if logits is None:
        raise TypeError(f"{type(model).__name__} gives no logits")
    return logits


def apply(model: nn.Module, batch: Batch, *, labels: bool = True) -> MultimodalOutput:
    """Call a model with those fields of the batch that it takes."""
    inner = getattr(model, "module", model)  # what data-parallel training wraps
    taken = inspect.signature(inner.forward).parameters
    output: MultimodalOutput = model(**{k: v for k, v in batch.inputs(labels=labels).items() if k in taken})
    return output
