"""Correlation learning: the distance of labels, the sampler, and how its rows are weighed."""

import math
from itertools import permutations

import pytest
import torch
from torch import Tensor

from mlcl.contrast import CorrelationContrast, label_distance, sample_triplets
from mlcl.modality import MODALITIES
from tiny import perturb

B, D = 7, 5
EXACT = 1e-12  # float64; values of order 1
OFFSET, SCALE = 0.1, 10.39


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def distance(*labels: float) -> float:
    return label_distance(torch.tensor([labels], dtype=torch.float64), offset=OFFSET, scale=SCALE).item()


def contrast(**options: bool) -> CorrelationContrast:
    module = CorrelationContrast(D, ratio=4, offset=OFFSET, scale=SCALE, **options).double()
    perturb(module)
    return module


def vectors(items: int = B) -> dict[str, Tensor]:
    generator = seeded(1)
    return {m: torch.randn(items, D, dtype=torch.float64, generator=generator) for m in MODALITIES}


def labels(items: int = B) -> Tensor:
    return torch.randn(items, dtype=torch.float64, generator=seeded(2)) * 2


def test_equal_labels_have_a_distance_above_zero() -> None:
    assert distance(1.7, 1.7, 1.7) == pytest.approx(OFFSET / (SCALE + OFFSET))
    assert distance(1.7, 1.7, 1.7) == pytest.approx(0.00953, abs=1e-5)


def test_the_distance_depends_on_neither_order_nor_level() -> None:
    for order in permutations((-1.3, 0.4, 2.2)):
        assert distance(*order) == pytest.approx(distance(-1.3, 0.4, 2.2), rel=EXACT)
        assert distance(*(label + 5 for label in order)) == pytest.approx(distance(*order), rel=EXACT)


def test_no_three_scores_are_further_apart_than_two_ends() -> None:
    largest = (math.sqrt(72) + OFFSET) / (SCALE + OFFSET)
    assert distance(-3, 3, 3) == pytest.approx(largest)
    assert distance(-3, 3, -3) == pytest.approx(largest)
    grid = torch.linspace(-3, 3, 13, dtype=torch.float64)
    every = label_distance(torch.cartesian_prod(grid, grid, grid), offset=OFFSET, scale=SCALE)
    assert every.max().item() == pytest.approx(largest)


@pytest.mark.parametrize("items", [1, 2, 3, 5, 16, 101])
def test_triplets_are_of_three_different_items_and_at_most_as_many_as_wanted(items: int) -> None:
    drawn = sample_triplets(items, 4, generator=seeded())
    assert drawn.shape[1] == 3
    assert len(drawn) <= 4 * items
    assert (len(drawn) == 0) == (items < 3)
    assert all(len(set(row)) == 3 for row in drawn.tolist())
    assert ((drawn >= 0) & (drawn < items)).all()


def test_large_batches_reach_the_number_wanted_and_small_ones_the_expected_share() -> None:
    """Of 5 B draws (1 - 1/B)(1 - 2/B) pass; over 400 batches of 7 the mean is within 5 standard errors, 0.6."""
    assert len(sample_triplets(101, 4, generator=seeded())) == 404
    counts = [len(sample_triplets(B, 4, generator=seeded(seed))) for seed in range(400)]
    passing = 5 * B * (1 - 1 / B) * (1 - 2 / B)
    assert sum(counts) / len(counts) == pytest.approx(passing, abs=0.6)


def test_every_item_is_drawn_for_every_modality_equally_often() -> None:
    """20,000 triplets of 5 items: 4,000 each, standard deviation 57; five of them."""
    drawn = torch.cat([sample_triplets(5, 4, generator=seeded(seed)) for seed in range(1700)])[:20_000]
    assert len(drawn) == 20_000
    for column in drawn.T:
        assert ((column.bincount(minlength=5) - 4000).abs() < 285).all()


def test_a_seed_fixes_the_triplets() -> None:
    assert torch.equal(sample_triplets(B, 4, generator=seeded(3)), sample_triplets(B, 4, generator=seeded(3)))
    assert not torch.equal(sample_triplets(101, 4, generator=seeded(3)), sample_triplets(101, 4, generator=seeded(4)))
    torch.manual_seed(5)
    first = sample_triplets(B, 4)
    torch.manual_seed(5)
    assert torch.equal(sample_triplets(B, 4), first)


