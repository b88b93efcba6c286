"""Weights of the authors' release: every name has its place, and nothing is loaded halfway."""

import re

import pytest
import torch
from torch import Tensor

import tiny
from mlcl.errors import DataError
from mlcl.models import MLCLModel, load_release_weights
from mlcl.models.release.names import MLCL

LETTER = {"text": "t", "acoustic": "a", "visual": "v"}
# Ours (a pattern), and the release's; written from our side, so that the table under test is not its own judge.
THEIRS = (
    (r"text\.encoder\.(.*)", r"bert.\1"),
    (r"text\.project\.weight", r"bert.proj_l.weight"),
    (r"(acoustic|visual)\.project\.weight", r"proj_<\1>.weight"),
    (r"(acoustic|visual)\.layers\.(\d)\.attention\.(.*)", r"trans<\1>.layers.\2.self_attn.\3"),
    (r"(acoustic|visual)\.layers\.(\d)\.attention_norm\.(.*)", r"trans<\1>.layers.\2.layer_norms.0.\3"),
    (r"(acoustic|visual)\.layers\.(\d)\.feed_forward_norm\.(.*)", r"trans<\1>.layers.\2.layer_norms.1.\3"),
    (r"(acoustic|visual)\.layers\.(\d)\.widen\.(.*)", r"trans<\1>.layers.\2.fc1.\3"),
    (r"(acoustic|visual)\.layers\.(\d)\.narrow\.(.*)", r"trans<\1>.layers.\2.fc2.\3"),
    (r"(acoustic|visual)\.norm\.(.*)", r"trans<\1>.layer_norm.\2"),
    (r"view_([12])\.(\w+)\.linear\.(.*)", r"private_<\2>\1.private_<\2>_\1.\3"),
    (r"cross\.([a-z]+)_([a-z]+)\.blocks\.(\d)\.(norm|norm_context)\.(.*)", r"cross_<\1><\2>.layers.\3.0.\4.\5"),
    (r"cross\.([a-z]+)_([a-z]+)\.blocks\.(\d)\.attention\.(.*)", r"cross_<\1><\2>.layers.\3.0.fn.\4"),
    (r"cross\.([a-z]+)_([a-z]+)\.blocks\.(\d)\.norm_feed_forward\.(.*)", r"cross_<\1><\2>.layers.\3.1.norm.\4"),
    (r"cross\.([a-z]+)_([a-z]+)\.blocks\.(\d)\.feed_forward\.widen\.(.*)", r"cross_<\1><\2>.layers.\3.1.fn.net.0.\4"),
    (r"cross\.([a-z]+)_([a-z]+)\.blocks\.(\d)\.feed_forward\.narrow\.(.*)", r"cross_<\1><\2>.layers.\3.1.fn.net.2.\4"),
    (r"cross\.([a-z]+)_([a-z]+)\.norm\.(.*)", r"cross_<\1><\2>.to_embedds.1.\3"),
    (r"fusion\.layers\.(.*)", r"transformer_encoder.layers.\1"),
    (r"fusion\.hidden\.(.*)", r"fusion.fusion_layer_1.\1"),
    (r"fusion\.output\.(.*)", r"fusion.fusion_layer_3.\1"),
)
UNUSED = (
    "bert.pooler.dense.weight",
    "bert.embeddings.position_ids",
    "transa.version",
    "transv.embed_positions._float_tensor",
    "uncertainloss.params",
)


def their_name(ours: str) -> str:
    matches = [match.expand(theirs) for pattern, theirs in THEIRS if (match := re.fullmatch(pattern, ours))]
    assert len(matches) == 1, ours
    return re.sub(r"<(\w+)>", lambda match: LETTER[match[1]], matches[0])


def release_state(model: MLCLModel) -> dict[str, Tensor]:
    """The model's parameters under the release's names, and what the release has beside them."""
    state = {their_name(name): value.clone() for name, value in model.state_dict().items()}
    return {**state, **{name: torch.zeros(3) for name in UNUSED}}


def test_every_parameter_has_one_name_in_the_release_and_loads_from_it() -> None:
    source, target = tiny.model(seed=1, **tiny.RELEASE), tiny.model(seed=2, **tiny.RELEASE)
    state = release_state(source)
    assert len(state) == len(source.state_dict()) + len(UNUSED)
    load_release_weights(target, state)
    loaded = target.state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in source.state_dict().items())
    assert torch.equal(source(**tiny.batch()).logits, target(**tiny.batch()).logits)


@pytest.mark.parametrize("name", UNUSED)
def test_what_the_release_does_not_use_has_no_name(name: str) -> None:
    assert MLCL.ours(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "cross_xy.to_embedds.1.weight",
        "proj_t.weight",
        "private_t1.private_a_1.weight",
        "text.project.weight",
        "bert",
    ],
)
def test_a_name_that_the_release_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=rf"^{re.escape(repr(name))} is no parameter of the MLCL release$"):
        MLCL.ours(name)


def broken(state: dict[str, Tensor], how: str) -> str:
    """Damage the state dict and return the expected message."""
    if how == "missing":
        del state["fusion.fusion_layer_3.bias"]
        return r"the state dict does not fit the model: missing \['fusion\.output\.bias'\], unexpected \[\]"
    if how == "unexpected":
        state["transa.layers.7.fc1.bias"] = torch.zeros(3)
        return r"missing \[\], unexpected \['acoustic\.layers\.7\.widen\.bias'\]"
    if how == "shape":
        state["fusion.fusion_layer_3.bias"] = torch.zeros(3)
        return r"^fusion\.output\.bias has shape \(3,\), the model expects \(1,\)$"
    state["no.such.name"] = torch.zeros(3)
    return r"'no\.such\.name' is no parameter of the MLCL release"


@pytest.mark.parametrize("how", ["missing", "unexpected", "shape", "unknown"])
def test_a_state_dict_that_does_not_fit_is_refused_and_the_model_unchanged(how: str) -> None:
    state, target = release_state(tiny.model(seed=1, **tiny.RELEASE)), tiny.model(seed=2, **tiny.RELEASE)
    before = {name: value.clone() for name, value in target.state_dict().items()}
    message = broken(state, how)
    with pytest.raises(DataError, match=message):
        load_release_weights(target, state)
    assert all(torch.equal(value, before[name]) for name, value in target.state_dict().items())
