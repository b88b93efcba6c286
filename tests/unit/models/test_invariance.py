"""What the prediction must not depend on: padding, the rest of the batch, masked content, the names of modalities."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import tiny
from mlcl.contrast import info_nce
from mlcl.models import MLCLModel

EXACT = 1e-11  # float64; some dozen layers with values of order 1 to 10
DEFAULTS: list[dict[str, Any]] = [
    {},
    {"cross_attention": "pooled"},
    {"text_pooling": "cls"},
    {"sequence_pooling": "attention"},
    {"tie_vt_to_av": True},
]
PAIRED = ("acoustic", "visual")


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


@pytest.mark.parametrize("options", DEFAULTS, ids=str)
@torch.no_grad()
def test_a_prediction_does_not_depend_on_padding_batch_size_or_neighbours(options: dict[str, Any]) -> None:
    model, batch = tiny.model(**options), tiny.batch()
    plain = model(**batch)
    for more in (1, 13):
        same(model(**pad(batch, more)), plain)
    order = torch.randperm(tiny.BATCH, generator=torch.Generator().manual_seed(0))
    shuffled = model(**tiny.take(batch, order))
    torch.testing.assert_close(shuffled.logits, plain.logits[order], rtol=0, atol=EXACT)
    for item in range(tiny.BATCH):
        alone = model(**tiny.take(batch, slice(item, item + 1)))
        torch.testing.assert_close(alone.logits[0], plain.logits[item], rtol=0, atol=EXACT)
    joined = {name: torch.cat([value, tiny.batch(1, items=11)[name]]) for name, value in batch.items()}
    torch.testing.assert_close(model(**joined).logits[: tiny.BATCH], plain.logits, rtol=0, atol=EXACT)


@torch.no_grad()
def test_the_loss_depends_on_padding_neither() -> None:
    model, batch = tiny.model(), tiny.batch()
    torch.testing.assert_close(model(**pad(batch, 7)).loss, model(**batch).loss, rtol=0, atol=EXACT)


@pytest.mark.parametrize("options", DEFAULTS, ids=str)
@torch.no_grad()
def test_the_content_of_masked_steps_has_no_influence(options: dict[str, Any]) -> None:
    model, batch = tiny.model(**options), tiny.batch()
    noisy = {**batch, "input_ids": torch.where(batch["attention_mask"], batch["input_ids"], 7)}
    noisy["token_type_ids"] = torch.where(batch["attention_mask"], batch["token_type_ids"], 1)
    for name in PAIRED:
        noisy[name] = torch.where(batch[f"{name}_mask"][..., None], batch[name], 1e3)
    first, second = model(**batch), model(**noisy)
    same(first, second)
    torch.testing.assert_close(first.loss, second.loss, rtol=0, atol=EXACT)


@torch.no_grad()
def test_with_the_release_s_options_padding_does_have_influence() -> None:
    """The negative control, and the departure that parity mode keeps."""
    model, batch = tiny.model(**tiny.RELEASE), tiny.batch()
    assert (model(**pad(batch, 3)).logits - model(**batch).logits).abs().max() > 1e-3


@torch.no_grad()
def test_real_content_does_have_influence() -> None:
    model, batch = tiny.model(), tiny.batch()
    plain = model(**batch).logits
    ids = torch.where(batch["attention_mask"], (batch["input_ids"] + 1) % tiny.VOCABULARY, 0)
    changes = {"input_ids": ids, "acoustic": -batch["acoustic"], "visual": -batch["visual"]}
    for name, value in changes.items():
        assert (model(**{**batch, name: value}).logits - plain).abs().min() > 1e-6, name


@pytest.mark.parametrize("options", DEFAULTS, ids=str)
@pytest.mark.parametrize("absent", ["acoustic", "visual", "text"])
@torch.no_grad()
def test_an_absent_modality_has_no_influence_on_anything(absent: str, options: dict[str, Any]) -> None:
    model, batch = tiny.model(**options), {**tiny.batch(), "text_present": torch.ones(tiny.BATCH, dtype=torch.bool)}
    mask = "text_present" if absent == "text" else f"{absent}_mask"
    inputs = "input_ids" if absent == "text" else absent
    batch[mask][2] = False
    changed = {**batch, inputs: batch[inputs].clone()}
    changed[inputs][2] = 17
    first, second = model(**batch), model(**changed)
    same(first, second)
    assert all((term - second.terms[name]).abs() < EXACT for name, term in first.terms.items())
    parts = dict(zip(("text", "acoustic", "visual", "ta", "tv", "av"), first.embedding[2].view(6, -1), strict=True))
    for name, part in parts.items():
        gone = name == absent or (len(name) == 2 and absent[0] in name)
        assert part.eq(0).all() == gone, name


@torch.no_grad()
def test_masks_are_the_rows_that_are_not_all_zero_when_they_are_not_given() -> None:
    model, batch = tiny.model(), tiny.batch()
    batch["acoustic"][1], batch["acoustic_mask"][1] = 0.0, False
    batch["visual"][3, 0, 0] = 0.0  # one zero in a row does not make it padding
    bare = {name: value for name, value in batch.items() if not name.endswith(("acoustic_mask", "visual_mask"))}
    first, second = model(**batch), model(**bare)
    assert torch.equal(first.logits, second.logits)
    assert torch.equal(first.loss, second.loss)


@torch.no_grad()
def test_all_tokens_are_real_when_no_mask_is_given() -> None:
    model, batch = tiny.model(), tiny.batch()
    batch["attention_mask"] = torch.ones_like(batch["attention_mask"])
    expected = model(**batch).logits
    assert torch.equal(model(**{**batch, "attention_mask": batch["attention_mask"].long()}).logits, expected)
    del batch["attention_mask"]
    assert torch.equal(model(**batch).logits, expected)


@torch.no_grad()
def test_cross_attention_over_sequences_of_one_token_is_the_pooled_one() -> None:
    first, second = tiny.model(cross_attention="sequence"), tiny.model(cross_attention="pooled")
    single = {name: value if value.dim() == 1 else value[:, :1] for name, value in tiny.batch().items()}
    same(first(**single), second(**single))
    assert (first(**single).loss - second(**single).loss).abs() < EXACT
    assert (first(**tiny.batch()).loss - second(**tiny.batch()).loss).abs() > 1e-3


def swapped(name: str) -> str:
    """Acoustic for visual and visual for acoustic, in the name of an input, a parameter or a term."""
    first, second = PAIRED
    return name.replace(first, "#").replace(second, first).replace("#", second)


@torch.no_grad()
def test_swapping_acoustic_and_visual_together_with_their_weights_permutes_the_terms() -> None:
    """Two terms are not symmetric: of acoustic and visual the acoustic one is always the latent that counts."""
    model, batch = tiny.model(), tiny.batch()
    other = MLCLModel(tiny.config(acoustic_dim=tiny.VISUAL_DIM, visual_dim=tiny.ACOUSTIC_DIM)).double().eval()
    other.load_state_dict({swapped(name): value for name, value in model.state_dict().items()})
    cross: dict[str, Tensor] = {}
    for name, transformer in model.cross.items():
        transformer.register_forward_hook(lambda _, __, out, name=name: cross.update({name: out}))
    terms = model(**batch).terms
    others = other(**{swapped(name): value for name, value in batch.items()}).terms
    asymmetric = {"task", "bmcl_acoustic_visual", "tmcl_text"}
    for name in set(terms) - asymmetric:
        turned = "bmcl_text_visual" if name == "bmcl_text_acoustic" else swapped(name)
        assert (others[turned] - terms[name]).abs() < EXACT, name
    reverse = info_nce(cross["visual_acoustic"], cross["acoustic_visual"], temperature=0.1)
    assert (others["bmcl_acoustic_visual"] - reverse).abs() < EXACT
    assert all((others[name] - terms[name]).abs() > 1e-3 for name in asymmetric)
