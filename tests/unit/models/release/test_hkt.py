"""HKT's released weights: every name has its place, and nothing is loaded halfway."""

import re

import pytest
import torch
from torch import Tensor

import tiny_hkt
from mlcl.errors import DataError, UsageError
from mlcl.models import HKTModel, load_release_weights
from mlcl.models.release.names import HKT, HKT_CROSS, HKT_UNIMODAL

# Ours (a pattern), and the release's; written from our side, so that the table under test is not its own judge.
ENCODER = (
    (r"positions\.(.*)", r"pos_encoder.\1"),
    (r"norm\.(.*)", r"norm.\1"),
    (r"layers\.(\d)\.attention\.(.*)", r"encoder.layers.\1.self_attention.\2"),
    (r"layers\.(\d)\.attention_norm\.(.*)", r"encoder.layers.\1.norm1.\2"),
    (r"layers\.(\d)\.feed_forward_norm\.(.*)", r"encoder.layers.\1.norm2.\2"),
    (r"layers\.(\d)\.widen\.(.*)", r"encoder.layers.\1.fc.0.\2"),
    (r"layers\.(\d)\.narrow\.(.*)", r"encoder.layers.\1.fc.2.\2"),
)
WHOLE = (
    (r"text\.encoder\.(.*)", r"text_model.\1"),
    (r"cross\.text_reads\.(.*)", r"L_AV.src_cross_attention.\1"),
    (r"cross\.nonverbal_reads\.(.*)", r"L_AV.context_cross_attention.\1"),
    (r"cross\.attention\.(.*)", r"L_AV.self_attention.\1"),
    (r"cross\.attention_norm\.(.*)", r"L_AV.norm1.\1"),
    (r"cross\.linear_norm\.(.*)", r"L_AV.norm2.\1"),
    (r"cross\.linear\.(.*)", r"L_AV.fc.0.\1"),
    (r"hidden\.(.*)", r"fc.0.\1"),
    (r"output\.(.*)", r"fc.3.\1"),
    *((rf"rows\.{m}\.{ours}", rf"{m}_model.{theirs}") for m in tiny_hkt.ENCODERS for ours, theirs in ENCODER),
)
UNUSED = (
    "text_model.pooler.weight",
    "text_model.embeddings.position_ids",
    "acoustic_model.decoder.weight",
    "hcf_model.decoder.bias",
)


def translated(ours: str, table: tuple[tuple[str, str], ...]) -> str:
    [name] = [match.expand(theirs) for pattern, theirs in table if (match := re.fullmatch(pattern, ours))]
    return name


def release_state(model: HKTModel) -> dict[str, Tensor]:
    state = {translated(name, WHOLE): value.clone() for name, value in model.state_dict().items()}
    return {**state, **{name: torch.zeros(3) for name in UNUSED}}


def unimodal_state(model: HKTModel, name: str) -> dict[str, Tensor]:
    state = {translated(key, ENCODER): value.clone() for key, value in model.rows[name].state_dict().items()}
    return {**state, "decoder.weight": torch.zeros(1, tiny_hkt.ENCODERS[name]), "decoder.bias": torch.zeros(1)}


def weights(model: HKTModel) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_every_parameter_has_one_name_in_the_release_and_loads_from_it() -> None:
    source, target = tiny_hkt.model(seed=1), tiny_hkt.model(seed=2)
    state = release_state(source)
    assert len(state) == len(source.state_dict()) + len(UNUSED)
    load_release_weights(target, state)
    assert all(torch.equal(value, target.state_dict()[name]) for name, value in source.state_dict().items())


@pytest.mark.parametrize("name", tiny_hkt.ENCODERS)
def test_a_unimodal_model_fills_its_encoder_alone(name: str) -> None:
    source, target = tiny_hkt.model(seed=1), tiny_hkt.model(seed=2)
    before = weights(target)
    load_release_weights(target.unimodal(name), unimodal_state(source, name))
    for key, value in target.state_dict().items():
        expected = source.state_dict() if key.startswith(f"rows.{name}.") else before
        assert torch.equal(value, expected[key]), key


@pytest.mark.parametrize("name", UNUSED)
def test_what_the_release_does_not_use_has_no_name(name: str) -> None:
    assert HKT.ours(name) is None


@pytest.mark.parametrize("name", ["", "fc.1.weight", "L_AV.fc.1.bias", "text.encoder.weight", "visual_model.fc.0.bias"])
def test_a_name_that_the_release_does_not_have_is_refused(name: str) -> None:
    for names in (HKT, HKT_UNIMODAL, HKT_CROSS):
        with pytest.raises(DataError, match=r"is no parameter of the HKT release$"):
            names.ours(name)


def broken(state: dict[str, Tensor], how: str) -> str:
    """Damage the state dict of a unimodal model and return the expected message."""
    if how == "missing":
        del state["norm.bias"]
        return r"missing \['encoder\.norm\.bias'\], unexpected \[\]"
    if how == "no head":
        del state["decoder.weight"]
        return r"missing \['head\.weight'\], unexpected \[\]"
    if how == "unexpected":
        state["encoder.layers.7.fc.0.bias"] = torch.zeros(3)
        return r"missing \[\], unexpected \['encoder\.layers\.7\.widen\.bias'\]"
    if how == "shape":
        state["norm.bias"] = torch.zeros(3)
        return r"^encoder\.norm\.bias has shape \(3,\), the model expects \(6,\)$"
    state["encoder.weight"] = torch.zeros(3)
    return r"'encoder\.weight' is no parameter of the HKT release"


@pytest.mark.parametrize("how", ["missing", "no head", "unexpected", "shape", "unknown"])
def test_a_state_dict_that_does_not_fit_is_refused_and_the_model_unchanged(how: str) -> None:
    state, target = unimodal_state(tiny_hkt.model(seed=1), "acoustic"), tiny_hkt.model(seed=2)
    before, message = weights(target), broken(state, how)
    with pytest.raises(DataError, match=message):
        load_release_weights(target.unimodal("acoustic"), state)
    assert all(torch.equal(value, before[name]) for name, value in target.state_dict().items())


def test_an_encoder_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^the model has no hcf encoder; it has acoustic, visual$"):
        tiny_hkt.model(hcf_dim=0).unimodal("hcf")
