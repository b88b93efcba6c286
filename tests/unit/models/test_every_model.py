"""What holds for every model of the registry."""

from typing import Any

import numpy as np
import pytest
import torch

import tiny
from every_model import batch, build, every_model
from mlcl.config import TrainConfig
from mlcl.data.batch import Batch
from mlcl.data.processor import Processor
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.execution import executed
from mlcl.models.base import apply
from mlcl.models.registry import MODELS
from mlcl.train.optimiser import build_optimisation
from prepare import config as data_config

EXACT = 1e-10  # float64; values of order 1
every_task = pytest.mark.parametrize("task", ["regression", "classification"])


@every_model
@every_task
@torch.no_grad()
def test_a_prediction_does_not_depend_on_the_rest_of_the_batch(name: str, task: str) -> None:
    model, classes = build(name, task), task == "classification"
    together = apply(model, batch(range(11), classes=classes)).logits
    for item in range(11):
        alone = apply(model, batch([item], classes=classes)).logits
        torch.testing.assert_close(alone[0], together[item], rtol=0, atol=EXACT)


@every_model
@every_task
def test_the_loss_has_a_task_term_and_gradients_everywhere_it_should(name: str, task: str) -> None:
    model = build(name, task).train()
    output = apply(model, batch(range(11), classes=task == "classification"))
    assert output.logits.shape == (11, 1 if task == "regression" else 2)
    assert output.embedding.shape[0] == 11
    assert "task" in output.terms
    optimisation = build_optimisation(model, TrainConfig())
    assert set(optimisation.losses) <= {"loss", *output.terms}
    moved = {id(p) for number in range(len(optimisation.optimisers)) for p in optimisation.parameters(number)}
    assert moved == {id(p) for p in model.parameters() if p.requires_grad}
    output.loss.backward()
    for parameter in model.parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all()


@every_model
def test_groups_of_an_update_do_not_overlap(name: str) -> None:
    for update in build(name).updates(TrainConfig()):
        listed = [id(p) for group in update.groups for p in group.parameters]
        assert len(listed) == len(set(listed))


@every_model
@pytest.mark.parametrize("missing", ["acoustic", "visual"])
def test_an_absent_modality_gives_finite_results(name: str, missing: str) -> None:
    model = build(name).train()
    inputs = batch(range(11)).inputs()
    inputs[missing] = torch.zeros_like(inputs[missing])
    inputs[f"{missing}_mask"] = torch.zeros_like(inputs[f"{missing}_mask"])
    output = apply(model, Batch(**inputs))
    output.loss.backward()
    assert output.logits.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


@every_model
def test_fast_and_plain_execution_agree(name: str) -> None:
    results = []
    for execution in ("fast", "plain"):
        model = build(name)
        with executed(model, execution):  # type: ignore[arg-type]  # the names of the two
            output = apply(model, batch(range(11)))
            output.loss.backward()
        gradients = {key: p.grad for key, p in model.named_parameters() if p.grad is not None}
        results.append({"logits": output.logits.detach(), **gradients})
    fast, plain = results
    assert fast.keys() == plain.keys()
    for key, value in plain.items():
        torch.testing.assert_close(fast[key], value, rtol=EXACT, atol=EXACT, msg=lambda m, key=key: f"{key}: {m}")


@pytest.mark.long
@every_model
def test_thirty_two_items_are_learnt_by_heart(name: str) -> None:
    """Every part of the gradient's way works: without dropout the error falls below .05 of the labels' spread."""
    corpus = tiny.corpus({"train": 32})
    encoded = Processor.fit(corpus, data_config()).encode(corpus.splits["train"], word_tokenizer(tiny.WORDS))
    items = encoded.batch(np.arange(32))
    assert items.labels is not None
    model = build(name).float()
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(400):
        optimiser.zero_grad()
        output: Any = apply(model, items)
        if output.terms["task"] < 0.05 * items.labels.std():
            return
        output.terms["task"].backward()
        optimiser.step()
    pytest.fail(f"the training error stays at {output.terms['task']:.3f}")


@every_model
def test_saving_and_loading_is_the_identity(name: str, tmp_path: Any) -> None:
    model = build(name)
    model.save_pretrained(tmp_path)
    again = MODELS[name].model.from_pretrained(tmp_path, dtype=torch.float64)
    before, after = model.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    with torch.no_grad():
        before_logits, after_logits = (apply(m.eval(), batch([3])).logits for m in (model, again))
    # The same weights elsewhere in memory: a kernel may sum in another order.
    torch.testing.assert_close(after_logits, before_logits, rtol=0, atol=1e-12)


@every_model
def test_a_folder_of_another_model_is_refused(name: str, tmp_path: Any) -> None:
    build(name).save_pretrained(tmp_path)
    other = next(model for model in MODELS if model != name)
    with pytest.raises(ValueError, match=f"holds a model of type '{MODELS[name].model.config_class.model_type}'"):
        MODELS[other].model.from_pretrained(tmp_path)


@every_model
def test_modalities_that_the_model_hears_change_its_prediction(name: str) -> None:
    """Negative control of the tests above: a model that ignored its input would pass most of them."""
    model, inputs = build(name), batch([2]).inputs()
    heard = {"text"} if name == "text" else {"text", "acoustic", "visual"}
    before = apply(model, Batch(**inputs)).logits
    for modality, field in (("text", "input_ids"), ("acoustic", "acoustic"), ("visual", "visual")):
        changed = {**inputs, field: inputs[field].flip(-1)}
        moved = (apply(model, Batch(**changed)).logits - before).abs().max() > 1e-9
        assert bool(moved) is (modality in heard), modality
