"""Pretrained text encoders: from a configuration, with random weights; and the weights of a folder or hub name."""

from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import AutoConfig, AutoModel, BertConfig, PreTrainedModel
from transformers import logging as transformers_logging

from mlcl.encode.model_folder import check_size
from mlcl.encode.pretrained import load_pretrained
from mlcl.encode.vectors import VectorsConfig, VectorsModel
from mlcl.errors import DataError, EncoderError


def build_encoder(config: Any) -> PreTrainedModel:
    """Build the encoder of a configuration with random weights, without a pooler where it can be left out."""
    if isinstance(config, VectorsConfig):
        return VectorsModel(config)
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
    if Path(name).is_dir():
        try:
            check_size(Path(name), lambda: AutoModel.from_config(config))
        except DataError as error:
            raise EncoderError(f"text encoder {error}") from error
    return config


def read_encoder_weights(encoder: PreTrainedModel, name: str) -> dict[str, Tensor]:
    """Copy pretrained weights into `encoder`, every one of its parameters or none.

    Returns:
        What was pretrained and has no place in `encoder`, as its pooler.

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
    return {key: state[key] for key in state.keys() - wanted.keys() - set(report["missing_keys"])}
