"""What training, evaluation and run folders expect of every model."""

import inspect
from typing import Any, Self

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers import initialization as init

from mlcl.config import TrainConfig
from mlcl.data.batch import Batch
from mlcl.encode.build import read_encoder_config, read_encoder_weights
from mlcl.encode.pretrained import naming
from mlcl.encode.text import TextBackbone
from mlcl.models.output import MultimodalOutput
from mlcl.models.plan import Stage, Update, two_rates


class MultimodalModel(PreTrainedModel):
    """A model over text, acoustic and visual sequences.

    A subclass keeps its pretrained text encoder as ``text.encoder``, takes fields of a `mlcl.data.batch.Batch` by name
    and returns a `MultimodalOutput`. It never touches an optimiser: `updates` says what it needs.
    """

    text: TextBackbone
    rows_under_tokens = False
    """Whether the model needs its feature rows on the clock of the tokens."""

    @property
    def reads_cls(self) -> str | None:
        """The option by which the state at [CLS] stands for the whole text; None where another readout is chosen."""
        names = ("text_pooling", "pooling", "readout")
        return next((name for name in names if getattr(self.config, name, None) in ("cls", "pooler")), None)

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
                    "mlcl.predict.trained.TrainedRun.load takes any run folder"
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
