"""The MIB release's numbers in float64: codes, predictions, every term, every gradient, one step, every fusion."""

from pathlib import Path
from typing import Any

import pytest
import torch

from golden.golden_files import cases
from golden.shared_encoders import MODALITY, Stored, close
from mlcl.config import TrainConfig
from mlcl.execution import Execution, set_execution
from mlcl.fuse import build_fusion
from mlcl.models import MIBConfig, MIBModel, load_release_weights
from mlcl.models.release.names import MIB_FUSIONS, mib_names
from mlcl.train.optimiser import build_optimisation, learning_rate_factor, set_learning_rates

EXECUTIONS: tuple[Execution, ...] = ("fast", "plain")
VARIANTS = {"cmib": "complete", "emib": "early", "lmib": "late"}
ACTIVATIONS = {"none": "tanh", "none_tanh_relu": "none_tanh_relu", "tanh_tanh_tanh": "tanh"}
SETTINGS: dict[str, Any] = {
    "optimiser": "adam",
    "weight_decay": 0.0,
    "schedule": "constant",
    "warmup": 0.0,
    "clip_norm": None,
}
WHOLE = cases("mib_[cel]mib*.safetensors")


def built(stored: Stored, execution: Execution) -> MIBModel:
    c = stored.config
    fusion = {"fusion": c["fusion"], "fusion_hidden": c["fusion_hidden"], "graph_hidden": c["graph_hidden"]}
    release = {"kl": "mean", "task_weight": c["multimodal_l1_weight"], "evaluation": "sample"}
    model = MIBModel(
        MIBConfig(
            **stored.encoder_options(),
            **fusion,
            **release,
            variant=VARIANTS[c["variant"]],
            low_rank=c["low_rank_rank"],
            tensor_dropout=0.0,
            tensor_activations=ACTIVATIONS["_".join(c["tensor_activations"] or ["none"])],
            bottleneck_hidden=c["vib_hidden"],
            kl_weight=c["beta"],
            project_at_encoder_rate=True,
        )
    ).double()
    load_release_weights(model, stored.group("weight"))
    set_execution(model, execution)
    return model


def noise(stored: Stored, mode: str) -> dict[str, torch.Tensor]:
    return {MODALITY[name]: value for name, value in named(stored.group("input"), f"eps_{mode}_").items()}


