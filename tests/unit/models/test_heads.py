"""One head per modality: their joint prediction, their losses, absence, and what starts at zero; in both models."""

from typing import Any

import pytest
import torch
from torch.nn import functional as F

import model_laws as laws
import tiny
from mlcl.models import LateFusionModel, MLCLModel
from mlcl.models.heads import ModalityHeads, heads_loss
from mlcl.models.late_fusion import LateFusionConfig

MODALITIES = ("text", "acoustic", "visual")
BOTH = ["mlcl", "late_fusion"]
every_model = pytest.mark.parametrize("name", BOTH)
every_kind = pytest.mark.parametrize("kind", ["sum", "gate"])


def build(name: str, *, perturbed: bool = True, **options: Any) -> Any:
    torch.manual_seed(0)
    if name == "mlcl":
        model: Any = MLCLModel(tiny.config(**options)).double()
    else:
        sizes = {"d_model": 15, "num_heads": 3, "num_labels": 1, "attention_dropout": 0.0, "relu_dropout": 0.0}
        widths = {"acoustic_dim": tiny.ACOUSTIC_DIM, "visual_dim": tiny.VISUAL_DIM}
        off = {"residual_dropout": 0.0, "embedding_dropout": 0.0}
        config = LateFusionConfig(**{"text_config": tiny.text_config(), **sizes, **widths, **off, **options})
        model = LateFusionModel(config).double()
    if perturbed:
        tiny.perturb(model)
    return model.eval()


def alone(model: Any, batch: dict[str, Any]) -> dict[str, torch.Tensor]:
    """What each head says of its modality's vector."""
    found: dict[str, torch.Tensor] = {}
    hooks = [
        model.heads.heads[m].register_forward_hook(lambda _m, _a, out, name=m: found.__setitem__(name, out.detach()))
        for m in MODALITIES
    ]
    model(**batch)
    for hook in hooks:
        hook.remove()
    return found


@every_model
@torch.no_grad()
def test_at_the_start_the_prediction_is_the_sum_of_the_heads(name: str) -> None:
    model, batch = build(name, perturbed=False, modality_heads="sum", num_labels=3), tiny.batch(classes=3)
    logits = model(**batch).logits
    assert logits.abs().max() > 1e-3
    torch.testing.assert_close(logits, sum(alone(model, batch).values()), rtol=0, atol=1e-13)
    moved = build(name, modality_heads="sum", num_labels=3)
    assert (moved(**batch).logits - sum(alone(moved, batch).values())).abs().max() > 1e-3


@every_model
@every_kind
@pytest.mark.parametrize("absent", MODALITIES)
@torch.no_grad()
def test_an_absent_modality_s_head_has_no_part_in_the_prediction(name: str, kind: str, absent: str) -> None:
    model = build(name, perturbed=False, modality_heads=kind)
    batch = {**tiny.batch(), "text_present": torch.ones(tiny.BATCH, dtype=torch.bool)}
    batch["text_present" if absent == "text" else f"{absent}_mask"][2] = False
    heads = alone(model, batch)
    there = [m for m in MODALITIES if m != absent]
    share = dict.fromkeys(there, 1.0)
    if kind == "gate":
        weights = torch.stack([model.heads.gate[MODALITIES.index(m)] for m in there]).softmax(dim=0)
        share = dict(zip(there, weights.tolist(), strict=True))
    expected = sum(share[m] * heads[m][2] for m in there)
    torch.testing.assert_close(model(**batch).logits[2], expected, rtol=0, atol=1e-13)


@every_model
def test_each_head_has_a_loss_over_the_items_that_have_its_modality(name: str) -> None:
    model, batch = build(name, modality_heads="sum", heads_weight=0.7), tiny.batch()
    batch["acoustic_mask"][1] = False
    terms, heads = model(**batch).terms, alone(model, batch)
    for m in MODALITIES:
        keep = [i for i in range(tiny.BATCH) if not (m == "acoustic" and i == 1)]
        expected = (heads[m][keep, 0] - batch["labels"][keep]).abs().mean()
        assert terms[f"head_{m}"].item() == pytest.approx(expected.item(), abs=1e-12)
    without = build(name, modality_heads="sum", heads_weight=0.0)(**batch).loss
    mean = sum(terms[f"head_{m}"] for m in MODALITIES) / 3
    assert model(**batch).loss.item() == pytest.approx((without + 0.7 * mean).item(), abs=1e-12)


@every_model
def test_without_heads_there_are_no_terms_and_no_parameters_of_theirs(name: str) -> None:
    model = build(name)
    assert model.heads is None
    assert not [key for key in model(**tiny.batch()).terms if key.startswith("head_")]
    assert heads_loss({"task": torch.tensor(1.0)}) == 0.0


@every_model
@every_kind
@pytest.mark.parametrize("absent", MODALITIES)
def test_the_laws_of_absence_hold(name: str, kind: str, absent: str) -> None:
    model = build(name, modality_heads=kind, longest_sequence=4)
    laws.assert_absence_is_complete(model, absent)
    laws.assert_finite_when_nobody_has_it(model, absent)


@every_model
@every_kind
def test_prediction_and_execution_keep_the_laws(name: str, kind: str, tmp_path: Any) -> None:
    model = build(name, modality_heads=kind, longest_sequence=4)
    laws.assert_independent_of_company(model, tiny.batch())
    laws.assert_fast_is_plain(model, tiny.batch())
    laws.assert_saved_is_loaded(model, tmp_path)


def test_the_gate_starts_by_trusting_the_text_and_an_item_without_anything_gets_zero() -> None:
    heads = ModalityHeads(tiny.config(modality_heads="gate")).double().eval()
    vectors = {m: torch.randn(2, 15, dtype=torch.float64) for m in MODALITIES}
    heard = {m: torch.tensor([True, False]) for m in MODALITIES}
    said, joint = heads(vectors, heard)
    weights = torch.tensor([2.0, 0.0, 0.0], dtype=torch.float64).softmax(dim=0)
    expected = sum(w * said[m][0] for w, m in zip(weights, MODALITIES, strict=True))
    torch.testing.assert_close(joint[0], expected, rtol=0, atol=1e-13)
    assert joint[1].item() == 0.0


@every_model
def test_label_smoothing_is_that_of_the_formula_in_every_supervised_term(name: str) -> None:
    model = build(name, modality_heads="sum", num_labels=3, label_smoothing=0.2)
    batch = tiny.batch(classes=3)
    output, heads = model(**batch), alone(model, batch)
    target = 0.8 * F.one_hot(batch["labels"], 3).double() + 0.2 / 3
    for term, logits in {"task": output.logits, **{f"head_{m}": heads[m] for m in MODALITIES}}.items():
        expected = -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()
        assert output.terms[term].item() == pytest.approx(expected.item(), abs=1e-12)
