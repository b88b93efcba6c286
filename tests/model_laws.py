"""Laws that every model of three encoders keeps, as functions of a float64 model in evaluation mode."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

import tiny
import training
from mlcl.execution import Execution, executed

EXACT = 1e-11  # float64; some dozen layers with values of order 1 to 10
FAST = 1e-10  # the mission's tolerance, relative to the largest entry of each tensor
FLOOR = 1e-2  # some gradients, as that of a key's bias, are 0 by the mathematics and differ in their rounding


def pad(inputs: dict[str, Any], more: int) -> dict[str, Any]:
    """The same items under `more` steps of padding."""
    result = dict(inputs)
    for name, value in inputs.items():
        if value.dim() == 3:
            result[name] = F.pad(value, (0, 0, 0, more))
        elif value.dim() == 2:
            result[name] = F.pad(value, (0, more), value=False if value.dtype == torch.bool else 0)
    return result


def difference(model: nn.Module, first: dict[str, Any], second: dict[str, Any]) -> float:
    """Largest difference of two predictions or embeddings."""
    with torch.no_grad():
        a, b = model(**first), model(**second)
    return max((a.logits - b.logits).abs().max().item(), (a.embedding - b.embedding).abs().max().item())


def assert_independent_of_company(model: nn.Module, batch: dict[str, Any]) -> None:
    """A prediction depends on neither padding, nor batch size, nor neighbours, nor what stands at masked steps."""
    items = len(batch["input_ids"])
    with torch.no_grad():
        plain = model(**batch)
        for more in (1, 13):
            assert difference(model, pad(batch, more), batch) < EXACT
            assert (model(**pad(batch, more)).loss - plain.loss).abs() < EXACT
        order = torch.randperm(items, generator=torch.Generator().manual_seed(0))
        assert (model(**tiny.take(batch, order)).logits - plain.logits[order]).abs().max() < EXACT
        for item in range(items):
            alone = model(**tiny.take(batch, slice(item, item + 1)))
            assert (alone.logits[0] - plain.logits[item]).abs().max() < EXACT
    noisy = {**batch, "input_ids": torch.where(batch["attention_mask"], batch["input_ids"], 7)}
    for name in ("acoustic", "visual"):
        noisy[name] = torch.where(batch[f"{name}_mask"][..., None], batch[name], 1e3)
    assert difference(model, noisy, batch) < EXACT


def assert_absence_is_complete(model: nn.Module, absent: str) -> None:
    """What stands in an absent modality changes neither prediction nor loss; having the modality does."""
    batch = {**tiny.batch(), "text_present": torch.ones(tiny.BATCH, dtype=torch.bool)}
    mask, inputs = ("text_present", "input_ids") if absent == "text" else (f"{absent}_mask", absent)
    without = {**batch, mask: batch[mask].clone()}
    without[mask][2] = False
    changed = {**without, inputs: without[inputs].clone()}
    changed[inputs][2] = 17
    assert difference(model, without, changed) < EXACT
    assert (model(**without).loss - model(**changed).loss).abs() < EXACT
    assert difference(model, without, batch) > 1e-4


def assert_finite_when_nobody_has_it(model: Any, absent: str) -> None:
    """A modality that no item of a batch has: loss and every gradient are finite."""
    batch = tiny.batch(classes=0 if model.config.num_labels == 1 else model.config.num_labels)
    batch["text_present"] = torch.ones(tiny.BATCH, dtype=torch.bool)
    batch["text_present" if absent == "text" else f"{absent}_mask"][:] = False
    model.zero_grad()
    output = model(**batch)
    output.loss.backward()
    assert torch.isfinite(output.loss)
    assert torch.isfinite(output.logits).all()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def results(model: nn.Module, inputs: dict[str, Any], execution: Execution) -> dict[str, torch.Tensor]:
    """Outputs, terms and gradients in that way of execution; random draws from the same seed."""
    model.zero_grad()
    torch.manual_seed(3)
    with executed(model, execution):
        output = model(**inputs)
        output.loss.backward()
    found = {"logits": output.logits, "embedding": output.embedding, **output.terms}
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return {**{name: value.detach() for name, value in found.items()}, **gradients}


def assert_fast_is_plain(model: nn.Module, inputs: dict[str, Any]) -> None:
    """Both ways of execution are one function; for a model without dropout."""
    fast, plain = results(model, inputs, "fast"), results(model, inputs, "plain")
    assert fast.keys() == plain.keys()
    for name, value in plain.items():
        assert (fast[name] - value).abs().max() < FAST * max(float(value.abs().max()), FLOOR), name


def assert_saved_is_loaded(model: Any, folder: Path) -> None:
    """A model is what `from_pretrained` makes of what it saved."""
    model.save_pretrained(folder)
    loaded = type(model).from_pretrained(folder, dtype=torch.float64).eval()
    state = loaded.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert len(state) == len(model.state_dict())
    with torch.no_grad():  # not bit by bit: sums may be ordered by how memory is aligned
        assert (loaded(**tiny.batch()).logits - model(**tiny.batch()).logits).abs().max() < 1e-14


def parameters(model_class: Any, **options: Any) -> int:
    """How many numbers a model learns, without allocating any."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in model_class(model_class.config_class(**options)).parameters())


def trained(model: nn.Module, folder: Path, **settings: Any) -> list[dict[str, float]]:
    """Means of loss and terms in each epoch of a small training through the loop."""
    run = training.Run(folder, settings=settings)
    run.model = model  # type: ignore[assignment]
    run.recorder = training.Recorder(model)
    return [record["train"] for record in run.fit().history]
