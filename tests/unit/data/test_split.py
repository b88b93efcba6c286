"""Dividing items: a partition, whole groups, even labels, the shares, and nothing but the seed decides."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcl.data.split import divide, k_folds
from mlcl.data.video import video_of
from mlcl.errors import UsageError

GROUPS = st.lists(st.sampled_from("abcdefghij"), min_size=5, max_size=60).filter(lambda names: len(set(names)) >= 3)
SEEDS = st.integers(0, 2**32)


@given(GROUPS, SEEDS)
@settings(max_examples=60, deadline=None)
def test_parts_are_a_partition_and_no_group_straddles(groups: list[str], seed: int) -> None:
    labels = np.arange(len(groups)) % 2.0
    for parts in (divide(groups, [0.7, 0.1, 0.2], seed, labels), k_folds(groups, 3, seed)):
        assert sorted(np.concatenate(parts).tolist()) == list(range(len(groups)))
        assert all(len(part) for part in parts)
        assert all((np.diff(part) > 0).all() for part in parts)
        homes = [{groups[item] for item in part} for part in parts]
        assert sum(map(len, homes)) == len(set(groups))


@given(GROUPS, SEEDS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_of_the_items_does_not_matter(groups: list[str], seed: int, random: object) -> None:
    labels = np.array([ord(name) % 3 for name in groups], dtype=np.float64)
    order = np.random.default_rng(seed).permutation(len(groups))
    moved = divide([groups[item] for item in order], [0.5, 0.25, 0.25], seed, labels[order])
    expected = divide(groups, [0.5, 0.25, 0.25], seed, labels)
    assert [sorted(order[part].tolist()) for part in moved] == [part.tolist() for part in expected]


def test_single_items_meet_the_shares_and_the_share_of_each_label() -> None:
    labels = np.repeat([0.0, 1.0, np.nan], [600, 300, 100])
    parts = divide([f"i{item}" for item in range(1000)], [0.7, 0.1, 0.2], 3, labels)
    assert [len(part) for part in parts] == [700, 100, 200]
    for part, share in zip(parts, (0.7, 0.1, 0.2), strict=True):
        assert [int((labels[part] == label).sum()) for label in (0, 1)] == [share * 600, share * 300]


def test_real_labels_are_spread_by_their_fifths() -> None:
    labels = np.random.default_rng(0).normal(size=1000)
    fifths = np.searchsorted(np.quantile(labels, (0.2, 0.4, 0.6, 0.8)), labels, side="right")
    for fold in k_folds([f"i{item}" for item in range(1000)], 5, 1, labels):
        assert all(abs(count - 40) <= 1 for count in Counter(fifths[fold].tolist()).values())


def test_labels_of_groups_are_spread_as_far_as_groups_allow() -> None:
    groups = [f"g{item // 4}" for item in range(80)]
    labels = np.repeat(np.arange(20) % 2, 4).astype(np.float64)
    for fold in k_folds(groups, 5, 7, labels):
        assert (len(fold), labels[fold].sum()) == (16, 8)
    unequal = [int(labels[fold].sum()) for fold in k_folds(groups, 5, 7)]
    assert unequal != [8] * 5  # without labels nothing spreads them


def test_large_groups_cannot_starve_a_part() -> None:
    parts = divide(["big"] * 98 + ["b", "c"], [0.4, 0.3, 0.3], 0)
    assert sorted(len(part) for part in parts) == [1, 1, 98]


def test_seed_decides() -> None:
    groups = [f"i{item}" for item in range(50)]
    first, again, other = (divide(groups, [0.5, 0.5], seed)[0].tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("shares", [[0.5, 0.4], [1.5, -0.5], [1, 0], [float("nan"), 1]])
def test_shares_must_be_shares(shares: list[float]) -> None:
    with pytest.raises(UsageError, match=r"must be positive and sum to 1"):
        divide(["a", "b"], shares, 0)


def test_fewer_groups_than_parts_are_refused() -> None:
    with pytest.raises(UsageError, match="4 items in 2 groups cannot be divided into 3 parts"):
        k_folds(["a", "a", "b", "b"], 3, 0)
    with pytest.raises(UsageError, match="1 folds: must be at least 2"):
        k_folds(["a", "b"], 1, 0)


@pytest.mark.parametrize("end", ["[0]", "[12]", "$_$3", "_7", "_utt4", "_clip2"])
@given(video=st.text(min_size=1))
@settings(max_examples=30, deadline=None)
def test_video_is_what_stands_before_one_end(end: str, video: str) -> None:
    if end == "_7" and video.endswith("$"):
        return  # "$_$7" is another end
    assert video_of(video + end) == video


@pytest.mark.parametrize("name", ["1024", "abc", "[3]", "_3", "$_$1", "a[b]", "a_", "a_3b"])
def test_other_ids_are_their_own_video(name: str) -> None:
    assert video_of(name) == name
