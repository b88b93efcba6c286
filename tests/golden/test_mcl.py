"""The MCL release's numbers in float64: predictions, both losses, both gradients, two steps, the correlation alone."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from golden.golden_files import cases
from golden.shared_encoders import MODALITY, Stored, close
from mlcl.config import TrainConfig
from mlcl.contrast import CorrelationContrast, label_distance
from mlcl.execution import Execution, set_execution
from mlcl.models import MCLConfig, MCLModel, load_release_weights
from mlcl.models.release.names import MCL
from mlcl.train.optimiser import build_optimisation, learning_rate_factor, set_learning_rates

EXECUTIONS: tuple[Execution, ...] = ("fast", "plain")
SETTINGS: dict[str, Any] = {
    "optimiser": "adam",
    "weight_decay": 0.0,
    "schedule": "constant",
    "warmup": 0.0,
    "clip_norm": None,
}
WHOLE = cases("mcl.safetensors")
ALONE = cases("mcl_correlation.safetensors")


def built(stored: Stored, execution: Execution) -> MCLModel:
    c = stored.config
    rate = c["correlation_lr"]
    model = MCLModel(
        MCLConfig(
            **stored.encoder_options(),
            negatives=c["ratio"],
            distance_offset=c["alpha"],
            distance_scale=c["gamma"],
            correlation_encoder_learning_rate=rate,
            correlation_learning_rate=rate,
            predictor_rate=c["predictor_lr"] / rate,
        )
    ).double()
    load_release_weights(model, stored.group("weight"))
    set_execution(model, execution)
    return model


def triplets(stored: Stored, prefix: str) -> Tensor:
    return torch.stack([stored.group("input")[f"{prefix}index_{name}"] for name in ("text", "audio", "visual")], dim=1)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("path", WHOLE)
@torch.no_grad()
def test_vectors_and_predictions_are_the_releases(path: Path, execution: Execution) -> None:
    stored = Stored(path)
    output = built(stored, execution).eval()(**stored.batch())
    recorded = stored.group("eval")
    close(output.logits, recorded["prediction"], "prediction")
    for vector, name in zip(output.embedding.chunk(3, dim=1), ("text", "audio", "visual"), strict=True):
        close(vector, recorded[name], name)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("path", WHOLE)
def test_losses_scores_and_gradients_are_the_releases(path: Path, execution: Execution) -> None:
    stored = Stored(path)
    model, recorded, drawn = built(stored, execution).train(), stored.group("train"), triplets(stored, "step1_")
    said: list[Tensor] = []
    model.correlation.predictor.register_forward_hook(lambda _module, _inputs, result: said.append(result))
    output = model(**stored.batch(), triplets=drawn)
    close(output.logits, recorded["prediction"], "prediction")
    close(said[0], recorded["correlation_output"], "correlation_output")
    target = model.correlation.target(stored.batch()["labels"], drawn)
    close(target, recorded["score"], "score")
    close(torch.cat([target, torch.zeros(stored.config["batch"])]), recorded["correlation_target"], "target")
    for name in ("task", "correlation"):
        close(output.terms[name], recorded[name], name)
    parameters = dict(model.named_parameters())
    for name in ("task", "correlation"):
        found = torch.autograd.grad(output.terms[name], list(parameters.values()), retain_graph=True, allow_unused=True)
        ours = {key: value for key, value in zip(parameters, found, strict=True) if value is not None}
        theirs = {MCL.ours(key): value for key, value in stored.group(f"grad.{name}").items()}
        assert set(ours) == set(theirs)
        for key, value in ours.items():
            close(value, theirs[key], f"{name}: {key}")
    for key in stored.config["no_grad"]:
        assert MCL.ours(key) is None


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("path", WHOLE)
def test_two_steps_of_the_loop_are_the_releases(path: Path, execution: Execution) -> None:
    """Parameters to 1e-10: a thousandth of a step of the slowest of them."""
    stored = Stored(path)
    c, model = stored.config, built(stored, execution).train()
    rates = {"encoder_learning_rate": c["learning_rate"], "learning_rate": c["learning_rate"], "epsilon": c["adam_eps"]}
    config = TrainConfig(**SETTINGS, **rates)
    optimiser = build_optimisation(model, config)
    assert optimiser.losses == ["correlation", "task"]
    for step in (1, 2):
        set_learning_rates(optimiser, learning_rate_factor(step - 1, 2, config))
        optimiser.zero_grad()
        output = model(**stored.batch(), triplets=triplets(stored, f"step{step}_"))
        for name in ("task", "correlation"):
            close(output.terms[name], stored.tensors[f"train.step{step}_{name}"], f"step {step}: {name}")
        gradients = optimiser.gradients([output.terms[name] for name in optimiser.losses])
        optimiser.step(config.clip_norm, gradients)
        after, parameters = stored.group(f"after{step}"), dict(model.named_parameters())
        assert after
        for name, value in after.items():
            close(parameters[str(MCL.ours(name))], value, name, absolute=1e-10)


@pytest.mark.parametrize("form", ["supervised", "unsupervised"])
@pytest.mark.parametrize("path", ALONE)
def test_the_correlation_loss_alone_is_the_releases(path: Path, form: str) -> None:
    stored = Stored(path)
    c, inputs, recorded = stored.config, stored.group("input"), stored.group(f"train.{form}")
    module = CorrelationContrast(
        c["d_l"], ratio=c["ratio"], offset=c["alpha"], scale=c["gamma"], supervised=form == "supervised"
    ).double()
    names = {"classifier3.weight": "predictor.weight", "classifier3.bias": "predictor.bias"}
    module.load_state_dict({ours: stored.group("weight")[theirs] for theirs, ours in names.items()})
    vectors = {MODALITY[name]: inputs[name].requires_grad_() for name in ("text", "audio", "visual")}
    drawn = triplets(stored, f"{form}.")
    said: list[Tensor] = []
    module.predictor.register_forward_hook(lambda _module, _inputs, result: said.append(result))
    loss = module(vectors, inputs["labels"], triplets=drawn)
    close(loss, recorded["loss"], "loss")
    close(said[0], recorded["output"], "output")
    target = module.target(inputs["labels"], drawn)
    close(target, recorded["target"][: len(drawn)], "target")
    assert recorded["target"][len(drawn) :].eq(0).all()
    if form == "supervised":
        close(label_distance(inputs["labels"][drawn], offset=c["alpha"], scale=c["gamma"]), recorded["score"], "score")
    loss.backward()
    parameters = dict(module.named_parameters())
    for name, value in stored.group(f"grad.{form}").items():
        read = vectors[MODALITY[name.removeprefix("input.")]] if name.startswith("input.") else parameters[names[name]]
        close(read.grad, value, name)
