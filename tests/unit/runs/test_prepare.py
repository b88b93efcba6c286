"""The cache of prepared data: the same arrays, found only by the same inputs, and never in the way."""

import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from transformers import BertModel

from mlcl.config import Experiment
from mlcl.data.batch import EncodedSplit
from mlcl.data.formats import read_corpus
from mlcl.data.formats.own import folder
from mlcl.encode.build import tiny_config
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.errors import DataError
from mlcl.recipe import resolve
from mlcl.runs import prepare as module
from mlcl.runs.prepare import prepare
from writers import mag_data, write_hkt, write_mag

WORDS = sorted({word for items in mag_data({"train": 20}).values() for item in items for word in item[0][0]})


@pytest.fixture
def place(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a data file, a text encoder and an empty cache."""
    monkeypatch.setenv("MLCL_CACHE", str(workplace / "cache"))
    write_mag(workplace / "mag.pkl", sizes={"train": 9, "dev": 5, "test": 4})
    tokenizer = word_tokenizer(WORDS)
    BertModel(tiny_config(tokenizer.vocabulary_size)).save_pretrained(workplace / "encoder")
    tokenizer.save(workplace / "encoder")
    return workplace


def experiment(place: Path, *changes: str, recipe: str = "mosi", file: str = "mag.pkl") -> Experiment:
    return resolve(recipe, data=str(place / file), text_encoder=str(place / "encoder"), changes=list(changes))


def entries(place: Path) -> list[str]:
    folder = place / "cache" / "data"
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []


def assert_same(ours: EncodedSplit, theirs: EncodedSplit) -> None:
    assert ours.ids == theirs.ids
    for name in ("tokens", "types", "offsets", "spoken", "labels"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), strict=True)
    assert (ours.pad_id, ours.fixed_length) == (theirs.pad_id, theirs.fixed_length)
    assert list(ours.rows) == list(theirs.rows)
    for name, rows in ours.rows.items():
        for part, value in vars(rows).items():
            np.testing.assert_array_equal(value, getattr(theirs.rows[name], part), strict=True)


@pytest.mark.parametrize(("recipe", "write"), [("mosi", write_mag), ("mustard", write_hkt)], ids=["mag", "hkt"])
def test_first_second_and_uncached_preparation_are_the_same(place: Path, recipe: str, write: object) -> None:
    write(place / "data.pkl", sizes={"train": 9, "dev": 5, "test": 4})  # type: ignore[operator]  # two writers
    without, first, second = (
        prepare(experiment(place, f"data.cache={cache}", recipe=recipe, file="data.pkl"))
        for cache in ("false", "true", "true")
    )
    assert len(entries(place)) == 1
    for prepared in (first, second):
        assert prepared.facts == without.facts
        assert prepared.processor == without.processor
        assert list(prepared.openers) == list(without.openers) == ["train", "dev", "test"]
        for name, opener in prepared.openers.items():
            assert_same(opener(), without.openers[name]())


def test_a_folder_is_kept_and_known_by_its_files(place: Path) -> None:
    folder.write(read_corpus(place / "mag.pkl"), place / "own")
    without, first, second = (
        prepare(experiment(place, f"data.cache={cache}", file="own")) for cache in ("false", "true", "true")
    )
    assert first.facts == second.facts == without.facts
    assert len(entries(place)) == 1
    for name, opener in second.openers.items():
        assert_same(opener(), without.openers[name]())
    table = place / "own" / "data.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("test", "train"), encoding="utf-8")
    assert list(prepare(experiment(place, file="own")).openers) == ["train", "dev"]
    assert len(entries(place)) == 2


def test_the_second_time_nothing_is_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(experiment(place))
    monkeypatch.setattr(module, "open_corpus", None)
    prepare(experiment(place))
    with pytest.raises(TypeError):  # the negative control
        prepare(experiment(place, "data.cache=false"))


@pytest.mark.parametrize(
    "change", ["data.lower_case=false", "data.normalise=none", "data.max_length=9", "data.modalities=[text]"]
)
def test_every_data_option_has_an_entry_of_its_own(place: Path, change: str) -> None:
    prepare(experiment(place))
    prepare(experiment(place, "model.d_model=16", "train.epochs=1", "seed=3"))
    assert len(entries(place)) == 1
    prepare(experiment(place, change))
    assert len(entries(place)) == 2


def test_every_fold_has_an_entry_of_its_own_and_so_have_other_lists(place: Path) -> None:
    lists = place / "lists.json"
    lists.write_text('{"folds": [{"train": [0, 1, 2], "test": [3]}, {"train": [4, 5, 6], "test": [7]}]}')
    first = "data.fold={number: 1, of: 2}"
    listed = f"data.fold={{number: 1, of: 2, lists: '{lists}'}}"
    assert prepare(experiment(place, first)).facts["items"] == {"train": 8, "dev": 1, "test": 9}
    second = prepare(experiment(place, "data.fold={number: 2, of: 2}"))
    assert second.processor.shift != prepare(experiment(place, first)).processor.shift
    assert len(entries(place)) == 2
    assert prepare(experiment(place, listed)).openers["test"]().ids == ["trainvideo[3]"]
    lists.write_text('{"folds": [{"train": [0, 1, 2], "test": [5]}, {"train": [4, 5, 6], "test": [7]}]}')
    assert prepare(experiment(place, listed)).openers["test"]().ids == ["trainvideo[5]"]
    assert len(entries(place)) == 4


def test_other_bytes_and_another_tokenizer_have_entries_of_their_own(place: Path) -> None:
    prepare(experiment(place))
    write_mag(place / "mag.pkl", sizes={"train": 9, "dev": 5, "test": 4}, seed=1)
    prepare(experiment(place))
    assert len(entries(place)) == 2
    word_tokenizer(WORDS[1:]).save(place / "encoder")
    prepare(experiment(place))
    assert len(entries(place)) == 3


def test_a_moved_file_is_found_by_its_bytes_and_called_by_its_new_name(place: Path) -> None:
    prepare(experiment(place))
    (place / "mag.pkl").rename(place / "other.pkl")
    assert prepare(experiment(place, file="other.pkl")).facts["name"] == "other.pkl"
    assert len(entries(place)) == 1


@pytest.mark.parametrize("damage", ["index.json", "train.acoustic.values.npy", "dev.tokens.npy"])
@pytest.mark.parametrize("content", [None, b"", b"\x80\x04damaged"], ids=["missing", "empty", "garbage"])
def test_a_damaged_entry_is_made_anew(place: Path, damage: str, content: bytes | None) -> None:
    whole = prepare(experiment(place)).openers["train"]()
    file = place / "cache" / "data" / entries(place)[0] / damage
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    again = prepare(experiment(place))
    assert_same(again.openers["train"](), whole)
    assert file.stat().st_size > 20


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written_is_said_and_done_without(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    (place / "cache").mkdir(mode=0o500)
    with caplog.at_level(logging.WARNING):
        prepared = prepare(experiment(place))
    assert len(prepared.openers["train"]()) == 9
    assert "keeps no prepared data" in caplog.text


def test_a_file_in_the_cache_s_place_is_said_and_done_without(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    (place / "cache").write_text("")
    with caplog.at_level(logging.WARNING):
        prepared = prepare(experiment(place))
    assert len(prepared.openers["train"]()) == 9
    assert "keeps no prepared data" in caplog.text


def test_a_failed_preparation_leaves_no_entry(place: Path) -> None:
    write_mag(place / "mag.pkl", sizes={"train": 9, "test": 4})
    with pytest.raises(DataError, match="no dev split"):
        prepare(experiment(place))
    assert entries(place) == []


def test_an_entry_may_be_deleted_while_it_is_in_use(place: Path) -> None:
    split = prepare(experiment(place)).openers["train"]()
    shutil.rmtree(place / "cache")
    assert len(split.batch(np.arange(9))) == 9
