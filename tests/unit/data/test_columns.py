"""Named choices of columns: exactly those columns, only where they are, and the same for reader, verb and training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlcl.config import DataConfig
from mlcl.data.columns import CHOICES, choose_columns, fits, kept_columns
from mlcl.data.corpus import Corpus, Ragged, Segment
from mlcl.data.formats.items import hkt, mag
from mlcl.data.source import open_corpus
from mlcl.errors import DataError, UsageError
from reading import read_with
from writers import hkt_data, mag_data, write_mag


def numbered(rows: Ragged) -> Ragged:
    """Rows whose every value is the number of its column."""
    return replace(rows, values=np.tile(np.arange(rows.width, dtype=np.float32), (len(rows.values), 1)))


def corpus(acoustic: int, visual: int, *, context: bool = False) -> Corpus:
    made = (
        read_with(hkt, hkt_data(acoustic=acoustic, visual=visual + 1))
        if context
        else read_with(mag, mag_data(acoustic=acoustic, visual=visual))
    )

    def number(part: Segment) -> Segment:
        return replace(part, rows={kind: numbered(rows) for kind, rows in part.rows.items()})

    return made.with_splits(
        {
            name: replace(split, main=number(split.main), context=split.context and number(split.context))
            for name, split in made.splits.items()
        }
    )


@pytest.mark.parametrize(("name", "widths"), [("covarep5", (5, 47)), ("facet20", (74, 20)), ("mfn", (5, 20))])
def test_kept_columns_are_those_of_the_table_and_no_others(name: str, widths: tuple[int, int]) -> None:
    before = corpus(74, 47)
    after = choose_columns(before, name)
    assert after.widths() == {"acoustic": widths[0], "visual": widths[1]}
    for split, part in after.splits.items():
        for kind, rows in part.main.rows.items():
            kept = kept_columns(name).get(kind, list(range(rows.width)))
            np.testing.assert_array_equal(rows.values, np.tile(kept, (len(rows.values), 1)))
            np.testing.assert_array_equal(rows.offsets, before.splits[split].main.rows[kind].offsets)


def test_context_loses_the_same_columns() -> None:
    before = corpus(74, 4, context=True)
    after = choose_columns(before, "covarep5").splits["train"]
    assert after.context is not None
    assert [segment.rows["acoustic"].width for segment in (after.main, after.context)] == [5, 5]
    assert set(after.context.rows["acoustic"].values.ravel()) == {1, 3, 6, 25, 60}


def test_hkt_reader_and_the_choice_agree() -> None:
    data = hkt_data(acoustic=81, visual=91)
    found = read_with(hkt, data).splits["train"].main.rows
    assert {kind: rows.width for kind, rows in found.items()} == {"acoustic": 60, "visual": 36, "hcf": 4}
    first = data["train"][0][0]
    np.testing.assert_array_equal(found["visual"][0], first[1][:, 55:].astype(np.float32))
    np.testing.assert_array_equal(found["acoustic"][0], first[2][:, :60].astype(np.float32))
    assert fits("hkt", {"acoustic": 81, "visual": 91, "hcf": 4})
    assert not fits("hkt", {"acoustic": 81, "visual": 36})


@pytest.mark.parametrize("name", CHOICES)
def test_columns_of_a_choice_are_distinct_and_there(name: str) -> None:
    for width, kept in CHOICES[name].values():
        assert len(set(kept)) == len(kept) < width
        assert 0 <= min(kept) <= max(kept) < width


def test_other_widths_and_other_names_are_refused() -> None:
    with pytest.raises(DataError, match="facet20 keeps 20 of 47 visual columns, and here are 35 columns; leave it out"):
        choose_columns(corpus(74, 35), "facet20")
    with pytest.raises(UsageError, match="unknown columns 'facet'; did you mean 'facet20'"):
        choose_columns(corpus(74, 47), "facet")


def test_training_reads_the_chosen_columns(tmp_path: Path) -> None:
    write_mag(tmp_path / "data.pkl", acoustic=74, visual=47)
    config = DataConfig(file=str(tmp_path / "data.pkl"), columns="mfn")
    assert open_corpus(config, "mosi").widths() == {"acoustic": 5, "visual": 20}
    assert open_corpus(config.model_copy(update={"columns": None}), "mosi").widths() == {"acoustic": 74, "visual": 47}
    with pytest.raises(UsageError, match="unknown columns 'mfm'"):
        open_corpus(config.model_copy(update={"columns": "mfm", "file": "planted"}), "mosi")
