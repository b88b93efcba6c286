"""The text encoder: padding, groups, encoders of other kinds, and weights read from a folder."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoModel, BertConfig, BertModel, DistilBertConfig, PreTrainedModel, RobertaConfig

from mlcl.encode.text import TextEncoder, build_encoder, read_encoder_config, read_encoder_weights
from mlcl.errors import EncoderError
from tiny import VOCABULARY, perturb, text_config

B, T, D = 11, 13, 7
EXACT = 1e-12  # float64; values are of order 1 to 10


def encoder(*, mask_padding: bool = True, pooling: str = "mean", config: object = None) -> TextEncoder:
    torch.manual_seed(0)
    config = text_config() if config is None else config
    module = TextEncoder(config, D, pooling=pooling, mask_padding=mask_padding).double()
    perturb(module)
    return module.eval()


def tokens(seed: int = 1) -> Tensor:
    return torch.randint(1, VOCABULARY, (B, T), generator=torch.Generator().manual_seed(seed))


def types() -> Tensor:
    return (torch.arange(T) > 4).long().expand(B, T)


def mask() -> Tensor:
    """Right padding; more items than one group, in no order of length."""
    return torch.arange(T) < torch.tensor([3, 13, 1, 7, 2, 13, 5, 4, 11, 2, 6])[:, None]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@torch.no_grad()
def test_padding_and_the_batch_have_no_influence_when_padding_is_masked(pooling: str) -> None:
    module, real = encoder(pooling=pooling), mask()
    plain = module(tokens(), real, types())
    noisy = torch.where(real, tokens(), tokens(2))
    longer = module(F.pad(noisy, (0, 5)), F.pad(real, (0, 5)), F.pad(types(), (0, 5)))
    torch.testing.assert_close(longer.pooled, plain.pooled, rtol=0, atol=EXACT)
    for item, length in enumerate(real.sum(dim=1).tolist()):
        cut = (slice(item, item + 1), slice(length))
        alone = module(tokens()[cut], real[cut], types()[cut])
        torch.testing.assert_close(plain.pooled[item], alone.pooled[0], rtol=0, atol=EXACT)
        torch.testing.assert_close(plain.hidden[item, :length], alone.hidden[0], rtol=0, atol=EXACT)


@torch.no_grad()
def test_states_are_the_convolution_of_the_encoder_s_states_with_padding_at_zero() -> None:
    module, real = encoder(), mask()
    states = module.encoder(input_ids=tokens(), attention_mask=real.long(), token_type_ids=types()).last_hidden_state
    padded = F.pad(states * real[..., None], (0, 0, 1, 1))
    weight = module.project.weight
    expected = sum(padded[:, k : k + T] @ weight[:, :, k].T for k in range(3))
    encoded = module(tokens(), real, types())
    torch.testing.assert_close(encoded.hidden, expected, rtol=0, atol=EXACT)
    assert torch.equal(encoded.mask, real)


@pytest.mark.parametrize("group", [1, 2, 3, 100])
def test_the_size_of_a_group_changes_nothing(group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    module = encoder()
    expected = module(tokens(), mask(), types())
    monkeypatch.setattr(TextEncoder, "GROUP", group)
    encoded = module(tokens(), mask(), types())
    torch.testing.assert_close(encoded.hidden, expected.hidden, rtol=0, atol=EXACT)


@pytest.mark.parametrize("front", [True, False], ids=["padding in front", "holes"])
@torch.no_grad()
def test_every_real_token_is_read_wherever_the_mask_has_it(front: bool) -> None:
    module = encoder()
    real = mask().flip(1) if front else torch.rand(B, T, generator=torch.Generator().manual_seed(3)) < 0.5
    real[:, -1] = True
    states = module.encoder(input_ids=tokens(), attention_mask=real.long()).last_hidden_state * real[..., None]
    expected = module.project(states.mT).mT
    torch.testing.assert_close(module(tokens(), real).hidden, expected, rtol=0, atol=EXACT)


@torch.no_grad()
def test_the_release_reads_padding() -> None:
    """The quirk that parity mode keeps: [PAD] states are read, so more padding changes the output."""
    module, real = encoder(mask_padding=False, pooling="last_position"), mask()
    plain = module(tokens() * real, real, types())
    longer = module(F.pad(tokens() * real, (0, 5)), F.pad(real, (0, 5)), F.pad(types(), (0, 5)))
    assert (plain.pooled - longer.pooled).abs().max() > 0.01
    assert plain.mask.all()
    states = module.encoder(input_ids=tokens() * real, attention_mask=real.long(), token_type_ids=types())
    expected = module.project(states.last_hidden_state.mT).mT
    torch.testing.assert_close(plain.hidden, expected, rtol=0, atol=EXACT)
    torch.testing.assert_close(plain.pooled, expected[:, -1], rtol=0, atol=EXACT)


def test_segment_ids_matter_to_bert() -> None:
    module = encoder()
    assert (module(tokens(), mask(), types()).pooled - module(tokens(), mask()).pooled).abs().max() > 1e-3


@pytest.mark.parametrize(
    "config",
    [
        DistilBertConfig(vocab_size=VOCABULARY, dim=22, n_layers=1, n_heads=2, hidden_dim=17, max_position_embeddings=41),
        RobertaConfig(
            vocab_size=VOCABULARY, hidden_size=22, num_hidden_layers=1, num_attention_heads=2, intermediate_size=17,
            max_position_embeddings=41, type_vocab_size=2,
        ),
    ],
    ids=lambda config: str(config.model_type),
)  # fmt: skip
@torch.no_grad()
def test_encoders_of_other_kinds_work(config: object) -> None:
    module = encoder(config=config)
    encoded = module(tokens(), mask(), types())
    assert encoded.hidden.shape == (B, T, D)
    assert module.takes_token_types == (getattr(config, "model_type", "") != "distilbert")
    changed = module(torch.where(mask(), (tokens() + 1) % VOCABULARY, 0), mask(), types())
    assert (encoded.pooled - changed.pooled).abs().amax(dim=1).min() > 1e-6


def test_bert_is_built_without_its_pooler() -> None:
    assert not [name for name, _ in build_encoder(text_config()).named_parameters() if "pooler" in name]


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
    from transformers import BertForMaskedLM

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


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    text_config().save_pretrained(tmp_path)
    fresh = build_encoder(read_encoder_config(str(tmp_path)))
    with pytest.raises(EncoderError, match=r"cannot be loaded: the folder needs config\.json, model\.safetensors"):
        read_encoder_weights(fresh, str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff" * 100], ids=["empty", "text", "bytes"])
def test_a_folder_with_damaged_weights_is_refused(tmp_path: Path, content: bytes) -> None:
    saved(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(EncoderError, match="cannot be loaded"):
        read_encoder_weights(AutoModel.from_config(text_config()), str(tmp_path))


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    saved(tmp_path)
    text_config(vocab_size=37).save_pretrained(tmp_path)
    fresh = build_encoder(read_encoder_config(str(tmp_path)))
    with pytest.raises(EncoderError, match="word_embeddings|cannot be loaded"):
        read_encoder_weights(fresh, str(tmp_path))


def test_a_folder_without_configuration_is_refused(tmp_path: Path) -> None:
    for read in (read_encoder_config, lambda name: read_encoder_weights(build_encoder(text_config()), name)):
        with pytest.raises(EncoderError, match=r"^text encoder folder \S+ has no config\.json: pass a folder saved by"):
            read(str(tmp_path))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"model_type": "no such model"}'])
def test_a_damaged_configuration_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(EncoderError, match=r"^text encoder '\S+' cannot be loaded: the folder needs config\.json"):
        read_encoder_config(str(tmp_path))


def test_a_name_that_is_no_folder_is_refused_offline(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="it is no local folder, and not available from the hub here"):
        read_encoder_config(str(tmp_path / "missing"))
