"""MIB: what the loss is made of, what each variant builds, and what predictions do not depend on."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig

import model_laws
import tiny
from mlcl.config import TrainConfig
from mlcl.models import MIBConfig, MIBModel
from mlcl.options import MIBOptions
from mlcl.recipe import recipe_names, resolve
from mlcl.train.optimiser import build_optimisation

EXACT = 1e-12  # float64; sums of some terms of order 1
RELEASE: dict[str, Any] = {
    "kl": "mean",
    "task_weight": 2.0,
    "evaluation": "sample",
    "project_at_encoder_rate": True,
    "text_pooling": "last_position",
    "sequence_pooling": "last_position",
    "mask_padding": False,
}
FUSIONS = ("concat", "addition", "multiplication", "tensor", "low_rank", "graph")
VARIANTS: list[dict[str, Any]] = [
    *({"variant": variant} for variant in ("complete", "early", "late")),
    *({"fusion": fusion} for fusion in FUSIONS[1:]),
    {"variant": "late", "fusion": "experts"},
]


def config(dropout: float = 0.0, **options: Any) -> MIBConfig:
    sizes = {"acoustic_dim": tiny.ACOUSTIC_DIM, "visual_dim": tiny.VISUAL_DIM, "d_model": 15, "num_heads": 3}
    inner = {"sequence_layers": 2, "bottleneck_hidden": 19, "fusion_hidden": 11, "graph_hidden": 13, "low_rank": 2}
    dropouts = {f"{name}_dropout": dropout for name in ("attention", "relu", "residual", "embedding", "tensor")}
    data = {"text_config": tiny.text_config(), "num_labels": 1, "kl_weight": 0.3}
    return MIBConfig(**{**data, **sizes, **inner, **dropouts, **options})


def mib(dropout: float = 0.0, **options: Any) -> MIBModel:
    torch.manual_seed(0)
    built = MIBModel(config(dropout, **options)).double()
    tiny.perturb(built)
    for head in built.bottleneck.values():
        torch.nn.init.constant_(head.deviation.bias, 4.0)  # so that noise is of the order of the mean
    return built.eval()


def quiet(model: MIBModel) -> MIBModel:
    """The model with codes that do not spread: softplus(-35) is 6e-16."""
    for head in model.bottleneck.values():
        torch.nn.init.zeros_(head.deviation.weight)
        torch.nn.init.constant_(head.deviation.bias, -30.0)
    return model


@pytest.mark.parametrize("options", [*VARIANTS, {"text_pooling": "cls"}, {"sequence_pooling": "attention"}], ids=str)
def test_a_prediction_does_not_depend_on_padding_or_company(options: dict[str, Any]) -> None:
    model_laws.assert_independent_of_company(mib(**options), tiny.batch())


def test_with_the_release_s_readout_padding_does_have_influence() -> None:
    """The negative control, and the departure that the release's profile keeps."""
    model = mib(**{**RELEASE, "evaluation": "mean"})
    assert model_laws.difference(model, model_laws.pad(tiny.batch(), 3), tiny.batch()) > 1e-3


@pytest.mark.parametrize("absent", ["text", "acoustic", "visual"])
@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_an_absent_modality_has_no_influence(options: dict[str, Any], absent: str) -> None:
    model_laws.assert_absence_is_complete(mib(**options), absent)


@pytest.mark.parametrize("absent", ["text", "acoustic", "visual"])
@pytest.mark.parametrize("options", [{}, {"variant": "late", "fusion": "experts"}, {"num_labels": 2}], ids=str)
def test_a_modality_that_nobody_has_leaves_everything_finite(options: dict[str, Any], absent: str) -> None:
    model_laws.assert_finite_when_nobody_has_it(mib(**options).train(), absent)


@pytest.mark.parametrize("options", [*VARIANTS, RELEASE, {"num_labels": 2}], ids=str)
def test_fast_is_plain(options: dict[str, Any]) -> None:
    inputs = tiny.batch(items=9, classes=options.get("num_labels", 0))
    model_laws.assert_fast_is_plain(mib(**options).train(), inputs)


