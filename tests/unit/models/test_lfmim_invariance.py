"""What LFMIM's prediction must not depend on, what an absent modality does, and the two executions."""

from typing import Any

import pytest
import torch
from torch.nn import functional as F

import tiny
import tiny_lfmim
from mlcl.execution import executed
from mlcl.models import LFMIMModel
from mlcl.models.lfmim import MULTIMODAL
from mlcl.options import LFMIMOptions

EXACT = 1e-11  # float64; some dozen layers with values of order 1 to 10
ALWAYS = 1 - 1e-9  # the largest share below 1: no item of these batches escapes it
MASKED = pytest.mark.parametrize(
    "options", [{}, {**tiny_lfmim.LONG, "mask_padding": True}], ids=["default", "position"]
)
OF = {"text": slice(0, 14), "acoustic": slice(14, 28), "visual": slice(28, 42)}


def pad(inputs: dict[str, Any], more: int) -> dict[str, Any]:
    """The same items under `more` steps of padding."""
    result = dict(inputs)
    for name, value in inputs.items():
        if value.dim() == 3:
            result[name] = F.pad(value, (0, 0, 0, more))
        elif value.dim() == 2:
            result[name] = F.pad(value, (0, more), value=False if value.dtype == torch.bool else 0)
    return result


def same(first: Any, second: Any) -> None:
    torch.testing.assert_close(first.logits, second.logits, rtol=0, atol=EXACT)
    torch.testing.assert_close(first.embedding, second.embedding, rtol=0, atol=EXACT)
    torch.testing.assert_close(first.loss, second.loss, rtol=0, atol=EXACT)


@MASKED
@torch.no_grad()
def test_a_prediction_does_not_depend_on_padding_or_neighbours(options: dict[str, Any]) -> None:
    model, batch = tiny_lfmim.model(**options), tiny.batch()
    plain = model(**batch)
    for more in (1, 13):
        same(model(**pad(batch, more)), plain)
    for item in range(tiny.BATCH):
        alone = model(**tiny.take(batch, slice(item, item + 1)))
        torch.testing.assert_close(alone.logits[0], plain.logits[item], rtol=0, atol=EXACT)


@MASKED
@torch.no_grad()
def test_the_content_of_masked_steps_has_no_influence(options: dict[str, Any]) -> None:
    model, batch = tiny_lfmim.model(**options), tiny.batch()
    noisy = {**batch, "input_ids": torch.where(batch["attention_mask"], batch["input_ids"], 7)}
    for name in ("acoustic", "visual"):
        noisy[name] = torch.where(batch[f"{name}_mask"][..., None], batch[name], 1e3)
    same(model(**noisy), model(**batch))


@torch.no_grad()
def test_without_masks_padding_does_have_influence() -> None:
    """The negative control, and what the release does."""
    model, batch = tiny_lfmim.model(**tiny_lfmim.LONG), tiny.batch()
    assert (model(**pad(batch, 3)).logits - model(**batch).logits).abs().max() > 1e-4


@MASKED
@pytest.mark.parametrize("absent", ["text", "acoustic", "visual"])
@torch.no_grad()
def test_an_absent_modality_is_exactly_zero_and_without_influence(absent: str, options: dict[str, Any]) -> None:
    model, batch = tiny_lfmim.model(**options), {**tiny.batch(), "text_present": torch.ones(5, dtype=torch.bool)}
    batch["text_present" if absent == "text" else f"{absent}_mask"][2] = False
    field = "input_ids" if absent == "text" else absent
    other = {**batch, field: batch[field].clone()}
    other[field][2] = 17
    first, second = model(**batch), model(**other)
    same(first, second)
    for name, part in OF.items():
        assert first.embedding[2, part].eq(0).all() == (name == absent), name
    assert first.embedding[2, 42:].ne(0).all()


def test_an_absent_modality_trains_nothing_of_its_stream_and_adds_nothing_to_its_term() -> None:
    model, batch = tiny_lfmim.model().train(), tiny.batch()
    batch["acoustic_mask"][:] = False
    output = model(**batch)
    assert output.terms["task_acoustic"] == 0
    output.loss.backward()
    for name, parameter in model.named_parameters():
        gone = "acoustic" in name
        assert bool(parameter.grad.eq(0).all()) is gone or name.endswith("in_proj_bias"), name


