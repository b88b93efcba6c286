"""Folds of real files: MUStARD's own lists, and videos that stay whole."""

import os
from pathlib import Path

import numpy as np
import pytest

from mlcl.config import FoldConfig
from mlcl.data.corpus import Segment, Split
from mlcl.data.folds import deal, grouping, pool
from mlcl.data.formats import read_corpus
from mlcl.data.video import video_of

FOLDER = Path(os.environ.get("MLCL_DATA") or Path(__file__).parents[3] / "shared" / "data")


def real(name: str) -> Path:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"{path} is not here; set MLCL_DATA to the folder with the real files")
    return path


def test_the_lists_of_mustard_test_each_of_its_690_items_once() -> None:
    lists = real("mustard/split_indices.p")
    ids = [str(number) for number in range(690)]
    items = Split(ids, Segment([["x"]] * 690), labels=np.arange(690) % 2.0)
    folds = deal(items, FoldConfig(number=1, of=5, lists=str(lists)))
    assert [len(fold.test) for fold in folds] == [138] * 5
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(690))
    assert all(len(fold.train) + len(fold.dev) == 552 for fold in folds)


@pytest.mark.parametrize("name", ["mosi/mosi_text_audio.pkl", "mosi/mosi_three_modalities.pkl"])
def test_videos_of_mosi_stay_whole(name: str) -> None:
    items = pool(read_corpus(real(name)))
    assert grouping(items, 5) == "video"
    videos = np.array([video_of(identifier) for identifier in items.ids])
    for fold in deal(items, FoldConfig(number=1, of=5, by="video")):
        parts = [set(videos[part]) for part in vars(fold).values()]
        assert sum(map(len, parts)) == len(set(videos))
        assert 0.15 < len(fold.test) / len(items) < 0.25
