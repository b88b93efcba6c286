"""Pretrained text encoders read from a folder: every parameter bit by bit, or a refusal that says what is wrong."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModel, BertConfig, BertForMaskedLM, BertModel, PreTrainedModel, T5EncoderModel

from architectures import tiny
from mlcl.encode.build import build_encoder, read_encoder_config, read_encoder_weights
from mlcl.encode.tokenizer import load_tokenizer
from mlcl.errors import EncoderError
from mlcl.models import TextModel
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


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_weights_that_are_kept_in_half_are_computed_with_in_full(tmp_path: Path, half: torch.dtype) -> None:
    pretrained = BertModel(text_config()).to(half)
    pretrained.save_pretrained(tmp_path)
    model = TextModel.from_text_encoder(str(tmp_path))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert same(model.text.encoder, pretrained.float())
    model.save_pretrained(tmp_path / "model")
    again = TextModel.from_pretrained(tmp_path / "model")
    assert {parameter.dtype for parameter in again.parameters()} == {torch.float32}


@pytest.mark.parametrize("kind", ["t5", "bart", "pegasus", "t5 alone"])
def test_of_an_encoder_and_a_decoder_the_encoder_is_read_and_kept(tmp_path: Path, kind: str) -> None:
    torch.manual_seed(7)
    config = tiny(kind.split()[0])
    whole = T5EncoderModel(config) if kind == "t5 alone" else AutoModel.from_config(config)
    whole.save_pretrained(tmp_path)
    model = TextModel.from_text_encoder(str(tmp_path)).eval()
    assert same(model.text.encoder, whole.eval().get_encoder())
    assert not [name for name, _ in model.named_parameters() if "decoder" in name]
    ids, mask = torch.randint(3, 40, (2, 5)), torch.ones(2, 5).bool()
    expected = whole.get_encoder()(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    torch.testing.assert_close(model.text.states(ids, mask), expected, rtol=0, atol=1e-5)
    model.save_pretrained(tmp_path / "model")
    again = TextModel.from_pretrained(tmp_path / "model").eval()
    assert same(again.text.encoder, model.text.encoder)
    torch.testing.assert_close(again(ids, mask).logits, model(ids, mask).logits, rtol=0, atol=1e-6)


@pytest.mark.parametrize("whole", [True, False], ids=["with a configuration", "alone"])
def test_an_adapter_is_called_one(tmp_path: Path, whole: bool) -> None:
    if whole:
        saved(tmp_path)
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "base_model_name_or_path": "x"}')
    with pytest.raises(EncoderError, match=r"^text encoder '\S+' is an adapter .*: merge it into its base model"):
        read_encoder_config(str(tmp_path))
    with pytest.raises(EncoderError, match="is an adapter"):
        load_tokenizer(str(tmp_path))
