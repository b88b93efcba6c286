"""The text encoder: padding, groups of similar length, the release's readout, encoders of other kinds."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import DistilBertConfig, RobertaConfig

from mlcl.encode.architecture import Measured
from mlcl.encode.build import build_encoder
from mlcl.encode.text import TextEncoder
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


SIZES = {"vocab_size": VOCABULARY, "max_position_embeddings": 41}
DISTILBERT = DistilBertConfig(**SIZES, dim=22, n_layers=1, n_heads=2, hidden_dim=17)
ROBERTA = RobertaConfig(
    **SIZES, hidden_size=22, num_hidden_layers=1, num_attention_heads=2, intermediate_size=17, type_vocab_size=2
)


@pytest.mark.parametrize("config", [DISTILBERT, ROBERTA], ids=lambda config: str(config.model_type))
@torch.no_grad()
def test_encoders_of_other_kinds_work(config: object) -> None:
    module = encoder(config=config)
    encoded = module(tokens(), mask(), types())
    ids, real = tokens().clamp(min=2), mask()  # 1 is RoBERTa's padding, which has no position
    states = module.encoder(input_ids=torch.where(real, ids, 1), attention_mask=real.long()).last_hidden_state
    expected = module.project((states * real[..., None]).mT).mT
    torch.testing.assert_close(module(ids, real).hidden, expected, rtol=0, atol=EXACT)
    assert encoded.hidden.shape == (B, T, D)
    assert module.measured() == Measured(leaks=False, segments=0 if isinstance(config, DistilBertConfig) else 2)
    changed = module(torch.where(mask(), (tokens() + 1) % VOCABULARY, 0), mask(), types())
    assert (encoded.pooled - changed.pooled).abs().amax(dim=1).min() > 1e-6


def test_bert_is_built_without_its_pooler() -> None:
    assert not [name for name, _ in build_encoder(text_config()).named_parameters() if "pooler" in name]
