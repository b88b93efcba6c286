"""Original distributions under ``mlcl train --data`` as they are."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from command import SMALL, TINY, refuse, succeed
from mlcl.data.formats import read_corpus
from originals import (
    csd_folder,
    label_rows,
    meld_rows,
    ur_funny_data,
    write_csv,
    write_meld,
    write_mustard,
    write_ur_funny,
)

MAKERS: dict[str, Callable[[Path], Path]] = {
    "csd": lambda folder: csd_folder(folder / "x", videos=9),
    "label_csv": lambda folder: write_csv(folder / "label.csv", label_rows()),
    "ur_funny": lambda folder: write_ur_funny(folder / "x", ur_funny_data()),
}


@pytest.mark.parametrize("layout", MAKERS)
def test_original_trains(workplace: Path, layout: str) -> None:
    data = MAKERS[layout](workplace)
    printed = succeed(
        "train", "ur_funny" if layout == "ur_funny" else "mosi", "--data", data, "--output", "run", *TINY, *SMALL
    )
    assert (workplace / "run" / "metrics.json").is_file(), printed


def test_texts_without_splits_are_refused_with_the_reason(workplace: Path) -> None:
    file = write_mustard(workplace / "x")
    message = refuse(1, "train", "mustard", "--data", file, *TINY, *SMALL)
    assert "there is no dev split" in message
    assert "the data say nothing of splits" in message
    assert f"mlcl data split {file} OUT --by item" in message  # it has two videos, too few for three splits


def test_the_hint_groups_by_video_where_ids_name_it_and_leads_to_a_training(workplace: Path) -> None:
    write_csv(workplace / "train_sent_emo.csv", meld_rows([3] * 9))
    message = refuse(1, "train", "mosi", "--data", "train_sent_emo.csv", *TINY, *SMALL)
    command = re.search(r"mlcl (data split \S+) OUT (--by video), and train on OUT", message)
    assert command is not None
    succeed(*command[1].split(), "out", *command[2].split())
    assert read_corpus("out").notes == ()
    succeed("train", "mosi", "--data", "out", "--output", "run", *TINY, *SMALL, "--quiet")


def test_a_split_that_is_missing_from_a_file_with_splits_is_named(workplace: Path) -> None:
    write_meld(workplace / "x")
    (workplace / "x" / "dev_sent_emo.csv").unlink()
    message = refuse(1, "train", "mosi", "--data", "x", *TINY, *SMALL)
    assert "there is no dev split, and training needs train and dev; here are train, test: divide" in message
