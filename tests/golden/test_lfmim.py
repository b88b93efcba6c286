"""LFMIM's release in float64: every stream at every level, four predictions, four losses, every gradient."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import BertConfig

from golden.golden_files import cases, load
from mlcl.encode.sandwich import SandwichBlock
from mlcl.models import LFMIMConfig, LFMIMModel, load_release_weights
from mlcl.models.lfmim import MULTIMODAL, STREAMS
from mlcl.models.release.names import LFMIM

RELATIVE = 1e-9  # the mission's tolerance, of the largest entry of each tensor
NOISE = 1e-12  # gradients that are 0 by the mathematics are recorded as rounding noise

OURS = {"text": "text", "audio": "acoustic", "visual": "visual", "multimodal": MULTIMODAL}
TERMS = {"task": "multimodal", "task_text": "text", "task_acoustic": "audio", "task_visual": "visual"}
BLOCK = {
    "attn": "attention",
    "ln_1": "attention_norm",
    "ln_12": "attended_norm",
    "ln_2": "feed_forward_norm",
    "ln_22": "narrowed_norm",
    "mlp.c_fc": "widen",
    "mlp.c_proj": "narrow",
}


class Case:
    """A golden file, the model that its metadata describes, and its inputs."""

    def __init__(self, path: Path) -> None:
        self.tensors, metadata = load(path)
        self.config: dict[str, Any] = metadata["config"]
        self.rows = {ours: self.tensor(f"input.{name}") for name, ours in OURS.items() if name != "multimodal"}
        self.masks = {name: torch.ones(rows.shape[:2], dtype=torch.bool) for name, rows in self.rows.items()}
        self.labels = torch.stack([self.tensor(f"input.label_{name}") for name in OURS], dim=1)
        assert list(OURS.values()) == list(STREAMS)

    def tensor(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.tensors[name])

    def model(self) -> LFMIMModel:
        c = self.config
        model = LFMIMModel(
            LFMIMConfig(
                # The release takes states as they are: of the encoder only the width counts.
                text_config=BertConfig(
                    vocab_size=2,
                    hidden_size=c["text_in"],
                    num_hidden_layers=1,
                    num_attention_heads=1,
                    intermediate_size=2,
                    max_position_embeddings=2,
                ),
                num_labels=c["num_classes"],
                acoustic_dim=c["audio_in"],
                visual_dim=c["visual_in"],
                d_model=c["width"],
                num_heads=c["heads"],
                levels=c["levels"],
                visual_blocks_per_level=c["visual_blocks_per_level"],
                feed_forward_factor=c["feed_forward"] // c["width"],
                multimodal_tokens=c["multimodal_tokens"],
                embedding_dropout=0.0,
                attention_dropout=0.0,
                relu_dropout=0.0,
                readout="position",
                text_length=c["text_length"],
                acoustic_length=c["audio_length"],
                visual_length=c["visual_length"],
                mask_padding=False,
            )
        ).double()
        load_release_weights(model, {name: torch.from_numpy(value) for name, value in self.group("weight").items()})
        return model

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        return {k.removeprefix(f"{prefix}."): v for k, v in self.tensors.items() if k.startswith(f"{prefix}.")}


def close(ours: torch.Tensor | None, theirs: np.ndarray, name: str) -> None:
    assert ours is not None, name
    tolerance = max(RELATIVE * float(np.abs(theirs).max(initial=0.0)), NOISE)
    ours_array = ours.detach().numpy().reshape(theirs.shape)
    np.testing.assert_allclose(ours_array, theirs, rtol=0, atol=tolerance, err_msg=name)


def assert_gradients(model: nn.Module, recorded: dict[str, np.ndarray]) -> None:
    parameters = dict(model.named_parameters())
    assert recorded
    for name, value in recorded.items():
        close(parameters[str(LFMIM.ours(name))].grad, value, name)


pytestmark = pytest.mark.parametrize("path", cases("lfmim*.safetensors"))


def watched(model: LFMIMModel) -> dict[str, torch.Tensor]:
    """What enters and leaves the blocks of each level, under the names of the file, filled by the next forward pass."""
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str, value: torch.Tensor) -> None:
        seen[name] = value

    for theirs, ours in OURS.items():
        stream: Any = model.streams[ours]
        for level in range(model.config.levels):
            first, last = (stream.blocks[level * stream.blocks_per_level + i] for i in (0, stream.blocks_per_level - 1))
            into = "multimodal_in" if ours == MULTIMODAL else f"{theirs}_in"
            first.register_forward_pre_hook(lambda _, args, n=f"level{level}.{into}": keep(n, args[0]))
            last.register_forward_hook(lambda _, __, out, n=f"level{level}.{theirs}_out": keep(n, out))
    return seen


@torch.no_grad()
def test_streams_readout_and_predictions_are_the_releases(path: Path) -> None:
    case = Case(path)
    model = case.model().eval()
    seen = watched(model)
    present = {name: mask.any(dim=1) for name, mask in case.masks.items()}
    readout, logits = model.score(case.rows, case.masks, present)
    found = {"readout": readout, **seen}
    found |= {f"{name}_stream_start": seen[f"level0.{name}_in"] for name in ("text", "audio", "visual")}
    found |= {f"prediction_{theirs}": logits[ours] for theirs, ours in OURS.items()}
    recorded = case.group("eval")
    assert len(recorded) > 4 * case.config["levels"]
    for name, value in recorded.items():
        close(found[name], value, name)


def test_terms_and_gradients_are_the_releases(path: Path) -> None:
    case = Case(path)
    model = case.model().train()
    output = model.from_rows(case.rows, case.masks, labels=case.labels)
    close(output.logits, case.tensors["eval.prediction_multimodal"], "logits")
    assert set(output.terms) == set(TERMS)
    for ours, theirs in TERMS.items():
        close(output.terms[ours], case.tensors[f"train.ce_{theirs}"], theirs)
    close(output.loss, case.tensors["train.total"], "total")
    output.loss.backward()
    recorded = case.group("grad")
    trained = {name for name, p in model.named_parameters() if not name.startswith("text.encoder.")}
    assert {LFMIM.ours(name) for name in recorded} == trained
    assert_gradients(model, recorded)


def test_the_multimodal_loss_alone_gives_the_releases_gradients(path: Path) -> None:
    """It reaches the unimodal blocks: independence is of the forward pass only."""
    case = Case(path)
    model = case.model().train()
    model.from_rows(case.rows, case.masks, labels=case.labels).terms["task"].backward()
    assert_gradients(model, case.group("grad_multimodal_only"))


def test_what_the_release_does_not_train_has_no_place_here(path: Path) -> None:
    case = Case(path)
    assert case.config["no_grad"]
    assert [name for name in case.config["no_grad"] if LFMIM.ours(name) is not None] == []


def test_a_block_alone_is_the_releases(path: Path) -> None:
    case = Case(path)
    c = case.config
    sizes = {"num_heads": c["heads"], "feed_forward": c["feed_forward"], "depth": 1}
    block = SandwichBlock(c["width"], **sizes, attention_dropout=0.0, relu_dropout=0.0).double()

    def ours(name: str) -> str:
        part = next(key for key in sorted(BLOCK, key=len, reverse=True) if name.startswith(f"{key}."))
        return BLOCK[part] + name.removeprefix(part)

    block.load_state_dict({ours(name): torch.from_numpy(value) for name, value in case.group("block.weight").items()})
    x = case.tensor("block.input.x").requires_grad_()
    output = block(x)
    close(output, case.tensors["block.eval.output"], "output")
    total = (output * case.tensor("block.input.probe")).sum()
    close(total, case.tensors["block.train.total"], "total")
    total.backward()
    gradients = case.group("block.grad")
    close(x.grad, gradients.pop("input.x"), "input")
    parameters = dict(block.named_parameters())
    assert {ours(name) for name in gradients} == set(parameters)
    for name, value in gradients.items():
        close(parameters[ours(name)].grad, value, name)
