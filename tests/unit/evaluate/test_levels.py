"""What the probe hears of a model's levels, against the model's own terms and a model without any."""

import pytest
import torch

import tiny
from mlcl.contrast import info_nce
from mlcl.contrast.geometry import alignment, uniformity
from mlcl.evaluate.levels import LevelProbe

TEMPERATURE = {"umcl": "umcl_temperature", "bmcl": "bmcl_temperature", "tmcl": "tmcl_temperature"}


def hear(parts: int = 1, **options: object) -> tuple[LevelProbe, dict[str, torch.Tensor]]:
    """A probed model that has predicted one batch in some parts; its terms on the whole."""
    model, batch = tiny.model(**options), tiny.batch()
    batch.pop("labels", None)
    with torch.no_grad():
        terms = model(**batch, output_terms=True).terms
        with LevelProbe(model) as probe:
            for items in torch.arange(tiny.BATCH).tensor_split(parts):
                model(**{name: value[items] for name, value in batch.items()})
        model(**batch)  # after it was left, the probe hears nothing
    return probe, terms


def test_the_vectors_give_the_terms_of_the_model() -> None:
    """The unit vectors of a level, two by two, have the contrastive loss that the model computed from them."""
    probe, terms = hear()
    config = tiny.config()
    vectors = probe.vectors()
    assert list(vectors) == ["fused", "umcl", "bmcl", "tmcl"]
    for level in ("umcl", "bmcl", "tmcl"):
        names = [name for name in terms if name.startswith(level)]
        sides = vectors[level].split(config.d_model, dim=1)
        assert len(sides) == 2 * len(names)
        for number, name in enumerate(names):
            query, positive = sides[2 * number], sides[2 * number + 1]
            loss = info_nce(query, positive, temperature=getattr(config, TEMPERATURE[level]))
            assert loss.item() == pytest.approx(terms[name].item(), rel=1e-4), name


def test_batches_are_joined_in_order() -> None:
    whole, parts = hear()[0].vectors(), hear(parts=3)[0].vectors()
    for level, vectors in whole.items():
        assert len(vectors) == tiny.BATCH
        torch.testing.assert_close(parts[level], vectors, rtol=1e-4, atol=1e-5)


def test_geometry_is_the_mean_over_the_comparisons() -> None:
    probe = hear()[0]
    found, vectors = probe.geometry(), probe.vectors()
    assert set(found["fused"]) == {"uniformity"}
    assert found["fused"]["uniformity"] == pytest.approx(uniformity(vectors["fused"]))
    sides = vectors["umcl"].split(tiny.config().d_model, dim=1)
    expected = [alignment(sides[2 * number], sides[2 * number + 1]) for number in range(3)]
    assert found["umcl"]["alignment"] == pytest.approx(sum(expected) / 3, abs=1e-5)
    assert found["umcl"]["uniformity"] == pytest.approx(sum(map(uniformity, sides)) / 6, abs=1e-5)


def test_listening_changes_nothing_and_starts_afresh() -> None:
    model, batch = tiny.model(), tiny.batch()
    with torch.no_grad():
        before = model(**batch).logits
        probe = LevelProbe(model)
        for _ in range(2):
            with probe:
                during = model(**batch).logits
    assert torch.equal(before, during)
    assert len(probe.vectors()["fused"]) == tiny.BATCH


def test_one_item_has_no_uniformity() -> None:
    model = tiny.model()
    batch = {name: value[:1] for name, value in tiny.batch().items()}
    with torch.no_grad(), LevelProbe(model) as probe:
        model(**batch)
    found = probe.geometry()
    assert "fused" not in found
    assert set(found["umcl"]) == {"alignment"}


def test_items_without_a_modality_do_not_count() -> None:
    """An item whose visual rows are all absent has a zero vector there, which the geometry leaves out."""
    model, batch = tiny.model(), tiny.batch()
    batch["visual_mask"] = torch.ones(tiny.BATCH, tiny.VISUAL_TIME, dtype=torch.bool)
    batch["visual_mask"][0] = False
    with torch.no_grad(), LevelProbe(model) as probe:
        model(**batch)
    visual = probe.vectors()["umcl"].split(tiny.config().d_model, dim=1)[4]
    assert not visual[0].any()
    assert visual[1:].any(dim=1).all()
    rest = {name: value[1:] for name, value in batch.items()}
    with torch.no_grad(), LevelProbe(model) as without:
        model(**rest)
    visual_pairs = probe.geometry()["umcl"]["uniformity"], without.geometry()["umcl"]["uniformity"]
    assert visual_pairs[0] != visual_pairs[1]  # text and acoustic of the first item still count
    assert probe._kept("umcl_visual")[0].shape[0] == tiny.BATCH - 1
