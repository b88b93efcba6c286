"""HKT's numbers in float64: states, readout, losses, every gradient, four optimiser steps; and its parts alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import AlbertConfig

from golden.golden_files import cases, load
from mlcl.config import TrainConfig
from mlcl.execution import Execution, set_execution
from mlcl.models import HKTConfig, HKTModel, UnimodalModel, load_release_weights
from mlcl.models.hkt_layers import BimodalAttention, RowEncoder
from mlcl.models.release.names import HKT, HKT_CROSS, HKT_UNIMODAL

RELATIVE = 1e-9  # the mission's tolerance, of the largest entry of each tensor
NOISE = 1e-12  # gradients that are 0 by the mathematics are recorded as rounding noise

EXECUTIONS: tuple[Execution, ...] = ("fast", "plain")
ENCODERS = ("acoustic", "visual", "hcf")


class Case:
    """A golden file: its tensors by group, and the sizes of its metadata."""

    def __init__(self, path: Path) -> None:
        self.tensors, metadata = load(path)
        self.config: dict[str, Any] = metadata["config"]

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        found = {k.removeprefix(f"{prefix}."): v for k, v in self.tensors.items() if k.startswith(f"{prefix}.")}
        assert found
        return found

    def weights(self) -> dict[str, Tensor]:
        return {name: torch.from_numpy(value) for name, value in self.group("weight").items()}

    def input(self, name: str) -> Tensor:
        return torch.from_numpy(self.tensors[f"input.{name}"])

    def hkt(self, execution: Execution) -> HKTModel:
        c = self.config
        assert c["layer_norm_eps"] == nn.LayerNorm(1).eps
        encoders = {f"{m}_{key}": value for m in ENCODERS for key, value in c[f"{m}_encoder"].items()}
        model = HKTModel(
            HKTConfig(
                text_config=AlbertConfig(
                    vocab_size=c["vocab"],
                    embedding_size=c["albert_embedding"],
                    hidden_size=c["text_dim"],
                    num_hidden_layers=c["albert_layers"],
                    num_attention_heads=c["albert_heads"],
                    intermediate_size=c["albert_intermediate"],
                    hidden_act=c["albert_activation"],
                    layer_norm_eps=c["albert_layer_norm_eps"],
                    max_position_embeddings=c["max_position_embeddings"],
                    type_vocab_size=c["type_vocab"],
                    hidden_dropout_prob=0.0,
                    attention_probs_dropout_prob=0.0,
                ),
                num_labels=2,
                **{f"{m}_dim": c[f"{m}_dim"] for m in ENCODERS},
                **encoders,
                cross_heads=c["cross_heads"],
                fusion_dim=c["fusion_dim"],
                max_positions=c["max_positions"],
                encoder_dropout=0.0,
                dropout=0.0,
                fit_heads=False,
                mask_padding=False,
                decay_norms=True,
                **{f"{m}_learning_rate": c["lr_groups"][m] for m in ENCODERS},
            )
        ).double()
        load_release_weights(model, self.weights())
        set_execution(model, execution)
        return model

    def unimodal(self, *, mask_padding: bool) -> UnimodalModel:
        c = self.config
        encoder = RowEncoder(
            c["dim"],
            num_layers=c["layers"],
            num_heads=c["heads"],
            feed_forward=c["feed_forward"],
            dropout=0.0,
            max_positions=c["max_positions"],
            mask_padding=mask_padding,
        )
        model = UnimodalModel("acoustic", encoder, HKTConfig(acoustic_dim=c["dim"], num_labels=2)).double()
        load_release_weights(model, self.weights())
        return model

    def cross(self) -> BimodalAttention:
        c = self.config
        layer = BimodalAttention(c["text_dim"], c["nonverbal_dim"], num_heads=(c["heads"],) * 3, dropout=0.0).double()
        layer.load_state_dict({str(HKT_CROSS.ours(name)): value for name, value in self.weights().items()})
        return layer

    def batch(self) -> dict[str, Tensor]:
        names = ("input_ids", "attention_mask", "token_type_ids", "acoustic", "visual", "hcf", "labels")
        return {name: self.input(name) for name in names}


def close(ours: Tensor, theirs: np.ndarray, name: str) -> None:
    ours_array = ours.detach().numpy().reshape(theirs.shape)
    tolerance = max(RELATIVE * float(np.abs(theirs).max(initial=0.0)), NOISE)
    np.testing.assert_allclose(ours_array, theirs, rtol=0, atol=tolerance, err_msg=name)


def gradients_close(model: nn.Module, recorded: dict[str, np.ndarray], rename: Any) -> None:
    parameters = dict(model.named_parameters())
    ours = {str(rename(name)): value for name, value in recorded.items()}
    assert set(ours) == set(parameters)
    for name, value in ours.items():
        gradient = parameters[name].grad
        assert gradient is not None, name
        close(gradient, value, name)


def captured(module: nn.Module, into: dict[str, Tensor], name: str) -> None:
    module.register_forward_hook(lambda _module, _inputs, output: into.update({name: output}))


@pytest.mark.parametrize("path", cases("hkt_unimodal.safetensors"))
class TestUnimodal:
    def test_states_and_logits_are_the_releases(self, path: Path) -> None:
        case = Case(path)
        rows, mask = case.input("features"), case.input("attention_mask").bool()
        real = (rows != 0).any(dim=2)
        for mask_padding, recorded in ((False, "eval.hidden"), (True, "eval.hidden_masked")):
            model = case.unimodal(mask_padding=mask_padding).eval()
            hidden = model.encoder(rows, real, mask)
            close(hidden, case.tensors[recorded], recorded)
            if not mask_padding:
                close(model.head(hidden), case.tensors["eval.logits"], "logits")
                logits = model(mask, acoustic=rows).logits
                close(logits[:, 1], case.tensors["eval.cls_logit"], "cls_logit")
                assert logits[:, 0].eq(0).all()

    def test_loss_and_gradients_are_the_releases(self, path: Path) -> None:
        case = Case(path)
        model = case.unimodal(mask_padding=False).train()
        output = model(case.input("attention_mask"), acoustic=case.input("features"), labels=case.input("labels"))
        close(output.terms["task"], case.tensors["train.bce"], "bce")
        close(output.loss, case.tensors["train.total"], "total")
        output.loss.backward()
        gradients_close(model, case.group("grad"), HKT_UNIMODAL.ours)


@pytest.mark.parametrize("path", cases("hkt_cross.safetensors"))
def test_the_bimodal_layer_is_the_releases(path: Path) -> None:
    case = Case(path)
    layer, mask = case.cross(), case.input("attention_mask").bool()
    found: dict[str, Tensor] = {}
    captured(layer.text_reads, found, "text_from_nonverbal")
    captured(layer.nonverbal_reads, found, "nonverbal_from_text")
    captured(layer.attention_norm, found, "after_self_attention")
    text, nonverbal = case.input("text").requires_grad_(), case.input("nonverbal").requires_grad_()
    unmasked = layer(text, nonverbal, None)
    output = layer(text, nonverbal, mask)  # last, so that what was captured is of the masked pass
    for name, value in {**found, "output": output, "output_unmasked": unmasked}.items():
        close(value, case.tensors[f"eval.{name}"], name)
    assert len(found) + 2 == len(case.group("eval"))
    total = (output * case.input("probe")).sum()
    close(total, case.tensors["train.total"], "total")
    total.backward()
    recorded = case.group("grad")
    close(text.grad, recorded.pop("input.text"), "input.text")
    close(nonverbal.grad, recorded.pop("input.nonverbal"), "input.nonverbal")
    gradients_close(layer, recorded, HKT_CROSS.ours)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("path", cases("hkt.safetensors"))
class TestHKT:
    @torch.no_grad()
    def test_states_readout_and_prediction_are_the_releases(self, path: Path, execution: Execution) -> None:
        case = Case(path)
        model = case.hkt(execution).eval()
        found: dict[str, Tensor] = {}
        for name in ENCODERS:
            captured(model.rows[name], found, f"{name}_hidden")
        captured(model.cross, found, "cross_hidden")
        batch = case.batch()
        output = model(**batch)
        text = model.text.states(
            batch["input_ids"], batch["attention_mask"].bool(), batch["token_type_ids"], window=slice(None)
        )
        found |= {"text_hidden": text, "readout": output.embedding, "prediction": output.logits[:, 1]}
        assert set(found) == set(case.group("eval"))
        for name, value in found.items():
            close(value, case.tensors[f"eval.{name}"], name)
        close(output.logits.softmax(dim=1)[:, 1:], 1 / (1 + np.exp(-case.tensors["eval.prediction"])), "probability")

    def test_loss_and_gradients_are_the_releases(self, path: Path, execution: Execution) -> None:
        case = Case(path)
        model = case.hkt(execution).train()
        output = model(**case.batch())
        close(output.terms["task"], case.tensors["train.bce"], "bce")
        close(output.loss, case.tensors["train.total"], "total")
        output.loss.backward()
        gradients_close(model, case.group("grad"), HKT.ours)

    def test_four_steps_are_the_releases(self, path: Path, execution: Execution) -> None:
        """The model's groups, moved by the rule of the AdamW that the release uses at the rates that it recorded."""
        case = Case(path)
        c = case.config
        model = case.hkt(execution).train()
        rate = c["lr_groups"]["other"]
        [update] = model.updates(TrainConfig(learning_rate=rate, encoder_learning_rate=rate))
        base = {m: c["lr_groups"][m] for m in ("hcf", "visual", "acoustic")}
        moments = {p: (torch.zeros_like(p), torch.zeros_like(p)) for group in update.groups for p in group.parameters}
        totals = []
        for step, rates in enumerate(case.tensors["train.lr_by_step"], start=1):
            np.testing.assert_allclose(rates, rates[0] / rate * np.array([rate, *base.values()]), rtol=1e-12)
            loss = model(**case.batch()).loss
            totals.append(loss.detach())
            model.zero_grad()
            loss.backward()
            for group in update.groups:
                for parameter in group.parameters:
                    adamw_step(
                        parameter,
                        moments[parameter],
                        step,
                        learning_rate=float(rates[0]) / rate * group.learning_rate,
                        betas=c["adam_betas"],
                        epsilon=c["adam_eps"],
                        decay=c["weight_decay"] if group.decayed else 0.0,
                    )
        assert step == c["steps_recorded"]
        close(torch.stack(totals), case.tensors["train.total_by_step"], "total_by_step")
        parameters = dict(model.named_parameters())
        for name, value in case.group("after4").items():
            close(parameters[str(HKT.ours(name))], value, name)

    def test_the_norms_that_decay_are_the_releases(self, path: Path, execution: Execution) -> None:
        case = Case(path)
        model = case.hkt(execution)
        [update] = model.updates(TrainConfig())
        decayed = {id(p) for group in update.groups if group.decayed for p in group.parameters}
        vectors = {name for name, p in model.named_parameters() if id(p) in decayed and p.dim() == 1}
        assert vectors == {HKT.ours(name) for name in case.config["decayed_norm_weights"]}


@torch.no_grad()
def adamw_step(
    parameter: Tensor,
    moments: tuple[Tensor, Tensor],
    step: int,
    *,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
    decay: float,
) -> None:
    """AdamW as transformers had it: epsilon beside the uncorrected root, and decay of what the step left."""
    mean, square = moments
    mean.mul_(betas[0]).add_(parameter.grad, alpha=1 - betas[0])
    square.mul_(betas[1]).addcmul_(parameter.grad, parameter.grad, value=1 - betas[1])
    size = learning_rate * (1 - betas[1] ** step) ** 0.5 / (1 - betas[0] ** step)
    parameter.sub_(size * mean / (square.sqrt() + epsilon))
    parameter.sub_(learning_rate * decay * parameter)
