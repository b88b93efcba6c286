"""What a text encoder of transformers can take: widths, segments, positions; and whether padding reaches its states.

The first three are read off its configuration and modules. The last is measured, on a few made-up tokens.
"""

import inspect
import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from transformers import BertModel

from mlcl.encode.vectors import VectorsModel
from mlcl.encode.words import word_table
from mlcl.errors import EncoderError, reason

_LENGTHS = (2, 6, 33)  # of the made-up texts: [CLS] [SEP], fewer tokens than most windows, and more than a block
_EQUAL = 1e-5  # of the largest state: what float32 leaves between two ways to compute the same
_OTHER_SENSES = ("vision", "audio", "image", "speech")


@dataclass(frozen=True)
class Architecture:
    """What is known of an encoder before it computes anything.

    Attributes:
        width: Of its states.
        segments: How many segment ids it tells apart; below 2 it gets none.
        positions: The longest text in tokens; None for no limit.
        options: Further arguments of each call.
    """

    width: int
    segments: int
    positions: int | None
    options: dict[str, Any]

    @classmethod
    def of(cls, encoder: Any) -> "Architecture":
        """Read it off an encoder; raises an EncoderError if the encoder reads no tokens, or more than tokens."""
        config, taken = encoder.config, inspect.signature(encoder.forward).parameters
        senses = [name for name in config.sub_configs if any(sense in name for sense in _OTHER_SENSES)]
        if "input_ids" not in taken:
            raise unfit(config, "it reads no tokens")
        if senses:
            raise unfit(config, f"it reads more than text ({', '.join(senses)}); name its text part alone")
        if any(isinstance(module, _BatchNorm) for module in encoder.modules()):
            raise unfit(config, "it normalises over the items of a batch, which so change one another")
        inner = config.get_text_config()
        width = getattr(inner, "word_embed_proj_dim", None) or getattr(inner, "hidden_size", None)
        if not isinstance(width, int):
            raise unfit(config, "its configuration names no hidden_size")
        # XLNet only compares segment ids: 0 and 1 of its texts, 2 of its [CLS], 3 of its padding
        segments = 4 if config.model_type == "xlnet" else getattr(inner, "type_vocab_size", None) or 0
        return cls(
            width=width,
            segments=segments if "token_type_ids" in taken else 0,
            positions=_positions(encoder, inner),
            options={"use_cache": False} if "use_cache" in taken else {},
        )


@dataclass(frozen=True)
class Measured:
    """What the computation of a few tokens tells of an encoder.

    Attributes:
        leaks: Whether padding changes the states of an item's real tokens.
        segments: How many segment ids it tells apart; 0 where an id of 0 is not the same as none (GPT-2's are words).
        causal: Whether the first token sees no other.
    """

    leaks: bool
    segments: int
    causal: bool = False


def unfit(config: Any, reason: str) -> EncoderError:
    """The error that says why an encoder cannot serve."""
    return EncoderError(f"a text encoder of type {config.model_type!r} cannot be used: {reason}")


def _positions(encoder: Any, config: Any) -> int | None:
    """Rows of the table of positions, less those in front of the first token's: RoBERTa counts from its padding on."""
    limit = getattr(config, "max_position_embeddings", None)
    if not isinstance(limit, int) or limit < 1:  # XLNet says -1
        return None
    words = word_table(encoder)
    for table in encoder.modules():
        padding, weight = getattr(table, "padding_idx", None), getattr(table, "weight", None)
        if table is not words and isinstance(padding, int) and isinstance(weight, Tensor) and len(weight) == limit:
            return limit - padding - 1
    return limit


def measure(encoder: Any, architecture: Architecture) -> Measured:
    """Compute a few made-up texts alone, in company of their own length, and padded with other tokens behind.

    Nothing random is drawn, and no state of the encoder changes.

    Raises:
        EncoderError: If the encoder cannot compute them, or gives an item another value in any company.
    """
    if isinstance(encoder, VectorsModel) or (type(encoder) is BertModel and not encoder.config.is_decoder):
        return Measured(leaks=False, segments=architecture.segments)
    config, device = encoder.config, encoder.device
    lengths = [length for length in _LENGTHS if architecture.positions is None or length <= architecture.positions]
    texts = _made_up(len(lengths), max(lengths), getattr(config.get_text_config(), "vocab_size", 2)).to(device)
    real = (torch.arange(texts.shape[1]) < torch.tensor(lengths)[:, None]).long().to(device)
    every = torch.ones_like(texts)

    def states(ids: Tensor, mask: Tensor, **more: Tensor) -> Tensor:
        return call(encoder, architecture, {"input_ids": ids, "attention_mask": mask, **more})

    with undisturbed(encoder):
        try:
            alone = [states(texts[[i], :n], every[[i], :n]) for i, n in enumerate(lengths)]
            again = states(texts[-1:], every[-1:])
            together = states(texts, every)
            typed = again
            if architecture.segments:
                typed = states(texts[-1:], every[-1:], token_type_ids=torch.zeros_like(texts[-1:]))
        except EncoderError:
            raise
        except Exception as error:
            raise unfit(
                config, f"it fails on texts of {min(lengths)} to {max(lengths)} tokens ({reason(error, 160)})"
            ) from error
        try:
            padded = states(texts, real)
            leaks = not all(_near(padded[[i], :n], alone[i]) for i, n in enumerate(lengths))
        except Exception:  # noqa: BLE001 (what stops at padding gets none)
            leaks = True
    if not _near(again, alone[-1]):
        raise unfit(config, "its states are random")
    if not _near(together[-1:], alone[-1]):
        raise unfit(config, "the items of a batch change one another")
    return Measured(
        leaks=leaks,
        segments=architecture.segments if _near(typed, again) else 0,
        causal=max(lengths) > 1 and _near(together[0, :1], alone[0][0, :1]),
    )


def _made_up(items: int, time: int, vocabulary: int) -> Tensor:
    """(items, time) token ids of the vocabulary's second half, where special tokens are rare."""
    half = vocabulary // 2
    return half + torch.arange(items * time).view(items, time) * 37 % (vocabulary - half)


def call(encoder: Any, architecture: Architecture, inputs: dict[str, Tensor]) -> Tensor:
    """(batch, time, width) last hidden states; raises an EncoderError if the encoder gives anything else."""
    output = encoder(**inputs, **architecture.options)
    states = getattr(output, "last_hidden_state", None)
    shape = (*inputs["attention_mask"].shape, architecture.width)
    if not isinstance(states, Tensor) or states.shape != shape:
        raise unfit(encoder.config, f"it gives no state of width {architecture.width} for each token")
    return states


@contextmanager
def undisturbed(encoder: nn.Module) -> Iterator[None]:
    """Evaluation without gradients; random states and modes are afterwards as they were."""
    training, numbers, choices = [m for m in encoder.modules() if m.training], np.random.get_state(), random.getstate()
    device = next(encoder.parameters()).device
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.no_grad():
            encoder.eval()
            with nullcontext() if device.type == "meta" else torch.autocast(device.type, enabled=False):
                yield
    finally:
        np.random.set_state(numbers)
        random.setstate(choices)
        for module in training:
            module.training = True


def _near(states: Tensor, others: Tensor) -> bool:
    return bool((states - others).abs().max() <= _EQUAL * others.abs().max().clamp(min=1e-3))