def test_a_vector_that_an_item_lacks_is_not_drawn() -> None:
    present = torch.ones(B, 3, dtype=torch.bool)
    present[1, 0] = present[2, 1] = present[3, 2] = False
    drawn = torch.cat([sample_triplets(B, 4, present=present, generator=seeded(seed)) for seed in range(50)])
    for column, item in ((0, 1), (1, 2), (2, 3)):
        assert item not in drawn[:, column]
        assert set(range(B)) - {item} == set(drawn[:, column].tolist())


def test_negatives_and_matched_triplets_weigh_by_their_number() -> None:
    module, inputs, drawn = contrast(), vectors(), sample_triplets(B, 4, generator=seeded())
    said = module.predict(*(inputs[m][drawn[:, k]] for k, m in enumerate(MODALITIES)))
    distances = label_distance(labels()[drawn], offset=OFFSET, scale=SCALE)
    negative, matched = (said - distances).abs().mean(), module.predict(*inputs.values()).abs().mean()
    expected = (len(drawn) * negative + B * matched) / (len(drawn) + B)
    torch.testing.assert_close(module(inputs, labels(), triplets=drawn), expected, rtol=0, atol=EXACT)


def test_a_negative_takes_the_text_of_one_item_and_the_label_that_goes_with_it() -> None:
    """By hand, for one triplet, so that swapped columns are seen."""
    module, inputs, given = contrast(), vectors(), labels()
    row = torch.cat([inputs["text"][4], inputs["visual"][2], inputs["acoustic"][6]])
    said = (row @ module.predictor.weight[0] + module.predictor.bias).squeeze()
    apart = [given[4] - given[6], given[4] - given[2], given[6] - given[2]]
    target = (torch.stack(apart).square().sum().sqrt() + OFFSET) / (SCALE + OFFSET)
    matched = module.predict(*inputs.values()).abs().sum()
    expected = ((said - target).abs() + matched) / (1 + B)
    loss = module(inputs, given, triplets=torch.tensor([[4, 6, 2]]))
    torch.testing.assert_close(loss, expected, rtol=0, atol=EXACT)


def test_without_supervision_every_negative_is_one_apart() -> None:
    module, drawn = contrast(supervised=False), sample_triplets(B, 4, generator=seeded())
    assert torch.equal(module(vectors(), labels(), triplets=drawn), module(vectors(), -labels() * 7, triplets=drawn))
    assert module.target(labels(), drawn).eq(1).all()


@pytest.mark.parametrize("items", [1, 2])
def test_one_or_two_items_leave_matched_triplets_alone(items: int) -> None:
    module, inputs = contrast(), vectors(items)
    loss = module(inputs, labels(items))
    torch.testing.assert_close(loss, module.predict(*inputs.values()).abs().mean(), rtol=0, atol=EXACT)


def test_an_item_that_lacks_a_modality_is_no_matched_triplet() -> None:
    module, inputs = contrast(), vectors()
    present = {m: torch.ones(B, dtype=torch.bool) for m in MODALITIES}
    present["acoustic"][3] = False
    none = torch.zeros(0, 3, dtype=torch.long)
    keep = torch.arange(B) != 3
    expected = module.predict(*inputs.values())[keep].abs().mean()
    torch.testing.assert_close(module(inputs, labels(), present, none), expected, rtol=0, atol=EXACT)


def test_a_batch_without_any_row_has_a_loss_of_zero_with_gradients() -> None:
    module, inputs = contrast(), {m: v.requires_grad_() for m, v in vectors().items()}
    nothing = {m: torch.zeros(B, dtype=torch.bool) for m in MODALITIES}
    loss = module(inputs, labels(), nothing)
    loss.backward()
    assert loss == 0
    assert all(vector.grad.eq(0).all() for vector in inputs.values())


def test_classes_are_one_apart_whatever_their_numbers() -> None:
    labels = torch.tensor([[0.0, 1.0, 2.0], [0.0, 0.0, 2.0], [1.0, 1.0, 1.0]], dtype=torch.float64)
    given = {"offset": 0.1, "scale": 2.0, "nominal": True}
    expected = (torch.tensor([3.0, 2.0, 0.0], dtype=torch.float64).sqrt() + 0.1) / 2.1
    torch.testing.assert_close(label_distance(labels, **given), expected)
    renamed = torch.tensor([2.0, 0.0, 1.0], dtype=torch.float64)[labels.long()]
    assert torch.equal(label_distance(renamed, **given), label_distance(labels, **given))
    two = labels.clamp(max=1)
    assert torch.equal(label_distance(two, **given), label_distance(two, offset=0.1, scale=2.0))  # as it always was
    assert not torch.equal(label_distance(labels, offset=0.1, scale=2.0), label_distance(labels, **given))
