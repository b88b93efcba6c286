"""Pretrained text encoders: from a configuration, with random weights; and the weights of a folder or hub name."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModel, BertConfig, PreTrainedModel
from transformers import logging as transformers_logging

from mlcl.encode.architecture import unfit
from mlcl.encode.pretrained import load_pretrained
from mlcl.encode.vectors import VectorsConfig, VectorsModel
from mlcl.errors import DataError, EncoderError, reason
from mlcl.safe.model_folder import check_size


def build_encoder(config: Any) -> PreTrainedModel:
    """Build the encoder of a configuration with random weights, in torch's default number format.

    It has no pooler where that can be left out. Of an encoder and a decoder it is the encoder alone. Attention to
    random blocks (BigBird) becomes attention to every token, since it makes a text's value depend on its company.

    Raises:
        EncoderError: If transformers cannot build it.
    """
    if isinstance(config, VectorsConfig):
        return VectorsModel(config)
    if getattr(config, "attention_type", None) == "block_sparse":
        config.attention_type = "original_full"
    try:
        return _encoder_of(_whole(config))
    except Exception as error:
        raise unfit(config, f"it cannot be built ({reason(error, 160)})") from error


def _whole(config: Any) -> PreTrainedModel:
    dtype = torch.get_default_dtype()
    try:
        return AutoModel.from_config(config, add_pooling_layer=False, dtype=dtype, trust_remote_code=False)
    except TypeError:
        return AutoModel.from_config(config, dtype=dtype, trust_remote_code=False)


def _encoder_of(model: PreTrainedModel) -> PreTrainedModel:
    """Of an encoder and a decoder the encoder, with its own way from ids to states; any other model as it is."""
    both = all(isinstance(getattr(model, part, None), PreTrainedModel) for part in ("encoder", "decoder"))
    encoder = model.get_encoder() if both or model.config.is_encoder_decoder else model
    if not isinstance(encoder, PreTrainedModel):
        raise TypeError("its encoder is no model of its own")
    return encoder


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
    vars(config).pop("auto_map", None)  # nor does the code beside it, which is never run
    if Path(name).is_dir():
        try:
            check_size(Path(name), lambda: AutoModel.from_config(config, trust_remote_code=False))
        except DataError as error:
            raise EncoderError(f"text encoder {name!r} cannot be loaded ({error})") from error
    return config


def read_encoder_weights(encoder: PreTrainedModel, name: str) -> dict[str, Tensor]:
    """Copy pretrained weights into `encoder`, every one of its parameters or none.

    Returns:
        What was pretrained and has no place in `encoder`, as its pooler.

    Raises:
        EncoderError: If the folder or hub name cannot be read, or leaves a parameter of the encoder without a value.
    """
    transformers_logging.disable_progress_bar()
    whole, report = load_pretrained(
        AutoModel.from_pretrained, name, output_loading_info=True, dtype=torch.get_default_dtype()
    )
    pretrained = _encoder_of(whole)
    [prefix] = [f"{place}." if place else "" for place, module in whole.named_modules() if module is pretrained]
    unset = {key.removeprefix(prefix) for key in report["missing_keys"] if key.startswith(prefix)}
    state, wanted = pretrained.state_dict(), encoder.state_dict()
    missing = sorted(set(wanted) & unset | set(wanted) - set(state))
    if missing:
        raise EncoderError(
            f"text encoder {name!r} has no value for {missing[0]} and {len(missing) - 1} more parameters"
        )
    encoder.load_state_dict({key: state[key] for key in wanted})
    return {key: state[key] for key in state.keys() - wanted.keys() - unset}