@pytest.mark.parametrize("options", [*VARIANTS, {"evaluation": "mean", "num_labels": 2}], ids=str)
def test_saved_is_loaded(options: dict[str, Any], tmp_path: Path) -> None:
    model_laws.assert_saved_is_loaded(mib(**options), tmp_path)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_every_parameter_learns(options: dict[str, Any]) -> None:
    """E-MIB has no uni-modal bottleneck and L-MIB no fused one, so none stands idle as in the release.

    A key's bias alone cannot matter: it adds the same to every score.
    """
    model = mib(**options).train()
    model(**tiny.batch()).loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert name.endswith("key.bias") or parameter.grad.abs().max() > 1e-12, name


@pytest.mark.parametrize(
    ("variant", "streams"),
    [
        ("complete", ["text", "acoustic", "visual", "fused"]),
        ("early", ["fused"]),
        ("late", ["text", "acoustic", "visual"]),
    ],
)
def test_the_release_s_loss_counts_the_fused_prediction_twice_and_every_divergence_once(
    variant: str, streams: list[str]
) -> None:
    output = mib(variant=variant, **RELEASE).train()(**tiny.batch())
    parts = output.terms
    single = [f"task_{stream}" for stream in streams if stream != "fused"]
    divergences = [f"kl_{stream}" for stream in streams]
    assert set(parts) == {"task", *single, *divergences}
    expected = 2 * parts["task"] + sum(parts[name] for name in single) + 0.3 * sum(parts[name] for name in divergences)
    torch.testing.assert_close(output.loss, expected, rtol=0, atol=EXACT)


def test_the_papers_divergence_is_the_release_s_times_the_width() -> None:
    inputs = tiny.batch()
    paper, release = mib(kl="sum")(**inputs).terms, mib(kl="mean")(**inputs).terms
    for name in ("kl_text", "kl_acoustic", "kl_visual", "kl_fused"):
        torch.testing.assert_close(paper[name], 15 * release[name], rtol=EXACT, atol=0)
    assert paper["task"] == release["task"]


def test_codes_without_spread_and_price_are_a_deterministic_network() -> None:
    """Training, evaluation by sampling and by the mean then agree, and equal the formula of the paper's figure."""
    model = quiet(mib(kl_weight=0.0))
    with torch.no_grad():
        mean, trained = model(**tiny.batch()), model.train()(**tiny.batch())
        torch.testing.assert_close(trained.logits, mean.logits, rtol=0, atol=EXACT)
        model.eval().config.evaluation = "sample"
        torch.testing.assert_close(model(**tiny.batch()).logits, mean.logits, rtol=0, atol=EXACT)
        inputs = tiny.batch()
        encoded = {
            "text": model.text(inputs["input_ids"], inputs["attention_mask"], inputs["token_type_ids"]).pooled,
            "acoustic": model.acoustic(inputs["acoustic"], inputs["acoustic_mask"]).pooled,
            "visual": model.visual(inputs["visual"], inputs["visual_mask"]).pooled,
        }
        codes = [model.bottleneck[name](vector).mean for name, vector in encoded.items()]
        fused = model.bottleneck["fused"](model.fusion(*codes)).mean
        torch.testing.assert_close(model.decoder["fused"](fused), mean.logits, rtol=0, atol=EXACT)


@torch.no_grad()
def test_evaluation_by_the_mean_is_certain_and_by_sampling_follows_torch_s_generator() -> None:
    model = mib()
    assert torch.equal(model(**tiny.batch()).logits, model(**tiny.batch()).logits)
    model.config.evaluation = "sample"
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(model(**tiny.batch()).logits)
    assert torch.equal(drawn[0], drawn[1])
    assert (drawn[0] - drawn[2]).abs().max() > 1e-3


@torch.no_grad()
def test_zero_noise_is_the_mean() -> None:
    model = mib()
    zero = {name: torch.zeros(tiny.BATCH, 15, dtype=torch.float64) for name in model.bottleneck}
    expected = model(**tiny.batch()).logits
    assert torch.equal(model.train()(**tiny.batch(), noise=zero).logits, expected)


