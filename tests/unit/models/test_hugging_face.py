"""What people of transformers expect of any model holds for every model of the registry."""

import copy
import inspect
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import AutoModel

from every_model import batch, build, every_model
from mlcl.models import AutoMultimodalModel
from mlcl.models.base import MultimodalModel
from mlcl.models.registry import MODELS
from mlcl.options import OPTIONS

EXACT = 1e-12  # float64, values of order 1
HALF = 0.05  # bfloat16 has 8 bits; logits are of order 1


def inputs(model: MultimodalModel, *, labels: bool = True, classes: bool = False) -> dict[str, Tensor]:
    """Seven items in the fields that the model takes."""
    given = batch(range(7), classes=classes).inputs(labels=labels)
    return {name: value for name, value in given.items() if name in inspect.signature(model.forward).parameters}


@every_model
@torch.no_grad()
def test_terms_are_absent_without_labels_unless_they_are_asked_for(name: str) -> None:
    model = build(name)
    silent, asked = (model(**inputs(model, labels=False), output_terms=terms) for terms in (False, True))
    labelled = model(**inputs(model))
    assert silent.loss is silent.terms is asked.loss is None
    assert torch.equal(silent.logits, labelled.logits)
    free = {term: value for term, value in labelled.terms.items() if not term.startswith(("task", "correlation"))}
    assert set(asked.terms or {}) == set(free)
    assert all(torch.equal(value, asked.terms[term]) for term, value in free.items())


@torch.no_grad()
def test_no_level_of_contrast_computes_anything_unless_asked() -> None:
    model, calls = build("mlcl"), []
    for level in (model.umcl, model.bmcl, model.tmcl):
        level.register_forward_hook(lambda *_: calls.append(1))
    model(**inputs(model, labels=False))
    assert calls == []
    model(**inputs(model, labels=False), output_terms=True)
    assert calls == [1, 1, 1]


@every_model
@torch.no_grad()
def test_an_output_is_a_tuple_where_return_dict_is_off(name: str) -> None:
    model = build(name)
    whole = model(**inputs(model), return_dict=True)
    loss, logits, embedding, terms = model(**inputs(model), return_dict=False)
    assert torch.equal(loss, whole.loss)
    assert torch.equal(logits, whole.logits)
    assert torch.equal(embedding, whole.embedding)
    assert terms.keys() == whole.terms.keys()
    model.config.return_dict = False
    assert isinstance(model(**inputs(model)), tuple)
    assert torch.equal(model(**inputs(model), return_dict=True).logits, logits)


@every_model
@pytest.mark.parametrize(("number", "problem"), [(1, "regression"), (2, "single_label_classification"), (5, None)])
@torch.no_grad()
def test_there_is_an_output_for_each_label(name: str, number: int, problem: str | None) -> None:
    model = build(name, num_labels=number, problem_type=problem)
    output = model(**inputs(model, classes=number > 1))
    assert output.logits.shape == (7, number)
    assert output.loss.isfinite()


@every_model
def test_gradient_checkpointing_recomputes_the_text_encoder_and_changes_no_gradient(name: str) -> None:
    gradients, calls = [], []
    none = {
        option: 0.0 for option in OPTIONS[name].model_fields if option.endswith("dropout")
    }  # drawn in another order
    for checkpointing in (False, True):
        model = build(name, **none).train()
        if checkpointing:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # transformers renames it
                model.gradient_checkpointing_enable()
        calls.append(0)
        attention = model.text.encoder.encoder.layer[0].attention
        attention.output.register_forward_hook(lambda *_: calls.append(calls.pop() + 1))
        torch.manual_seed(0)  # MIB draws its codes
        model(**inputs(model)).loss.backward()
        gradients.append({key: value.grad for key, value in model.named_parameters() if value.grad is not None})
    assert calls == [1, 2]
    plain, again = gradients
    assert plain.keys() == again.keys()
    for key, value in plain.items():
        torch.testing.assert_close(again[key], value, rtol=EXACT, atol=EXACT, msg=lambda m, key=key: f"{key}: {m}")


