"""Every architecture: an item has one value, alone, in company, by either execution: that of the library itself."""

import random
from inspect import signature
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import CONFIG_MAPPING, AutoModel

from architectures import EVERYDAY, INJECTED, LEAKING, OTHERS, POSITIONS, REFUSED, VOCABULARY, tiny
from mlcl.encode.inject import injection_width
from mlcl.encode.text import TextBackbone
from mlcl.errors import EncoderError
from tiny import perturb

LENGTHS = torch.tensor([7, 2, 33, 7, 4, 12])
MASK = torch.arange(33) < LENGTHS[:, None]
TYPES = (torch.arange(33) > 2).long().expand_as(MASK)
CLOSE = 1e-5  # of the largest state, which is 3 or so: float32
EVERY = [*EVERYDAY, *(pytest.param(kind, marks=pytest.mark.long) for kind in OTHERS)]


def ids() -> Tensor:
    """Tokens, also where the mask is False."""
    return torch.randint(3, VOCABULARY, MASK.shape, generator=torch.Generator().manual_seed(1))


def pair(kind: str) -> tuple[Any, TextBackbone]:
    """The library's model, and our encoder with the same weights."""
    if kind not in CONFIG_MAPPING:
        pytest.skip(f"this transformers has no {kind}")
    torch.manual_seed(0)
    whole = AutoModel.from_config(tiny(kind)).eval()
    perturb(whole, scale=0.1)
    ours = TextBackbone(tiny(kind)).eval()
    source = whole.get_encoder() if "decoder_input_ids" in signature(whole.forward).parameters else whole
    ours.encoder.load_state_dict({k: v for k, v in source.state_dict().items() if k in ours.encoder.state_dict()})
    return whole, ours


def own_states(whole: Any, item: int, segments: int) -> Tensor:
    """What the library makes of one text alone."""
    length = int(LENGTHS[item])
    inputs = {"input_ids": ids()[[item], :length], "attention_mask": torch.ones(1, length, dtype=torch.long)}
    if segments > 1:
        inputs["token_type_ids"] = TYPES[[item], :length]
    taken = signature(whole.forward).parameters
    if "decoder_input_ids" in taken:
        return whole(**inputs, decoder_input_ids=torch.tensor([[1, 2]])).encoder_last_hidden_state[0]
    return whole(**inputs, **({"use_cache": False} if "use_cache" in taken else {})).last_hidden_state[0]


@pytest.fixture(autouse=True)
def _groups_at_any_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TextBackbone, "PAYS_FROM", 1)
    monkeypatch.setattr(TextBackbone, "GROUP", 2)


@pytest.mark.parametrize("kind", EVERY)
@torch.no_grad()
def test_an_item_has_one_value(kind: str) -> None:
    whole, ours = pair(kind)
    measured = ours.measured()
    assert measured.leaks == (kind in LEAKING)
    for item, length in enumerate(LENGTHS.tolist()):
        expected = own_states(whole, item, measured.segments)
        near = CLOSE * float(expected.abs().max())
        for ours.execution in ("fast", "plain"):
            among, alone = ours.states(ids(), MASK, TYPES)[item], ours.states(*_one(item, length))[0]
            torch.testing.assert_close(among[:length], expected, rtol=0, atol=near)
            torch.testing.assert_close(alone, expected, rtol=0, atol=near)
            assert not among[length:].any()


def _one(item: int, length: int) -> tuple[Tensor, ...]:
    return tuple(value[[item], :length] for value in (ids(), MASK, TYPES))


@pytest.mark.parametrize("kind", EVERY)
def test_both_executions_give_one_gradient(kind: str) -> None:
    """Words are looked up once for all groups; nothing is lost of what they teach the table."""
    _, ours = pair(kind)
    found: dict[str, dict[str, Tensor]] = {}
    for ours.execution in ("fast", "plain"):
        ours.zero_grad()
        ours.states(ids(), MASK, TYPES).square().mean().backward()
        found[ours.execution] = {name: p.grad for name, p in ours.named_parameters() if p.grad is not None}
    assert found["fast"].keys() == found["plain"].keys()
    for name, gradient in found["plain"].items():
        scale = max(float(gradient.abs().max()), 1e-3)
        torch.testing.assert_close(found["fast"][name], gradient, rtol=0, atol=1e-3 * scale, msg=name)


