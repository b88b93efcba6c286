"""Original distributions under ``mlcl train --data`` as they are."""

from collections.abc import Callable
from pathlib import Path

import pytest

from command import SMALL, TINY, refuse, succeed
from originals import (
    csd_folder,
    label_rows,
    ur_funny_data,
    write_csv,
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
    message = refuse(1, "train", "mustard", "--data", write_mustard(workplace / "x"), *TINY, *SMALL)
    assert "there is no dev split" in message
