"""Folds: every item is tested once, no group is in two parts, and nothing of test reaches the preparation."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from mlcl.config import FoldConfig
from mlcl.data.corpus import Corpus, Ragged
from mlcl.data.folds import deal, grouping, lists_hash, pool, refold
from mlcl.data.processor import Processor
from mlcl.errors import DataError, UsageError
from prepare import config, pair_corpus
from writers import write_pickle

SIZES = {"train": 30, "dev": 8, "test": 12}


def corpus(videos: int = 13, speakers: int | None = None) -> Corpus:
    """Fifty items of some videos, of unequal numbers of items."""
    made = tiny.corpus(SIZES)
    numbers = iter(np.random.default_rng(0).integers(0, videos, 50).tolist())
    splits = {}
    for name, split in made.splits.items():
        own = [next(numbers) for _ in range(len(split))]
        ids = [f"v{video}[{len(splits)}{index}]" for index, video in enumerate(own)]
        names = None if speakers is None else [f"s{video % speakers}" for video in own]
        splits[name] = replace(split, ids=ids, speakers=names)
    return made.with_splits(splits)


def video(identifier: str) -> str:
    return identifier.partition("[")[0]


@pytest.mark.parametrize("by", ["item", "video", "speaker"])
def test_every_item_is_tested_once_and_is_in_one_part_of_each_fold(by: Any) -> None:
    items = pool(corpus(speakers=7))
    folds = deal(items, FoldConfig(number=1, of=4, by=by))
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(50))
    for fold in folds:
        parts = [fold.train, fold.dev, fold.test]
        assert sorted(np.concatenate(parts)) == list(range(50))
        assert min(map(len, parts)) > 0
        assert len(fold.dev) < len(fold.train)


@pytest.mark.parametrize(("by", "name"), [("video", lambda i, s: video(i)), ("speaker", lambda i, s: s)])
def test_no_group_is_in_two_parts_of_a_fold(by: Any, name: Callable[[str, str], str]) -> None:
    items = pool(corpus(speakers=7))
    assert items.speakers is not None
    groups = np.array([name(*pair) for pair in zip(items.ids, items.speakers, strict=True)])
    for fold in deal(items, FoldConfig(number=1, of=3, by=by)):
        parts = [set(groups[part]) for part in (fold.train, fold.dev, fold.test)]
        assert not parts[0] & parts[1]
        assert not parts[0] & parts[2]
        assert not parts[1] & parts[2]


def test_items_that_are_dealt_alone_do_divide_videos() -> None:
    """Negative control."""
    items = pool(corpus())
    fold = deal(items, FoldConfig(number=1, of=3, by="item"))[0]
    videos = np.array([video(identifier) for identifier in items.ids])
    assert set(videos[fold.train]) & set(videos[fold.test])


def test_the_same_seed_deals_alike_and_another_does_not() -> None:
    items = pool(corpus())
    deals = [deal(items, FoldConfig(number=n, of=4, by="video", seed=seed)) for n, seed in ((1, 0), (3, 0), (1, 1))]
    tests = [[fold.test.tolist() for fold in folds] for folds in deals]
    assert tests[0] == tests[1] != tests[2]
    assert [fold.dev.tolist() for fold in deals[0]] == [fold.dev.tolist() for fold in deals[1]]


def test_a_refolded_corpus_holds_the_fold_s_items_with_their_rows() -> None:
    made = corpus()
    items, settings = pool(made), FoldConfig(number=2, of=3, by="video")
    fold, split = deal(items, settings)[1], refold(made, settings).splits
    assert list(split) == ["train", "dev", "test"]
    assert items.labels is not None
    for name, part in vars(fold).items():
        assert split[name].ids == [items.ids[item] for item in part]
        np.testing.assert_array_equal(split[name].labels, items.labels[part])
        for number, item in enumerate(part):
            np.testing.assert_array_equal(split[name].main.rows["acoustic"][number], items.main.rows["acoustic"][item])


def test_a_context_goes_with_its_item() -> None:
    made = pair_corpus()
    items, settings = pool(made), FoldConfig(number=1, of=2)
    test = refold(made, settings).splits["test"]
    assert test.context is not None
    assert items.context is not None
    assert test.context.words == [items.context.words[item] for item in deal(items, settings)[0].test]


@pytest.mark.parametrize("part", ["dev", "test"])
def test_an_outlier_outside_train_changes_no_statistic(part: str) -> None:
    """Normalisation is fitted on the fold's train items: not on its dev, not on its test, not on the file's train."""
    made, settings = corpus(), FoldConfig(number=2, of=3, by="video")
    fold = deal(pool(made), settings)[1]

    def with_outlier(item: int) -> Corpus:
        """1e6 in every row of one item, wherever in the file it stands."""
        splits, start = {}, 0
        for name, split in made.splits.items():
            rows = split.main.rows["acoustic"]
            values = rows.values.copy()
            if start <= item < start + len(split):
                values[rows.offsets[item - start] : rows.offsets[item - start + 1]] = 1e6
            segment = replace(split.main, rows={**split.main.rows, "acoustic": Ragged(values, rows.offsets)})
            splits[name], start = replace(split, main=segment), start + len(split)
        return made.with_splits(splits)

    def fitted(of: Corpus) -> Processor:
        return Processor.fit(refold(of, settings), config())

    clean = fitted(made)
    chosen = getattr(fold, part)
    in_file_train = [item for item in chosen if item < SIZES["train"]]
    assert in_file_train, "the file's own train split must have items that are not the fold's"
    assert all(fitted(with_outlier(item)) == clean for item in in_file_train)
    assert fitted(with_outlier(fold.train[0])) != clean  # the negative control


def test_the_strictest_grouping_with_enough_groups_is_taken() -> None:
    assert grouping(pool(corpus(speakers=10)), 5) == "speaker"
    assert grouping(pool(corpus(speakers=9)), 5) == "video"
    assert grouping(pool(corpus(videos=9)), 5) == "item"
    assert grouping(pool(tiny.corpus()), 5) == "item"


def write(path: Path, folds: object) -> str:
    path.write_text(json.dumps({"folds": folds}), encoding="utf-8")
    return str(path)


def test_lists_name_items_by_id_or_number_and_dev_may_be_missing(tmp_path: Path) -> None:
    items = pool(corpus())
    half = list(range(25))
    folds = [
        {"train": list(range(25, 50)), "test": half},
        {"train": items.ids[:20], "dev": items.ids[20:25], "test": items.ids[25:]},
    ]
    found = deal(items, FoldConfig(number=1, of=2, by="video", lists=write(tmp_path / "lists.json", folds)))
    assert found[0].test.tolist() == half
    assert sorted([*found[0].train, *found[0].dev]) == list(range(25, 50))
    videos = np.array([video(identifier) for identifier in items.ids])
    assert len(found[0].dev) > 0
    assert not set(videos[found[0].train]) & set(videos[found[0].dev])
    assert [found[1].train.tolist(), found[1].dev.tolist()] == [list(range(20)), list(range(20, 25))]


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ("nothing", "not of the form"),
        ([{"train": 3, "test": [0]}], "not of the form"),
        ([{"train": [0, 1]}] * 2, "lists no train or no test items"),
        ([{"train": [], "test": [1]}] * 2, "lists no train or no test items"),
        ([{"train": [1, 2], "test": [2]}] * 2, "lists an item twice"),
        ([{"train": [1, 2], "test": [3]}] * 2, "in the test part of two folds"),
        ([{"train": [1, 50], "test": [3]}] * 2, "50 is no item"),
        ([{"train": [1, True], "test": [3]}] * 2, "True is no item"),
        ([{"train": [1, "who"], "test": [3]}] * 2, "'who' is no item"),
    ],
)
def test_wrong_lists_are_refused_by_place(tmp_path: Path, folds: object, message: str) -> None:
    settings = FoldConfig(number=1, of=2, lists=write(tmp_path / "lists.json", folds))
    with pytest.raises(DataError, match=message) as error:
        deal(pool(corpus()), settings)
    assert str(tmp_path / "lists.json") in str(error.value)


def test_a_pickle_of_pairs_is_a_list_of_folds(tmp_path: Path) -> None:
    """The form of MUStARD's own five folds."""
    half = np.arange(25)
    write_pickle(tmp_path / "split.p", [(half + 25, half), [half.tolist(), (half + 25).tolist()]])
    found = deal(pool(corpus()), FoldConfig(number=1, of=2, lists=str(tmp_path / "split.p")))
    assert [fold.test.tolist() for fold in found] == [list(range(25)), list(range(25, 50))]


