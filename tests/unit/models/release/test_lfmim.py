"""LFMIM's release: names, strict loading, and one option for each of its departures."""

import re
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
import tiny_lfmim
from mlcl.errors import DataError, UsageError
from mlcl.models import LFMIMModel, load_release_weights
from mlcl.models.registry import MODELS
from mlcl.models.release.names import LFMIM
from mlcl.options import LFMIMOptions
from mlcl.recipe import recipe_names, resolve
from mlcl.runs.card import _adaptation

LETTER = {"text": "t", "acoustic": "a", "visual": "v", "multimodal": "m"}
# Ours (a pattern), and the release's; written from our side, so that the table under test is not its own judge.
THEIRS = (
    (r"project\.(\w+)\.(.*)", r"fc_<\1>dimtr.\2"),
    (r"streams\.(\w+)\.tokens", r"embedding_<\1>"),
    (r"streams\.(\w+)\.input_norm\.(.*)", r"ln_prepe_<\1>.\2"),
    (r"streams\.(\w+)\.position_norm\.(.*)", r"ln_pre_<\1>.\2"),
    (r"streams\.(\w+)\.output_norm\.(.*)", r"ln_post_<\1>.\2"),
    (r"streams\.(\w+)\.readout\.weight", r"mix_<\1>"),
    (r"streams\.(\w+)\.blocks\.(\d)\.attention\.(.*)", r"transformer_<\1>.\2.attn.\3"),
    (r"streams\.(\w+)\.blocks\.(\d)\.attention_norm\.(.*)", r"transformer_<\1>.\2.ln_1.\3"),
    (r"streams\.(\w+)\.blocks\.(\d)\.attended_norm\.(.*)", r"transformer_<\1>.\2.ln_12.\3"),
    (r"streams\.(\w+)\.blocks\.(\d)\.feed_forward_norm\.(.*)", r"transformer_<\1>.\2.ln_2.\3"),
    (r"streams\.(\w+)\.blocks\.(\d)\.narrowed_norm\.(.*)", r"transformer_<\1>.\2.ln_22.\3"),
    (r"streams\.(\w+)\.blocks\.(\d)\.widen\.(.*)", r"transformer_<\1>.\2.mlp.c_fc.\3"),
    (r"streams\.(\w+)\.blocks\.(\d)\.narrow\.(.*)", r"transformer_<\1>.\2.mlp.c_proj.\3"),
    (r"heads\.(\w+)\.(.*)", r"mlp_<\1>.\2"),
    (r"mixing", r"plus_p"),
)
UNUSED = ("proj_a", "proj_v", "pe_t", "pe_t2m", "pe_a", "pe_v", "pe_v2m", "pe_m", "me", "t2m.0.weight", "v2m.1.bias")
UNUSED = (*UNUSED, "fc_vtom.weight", "fc_vtom.bias", "embed_positions._float_tensor")


def their_name(ours: str) -> str:
    matches = [match.expand(theirs) for pattern, theirs in THEIRS if (match := re.fullmatch(pattern, ours))]
    assert len(matches) == 1, ours
    return re.sub(r"<(\w+)>", lambda match: LETTER[match[1]], matches[0])


def release_state(model: LFMIMModel) -> dict[str, Tensor]:
    """The model's parameters under the release's names and shapes, and what the release has beside them."""
    own = {k: v.clone() for k, v in model.state_dict().items() if not k.startswith("text.encoder.")}
    state = {their_name(name): value for name, value in own.items()}
    for letter in "tav":
        state[f"embedding_{letter}"] = state[f"embedding_{letter}"].squeeze(0)
    state["plus_p"] = state["plus_p"].flatten()
    return {**state, **{name: torch.zeros(3) for name in UNUSED}}


@pytest.mark.parametrize("prefix", ["", "module."])
def test_every_parameter_loads_from_its_name_in_the_release(prefix: str) -> None:
    """With the prefix of data-parallel training too; the text encoder, which the release has not, stays as it was."""
    source, target = (tiny_lfmim.model(seed=seed, **tiny_lfmim.RELEASE) for seed in (1, 2))
    encoder = {name: value.clone() for name, value in target.text.state_dict().items()}
    load_release_weights(target, {f"{prefix}{name}": value for name, value in release_state(source).items()})
    loaded = target.state_dict()
    for name, value in source.state_dict().items():
        assert name.startswith("text.encoder.") or torch.equal(value, loaded[name]), name
    assert all(torch.equal(value, encoder[name]) for name, value in target.text.state_dict().items())


@pytest.mark.parametrize("name", UNUSED)
def test_what_the_release_does_not_use_has_no_name(name: str) -> None:
    assert LFMIM.ours(name) is None


@pytest.mark.parametrize("name", ["", "proj_t", "pe_x", "me2", "embedding_x", "fc_mdimtr.weight", "mixing", "mlp_t"])
def test_a_name_that_the_release_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=rf"^{re.escape(repr(name))} is no parameter of the LFMIM release$"):
        LFMIM.ours(name)


