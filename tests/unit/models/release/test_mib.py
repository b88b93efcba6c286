"""MIB's release in every variant and fusion: what it uses has its place, what it only builds is known by name."""

import re
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from mlcl.errors import DataError, UsageError
from mlcl.models import LateFusionConfig, LateFusionModel, MIBConfig, MIBModel, load_release_weights

LETTER = {"text": "_l", "acoustic": "_a", "visual": "_v", "fused": ""}
THREE = {"first": "1", "second": "2", "third": "3"}
# Ours (a pattern), and the release's; written from our side, so that the table under test is not its own judge.
THEIRS = (
    (r"text\.encoder\.(.*)", r"bert.\1"),
    (r"text\.project\.weight", r"bert.proj_l.weight"),
    (r"(a)coustic\.project\.weight|(v)isual\.project\.weight", r"proj_\1\2.weight"),
    (r"(?:(a)coustic|(v)isual)\.layers\.(\d)\.attention\.(.*)", r"trans\1\2.layers.\3.self_attn.\4"),
    (r"(?:(a)coustic|(v)isual)\.layers\.(\d)\.attention_norm\.(.*)", r"trans\1\2.layers.\3.layer_norms.0.\4"),
    (r"(?:(a)coustic|(v)isual)\.layers\.(\d)\.feed_forward_norm\.(.*)", r"trans\1\2.layers.\3.layer_norms.1.\4"),
    (r"(?:(a)coustic|(v)isual)\.layers\.(\d)\.widen\.(.*)", r"trans\1\2.layers.\3.fc1.\4"),
    (r"(?:(a)coustic|(v)isual)\.layers\.(\d)\.narrow\.(.*)", r"trans\1\2.layers.\3.fc2.\4"),
    (r"(?:(a)coustic|(v)isual)\.norm\.(.*)", r"trans\1\2.layer_norm.\3"),
)
CODES = (
    (r"bottleneck\.(\w+)\.hidden\.(.*)", "fusion.encoder{}.0.{}"),
    (r"bottleneck\.(\w+)\.mean\.(.*)", "fusion.fc_mu{}.{}"),
    (r"bottleneck\.(\w+)\.deviation\.(.*)", "fusion.fc_std{}.{}"),
    (r"decoder\.(\w+)\.(.*)", "fusion.decoder{}.{}"),
)
FUSED: dict[str, dict[str, str]] = {
    "concat": {"linear": "linear_1"},
    "addition": {},
    "multiplication": {},
    "tensor": {ours: f"post_fusion_layer_{number}" for ours, number in THREE.items()},
    "low_rank": {
        "text": "text_factor",
        "acoustic": "audio_factor",
        "visual": "video_factor",
        "weight": "fusion_weights",
        "bias": "fusion_bias",
    },
    "graph": {
        "score": "attention",
        "pair": "graph_fusion",
        "triple": "graph_fusion2",
        **{ours: f"linear_{number}" for ours, number in THREE.items()},
    },
}
LEARNT = [fusion for fusion, names in FUSED.items() if names]

NORMS = [f"{norm}.{part}" for norm in ("norm", "norm2") for part in ("weight", "bias", "running_mean")]
LAYERS = [f"{layer}.{part}" for layer in ("graph", "attention", "linear_1", "linear_3") for part in ("weight", "bias")]
CELLS = ["rnn.weight_ih_l0_reverse", "rnn.bias_hh_l1", "lstm1.weight_hh", "lstm1.bias_ih"]
UNUSED_BY_FUSION = {
    "concat": [],
    "addition": ["linear_1.weight", "linear_1.bias"],
    "multiplication": [*NORMS, *LAYERS, *CELLS, "u1"],
    "tensor": [*NORMS, *LAYERS, *CELLS, "u1"],
    "low_rank": [*NORMS, *LAYERS, *CELLS, *(f"post_fusion_layer_{n}.{p}" for n in "123" for p in ("weight", "bias"))],
    "graph": NORMS,
}
HEADS = ("encoder{}.0.weight", "fc_mu{}.bias", "fc_std{}.weight")
UNUSED_BY_VARIANT = {
    "complete": [],
    "early": [
        "proj_l.weight",
        *(f"fusion.{part.format(end)}" for part in (*HEADS, "decoder{}.bias") for end in ("_l", "_a", "_v")),
    ],
    "late": ["proj_l.weight", "BN.weight", "BN.running_var", *(f"fusion.{part.format('')}" for part in HEADS)],
}
EVERYWHERE = ["bert.embeddings.position_ids", "transa.version", "transv.embed_positions._float_tensor"]
every_variant = pytest.mark.parametrize("variant", UNUSED_BY_VARIANT)
every_fusion = pytest.mark.parametrize("fusion", FUSED)


