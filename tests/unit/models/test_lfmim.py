"""LFMIM: what reaches what, the order of the slots, the mixture, the losses, the size."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import BertConfig

import tiny
import tiny_lfmim
from mlcl.models import LFMIMConfig, LFMIMModel
from mlcl.models.lfmim import MULTIMODAL, SLOTS, STREAMS
from training import Recorder, Run

EXACT = 1e-11  # float64; some dozen layers with values of order 1 to 10
PROFILES = pytest.mark.parametrize("options", [{}, tiny_lfmim.RELEASE], ids=["default", "release"])
LONG = {"text_length": 32, "acoustic_length": 32, "visual_length": 32}
WIDTHS = {"text": 22, "acoustic": tiny.ACOUSTIC_DIM, "visual": tiny.VISUAL_DIM}
OTHER = {"text": "input_ids", "acoustic": "acoustic", "visual": "visual"}


def changed(inputs: dict[str, Any], name: str) -> dict[str, Any]:
    """The batch with other content of one modality at its real steps."""
    field, mask = OTHER[name], inputs["attention_mask" if name == "text" else f"{name}_mask"]
    value = inputs[field]
    other = (value + 1) % tiny.VOCABULARY * mask if name == "text" else -2 * value
    return {**inputs, field: other}


def sequences(model: LFMIMModel, inputs: dict[str, Any]) -> dict[tuple[str, int], Tensor]:
    """What enters the first block of each level, by stream and level."""
    seen: dict[tuple[str, int], Tensor] = {}
    handles = []
    for name in STREAMS:
        stream: Any = model.streams[name]
        for level in range(model.config.levels):

            def keep(_: Any, arguments: Any, key: tuple[str, int] = (name, level)) -> None:
                seen[key] = arguments[0]

            handles.append(stream.blocks[level * stream.blocks_per_level].register_forward_pre_hook(keep))
    model(**inputs)
    for handle in handles:
        handle.remove()
    return seen


@PROFILES
@pytest.mark.parametrize("name", SLOTS)
@torch.no_grad()
def test_a_unimodal_prediction_is_bit_for_bit_independent_of_the_others(name: str, options: dict[str, Any]) -> None:
    model, batch = tiny_lfmim.model(**options), tiny.batch()
    _, before = tiny_lfmim.scored(model, batch)
    _, after = tiny_lfmim.scored(model, changed(batch, name))
    for stream in STREAMS:
        moved = not torch.equal(before[stream], after[stream])
        assert moved is (stream in (name, MULTIMODAL)), stream


@pytest.mark.parametrize("detach", [False, True])
def test_the_multimodal_loss_reaches_the_unimodal_streams_unless_detached(detach: bool) -> None:
    model, batch = tiny_lfmim.model(detach=detach).train(), tiny.batch()
    output = model(**batch)
    assert torch.equal(output.logits, tiny_lfmim.model().train()(**batch).logits)
    output.terms["task"].backward()
    for name, parameter in model.named_parameters():
        part = name.split(".")
        unimodal = part[0] in ("text", "project") or (part[0] in ("streams", "heads") and part[1] != MULTIMODAL)
        if unimodal and (detach or part[0] == "heads"):
            assert parameter.grad is None, name
    block: Any = model.streams["acoustic"].blocks[0]
    assert (block.widen.weight.grad is None) is detach
    joint: Any = model.streams[MULTIMODAL]
    assert joint.blocks[0].widen.weight.grad.abs().max() > 0


def test_without_new_states_the_multimodal_stream_ignores_what_happens_after_the_first_level() -> None:
    model, batch = tiny_lfmim.model(), tiny.batch()

    def influence(mixing: list[float]) -> float:
        with torch.no_grad():
            model.mixing.copy_(torch.tensor(mixing))
        seen = sequences(model, batch)
        deeper = [seen[name, level] for name in SLOTS for level in (1, 2)]
        gradients = torch.autograd.grad(seen[MULTIMODAL, 2].sum(), deeper, allow_unused=True)
        return max(0.0 if g is None else float(g.abs().max()) for g in gradients)

    assert influence([1.0, 0.0]) == 0
    assert influence([1.0, 0.5]) > 1e-3


@torch.no_grad()
def test_without_old_states_the_slots_are_overwritten_at_each_level() -> None:
    model, batch = tiny_lfmim.model(), tiny.batch()
    model.mixing.copy_(torch.tensor([0.0, 1.0]))
    seen = sequences(model, batch)
    for level in range(3):
        expected = torch.cat([seen[name, level] for name in SLOTS], dim=1)
        assert torch.equal(seen[MULTIMODAL, level][:, 3:], expected)


@torch.no_grad()
def test_each_slot_is_mixed_with_its_own_two_numbers() -> None:
    model, batch = tiny_lfmim.model(), tiny.batch()
    model.mixing.zero_()
    for row in range(len(SLOTS)):
        model.mixing[row, 1] = 10.0**row
    seen = sequences(model, batch)
    expected = torch.cat([10.0**row * seen[name, 1] for row, name in enumerate(SLOTS)], dim=1)
    torch.testing.assert_close(seen[MULTIMODAL, 1][:, 3:], expected, rtol=1e-12, atol=0)


@torch.no_grad()
def test_the_slots_stand_in_the_order_tokens_text_visual_acoustic() -> None:
    """At the release's lengths: 4 tokens, 81 text, 17 visual, 51 acoustic."""
    model = tiny_lfmim.model(multimodal_tokens=4, readout="position", mask_padding=False, levels=2)
    stretches = {"text": range(4, 85), "visual": range(85, 102), "acoustic": range(102, 153)}
    rows = {m: torch.randn(1, len(steps) - 1, WIDTHS[m], dtype=torch.float64) for m, steps in stretches.items()}
    masks = {m: torch.ones(value.shape[:2], dtype=torch.bool) for m, value in rows.items()}
    seen: list[Tensor] = []
    stream: Any = model.streams[MULTIMODAL]
    stream.blocks[0].register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0][0]))

    def joint(**given: Tensor) -> Tensor:
        model.from_rows({**rows, **given}, masks)
        return seen[-1]

    plain = joint()
    assert len(plain) == 153
    for name, steps in stretches.items():
        moved = (joint(**{name: -rows[name]}) != plain).any(dim=1).nonzero().flatten().tolist()
        assert moved == list(steps)[1:], name  # all but the class token, which has no content