@torch.no_grad()
def test_a_term_is_the_mean_over_all_items_with_zero_for_those_that_lack_the_modality() -> None:
    model, batch = tiny_lfmim.model(), tiny.batch()
    batch["visual_mask"][[0, 3]] = False
    _, logits = tiny_lfmim.scored(model, batch)
    error = (logits["visual"].squeeze(1) - batch["labels"]).abs()
    expected = error[[1, 2, 4]].sum() / tiny.BATCH
    torch.testing.assert_close(model(**batch).terms["task_visual"], expected, rtol=0, atol=EXACT)


def test_a_hidden_modality_counts_as_absent_for_the_multimodal_head_alone() -> None:
    batch = tiny.batch()
    hidden = tiny_lfmim.model(modality_dropout=ALWAYS).train()(**batch)
    seen = tiny_lfmim.model().train()(**batch)
    nothing = {f"{name}_mask": torch.zeros_like(batch[f"{name}_mask"]) for name in ("acoustic", "visual")}
    expected = tiny_lfmim.model()(**{**batch, **nothing})
    torch.testing.assert_close(hidden.logits, expected.logits, rtol=0, atol=EXACT)
    assert (hidden.logits - seen.logits).abs().max() > 1e-4
    for name in ("task_text", "task_acoustic", "task_visual"):
        torch.testing.assert_close(hidden.terms[name], seen.terms[name], rtol=0, atol=EXACT)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("options", [{}, tiny_lfmim.RELEASE], ids=["default", "release"])
def test_fast_and_plain_execution_agree(options: dict[str, Any], training: bool) -> None:
    results = []
    for execution in ("fast", "plain"):
        model = tiny_lfmim.model(text_config=tiny.text_config(num_hidden_layers=3), **options).train(training)
        with executed(model, execution):  # type: ignore[arg-type]  # the names of the two
            output = model(**tiny.batch(items=9))
            output.loss.backward()
        gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
        results.append({"logits": output.logits.detach(), "embedding": output.embedding.detach(), **gradients})
    fast, plain = results
    for name, value in plain.items():
        torch.testing.assert_close(fast[name], value, rtol=0, atol=EXACT * max(1.0, float(value.abs().max())), msg=name)


@pytest.mark.parametrize("options", [{}, tiny_lfmim.RELEASE], ids=["default", "release"])
def test_saving_and_loading_is_the_identity(options: dict[str, Any], tmp_path: Any) -> None:
    model = tiny_lfmim.model(**options)
    model.save_pretrained(tmp_path)
    again = LFMIMModel.from_pretrained(tmp_path, dtype=torch.float64).eval()
    for name in LFMIMOptions.model_fields.keys() - {"name"}:
        assert getattr(again.config, name) == getattr(model.config, name), name
    before, after = model.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    with torch.no_grad():
        same(again(**tiny.batch()), model(**tiny.batch()))


def test_streams_start_as_the_release_s() -> None:
    """Deviations from n draws: relative error 1/sqrt(2n)."""
    torch.manual_seed(0)
    model = LFMIMModel(tiny_lfmim.config(d_model=128, multimodal_tokens=101, levels=4, feed_forward_factor=4))
    streams: Any = model.streams
    assert streams[MULTIMODAL].tokens.std().item() == pytest.approx(128**-0.5, rel=0.03)
    for name, depth in (("text", 4), ("acoustic", 4), ("visual", 8), (MULTIMODAL, 4)):
        assert len(streams[name].blocks) == depth
        for block in streams[name].blocks:
            assert block.narrow.weight.std().item() == pytest.approx((2 * depth * 128) ** -0.5, rel=0.03)
            assert block.attention.in_proj_bias.eq(0).all()
    head: Any = model.heads[MULTIMODAL]
    bound = (4 * 128) ** -0.5
    assert head[0].weight.abs().max().item() == pytest.approx(bound, rel=0.01)
    assert model.mixing.unique().numel() == 6