def mib(seed: int, **options: Any) -> MIBModel:
    sizes = {"acoustic_dim": tiny.ACOUSTIC_DIM, "visual_dim": tiny.VISUAL_DIM, "d_model": 15, "num_heads": 3}
    inner = {"bottleneck_hidden": 19, "fusion_hidden": 11, "graph_hidden": 13, "low_rank": 2, "num_labels": 1}
    torch.manual_seed(seed)
    built = MIBModel(MIBConfig(text_config=tiny.text_config(), **sizes, **inner, **options)).double()
    tiny.perturb(built, seed)
    return built.eval()


def their_name(ours: str, fusion: str) -> str:
    found = [match.expand(theirs) for pattern, theirs in THEIRS if (match := re.fullmatch(pattern, ours))]
    found += [theirs.format(LETTER[m[1]], m[2]) for pattern, theirs in CODES if (m := re.fullmatch(pattern, ours))]
    part, _, rest = ours.removeprefix("fusion.").partition(".")
    if ours.startswith("fusion."):
        found.append(f"fusion.fusion1.{FUSED[fusion][part]}{'.' * bool(rest)}{rest}")
    [name] = found
    return name


def release_state(model: MIBModel) -> dict[str, Tensor]:
    """The model's parameters under the release's names, and what the release builds beside them."""
    variant, fusion = model.config.variant, model.config.fusion
    unused = [*EVERYWHERE, *UNUSED_BY_VARIANT[variant], *(f"fusion.fusion1.{n}" for n in UNUSED_BY_FUSION[fusion])]
    used = {their_name(name, fusion): value.clone() for name, value in model.state_dict().items()}
    return {**used, **{name: torch.zeros(3) for name in unused}}


@every_variant
@every_fusion
@torch.no_grad()
def test_a_checkpoint_of_every_variant_and_fusion_loads(variant: str, fusion: str) -> None:
    source, target = (mib(seed, variant=variant, fusion=fusion) for seed in (1, 2))
    batch = tiny.batch()
    assert not torch.equal(source(**batch).logits, target(**batch).logits)
    load_release_weights(target, release_state(source))
    assert torch.equal(source(**batch).logits, target(**batch).logits)
    assert all(torch.equal(value, target.state_dict()[name]) for name, value in source.state_dict().items())


@pytest.mark.parametrize("fusion", LEARNT)
def test_what_another_fusion_uses_is_not_passed_over(fusion: str) -> None:
    """The negative control: a checkpoint of a fusion with parameters fits a model of no other such fusion."""
    state = release_state(mib(1, fusion=fusion))
    for other in LEARNT:
        if other != fusion:
            with pytest.raises(DataError):
                load_release_weights(mib(2, fusion=other), state)


def test_names_that_the_release_does_not_have_are_refused() -> None:
    model = mib(1)
    with pytest.raises(DataError, match=r"^'fusion\.fusion1\.linear_9\.bias' is no parameter of the MIB release$"):
        load_release_weights(model, {"fusion.fusion1.linear_9.bias": torch.zeros(1)})
    with pytest.raises(DataError, match="the state dict does not fit the model: missing"):
        load_release_weights(model, {"BN.weight": torch.zeros(1)})
    with pytest.raises(DataError, match=r"^'fusion\.fusion1\.linear_1\.weight' is no parameter of the MIB release$"):
        load_release_weights(mib(1, variant="late", fusion="experts"), {"fusion.fusion1.linear_1.weight": Tensor()})


def test_a_model_without_a_release_is_refused() -> None:
    model = LateFusionModel(LateFusionConfig(text_config=tiny.text_config(), d_model=20))
    with pytest.raises(UsageError, match=r"^LateFusionModel comes from no authors' release; allowed: MLCLModel, MAG"):
        load_release_weights(model, {})