@pytest.mark.parametrize("classes", [0, 2, 7])
@torch.no_grad()
def test_the_loss_is_the_plain_sum_of_four_terms_with_one_label_or_four(classes: int) -> None:
    model, batch = tiny_lfmim.model(num_labels=max(classes, 1)), tiny.batch(classes=classes)
    output = model(**batch)
    assert list(output.terms) == ["task", "task_text", "task_acoustic", "task_visual"]
    torch.testing.assert_close(output.loss, sum(output.terms.values()), rtol=0, atol=EXACT)
    shared = batch["labels"]
    for same in (shared.unsqueeze(1), shared.unsqueeze(1).expand(-1, 4)):
        assert torch.equal(model(**{**batch, "labels": same}).loss, output.loss)
    for column, term in enumerate(("task_text", "task_acoustic", "task_visual", "task")):
        four = shared.unsqueeze(1).repeat(1, 4)
        four[:, column] = (four[:, column] + 1) % classes if classes else four[:, column] + 50
        terms = model(**{**batch, "labels": four}).terms
        assert {name for name, value in terms.items() if value != output.terms[name]} == {term}


@pytest.mark.parametrize("classes", [0, 2, 7])
def test_four_equal_predictions_under_one_label_have_equal_gradients(classes: int) -> None:
    model, batch = tiny_lfmim.model(num_labels=max(classes, 1)), tiny.batch(classes=classes)
    one = torch.randn(tiny.BATCH, max(classes, 1), dtype=torch.float64)
    logits = {name: one.clone().requires_grad_() for name in STREAMS}
    present = {name: torch.ones(tiny.BATCH, dtype=torch.bool) for name in SLOTS}
    sum(model.losses(logits, batch["labels"], present).values()).backward()
    text = logits["text"].grad
    assert text.abs().max() > 0
    assert all(torch.equal(value.grad, text) for value in logits.values())