@every_model
@torch.no_grad()
def test_the_attention_of_the_text_encoder_is_what_is_asked_for(name: str) -> None:
    eager, fast = (build(name, attn_implementation=kernel) for kernel in ("eager", "sdpa"))
    assert eager.text.encoder.config._attn_implementation == "eager"
    assert fast.text.encoder.config._attn_implementation == "sdpa"
    asked, scores = [], "mlcl.encode.packing.F.scaled_dot_product_attention"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, lambda *a, **k: pytest.fail("a kernel that nobody asked for"))
        asked.append(eager.text.states(*text(eager)))
    asked.append(fast.text.states(*text(fast)))
    torch.testing.assert_close(*asked, rtol=EXACT, atol=EXACT)


def text(model: MultimodalModel) -> tuple[Tensor, Tensor]:
    given = inputs(model)
    return given["input_ids"], given["attention_mask"].bool()


@every_model
def test_a_model_loads_and_computes_in_half_precision(name: str, tmp_path: Path) -> None:
    """Rows of any precision are taken; the model comes back as it was saved, through every way of loading."""
    build(name).float().save_pretrained(tmp_path)
    whole = MODELS[name].model.from_pretrained(tmp_path)
    half = MODELS[name].model.from_pretrained(tmp_path, dtype=torch.bfloat16)
    assert {value.dtype for value in half.parameters()} == {torch.bfloat16}
    for again in (AutoMultimodalModel.from_pretrained(tmp_path), AutoModel.from_pretrained(tmp_path)):
        assert type(again) is MODELS[name].model
        assert again.dtype == torch.float32
        assert all(torch.equal(value, whole.state_dict()[key]) for key, value in again.state_dict().items())
    output = half.train()(**inputs(half))
    output.loss.backward()
    assert all(value.grad.isfinite().all() for value in half.parameters() if value.grad is not None)
    with torch.no_grad():
        difference = half.eval()(**inputs(half)).logits.float() - whole(**inputs(whole)).logits
    assert 0 < difference.abs().max() < HALF


@every_model
@torch.no_grad()
def test_a_head_of_another_size_starts_anew_where_that_is_allowed(name: str, tmp_path: Path) -> None:
    build(name).save_pretrained(tmp_path)
    kinds = {"num_labels": 5, "problem_type": "single_label_classification"}
    with pytest.raises(RuntimeError, match="ignore_mismatched_sizes"):
        MODELS[name].model.from_pretrained(tmp_path, **kinds)
    again = MODELS[name].model.from_pretrained(tmp_path, **kinds, ignore_mismatched_sizes=True)
    before, changed = build(name).state_dict(), []
    for key, value in again.state_dict().items():
        if value.shape != before[key].shape:
            changed.append(key)
        else:
            assert torch.equal(value, before[key]), key
    assert changed
    logits = again(**inputs(again, classes=True)).logits
    assert logits.shape == (7, 5)
    assert logits.isfinite().all()


@every_model
@torch.no_grad()
def test_the_vocabulary_grows_and_may_be_replaced(name: str, tmp_path: Path) -> None:
    model, given = build(name), inputs(build(name))
    before, old = model(**given).logits, model.get_input_embeddings()
    size = old.num_embeddings
    model.resize_token_embeddings(size + 7, mean_resizing=False)
    assert model.get_input_embeddings().num_embeddings == size + 7
    torch.testing.assert_close(model(**given).logits, before, rtol=EXACT, atol=EXACT)
    model.save_pretrained(tmp_path)
    grown = MODELS[name].model.from_pretrained(tmp_path)
    assert grown.get_input_embeddings().num_embeddings == size + 7
    given["input_ids"] = given["input_ids"].where(given["input_ids"] != 3, size + 6)
    assert grown(**given).logits.isfinite().all()
    other = torch.nn.Embedding(size, old.embedding_dim, dtype=torch.float64)
    model.set_input_embeddings(other)
    assert model.get_input_embeddings() is other
    assert not torch.equal(model(**inputs(model)).logits, before)


@every_model
def test_a_deep_copy_is_the_same_model_and_another(name: str) -> None:
    model = build(name)
    twin, given = copy.deepcopy(model), inputs(model)
    before = model(**given).logits.detach()
    assert torch.equal(twin(**given).logits, before)
    with torch.no_grad():
        for value in twin.parameters():
            value.add_(0.1)
    assert torch.equal(model(**given).logits, before)
    assert not torch.equal(twin(**given).logits, before)
