"""Modality dropout: what the fusion network does not see of an item in training, and what stays as it was."""

import pytest
import torch

import tiny
from mlcl.models.encoders import hide_modalities

ALWAYS = 1 - 1e-9  # the largest share below 1: with float64 draws no item of these batches escapes it
EXACT = 1e-12  # float64


def drawn(share: float, seed: int = 0, **inputs: torch.Tensor) -> tiny.MLCLModel:
    model = tiny.model(modality_dropout=share).train()
    torch.manual_seed(seed)
    return model(**{**tiny.batch(), **inputs})


def test_a_hidden_modality_counts_as_absent_for_the_prediction() -> None:
    nothing = {name: torch.zeros_like(tiny.batch()[name]) for name in ("acoustic_mask", "visual_mask")}
    expected = tiny.model()(**{**tiny.batch(), **nothing})
    torch.testing.assert_close(drawn(ALWAYS).logits, expected.logits, rtol=0, atol=EXACT)


def test_the_contrastive_terms_see_every_modality() -> None:
    hidden, seen = drawn(ALWAYS).terms, drawn(0.0).terms
    assert hidden["task"] != seen["task"]
    for name in set(seen) - {"task"}:
        assert hidden[name] == seen[name], name


def test_some_items_lose_one_some_both_some_none() -> None:
    """Each of the two is drawn by itself: over 4,000 items the four cases come as often as independence says."""
    present = {m: torch.ones(4000, dtype=torch.bool) for m in ("text", "acoustic", "visual")}
    torch.manual_seed(0)
    heard = hide_modalities(present, 0.25)
    assert heard["text"].all()
    both = (~heard["acoustic"] & ~heard["visual"]).double().mean()
    assert (~heard["acoustic"]).double().mean() == pytest.approx(0.25, abs=0.03)  # 4 standard errors
    assert (~heard["visual"]).double().mean() == pytest.approx(0.25, abs=0.03)
    assert both == pytest.approx(0.0625, abs=0.016)


def test_an_item_without_text_keeps_what_it_has() -> None:
    silent = torch.tensor([True, False, True, True, False])
    without = {"text_present": silent}
    kept, seen = drawn(ALWAYS, **without).logits, drawn(0.0, **without).logits
    torch.testing.assert_close(kept[~silent], seen[~silent], rtol=0, atol=EXACT)
    assert (kept[silent] - seen[silent]).abs().min() > 1e-6


def test_evaluation_hides_nothing() -> None:
    model, plain = tiny.model(modality_dropout=0.9), tiny.model()
    assert torch.equal(model(**tiny.batch()).logits, plain(**tiny.batch()).logits)