@pytest.mark.parametrize("kind", EVERY)
@torch.no_grad()
def test_a_text_may_be_as_long_as_there_are_positions(kind: str) -> None:
    _, ours = pair(kind)
    longest = ours.positions or POSITIONS
    assert longest >= POSITIONS - 2
    full = torch.full((1, min(longest, 99)), 7)
    assert ours.states(full, torch.ones_like(full).bool()).isfinite().all()


@pytest.mark.parametrize("kind", EVERY)
@torch.no_grad()
def test_first_states_that_are_given_back_change_nothing(kind: str) -> None:
    """What MAG shifts is what the encoder goes on with; where there is no such place it says so."""
    _, ours = pair(kind)
    if kind not in INJECTED:
        named = ours.encoder.config.model_type  # gpt-sw3 is a gpt2
        with pytest.raises(ValueError, match=f"'{named}' has no embeddings that could be changed"):
            injection_width(ours.encoder)
        return
    width = injection_width(ours.encoder)
    expected, seen = ours.states(ids(), MASK, TYPES), []

    def same(states: Tensor, lay: Any) -> Tensor:
        assert states.shape == (*lay(MASK).shape, width)
        seen.append(states)
        return states

    torch.testing.assert_close(ours.states(ids(), MASK, TYPES, inject=same), expected, rtol=0, atol=CLOSE)
    assert seen
    shifted = ours.states(ids(), MASK, TYPES, inject=lambda states, _: states.flip(-1))
    assert (shifted - expected).abs().amax(dim=(1, 2)).min() > 1e-3


@pytest.mark.parametrize("kind", REFUSED)
def test_the_rest_is_refused_in_a_line_that_says_why(kind: str) -> None:
    with pytest.raises(EncoderError, match=f"^a text encoder of type '{kind}' cannot be used: .*{REFUSED[kind]}") as e:
        TextBackbone(tiny(kind)).measured()
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("kind", ["gpt2", "openai-gpt", "ctrl"])
@torch.no_grad()
def test_segments_that_would_be_words_are_left_out(kind: str) -> None:
    """GPT-2 looks segment ids up in its table of words, so that a 0 adds word 0 to each."""
    _, ours = pair(kind)
    assert ours.measured().segments == 0
    before = ours.states(ids(), MASK, TYPES)
    ours.encoder.get_input_embeddings().weight[:2] += 1.0  # ids() has none of them
    assert torch.equal(ours.states(ids(), MASK, TYPES), before)


@pytest.mark.parametrize(("segments", "kind"), [(1, "roberta"), (1, "bert"), (2, "bert"), (3, "electra")])
@torch.no_grad()
def test_an_encoder_gets_no_segment_that_it_does_not_know(kind: str, segments: int) -> None:
    config = tiny(kind)
    config.type_vocab_size = segments
    torch.manual_seed(0)
    ours = TextBackbone(config).eval()
    perturb(ours)
    found = ours.states(ids(), MASK, 2 * TYPES)
    assert (found - ours.states(ids(), MASK)).abs().max() > 1e-3 or segments == 1
    torch.testing.assert_close(found, ours.states(ids(), MASK, TYPES * min(segments - 1, 2)), rtol=0, atol=0)


@pytest.mark.parametrize(("kind", "sees"), [("gpt2", False), ("llama", False), ("xlnet", True), ("t5", True)])
def test_it_is_known_whether_the_first_token_sees_the_others(kind: str, sees: bool) -> None:
    assert pair(kind)[1].measured().causal == (not sees)


def test_measuring_draws_nothing_random_and_leaves_the_encoder_as_it_was() -> None:
    _, ours = pair("convbert")
    ours.train()
    ours.encoder.embeddings.eval()
    modes = [module.training for module in ours.modules()]
    states = (torch.get_rng_state(), str(np.random.get_state()), random.getstate())
    assert ours.measured().leaks
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (str(np.random.get_state()), random.getstate()) == states[1:]
    assert [module.training for module in ours.modules()] == modes
    assert all(parameter.grad is None for parameter in ours.parameters())


def test_an_encoder_whose_states_are_random_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _, ours = pair("roberta")
    ours.encoder.embeddings.register_forward_hook(lambda module, given, found: found + torch.rand_like(found))
    with pytest.raises(EncoderError, match="'roberta' cannot be used: its states are random"):
        ours.measured()


def test_an_encoder_that_mixes_items_is_refused() -> None:
    _, ours = pair("roberta")
    ours.encoder.embeddings.register_forward_hook(lambda module, given, found: found - found.mean(dim=0))
    with pytest.raises(EncoderError, match="the items of a batch change one another"):
        ours.measured()