@torch.no_grad()
def test_the_release_s_readout_step_attends_to_every_step_alike_at_the_start() -> None:
    """Far from the text, padding enters as the zero vector, so its first query is 0 while the biases are."""
    torch.manual_seed(0)
    encoder = MIBModel(config(**RELEASE)).double().acoustic
    encoder.execution = "plain"
    seen: list[torch.Tensor] = []
    encoder.layers[0].attention_norm.register_forward_hook(lambda _module, _inputs, normed: seen.append(normed))
    rows = tiny.batch()["acoustic"]
    rows[:, -3:] = 0
    encoder(rows, torch.ones(rows.shape[:2], dtype=torch.bool))
    assert seen[0][:, -1].eq(0).all()
    _, weights = encoder.layers[0].attention(seen[0], seen[0], seen[0], need_weights=True)
    torch.testing.assert_close(weights[:, -1], torch.full_like(weights[:, -1], 1 / rows.shape[1]), rtol=0, atol=EXACT)
    assert (weights[:, 0] - 1 / rows.shape[1]).abs().max() > 1e-3


@pytest.mark.parametrize("slow_projection", [True, False])
def test_the_two_rates_partition_the_parameters(slow_projection: bool) -> None:
    model = mib(project_at_encoder_rate=slow_projection)
    optimiser = build_optimisation(model, TrainConfig(encoder_learning_rate=1e-5, learning_rate=2e-5))
    assert len(optimiser.optimisers) == 1
    rates = {id(p): group["base_lr"] for group in optimiser.param_groups for p in group["params"]}
    assert len(rates) == sum(len(group["params"]) for group in optimiser.param_groups)
    slow = ("text.",) if slow_projection else ("text.encoder.",)
    for name, parameter in model.named_parameters():
        assert rates.pop(id(parameter)) == (1e-5 if name.startswith(slow) else 2e-5), name
    assert not rates


BASE = {"text_config": BertConfig(), "d_model": 50, "num_heads": 5, "sequence_layers": 3, "num_labels": 1}
HEAD = 154_724  # one bottleneck of the release without its decoder
STRAY = 115_200  # a second text convolution that the release does not use


def test_the_sizes_are_the_release_s_without_its_idle_parameters() -> None:
    """Of released L-MIB, 135,052 more idle numbers stand in the fusion module and a batch norm."""
    count = model_laws.parameters
    assert count(MIBModel, **BASE) == 109_835_748
    assert count(MIBModel, **BASE, visual_dim=35) == 109_833_948
    assert count(MIBModel, **BASE, variant="early") + STRAY + 3 * (HEAD + 51) == 109_950_948
    late = count(MIBModel, **BASE, variant="late", fusion="tensor", tensor_activations="none_tanh_relu")
    assert late + STRAY + HEAD + 135_052 == 116_716_150


@pytest.mark.parametrize("share", [0.0, 1 - 1e-9])
@torch.no_grad()
def test_modality_dropout_hides_from_the_fusion_alone(share: float) -> None:
    """Without spread a hidden modality counts as absent for the fused prediction; its own keeps learning."""
    inputs = tiny.batch()
    model = quiet(mib(modality_dropout=share)).train()
    torch.manual_seed(0)
    output = model(**inputs)
    none = {name: torch.zeros_like(inputs[name]) for name in ("acoustic_mask", "visual_mask")}
    expected = quiet(mib())(**{**inputs, **(none if share else {})}).logits
    torch.testing.assert_close(output.logits, expected, rtol=0, atol=1e-11)
    assert torch.allclose(output.terms["task_acoustic"], quiet(mib())(**inputs).terms["task_acoustic"], atol=1e-11)


def test_labels_of_any_shape_and_classes_of_any_type_are_taken() -> None:
    inputs = tiny.batch()
    assert torch.equal(mib()(**inputs).loss, mib()(**{**inputs, "labels": inputs["labels"].view(-1, 1)}).loss)
    binary = tiny.batch(classes=2)
    model = mib(num_labels=2)
    floats = {**binary, "labels": binary["labels"].float()}
    assert torch.equal(model(**binary).loss, model(**floats).loss)
    assert model(**binary).logits.shape == (tiny.BATCH, 2)


