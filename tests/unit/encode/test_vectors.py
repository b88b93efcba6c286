"""The transformer over word vectors, as the text encoder of a model."""

from typing import Any

import pytest
import torch
from torch.nn import functional as F
from transformers import AutoConfig

import tiny
from mlcl.encode.build import build_encoder
from mlcl.encode.text import TextBackbone, TextEncoder
from mlcl.encode.vectors import VectorsConfig, VectorsModel, vectors_config
from mlcl.execution import executed

WIDTH, BATCH, TIME = 7, 5, 11
EXACT = 1e-11  # float64; values of order 1


def config(**options: Any) -> VectorsConfig:
    return vectors_config(WIDTH, **{"hidden_size": 20, "num_attention_heads": 5, "dropout": 0.0, **options})


def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Vectors, mask and segments; [CLS] in front has no vector."""
    generator = torch.Generator().manual_seed(0)
    mask = tiny.ragged_mask(BATCH, TIME, generator)
    vectors = torch.randn(BATCH, TIME, WIDTH, generator=generator, dtype=torch.float64) * mask[..., None]
    vectors[:, 0] = 0
    return vectors, mask, torch.randint(2, (BATCH, TIME), generator=generator) * mask


def backbone(**options: Any) -> TextBackbone:
    torch.manual_seed(0)
    built = TextBackbone(config(**options)).double()
    tiny.perturb(built, scale=0.1)
    return built.eval()


@pytest.mark.parametrize("execution", ["fast", "plain"])
@torch.no_grad()
def test_states_depend_on_neither_padding_nor_neighbours(execution: Any) -> None:
    model, (vectors, mask, types) = backbone(), inputs()
    with executed(model, execution):
        together = model.states(vectors, mask, types)
        noisy = torch.where(mask[..., None], vectors, 1e3)
        assert (model.states(noisy, mask, types) - together).abs().max() < EXACT
        longer = model.states(F.pad(vectors, (0, 0, 0, 6)), F.pad(mask, (0, 6)), F.pad(types, (0, 6)))
        assert (longer[:, :TIME] - together).abs().max() < EXACT
        for item in range(BATCH):
            alone = model.states(vectors[item : item + 1], mask[item : item + 1], types[item : item + 1])
            assert (alone[0] - together[item]).abs().max() < EXACT
        assert together[~mask].eq(0).all()


@torch.no_grad()
def test_both_ways_of_execution_are_one_function() -> None:
    model, given = backbone(), inputs()
    with executed(model, "plain"):
        plain = model.states(*given)
    assert (model.states(*given) - plain).abs().max() < EXACT


@torch.no_grad()
def test_each_step_sees_vectors_order_and_segments() -> None:
    """Negative control: an encoder that ignored its input would pass the tests above."""
    model, (vectors, mask, types) = backbone(), inputs()
    plain = model.states(vectors, mask, types)
    moved = vectors.clone()
    moved[4, 3] += 1
    assert (model.states(moved, mask, types) - plain).abs()[4].amax(dim=-1).min() > 1e-6  # every step of the item
    assert (model.states(moved, mask, types) - plain).abs()[:4].max() < EXACT
    swapped = vectors.clone()
    swapped[4, [3, 4]] = vectors[4, [4, 3]]
    assert (model.states(swapped, mask, types)[4, 7] - plain[4, 7]).abs().max() > 1e-6
    assert (model.states(vectors, mask, 1 - types)[4] - plain[4]).abs().max() > 1e-6
    model.encoder.embeddings.absent.copy_(model.encoder.embeddings.absent.flip(0))
    assert (model.states(vectors, mask, types) - plain).abs().amax(dim=-1)[mask].min() > 1e-6  # all attend to [CLS]


@pytest.mark.parametrize("pooling", ["mean", "cls", "last_position"])
@torch.no_grad()
def test_it_is_pooled_like_a_language_model(pooling: str) -> None:
    vectors, mask, types = inputs()
    encoder = TextEncoder(config(), 15, pooling=pooling, mask_padding=True).double().eval()
    encoded = encoder(vectors, mask, types)
    assert encoded.hidden.shape == (BATCH, TIME, 15)
    wanted = {
        "mean": (encoded.hidden * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True),
        "cls": encoded.hidden[:, 0],
        "last_position": encoded.hidden[:, -1],
    }
    assert (encoded.pooled - wanted[pooling]).abs().max() < EXACT


@torch.no_grad()
def test_an_item_without_any_real_step_has_finite_states() -> None:
    model, (vectors, mask, types) = backbone(), inputs()
    mask[2] = False
    assert model.states(vectors, mask, types).isfinite().all()


@torch.no_grad()
def test_without_mask_and_segments_every_step_is_real_and_of_segment_0() -> None:
    model, (vectors, mask, _) = backbone().encoder, inputs()
    every = model(vectors, torch.ones_like(mask), torch.zeros_like(mask, dtype=torch.long)).last_hidden_state
    assert torch.equal(model(vectors).last_hidden_state, every)


def test_its_configuration_is_found_by_its_type() -> None:
    values = config().to_dict()
    assert isinstance(AutoConfig.for_model(values["model_type"]), VectorsConfig)
    assert isinstance(build_encoder(config()), VectorsModel)


def test_every_parameter_has_a_start_and_a_gradient() -> None:
    torch.manual_seed(0)
    model = build_encoder(config(dropout=0.1)).double()
    vectors, mask, types = inputs()
    model(vectors, mask, types).last_hidden_state.square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.isfinite().all(), name
        assert parameter.grad is not None, name
        assert parameter.abs().max() < 10, name
    assert model.embeddings.absent.std() > 0.1