def count(config: LFMIMConfig) -> int:
    """Parameters outside the text encoder; nothing is allocated."""
    with torch.device("meta"):
        model = LFMIMModel(config)
    return sum(p.numel() for name, p in model.named_parameters() if not name.startswith("text.encoder."))


def test_at_the_release_s_sizes_it_has_the_release_s_parameters() -> None:
    text = BertConfig(hidden_size=1024, num_attention_heads=16, num_hidden_layers=1, intermediate_size=8)
    sizes = {"acoustic_dim": 1024, "visual_dim": 2048, "num_labels": 7, "d_model": 1024, "num_heads": 16}
    assert count(LFMIMConfig(text_config=text, readout="position", **sizes)) == 266_521_808


def test_at_the_default_sizes_with_bert_base_it_has_four_million() -> None:
    d, inputs = 128, 768 + 74 + 47
    blocks = 20 * (12 * d**2 + 17 * d)
    streams = (3 + 4) * d + 4 * (6 * d + d)  # tokens; three norms and a score
    unimodal = 3 * ((d * 64 + 64) + (64 * 32 + 32) + 33)
    multimodal = (512 * 256 + 256) + (256 * 128 + 128) + (128 * 64 + 64) + 65
    expected = inputs * d + 3 * d + blocks + streams + 6 + unimodal + multimodal
    assert count(LFMIMConfig(text_config=BertConfig(), num_labels=1)) == expected == 4_297_994


def test_every_parameter_gets_a_gradient() -> None:
    for options in ({}, tiny_lfmim.RELEASE, {"detach": True}):
        model = tiny_lfmim.model(**options).train()
        model(**tiny.batch()).loss.backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            if not name.endswith(("in_proj_bias", "key.bias")):
                assert parameter.grad.abs().max() > 0, name


class LFMIMRun(Run):
    """A training of a tiny LFMIM."""

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        self.model = LFMIMModel(tiny_lfmim.config(**self.options))  # type: ignore[assignment]
        self.recorder = Recorder(self.model, self.at_step)


@PROFILES
def test_training_lowers_the_loss(options: dict[str, Any], tmp_path: Path) -> None:
    """Eleven items with random labels, which are learned by heart."""
    settings = {"epochs": 15, "learning_rate": 5e-3, "schedule": "constant", "warmup": 0.0}
    options = {**options, **(LONG if options else {}), "d_model": 28}
    state = LFMIMRun(tmp_path, options=options, settings=settings).fit()
    first, last = state.history[0]["train"], state.history[-1]["train"]
    assert last["loss"] < 0.7 * first["loss"]
    assert set(last) == {"loss", "task", "task_text", "task_acoustic", "task_visual"}


def test_with_plain_descent_and_a_frozen_encoder_only_the_rest_moves(tmp_path: Path) -> None:
    """The release's optimiser; its text states are stored, so an encoder that is frozen shows no dropout."""
    text = tiny.text_config(hidden_dropout_prob=0.5)
    settings = {"optimiser": "sgd", "schedule": "per_epoch", "encoder_learning_rate": 0.0, "learning_rate": 0.01}
    run = LFMIMRun(tmp_path, options={"text_config": text}, settings={**settings, "clip_norm": None, "warmup": 0.0})
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    run.fit()
    for name, value in run.model.named_parameters():
        assert torch.equal(value, before[name]) is name.startswith("text.encoder."), name
    model: Any = run.model.train()
    assert not model.text.encoder.training
    assert model.streams.training
    inputs = tiny.batch(dtype=torch.float32)
    assert torch.equal(model(**inputs).loss, model(**inputs).loss)
    model.requires_grad_(True).train()
    assert model.text.encoder.training
