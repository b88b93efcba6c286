"""Items taken, joined and divided anew keep everything that belongs to them."""

from dataclasses import replace

import numpy as np
import pytest

from mlcl.data.corpus import Corpus, Ragged, Segment, Split, take
from mlcl.data.formats.items import hkt
from mlcl.data.resplit import groups_of, join, resplit
from mlcl.data.video import video_of
from mlcl.errors import DataError, UsageError
from reading import read_with
from writers import hkt_data

SIZES = {"train": 20, "dev": 4, "test": 6}


def corpus() -> Corpus:
    made = read_with(hkt, hkt_data(SIZES), path="data.pkl")
    count = iter(range(100))
    return made.with_splits(
        {
            name: replace(
                split,
                ids=[f"v{next(count) % 7}[{index}{name[0] == 't':d}{name[1] == 'e':d}]" for index in range(len(split))],
                columns={"humor": split.labels, "arousal": -split.labels},
                speakers=[f"s{index % 5}" for index in range(len(split))],
            )
            for name, split in made.splits.items()
            if split.labels is not None
        }
    )


def items(split: Split) -> list[tuple[object, ...]]:
    """Everything that belongs to each item, as plain values."""

    def of(segment: Segment, item: int) -> object:
        sentences = segment.sentences and segment.sentences[item]
        return segment.words[item], sentences, {name: rows[item].tolist() for name, rows in segment.rows.items()}

    assert split.context is not None
    assert split.labels is not None
    assert split.speakers is not None
    return [
        (
            *(split.ids[item], of(split.main, item), of(split.context, item), split.labels[item]),
            *({name: values[item] for name, values in split.columns.items()}, split.speakers[item]),
        )
        for item in range(len(split))
    ]


def test_take_gives_those_items_whole() -> None:
    split = corpus().splits["train"]
    chosen = np.array([7, 0, 7, 19])
    assert items(take(split, chosen)) == [items(split)[item] for item in chosen]
    assert len(take(split, chosen[:0])) == 0


def test_join_then_take_is_the_identity() -> None:
    splits = list(corpus().splits.values())
    joined = join(splits)
    start = 0
    for split in splits:
        assert items(take(joined, np.arange(start, start + len(split)))) == items(split)
        start += len(split)
    assert len(joined) == start


@pytest.mark.parametrize("without", ["labels", "context", "speakers"])
def test_join_refuses_splits_that_hold_different_things(without: str) -> None:
    train, dev, _ = corpus().splits.values()
    with pytest.raises(DataError, match="hold different things"):
        join([train, replace(dev, **{without: None})])


@pytest.mark.parametrize("by", ["item", "video", "speaker"])
def test_resplit_keeps_items_and_groups_whole(by: str) -> None:
    before = corpus()
    after = resplit(before, by=by, shares=(0.6, 0.2, 0.2), seed=4)
    assert list(after.splits) == ["train", "dev", "test"]

    def every(made: Corpus) -> list[str]:
        return sorted(map(repr, (item for split in made.splits.values() for item in items(split))))

    assert every(after) == every(before)
    homes = [set(groups_of(split, by)) for split in after.splits.values()]
    assert sum(map(len, homes)) == len(set().union(*homes))
    again = resplit(before, by=by, shares=(0.6, 0.2, 0.2), seed=4)
    assert [split.ids for split in again.splits.values()] == [split.ids for split in after.splits.values()]
    assert (after.layout, after.task) == (before.layout, before.task)


def test_groups_are_ids_videos_and_speakers() -> None:
    split = corpus().splits["dev"]
    assert groups_of(split, "item") == split.ids
    assert groups_of(split, "video") == [video_of(identifier) for identifier in split.ids]
    assert groups_of(split, "speaker") == split.speakers


def test_groups_that_the_file_does_not_name_are_refused() -> None:
    split = Split(["a", "b"], Segment([["x"], ["y"]], {"visual": Ragged.stack([np.ones((1, 2))] * 2, width=2)}))
    with pytest.raises(DataError, match=r"no id names a video as 'video\[3\]' does \(the first is 'a'\)"):
        groups_of(split, "video")
    with pytest.raises(DataError, match="no id names a video"):
        groups_of(replace(split, ids=["train[0]", "train[1]"]), "video")
    with pytest.raises(DataError, match="name no speaker"):
        groups_of(split, "speaker")
    with pytest.raises(UsageError, match="unknown grouping 'vidoe'; did you mean 'video'"):
        groups_of(split, "vidoe")
    with pytest.raises(UsageError, match=r"2 shares: give one each for train, dev, test"):
        resplit(Corpus({"train": split}, "mag", "regression"), by="item", shares=(0.5, 0.5), seed=0)
