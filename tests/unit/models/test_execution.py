"""Fast and plain are one function: outputs, every term and every gradient agree, whatever the options and lengths."""

from typing import Any

import pytest
import torch
from transformers import RobertaConfig

import tiny
from mlcl.execution import Execution, executed, set_execution
from mlcl.models import MLCLModel

EXACT = 1e-10  # the mission's tolerance, relative to the largest entry of each tensor
FLOOR = 1e-2  # some gradients, as that of a key's bias, are 0 by the mathematics and differ in their rounding
PROFILES: dict[str, dict[str, Any]] = {
    "default": {},
    "default, pooled attention and cls": {"cross_attention": "pooled", "text_pooling": "cls"},
    "release": tiny.RELEASE,
    "release, mean readouts": {**tiny.RELEASE, "text_pooling": "mean", "sequence_pooling": "mean"},
    "release, token attention": {**tiny.RELEASE, "cross_attention": "sequence"},
}


def results(model: MLCLModel, inputs: dict[str, Any], execution: Execution) -> dict[str, torch.Tensor]:
    model.zero_grad()
    with executed(model, execution):
        output = model(**inputs)
        output.loss.backward()
    found = {"logits": output.logits, "embedding": output.embedding, **output.terms}
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return {**{name: value.detach() for name, value in found.items()}, **gradients}


def assert_same(model: MLCLModel, inputs: dict[str, Any], *, exact: float = EXACT) -> None:
    fast, plain = results(model, inputs, "fast"), results(model, inputs, "plain")
    assert fast.keys() == plain.keys()
    for name, value in plain.items():
        tolerance = exact * max(float(value.abs().max()), FLOOR)
        torch.testing.assert_close(fast[name], value, rtol=0, atol=tolerance, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("options", PROFILES.values(), ids=PROFILES.keys())
def test_outputs_terms_and_gradients_agree(options: dict[str, Any], training: bool) -> None:
    """Without dropout: with it the two draw different numbers."""
    model = tiny.model(text_config=tiny.text_config(num_hidden_layers=3), **options).train(training)
    assert_same(model, tiny.batch(items=9))


@pytest.mark.parametrize("options", [{}, tiny.RELEASE], ids=["default", "release"])
@pytest.mark.parametrize("lengths", [[1, 1, 1], [11, 11, 11], [10, 9, 11], [2, 10, 1]])
def test_they_agree_at_the_edges_of_length(lengths: list[int], options: dict[str, Any]) -> None:
    """One token, a full line, and texts that reach into the two steps that the release reads."""
    inputs = tiny.take(tiny.batch(items=3, seed=2), slice(None))
    inputs["attention_mask"] = torch.arange(tiny.TIME) < torch.tensor(lengths)[:, None]
    rows = torch.arange(tiny.ACOUSTIC_TIME) < torch.tensor(lengths)[:, None]
    inputs["acoustic"], inputs["acoustic_mask"] = torch.randn_like(inputs["acoustic"]) * rows[..., None], rows
    assert_same(tiny.model(**options), inputs)


def test_they_agree_for_an_encoder_that_is_no_bert() -> None:
    sizes = {"vocab_size": tiny.VOCABULARY, "hidden_size": 22, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = RobertaConfig(
        **sizes, intermediate_size=17, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, pad_token_id=0
    )
    inputs = tiny.batch(items=11)
    del inputs["token_type_ids"]
    assert_same(tiny.model(text_config=config), inputs)


@pytest.mark.parametrize("options", [{}, tiny.RELEASE], ids=["default", "release"])
def test_they_agree_where_an_item_has_no_token(options: dict[str, Any]) -> None:
    inputs = tiny.batch(items=5)
    inputs["attention_mask"][1] = False
    inputs["text_present"] = inputs["attention_mask"].any(dim=1)
    assert_same(tiny.model(**options), inputs)


@pytest.mark.parametrize("options", [{}, tiny.RELEASE], ids=["default", "release"])
def test_single_precision_agrees_to_its_rounding(options: dict[str, Any]) -> None:
    model = tiny.model(**options).float()
    assert_same(model, tiny.batch(items=9, dtype=torch.float32), exact=2e-5)


def test_the_comparison_sees_a_wrong_packing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: attention that forgets one item's keys is found."""
    from mlcl.encode import packing

    right = packing.attention

    def wrong(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, **options: Any) -> torch.Tensor:
        return right(query, key.roll(1, dims=0), value, **options)

    monkeypatch.setattr(packing, "attention", wrong)
    with pytest.raises(AssertionError):
        assert_same(tiny.model(), {**tiny.batch(items=9), "attention_mask": torch.ones(9, tiny.TIME, dtype=torch.bool)})


def test_padding_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work of the pretrained encoder is counted: rows through the first layer's feed-forward."""
    model, inputs = tiny.model(), tiny.batch(items=9)
    rows = []
    layer = model.text.encoder.encoder.layer[0].intermediate.dense
    layer.register_forward_hook(lambda _module, arguments, _result: rows.append(arguments[0].shape[:-1].numel()))
    model(**inputs)
    set_execution(model, "plain")
    model(**inputs)
    assert rows == [int(inputs["attention_mask"].sum()), inputs["attention_mask"].numel()]


def test_the_release_s_last_layer_computes_two_steps_per_item() -> None:
    model, inputs = tiny.model(**tiny.RELEASE), tiny.batch(items=9)
    rows = []
    for module in (model.text.encoder.encoder.layer[-1].intermediate.dense, model.acoustic.layers[-1].widen):
        module.register_forward_hook(lambda _module, arguments, _result: rows.append(arguments[0].shape[:-1].numel()))
    model(**inputs)
    assert rows[0] == 2 * 9
    assert sum(rows[1:]) == 9
