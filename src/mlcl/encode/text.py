"""Text encoder: any pretrained transformer, a convolution to the shared width, pooling."""

import inspect
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, BertConfig, PreTrainedModel
from transformers import logging as transformers_logging

from mlcl.encode.bert import can_pack, packed_states
from mlcl.encode.pooling import EVERY_STEP, build_pooling
from mlcl.encode.pretrained import load_pretrained
from mlcl.encode.sequence import Encoded
from mlcl.errors import EncoderError
from mlcl.execution import Execution


class TextEncoder(nn.Module):
    """Token ids to states of the shared width.

    Args:
        config: Configuration of the pretrained encoder (any `AutoModel`).
        dim: Shared width.
        pooling: Name of the readout, see `mlcl.encode.pooling`.
        mask_padding: Zero padding states before the convolution and leave them out of the readout. Off, as in the
            release, the states at [PAD] positions, which attend to the real tokens, are read like any other.
        pooled_only: Nobody reads the states, so only those behind the readout are finished.
    """

    GROUP = 8
    execution: Execution = "fast"

    def __init__(self, config: Any, dim: int, *, pooling: str, mask_padding: bool, pooled_only: bool = False) -> None:
        super().__init__()
        self.mask_padding, self.pooled_only = mask_padding, pooled_only
        self.encoder = build_encoder(config)
        self.takes_token_types = "token_type_ids" in inspect.signature(self.encoder.forward).parameters
        self.project = nn.Conv1d(config.hidden_size, dim, kernel_size=3, padding=1, bias=False)
        self.pool = build_pooling(pooling, dim)

    def forward(
        self,
        input_ids: Int[Tensor, "batch time"],
        mask: Bool[Tensor, "batch time"],
        token_type_ids: Int[Tensor, "batch time"] | None = None,
    ) -> Encoded:
        """Return states and pooled vector; `mask` is True at real tokens."""
        types = token_type_ids if self.takes_token_types else None
        window = self._window()
        if self.execution == "fast" and can_pack(self.encoder) and (window is None or bool(mask.any(dim=1).all())):
            hidden = packed_states(self.encoder, input_ids, mask, types, window)
        else:
            window = None
            hidden = self._padded_states(input_ids, mask, types)
        if self.mask_padding:
            hidden = hidden.masked_fill(~mask[:, window or EVERY_STEP].unsqueeze(-1), 0.0)
        else:
            mask = torch.ones_like(mask)
        hidden = self.project(hidden.transpose(1, 2)).transpose(1, 2)
        return Encoded(hidden, self.pool(hidden, mask[:, window or EVERY_STEP]), mask)

    def _window(self) -> slice | None:
        """Steps of the pretrained encoder that must be finished besides the real tokens; None for the real tokens.

        The convolution in front of the readout sees one neighbour on each side.
        """
        reads = self.pool.reads
        if reads == EVERY_STEP or not self.pooled_only:
            return None if self.mask_padding else EVERY_STEP
        return slice(-2, None) if reads == slice(-1, None) else slice(0, 2)

    def _padded_states(self, input_ids: Tensor, mask: Tensor, types: Tensor | None) -> Tensor:
        inputs = {"attention_mask": mask.long()}
        if types is not None:
            inputs["token_type_ids"] = types
        if self.execution == "fast" and self.mask_padding:
            inputs["inputs_embeds"] = self.encoder.get_input_embeddings()(input_ids)
            return self._encode_in_groups(inputs, mask)
        return self.encoder(input_ids=input_ids, **inputs).last_hidden_state

    def _encode_in_groups(
        self, inputs: dict[str, Tensor], mask: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time width"]:
        """States of texts computed in groups of similar length; states of padding are 0 or of no meaning.

        A batch is as long as its longest text, three times the mean on MOSI; a group of `GROUP` is hardly longer than
        its texts. The states at real tokens are the same.
        """
        length = (mask * torch.arange(1, mask.shape[1] + 1, device=mask.device)).amax(dim=1)
        order = length.argsort(stable=True)
        states = []
        for group in torch.split(order, self.GROUP):
            longest = max(int(length[group].max()), 1)
            hidden = self.encoder(**{name: value[group, :longest] for name, value in inputs.items()}).last_hidden_state
            states.append(F.pad(hidden, (0, 0, 0, mask.shape[1] - longest)))
        return torch.cat(states)[order.argsort()]


def build_encoder(config: Any) -> PreTrainedModel:
    """Build the encoder of a configuration with random weights, without a pooler where it can be left out."""
    try:
        return AutoModel.from_config(config, add_pooling_layer=False)
    except TypeError:
        return AutoModel.from_config(config)


def tiny_config(vocabulary_size: int) -> BertConfig:
    """A two-layer BERT of width 64 for trying things out: it starts from random weights."""
    return BertConfig(
        vocab_size=vocabulary_size,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=512,
    )


def read_encoder_config(name: str) -> Any:
    """Read the configuration of a pretrained encoder: a local folder or a hub name."""
    config = load_pretrained(AutoConfig.from_pretrained, name)
    config.name_or_path = ""  # a folder's path means nothing elsewhere
    return config


def read_encoder_weights(encoder: PreTrainedModel, name: str) -> None:
    """Copy pretrained weights into `encoder`, every one of its parameters or none.

    Raises:
        EncoderError: If the folder or hub name cannot be read, or leaves a parameter of the encoder without a value.
    """
    transformers_logging.disable_progress_bar()
    pretrained, report = load_pretrained(AutoModel.from_pretrained, name, output_loading_info=True)
    state, wanted = pretrained.state_dict(), encoder.state_dict()
    missing = sorted(set(wanted) & set(report["missing_keys"]) | set(wanted) - set(state))
    if missing:
        raise EncoderError(
            f"text encoder {name!r} has no value for {missing[0]} and {len(missing) - 1} more parameters"
        )
    encoder.load_state_dict({key: state[key] for key in wanted})