@pytest.mark.parametrize("content", [3, [], [3], [([1], [2], [3])], [([1], 3)], {"train": [1]}], ids=str)
def test_a_pickle_of_anything_else_is_none(tmp_path: Path, content: object) -> None:
    write_pickle(tmp_path / "split.p", content)
    with pytest.raises(DataError, match="not of the form"):
        deal(pool(corpus()), FoldConfig(number=1, of=2, lists=str(tmp_path / "split.p")))


def test_ids_that_stand_twice_name_no_item_of_a_list(tmp_path: Path) -> None:
    items = pool(corpus())
    twice = replace(items, ids=[items.ids[0], *items.ids[:-1]])
    folds = [{"train": [items.ids[0]], "test": [3]}, {"train": [1, 2], "test": [5]}]
    with pytest.raises(DataError, match="is no item"):
        deal(twice, FoldConfig(number=1, of=2, lists=write(tmp_path / "lists.json", folds)))


def test_refused_folds_say_why(tmp_path: Path) -> None:
    made = corpus()
    with pytest.raises(UsageError, match=r"data.fold.number = 4: must be from 1 to 3"):
        refold(made, FoldConfig(number=4, of=3))
    lists = write(tmp_path / "lists.json", [{"train": [1, 2], "test": [3]}])
    with pytest.raises(UsageError, match=r"lists 1 folds, data\.fold\.of is 3"):
        refold(made, FoldConfig(number=1, of=3, lists=lists))
    with pytest.raises(DataError, match="cannot be read: no such file"):
        lists_hash(FoldConfig(number=1, of=3, lists=str(tmp_path / "none.json")))
    unlabelled = made.with_splits({**made.splits, "dev": replace(made.splits["dev"], labels=None)})
    with pytest.raises(DataError, match="dev: a split without labels"):
        refold(unlabelled, FoldConfig(number=1, of=3))
    unlike = made.with_splits({**made.splits, "dev": replace(made.splits["dev"], speakers=["x"] * 8)})
    with pytest.raises(DataError, match="join those alike"):
        refold(unlike, FoldConfig(number=1, of=3))
