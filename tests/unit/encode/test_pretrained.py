"""Pretrained text encoders read from a folder: every parameter bit by bit, or a refusal that says what is wrong."""

from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, BertModel, PreTrainedModel

from mlcl.encode.build import build_encoder, read_encoder_config, read_encoder_weights
from mlcl.errors import EncoderError
from tiny import text_config


def saved(folder: Path, config: BertConfig | None = None) -> BertModel:
    """Save a pretrained encoder, with a pooler as published checkpoints have it."""
    torch.manual_seed(7)
    pretrained = BertModel(text_config() if config is None else config)
    pretrained.save_pretrained(folder)
    return pretrained


def same(first: PreTrainedModel, second: PreTrainedModel) -> bool:
    other = second.state_dict()
    return all(torch.equal(value, other[name]) for name, value in first.state_dict().items())


def test_weights_are_copied_bit_by_bit(tmp_path: Path) -> None:
    pretrained = saved(tmp_path)
    torch.manual_seed(8)
    fresh = build_encoder(read_encoder_config(str(tmp_path)))
    assert not same(fresh, pretrained)
    read_encoder_weights(fresh, str(tmp_path))
    assert same(fresh, pretrained)


def test_weights_of_a_model_with_a_head_are_copied_too(tmp_path: Path) -> None:
    """Published BERT checkpoints hold a language-model head around the encoder."""
    torch.manual_seed(7)
    whole = BertForMaskedLM(text_config())
    whole.save_pretrained(tmp_path)
    fresh = build_encoder(read_encoder_config(str(tmp_path)))
    read_encoder_weights(fresh, str(tmp_path))
    assert same(fresh, whole.bert)


def test_a_checkpoint_with_fewer_parameters_is_refused_and_the_encoder_unchanged(tmp_path: Path) -> None:
    saved(tmp_path)
    text_config(num_hidden_layers=2).save_pretrained(tmp_path)
    fresh = build_encoder(read_encoder_config(str(tmp_path)))
    before = {name: value.clone() for name, value in fresh.state_dict().items()}
    with pytest.raises(EncoderError, match=r"^text encoder .* has no value for encoder\.layer\.1\.\S+ and 15 more"):
        read_encoder_weights(fresh, str(tmp_path))
    assert all(torch.equal(value, before[name]) for name, value in fresh.state_dict().items())


def refuse(folder: Path, reason: str) -> None:
    """Reading weights must name the folder and the reason in one line, and leave the encoder as it was."""
    fresh = build_encoder(text_config())
    before = {name: value.clone() for name, value in fresh.state_dict().items()}
    with pytest.raises(EncoderError, match=rf"^text encoder .*{folder}.*{reason}") as caught:
        read_encoder_weights(fresh, str(folder))
    assert "\n" not in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in fresh.state_dict().items())


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    text_config().save_pretrained(tmp_path)
    refuse(tmp_path, r"cannot be loaded.* needs config\.json, model\.safetensors")


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff" * 100], ids=["empty", "text", "bytes"])
def test_damaged_weights_are_refused(tmp_path: Path, content: bytes) -> None:
    saved(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(content)
    refuse(tmp_path, "cannot be loaded")


def test_weights_of_another_shape_than_the_configuration_s_are_refused(tmp_path: Path) -> None:
    saved(tmp_path)
    text_config(vocab_size=37).save_pretrained(tmp_path)
    refuse(tmp_path, "")


def test_a_folder_without_configuration_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, r"has no config\.json")
    with pytest.raises(EncoderError, match=r"^text encoder .* has no config\.json"):
        read_encoder_config(str(tmp_path))


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"model_type": "no such model"}', '{"model_type": 7}'])
def test_a_damaged_configuration_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(EncoderError, match=r"^text encoder '\S+' cannot be loaded.* needs config\.json") as caught:
        read_encoder_config(str(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["no/such", "not a name", "a/b/c/d"])
def test_a_name_that_is_no_folder_is_refused_at_once_when_offline(name: str) -> None:
    with pytest.raises(EncoderError, match=rf"^text encoder '{name}' .*pass --text-encoder FOLDER"):
        read_encoder_config(name)
