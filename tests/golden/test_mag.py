"""MAG's release in float64: the gate, MAG-BERT with its optimiser and schedule, MAG-XLNet."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import BertConfig, PreTrainedConfig, XLNetConfig, XLNetModel

from golden.golden_files import cases, load
from mlcl.config import TrainConfig
from mlcl.execution import Execution, executed
from mlcl.fuse import AdaptationGate
from mlcl.models import MAGConfig, MAGModel, load_release_weights
from mlcl.models.release.names import MAG
from mlcl.train.optimiser import build_optimisation, learning_rate_factor, set_learning_rates

RELATIVE = 1e-9  # the mission's tolerance, of the largest entry of each tensor
NOISE = 1e-12  # gradients that are 0 by the mathematics are recorded as rounding noise
EXECUTIONS: tuple[Execution, ...] = ("fast", "plain")
EVERY_STEP = slice(None)

GATES = pytest.mark.parametrize("path", cases("mag_gate*.safetensors"))
MODELS = pytest.mark.parametrize("path", cases("mag_bert*.safetensors") + cases("mag_xlnet*.safetensors"))
STEPS = pytest.mark.parametrize("path", cases("mag_bert*.safetensors"))


class Case:
    """A golden file, and what its metadata describes."""

    def __init__(self, path: Path) -> None:
        self.tensors, metadata = load(path)
        self.config: dict[str, Any] = metadata["config"]

    def group(self, prefix: str) -> dict[str, Tensor]:
        prefix += "."
        return {k.removeprefix(prefix): torch.from_numpy(v) for k, v in self.tensors.items() if k.startswith(prefix)}

    def batch(self) -> dict[str, Tensor]:
        return {name: value for name, value in self.group("input").items() if name != "lengths"}

    def gate(self, beta: float) -> AdaptationGate:
        c = self.config
        gate = AdaptationGate(
            c["text_dim"], acoustic_dim=c["acoustic_dim"], visual_dim=c["visual_dim"], beta=beta, dropout=c["dropout"]
        ).double()
        gate.norm.eps = c["layer_norm_eps"]
        gate.load_state_dict({our_name(name): value for name, value in self.group("weight").items()})
        return gate

    def model(self) -> MAGModel:
        c = self.config
        model = MAGModel(
            MAGConfig(
                text_config=self.text_config(),
                acoustic_dim=c["acoustic_dim"],
                visual_dim=c["visual_dim"],
                beta_shift=c["beta_shift"],
                num_labels=c.get("num_labels", 1),
                gate_dropout=0.0,
                head_dropout=0.0,
                readout="pooler",
                loss="mse",
                mask_padding=False,
                decay_by_name=True,
            )
        ).double()
        model.gate.norm.eps = c["gate_layer_norm_eps"]
        weights = self.group("weight")
        for name in c["no_grad"]:  # XLNet's mask token, which is not recorded and takes no part
            weights[name] = model.get_parameter(str(MAG.ours(name))).detach()
        load_release_weights(model, weights)
        return model

    def text_config(self) -> PreTrainedConfig:
        c = self.config
        if "bert_layers" in c:
            return BertConfig(
                vocab_size=c["vocab"],
                hidden_size=c["hidden"],
                num_hidden_layers=c["bert_layers"],
                num_attention_heads=c["bert_heads"],
                intermediate_size=c["intermediate"],
                max_position_embeddings=c["max_position_embeddings"],
                type_vocab_size=c["type_vocab"],
                layer_norm_eps=c["bert_layer_norm_eps"],
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
            )
        return XLNetConfig(
            vocab_size=c["vocab"],
            d_model=c["hidden"],
            n_layer=c["layers"],
            n_head=c["heads"],
            d_inner=c["inner"],
            layer_norm_eps=c["layer_norm_eps"],
            ff_activation="gelu",
            pad_token_id=c["pad_id"],
            dropout=0.0,
        )


def our_name(name: str) -> str:
    """A parameter of the gate alone."""
    return str(MAG.ours(f"bert.MAG.{name}")).removeprefix("gate.")


def close(ours: Tensor, theirs: np.ndarray | Tensor, name: str) -> None:
    theirs = np.asarray(theirs)
    tolerance = max(RELATIVE * float(np.abs(theirs).max(initial=0.0)), NOISE)
    np.testing.assert_allclose(
        ours.detach().numpy().reshape(theirs.shape), theirs, rtol=0, atol=tolerance, err_msg=name
    )


@pytest.fixture(autouse=True)
def float64_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The records have XLNet's table of positions in float64; the library makes it in float32."""

    def table(positions: Tensor, frequencies: Tensor, items: int | None = None) -> Tensor:
        half = len(frequencies)
        exponent = torch.arange(half, dtype=torch.float64) / half
        angles = positions.double()[:, None] / torch.pow(torch.tensor(10000.0, dtype=torch.float64), exponent)
        return torch.cat([angles.sin(), angles.cos()], dim=-1)[:, None].expand(-1, items or 1, -1)

    monkeypatch.setattr(XLNetModel, "positional_embedding", staticmethod(table))


@GATES
def test_the_gate_is_the_releases(path: Path) -> None:
    case = Case(path)
    inputs = {m: value.requires_grad_() for m, value in case.group("input").items() if m != "probe"}
    gate = case.gate(case.config["beta_shift"])
    displacement = gate.displacement(**inputs)
    alpha = gate.scale(inputs["text"], displacement)
    shift = alpha.unsqueeze(-1) * displacement
    close(alpha, case.tensors["eval.alpha"], "alpha")
    close(shift, case.tensors["eval.shift"], "shift")
    close(inputs["text"] + shift, case.tensors["eval.pre_norm"], "pre_norm")
    close(gate(**inputs), case.tensors["eval.output"], "output")
    other = case.gate(case.config["beta_shift_other"])
    close(other(**inputs), case.tensors["eval.output_beta_other"], "output_beta_other")
    close(case.gate(0.0)(**inputs), case.tensors["eval.output_beta_zero"], "output_beta_zero")


