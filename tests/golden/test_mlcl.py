"""The release's numbers in float64: eval outputs, every term, every gradient, three Adam steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig

from golden.golden_files import cases, load
from mlcl.execution import Execution, set_execution
from mlcl.models import MLCLConfig, MLCLModel, load_release_weights
from mlcl.models.release.names import MLCL

RELATIVE = 1e-9  # the mission's tolerance, of the largest entry of each tensor
NOISE = 1e-12  # gradients that are 0 by the mathematics are recorded as rounding noise

EXECUTIONS: tuple[Execution, ...] = ("fast", "plain")

TERMS = {
    "train.umcl.text": "umcl_text",
    "train.umcl.acoustic": "umcl_acoustic",
    "train.umcl.visual": "umcl_visual",
    "train.bmcl.text_acoustic": "bmcl_text_acoustic",
    "train.bmcl.text_visual": "bmcl_text_visual",
    "train.bmcl.acoustic_visual": "bmcl_acoustic_visual",
    "train.tmcl.text__acoustic_visual": "tmcl_text",
    "train.tmcl.acoustic__text_visual": "tmcl_acoustic",
    "train.tmcl.visual__text_acoustic": "tmcl_visual",
    "train.task": "task",
}


class Case:
    """A golden file, and the model that its metadata describes."""

    def __init__(self, path: Path, execution: Execution) -> None:
        self.execution = execution
        self.tensors, metadata = load(path)
        self.config: dict[str, Any] = metadata["config"]

    def model(self) -> MLCLModel:
        c = self.config
        classification = c["task"] == "classification"
        model = MLCLModel(
            MLCLConfig(
                text_config=BertConfig(
                    vocab_size=c["vocab"],
                    hidden_size=c["hidden"],
                    num_hidden_layers=c["bert_layers"],
                    num_attention_heads=c["bert_heads"],
                    intermediate_size=c["intermediate"],
                    max_position_embeddings=c["max_position_embeddings"],
                    hidden_dropout_prob=0.0,
                    attention_probs_dropout_prob=0.0,
                ),
                problem_type="single_label_classification" if classification else "regression",
                num_labels=c["num_labels"],
                acoustic_dim=c["acoustic_dim"],
                visual_dim=c["visual_dim"],
                d_model=c["d_l"],
                num_heads=c["num_heads"],
                sequence_layers=c["layers"],
                cross_depth=c["cross_depth"],
                cross_dim_head=c["dim_head"],
                fusion_feed_forward=c["fusion_ff"],
                view_dropout=0.0,
                attention_dropout=0.0,
                relu_dropout=0.0,
                residual_dropout=0.0,
                embedding_dropout=0.0,
                fusion_dropout=0.0,
                umcl_weight=c["umcl_weight"],
                bmcl_weight=c["bmcl_weight"],
                tmcl_weight=c["tmcl_weight"],
                umcl_temperature=c["temperature"],
                bmcl_temperature=c["temperature"],
                tmcl_temperature=c["temperature"],
                cross_attention="pooled",
                tie_vt_to_av=c["tie_vt_to_av"],
                text_pooling="last_position",
                sequence_pooling="last_position",
                mask_padding=False,
            )
        ).double()
        weights = {k.removeprefix("weight."): torch.from_numpy(v) for k, v in self.group("weight").items()}
        load_release_weights(model, weights)
        set_execution(model, self.execution)
        return model

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        return {key: value for key, value in self.tensors.items() if key.startswith(f"{prefix}.")}

    def batch(self) -> dict[str, torch.Tensor]:
        return {key.removeprefix("input."): torch.from_numpy(value) for key, value in self.group("input").items()}


def close(ours: torch.Tensor, theirs: np.ndarray, name: str) -> None:
    ours_array = ours.detach().numpy().reshape(theirs.shape)
    tolerance = max(RELATIVE * float(np.abs(theirs).max(initial=0.0)), NOISE)
    np.testing.assert_allclose(ours_array, theirs, rtol=0, atol=tolerance, err_msg=name)


pytestmark = pytest.mark.parametrize("path", cases("mlcl_*.safetensors"))


def test_eval_outputs_are_the_releases(path: Path) -> None:
    for execution in EXECUTIONS:
        case = Case(path, execution)
        with torch.no_grad():
            output = case.model().eval()(**case.batch())
        close(output.logits, case.tensors["eval.prediction"], "prediction")
        if "eval.fused" in case.tensors:
            close(output.embedding, case.tensors["eval.fused"], "fused")


def test_terms_and_gradients_are_the_releases(path: Path) -> None:
    for execution in EXECUTIONS:
        case = Case(path, execution)
        model = case.model().train()
        output = model(**case.batch())
        recorded = {TERMS[key]: value for key, value in case.group("train").items() if key in TERMS}
        assert set(recorded) == set(output.terms)
        for name, value in recorded.items():
            close(output.terms[name], value, name)
        output.loss.backward()
        gradients = case.group("grad")
        assert gradients
        parameters = dict(model.named_parameters())
        for key, value in gradients.items():
            parameter = parameters[str(MLCL.ours(key.removeprefix("grad.")))]
            assert parameter.grad is not None or not parameter.requires_grad, key
            close(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad, value, key)


def test_three_adam_steps_are_the_releases(path: Path) -> None:
    for execution in EXECUTIONS:
        case = Case(path, execution)
        model = case.model().train()
        optimiser = torch.optim.Adam(
            [parameter for parameter in model.parameters() if parameter.requires_grad], lr=case.config["learning_rate"]
        )
        totals = []
        for _ in case.tensors["train.total_by_step"]:
            loss = model(**case.batch()).loss
            totals.append(loss.detach())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        close(torch.stack(totals), case.tensors["train.total_by_step"], "total_by_step")
        after = case.group("after3")
        assert after
        parameters = dict(model.named_parameters())
        for key, value in after.items():
            close(parameters[str(MLCL.ours(key.removeprefix("after3.")))], value, key)