def broken(state: dict[str, Tensor], how: str) -> str:
    """Damage the state dict and return the expected message."""
    if how == "missing":
        del state["mix_t"]
        return r"missing \['streams\.text\.readout\.weight'\], unexpected \[\]"
    if how == "unexpected":
        state["transformer_t.7.ln_1.bias"] = torch.zeros(3)
        return r"missing \[\], unexpected \['streams\.text\.blocks\.7\.attention_norm\.bias'\]"
    if how == "shape":
        state["mix_m"] = torch.zeros(3)
        return r"^streams\.multimodal\.readout\.weight has shape \(3,\), the model expects \(37,\)$"
    if how == "size":
        state["plus_p"] = torch.zeros(4)
        return r"^mixing has shape \(4,\), the model expects \(3, 2\)$"
    state["no.such.name"] = torch.zeros(3)
    return r"'no\.such\.name' is no parameter of the LFMIM release"


@pytest.mark.parametrize("how", ["missing", "unexpected", "shape", "size", "unknown"])
def test_a_state_dict_that_does_not_fit_is_refused_and_the_model_unchanged(how: str) -> None:
    source, target = (tiny_lfmim.model(seed=seed, **tiny_lfmim.RELEASE) for seed in (1, 2))
    state, before = release_state(source), {name: value.clone() for name, value in target.state_dict().items()}
    message = broken(state, how)
    with pytest.raises(DataError, match=message):
        load_release_weights(target, state)
    assert all(torch.equal(value, before[name]) for name, value in target.state_dict().items())


# One other value for each option, and what else must be set for it to matter.
POSITION = {"readout": "position"}
OTHERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "d_model": (16, {}),
    "num_heads": (7, {}),
    "levels": (2, {}),
    "visual_blocks_per_level": (1, {}),
    "feed_forward_factor": (3, {}),
    "multimodal_tokens": (4, {}),
    "embedding_dropout": (0.3, {}),
    "attention_dropout": (0.3, {}),
    "relu_dropout": (0.3, {}),
    "modality_dropout": (0.5, {}),
    "detach": (True, {}),
    "readout": ("position", {}),
    "text_length": (29, POSITION),
    "acoustic_length": (29, POSITION),
    "visual_length": (29, POSITION),
    "mask_padding": (False, {}),
}


def behaviour(**options: Any) -> dict[str, Any]:
    """Shapes of what is learned; loss, prediction and size of the gradient of one training step from a fixed seed."""
    model = tiny_lfmim.model(**options).train()
    torch.manual_seed(1)
    output = model(**tiny.batch())
    output.loss.backward()
    gradient = sum(float(p.grad.square().sum()) for p in model.parameters() if p.grad is not None)
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    return {"shapes": shapes, "loss": output.loss.item(), "logits": output.logits.tolist(), "gradient": gradient}


def test_every_option_is_tried() -> None:
    assert ["name", *OTHERS] == list(LFMIMOptions.model_fields)


@pytest.mark.parametrize("name", OTHERS)
def test_every_option_changes_behaviour(name: str) -> None:
    value, others = OTHERS[name]
    assert behaviour(**others) == behaviour(**others)  # what differs below is due to the option
    assert behaviour(**others, **{name: value}) != behaviour(**others)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"readout": "mean"}, "readout = 'mean': input should be 'attention' or 'position'"),
        ({"num_heads": 3}, r"d_model \(14\) must be a multiple of num_heads \(3\)"),
        ({"levels": 1}, "levels = 1: input should be greater than or equal to 2"),
    ],
)
def test_options_that_contradict_one_another_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tiny_lfmim.config(**options)


@pytest.mark.parametrize("recipe", recipe_names())
def test_each_recipe_has_both_profiles_and_weights_for_every_padded_position(recipe: str) -> None:
    release, default = (resolve(recipe, model="lfmim", profile=profile) for profile in ("release", "default"))
    model: Any = release.model
    lengths = (model.text_length, model.acoustic_length, model.visual_length)
    assert lengths == (release.data.max_length,) * 3
    assert release.data.padding == "fixed"
    assert (model.readout, model.mask_padding, release.train.optimiser) == ("position", False, "sgd")
    assert release.train.schedule == "per_epoch"
    own: Any = default.model
    assert (own.readout, own.mask_padding, default.data.padding) == ("attention", True, "longest")


def test_a_text_beyond_the_last_weight_is_refused() -> None:
    with pytest.raises(UsageError, match="readout weights for 11"):
        tiny_lfmim.model(**{**tiny_lfmim.RELEASE, "text_length": 10})(**tiny.batch())


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_every_run_says_that_it_is_an_adaptation(task: str) -> None:
    entry = MODELS["lfmim"]
    said = _adaptation({"native": list(entry.native), "other_labels": entry.other_labels}, task)
    assert f"never trained it for {task}, but on seven emotions, four labels per item." in said
    assert _adaptation({"native": ["regression"], "other_labels": ""}, "regression") == ""