@GATES
@pytest.mark.parametrize("shut", [False, True], ids=["open", "shut"])
def test_gradients_of_the_gate_are_the_releases(path: Path, shut: bool) -> None:
    case = Case(path)
    inputs = {m: value.requires_grad_() for m, value in case.group("input").items() if m != "probe"}
    gate = case.gate(case.config["beta_shift"])
    if shut:
        for linear in (gate.acoustic_gate, gate.visual_gate):
            torch.nn.init.constant_(linear.bias, case.config["gates_shut_bias"])
    output = gate(**inputs)
    total = (output * case.group("input")["probe"]).sum()
    if shut:
        close(output, case.tensors["gates_shut.output"], "gates_shut.output")
    else:
        close(total, case.tensors["train.total"], "total")
    total.backward()
    recorded = case.group("grad_gates_shut" if shut else "grad")
    found = {f"input.{name}": value.grad for name, value in inputs.items()}
    found |= {name: gate.get_parameter(our_name(name)).grad for name in case.group("weight")}
    assert set(recorded) == set(found)
    for name, value in recorded.items():
        gradient = found[name]
        assert gradient is not None
        close(gradient, value, name)


@MODELS
def test_states_and_predictions_are_the_releases(path: Path) -> None:
    case = Case(path)
    batch = case.batch()
    names = ("embedding", "gated_embedding") if "eval.embedding" in case.tensors else ("gate_input", "gate_output")
    summary = "pooled" if "eval.pooled" in case.tensors else "summary"
    for execution in EXECUTIONS:
        model, seen = case.model().eval(), {}
        real = batch["attention_mask"].bool()

        def keep(module: Any, arguments: tuple[Tensor, ...], output: Tensor, seen: dict[str, Tensor] = seen) -> None:
            displacement = module.displacement(*arguments)
            seen |= {"input": arguments[0], "output": output, "alpha": module.scale(arguments[0], displacement)}

        with torch.no_grad(), executed(model, "plain"):
            handle = model.gate.register_forward_hook(keep)
            model(**batch)
            handle.remove()
        close(seen["input"], case.tensors[f"eval.{names[0]}"], names[0])
        close(seen["output"], case.tensors[f"eval.{names[1]}"], names[1])
        close(seen["alpha"], case.tensors["eval.alpha"], "alpha")

        def gated(states: Tensor, lay: Any, model: MAGModel = model) -> Tensor:
            return model.gate(states, lay(batch["acoustic"]), lay(batch["visual"]))

        with torch.no_grad(), executed(model, execution):
            inputs = (batch["input_ids"], real, batch["token_type_ids"])
            every = model.text.states(*inputs, window=EVERY_STEP, inject=gated)
            ours = model.text.states(*inputs, inject=gated)
            output = model(**batch)
        close(every, case.tensors["eval.last_hidden"], "last_hidden")
        close(ours[real], case.tensors["eval.last_hidden"][real.numpy()], "last_hidden at real tokens")
        close(output.embedding, case.tensors[f"eval.{summary}"], summary)
        close(output.logits, case.tensors["eval.prediction"], "prediction")


@MODELS
def test_loss_and_gradients_are_the_releases(path: Path) -> None:
    for execution in EXECUTIONS:
        case = Case(path)
        model = case.model().train()
        with executed(model, execution):
            output = model(**case.batch())
        close(output.terms["task"], case.tensors["train.mse"], "mse")
        close(output.loss, case.tensors["train.total"], "total")
        output.loss.backward()
        recorded = {str(MAG.ours(name)): value for name, value in case.group("grad").items()}
        silent = {str(MAG.ours(name)) for name in case.config["no_grad"]}
        parameters = dict(model.named_parameters())
        assert set(recorded) | silent == set(parameters)
        for name, value in recorded.items():
            gradient = parameters[name].grad
            assert gradient is not None, name
            close(gradient, value, name)
        assert all(parameters[name].grad is None for name in silent)


@STEPS
def test_optimiser_steps_are_the_releases(path: Path) -> None:
    for execution in EXECUTIONS:
        case = Case(path)
        c = case.config
        model = case.model().train()
        settings = TrainConfig(
            optimiser="adamw_transformers",
            epsilon=c["adam_eps"],
            encoder_learning_rate=c["learning_rate"],
            learning_rate=c["learning_rate"],
            weight_decay=c["weight_decay"],
            schedule="linear_floor",
            warmup=c["warmup_proportion"],
        )
        optimiser = build_optimisation(model, settings)
        totals, rates = [], []
        for step in range(c["steps_recorded"]):
            set_learning_rates(optimiser, learning_rate_factor(step, c["total_steps"], settings))
            with executed(model, execution):
                loss = model(**case.batch()).loss
            totals.append(loss.detach())
            rates.append(optimiser.param_groups[0]["lr"])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step(None)
        close(torch.tensor(rates, dtype=torch.float64), case.tensors["train.lr_by_step"], "lr_by_step")
        close(torch.stack(totals), case.tensors["train.total_by_step"], "total_by_step")
        after = case.group(f"after{c['steps_recorded']}")
        assert after
        for name, value in after.items():
            close(model.get_parameter(str(MAG.ours(name))), value, name)