@pytest.mark.parametrize("options", [{}, {"variant": "late", "fusion": "experts"}, RELEASE], ids=str)
def test_a_small_training_learns(options: dict[str, Any], tmp_path: Path) -> None:
    """Eleven items are learned by heart in 36 steps; measured: to a third."""
    torch.manual_seed(0)
    model = MIBModel(config(**{**options, "kl_weight": 1e-3}))
    tiny.perturb(model)
    rates = {"learning_rate": 1e-2, "encoder_learning_rate": 1e-2}
    epochs = model_laws.trained(model, tmp_path, epochs=12, **rates)
    assert epochs[-1]["task"] < 0.6 * epochs[0]["task"]


# One other value for each option; more where an option has more values.
OTHERS: dict[str, list[Any]] = {
    "d_model": [18],
    "num_heads": [5],
    "sequence_layers": [1],
    "attention_dropout": [0.0],
    "relu_dropout": [0.0],
    "residual_dropout": [0.0],
    "embedding_dropout": [0.0],
    "modality_dropout": [0.5],
    "variant": ["early", "late"],
    "fusion": list(FUSIONS[1:]),
    "fusion_hidden": [7],
    "graph_hidden": [7],
    "low_rank": [3],
    "tensor_dropout": [0.0],
    "tensor_activations": ["none_tanh_relu"],
    "bottleneck_hidden": [7],
    "kl_weight": [0.5],
    "kl": ["mean"],
    "task_weight": [2.0],
    "evaluation": ["sample"],
    "project_at_encoder_rate": [True],
    "text_pooling": ["last_position", "cls"],
    "sequence_pooling": ["last_position", "attention"],
    "longest_sequence": [3],
    "mask_padding": [False],
}
NEEDS: dict[str, dict[str, Any]] = {
    "fusion_hidden": {"fusion": "graph"},
    "graph_hidden": {"fusion": "graph"},
    "low_rank": {"fusion": "low_rank"},
    "tensor_dropout": {"fusion": "tensor"},
    "tensor_activations": {"fusion": "tensor"},
}


def behaviour(**options: Any) -> dict[str, Any]:
    """Rates and shapes of what is learned, a training step from a fixed seed, and a prediction."""
    model = mib(0.2, **options)
    torch.manual_seed(1)
    output = model.train()(**tiny.batch())
    updates = model.updates(TrainConfig())
    rates = {id(p): group.learning_rate for update in updates for group in update.groups for p in group.parameters}
    learned = {name: (tuple(p.shape), rates[id(p)]) for name, p in model.named_parameters()}
    predicted = model.eval()(**tiny.batch()).logits.flatten().tolist()
    return {"learned": learned, "loss": output.loss.item(), "logits": output.logits.tolist(), "predicted": predicted}


def test_every_option_is_tried() -> None:
    assert {"name", *OTHERS} == set(MIBOptions.model_fields)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in OTHERS.items() for value in values])
def test_every_option_changes_behaviour_and_nothing_else_does(name: str, value: Any) -> None:
    needs = NEEDS.get(name, {})
    plain = behaviour(**needs)
    assert plain == behaviour(**needs)
    assert plain != behaviour(**{**needs, name: value})


@pytest.mark.parametrize("option", ["variant", "fusion", "tensor_activations", "kl", "evaluation", "text_pooling"])
def test_a_value_that_an_option_does_not_have_is_refused(option: str) -> None:
    with pytest.raises(ValueError, match=f"^{option} = 'no such value': input should be "):
        MIBConfig(**{option: "no such value"})


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError, match="joins the codes of variant = 'late', not of 'complete'"):
        MIBConfig(fusion="experts")
    with pytest.raises(ValueError, match=r"d_model \(15\) must be a multiple of num_heads \(4\)"):
        MIBConfig(d_model=15)


@pytest.mark.parametrize("profile", ["default", "release"])
@pytest.mark.parametrize("recipe", recipe_names())
def test_every_recipe_has_settings_for_mib(recipe: str, profile: str) -> None:
    experiment = resolve(recipe, model="mib", profile=profile, text_encoder="tiny")
    assert isinstance(experiment.model, MIBOptions)
    options = experiment.model.model_dump()
    assert {name: options[name] == value for name, value in RELEASE.items()} == dict.fromkeys(
        RELEASE, profile == "release"
    )
    assert experiment.data.padding == ("fixed" if profile == "release" else "longest")
