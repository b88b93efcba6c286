"""Positives by label: shares, the supervised contrastive loss in loops, and what it leaves alone."""

import pytest
import torch
from torch.nn import functional as F

from mlcl.contrast import UniModalContrast, info_nce
from mlcl.contrast.positives import NEAR, label_shares


def embeddings(seed: int, items: int = 7, dim: int = 5) -> torch.Tensor:
    return torch.randn(items, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_items_of_a_class_share_equally() -> None:
    share = label_shares(torch.tensor([0.0, 2.0, 0.0, 1.0]), classes=True)
    expected = [[0.5, 0, 0.5, 0], [0, 1, 0, 0], [0.5, 0, 0.5, 0], [0, 0, 0, 1]]
    torch.testing.assert_close(share, torch.tensor(expected))


def test_shares_of_scores_fall_with_their_distance_on_any_scale() -> None:
    labels = torch.tensor([-2.0, -1.5, 0.0, 3.0], dtype=torch.float64)
    share = label_shares(labels, classes=False)
    torch.testing.assert_close(share.sum(dim=1), torch.ones(4, dtype=torch.float64))
    assert share[0, 0] > share[0, 1] > share[0, 2] > share[0, 3]
    width = NEAR * labels.std(unbiased=False)
    torch.testing.assert_close(share[0, 1] / share[0, 0], torch.exp(-0.5 / width))
    torch.testing.assert_close(label_shares(10 * labels + 3, classes=False), share)


@pytest.mark.parametrize("classes", [True, False])
def test_the_loss_is_the_formula_in_loops(classes: bool) -> None:
    query, key = embeddings(0), embeddings(1)
    labels = torch.tensor([0.0, 1, 1, 2, 0, 0, 1], dtype=torch.float64)
    share = label_shares(labels, classes=classes)
    total = torch.zeros((), dtype=torch.float64)
    for i in range(7):
        logits = [F.cosine_similarity(query[i], key[j], dim=0) / 0.1 for j in range(7)]
        log_sum = torch.stack(logits).logsumexp(dim=0)
        total += torch.stack([share[i, j] * (log_sum - logits[j]) for j in range(7)]).sum() / 7
    found = info_nce(query, key, labels=labels, classes=classes)
    torch.testing.assert_close(found, total, rtol=0, atol=1e-12)


def test_labels_that_all_differ_give_the_paper_s_loss() -> None:
    query, key = embeddings(0), embeddings(1)
    found = info_nce(query, key, labels=torch.arange(7.0), classes=True)
    torch.testing.assert_close(found, info_nce(query, key), rtol=0, atol=1e-12)


def test_left_out_items_are_neither_positives_nor_negatives() -> None:
    query, key, labels = embeddings(0), embeddings(1), torch.tensor([0.0, 1, 1, 2, 0, 0, 1])
    keep = torch.tensor([True, True, False, True, True, False, True])
    few = info_nce(query[keep], key[keep], labels=labels[keep], classes=True)
    torch.testing.assert_close(info_nce(query, key, keep=keep, labels=labels, classes=True), few)


def test_a_level_takes_its_positives_from_the_labels() -> None:
    level, one, two = UniModalContrast(0.1), {"text": embeddings(0)}, {"text": embeddings(1)}
    labels = torch.tensor([0.0, 1, 1, 2, 0, 0, 1])
    found = level(one, two, None, (labels, True))["umcl_text"]
    torch.testing.assert_close(found, info_nce(one["text"], two["text"], labels=labels, classes=True))
    assert (found - level(one, two)["umcl_text"]).abs() > 0.05