def named(values: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("path", WHOLE)
@torch.no_grad()
def test_codes_and_predictions_are_the_releases(path: Path, execution: Execution) -> None:
    stored = Stored(path)
    model = built(stored, execution).eval()
    seen: dict[str, Any] = {}
    for name, stream in MODALITY.items():
        if stream != "fused":
            model.get_submodule(f"{stream}.pool").register_forward_hook(
                lambda _module, _inputs, result, name=name: seen.update({name: result})
            )
        if stream in model.bottleneck:
            model.bottleneck[stream].register_forward_hook(
                lambda _module, _inputs, code, name=name: seen.update(
                    {f"mu_{name}": code.mean, f"sigma_{name}": code.deviation}
                )
            )
    model.fusion.register_forward_hook(lambda _module, _inputs, result: seen.update(fusion=result))
    draws = noise(stored, "eval")
    seen["prediction"] = model(**stored.batch(), noise=draws).logits
    for name, code in [(n, s) for n, s in MODALITY.items() if s in model.bottleneck and s != "fused"]:
        seen[f"z_{name}"] = seen[f"mu_{name}"] + seen[f"sigma_{name}"] * draws[code]
    recorded = stored.group("eval")
    other = {"prediction_zero_noise", "prediction_float32_parts", "bert_last_hidden"}
    other |= {"audio_sequence", "visual_sequence"}  # only their last step is read, and compared
    assert set(recorded) - other == set(seen)
    for name, value in seen.items():
        close(value, recorded[name], name)
    model.config.evaluation = "mean"
    close(model(**stored.batch()).logits, recorded["prediction_zero_noise"], "prediction_zero_noise")


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("path", WHOLE)
def test_terms_and_gradients_are_the_releases(path: Path, execution: Execution) -> None:
    stored = Stored(path)
    model = built(stored, execution).train()
    output = model(**stored.batch(), noise=noise(stored, "train"))
    beta = stored.config["beta"]
    recorded = stored.group("train")
    close(output.logits, recorded["prediction"], "prediction")
    close(output.loss, recorded["total"], "total")
    close(output.terms["task"], recorded["l1_fused"], "l1_fused")
    streams = {name: stream for name, stream in MODALITY.items() if f"kl_{stream}" in output.terms}
    assert set(streams) == {name.removeprefix("kl_") for name in recorded if name.startswith("kl_")}
    for name, stream in streams.items():
        l1 = output.terms["task" if stream == "fused" else f"task_{stream}"]
        close(l1, recorded[f"l1_{name}"], f"l1_{name}")
        close(output.terms[f"kl_{stream}"], recorded[f"kl_{name}"], f"kl_{name}")
        close(l1 + beta * output.terms[f"kl_{stream}"], recorded[f"ib_{name}"], f"ib_{name}")
    output.loss.backward()
    parameters = dict(model.named_parameters())
    found = {mib_names(model.config).ours(name): value for name, value in stored.group("grad").items()}
    assert set(found) == set(parameters), "every parameter of ours has a gradient in the release, and no other"
    for name, value in found.items():
        close(parameters[str(name)].grad, value, str(name))


@pytest.mark.parametrize("path", WHOLE)
def test_what_the_release_does_not_train_is_not_built(path: Path) -> None:
    stored = Stored(path)
    config = built(stored, "fast").config
    assert all(mib_names(config).ours(name) is None for name in stored.config["no_grad"])


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("path", WHOLE)
def test_a_step_of_the_loop_is_the_releases(path: Path, execution: Execution) -> None:
    """Parameters to 1e-10: a hundred thousandth of the step."""
    stored = Stored(path)
    c, model = stored.config, built(stored, execution).train()
    rates = {"encoder_learning_rate": c["lr_text"], "learning_rate": c["lr_rest"], "epsilon": c["adam_eps"]}
    config = TrainConfig(**SETTINGS, **rates)
    optimiser = build_optimisation(model, config)
    assert optimiser.single
    set_learning_rates(optimiser, learning_rate_factor(0, 1, config))
    optimiser.zero_grad()
    model(**stored.batch(), noise=noise(stored, "train")).loss.backward()
    optimiser.step(config.clip_norm)
    after, parameters = stored.group("after1"), dict(model.named_parameters())
    compared = 0
    for name, value in after.items():
        ours = mib_names(model.config).ours(name)
        if ours is None:  # not built here, because the release does not train it either
            assert torch.equal(value, stored.group("weight")[name]), name
        else:
            close(parameters[ours], value, name, absolute=1e-10)
            compared += 1
    assert compared >= 20


FUSION_CASES = ("concat", "addition", "multiplication", "low_rank", "graph")
FUSION_CASES += ("tensor_tanh_tanh_tanh", "tensor_none_tanh_relu")


@pytest.mark.parametrize("name", FUSION_CASES)
@pytest.mark.parametrize("path", cases("mib_fusion.safetensors"))
def test_fusions_and_their_gradients_are_the_releases(path: Path, name: str) -> None:
    stored = Stored(path)
    c, kind = stored.config, "tensor" if name.startswith("tensor") else name
    fusion = build_fusion(
        kind,
        c["d_l"],
        hidden=c["fusion_hidden"],
        edge_hidden=c["graph_hidden"],
        rank=c["low_rank_rank"],
        dropout=0.0,
        activations=ACTIVATIONS.get(name.removeprefix("tensor_"), "tanh"),
    ).double()
    config = MIBConfig(fusion=kind)

    def ours(theirs: str) -> str:
        return str(mib_names(config).ours(f"fusion.fusion1.{theirs}")).removeprefix("fusion.")

    fusion.load_state_dict({ours(key): value for key, value in stored.group(f"weight.{name}").items()})
    inputs = {key: value.requires_grad_() for key, value in stored.group("input").items() if key != "probe"}
    result = fusion(inputs["text"], inputs["audio"], inputs["visual"])
    close(result, stored.tensors[f"eval.{name}"], "output")
    total = (result * stored.group("input")["probe"]).sum()
    close(total, stored.tensors[f"train.{name}.total"], "total")
    total.backward()
    parameters = dict(fusion.named_parameters())
    gradients = stored.group(f"grad.{name}")
    assert len(gradients) == len(parameters) + 3
    for key, value in gradients.items():
        read = inputs[key.removeprefix("input.")] if key.startswith("input.") else parameters[ours(key)]
        close(read.grad, value, key)


def test_every_fusion_of_the_release_has_a_table_of_names() -> None:
    assert set(MIB_FUSIONS) == {name.partition("_t")[0].partition("_n")[0] for name in FUSION_CASES}
