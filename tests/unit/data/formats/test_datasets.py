"""Hugging Face `datasets`, as objects and as folders: the same corpus comes back, with and without the package."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpora import ANY_TEXT, corpora, plain
from mlcl.data.corpus import Corpus
from mlcl.data.formats import read_corpus
from mlcl.data.formats.own import datasets as saved_datasets
from mlcl.data.hub import from_datasets, to_datasets
from mlcl.errors import DataError, UsageError

datasets = pytest.importorskip("datasets")
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WITH_ROWS = st.one_of(
    corpora(("acoustic", "text"), words=st.lists(ANY_TEXT, max_size=4), rich=True),
    corpora(context=True, aligned=False),
    corpora(("acoustic", "hcf"), context=True, sentences=True, rich=True),
).filter(lambda corpus: all(len(rows.values) for _, rows in every_rows(corpus)))


def every_rows(corpus: Corpus) -> list[tuple[str, Any]]:
    segments = [part for split in corpus.splits.values() for part in (split.main, split.context) if part]
    return [pair for segment in segments for pair in segment.rows.items()]


@given(WITH_ROWS)
@FEW
def test_folder_and_objects_give_the_corpus_back(corpus: Corpus) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "saved"
        saved_datasets.write(corpus, path)
        back = read_corpus(path)
    assert (plain(back), back.layout) == (plain(corpus), "datasets")
    assert plain(from_datasets(to_datasets(corpus))) == plain(corpus)


def example() -> Any:
    rows = {
        "id": ["a", "b", "c"],
        "text": ["so good", "not my film", ""],
        "label": [1, 0, 1],
        "acoustic": [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]], []],
        "visual": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], None],
    }
    train = datasets.Dataset.from_dict(rows).cast_column("label", datasets.ClassLabel(names=["no", "yes"]))
    return datasets.DatasetDict({"train": train, "validation": train.select([1])})


def check(corpus: Corpus) -> None:
    train, dev = corpus.splits["train"], corpus.splits["dev"]
    assert (corpus.task, corpus.classes, corpus.word_aligned) == ("classification", ("no", "yes"), False)
    assert train.main.words == [["so", "good"], ["not", "my", "film"], []]
    assert (dev.ids, train.labels is not None and train.labels.tolist()) == (["b"], [1, 0, 1])
    acoustic, visual = train.main.rows["acoustic"], train.main.rows["visual"]
    assert [acoustic[item].tolist() for item in range(3)] == [[[1, 2], [3, 4]], [[5, 6]], []]
    assert [visual[item].tolist() for item in range(3)] == [[[1, 2, 3]], [[4, 5, 6]], []]
    assert dev.main.rows["acoustic"][0].tolist() == [[5, 6]]


def test_what_datasets_made_and_saved_is_read(tmp_path: Path) -> None:
    made = example()
    check(from_datasets(made))
    made.save_to_disk(str(tmp_path / "saved"))
    check(read_corpus(tmp_path / "saved"))
    made["train"].save_to_disk(str(tmp_path / "one"))
    one = read_corpus(tmp_path / "one")
    assert list(one.splits) == ["train"]
    assert "the data say nothing of splits" in one.notes[0]


def test_what_we_saved_datasets_reads(tmp_path: Path) -> None:
    corpus = from_datasets(example())
    saved_datasets.write(corpus, tmp_path / "saved")
    loaded = datasets.load_from_disk(str(tmp_path / "saved"))
    assert list(loaded) == ["train", "dev"]
    assert loaded["train"]["text"][:2] == ["so good", "not my film"]
    assert loaded["train"][0]["acoustic"] == [[1, 2], [3, 4]]
    check(from_datasets(loaded))


def test_without_the_package_one_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = from_datasets(example())
    monkeypatch.setitem(sys.modules, "datasets", None)
    for call in (lambda: to_datasets(corpus), lambda: from_datasets({})):
        with pytest.raises(UsageError, match=r"pip install 'mlcl\[hub\]'"):
            call()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no id": ({"text": ["a"]}, "has no column 'id'"),
    "unknown": ({"id": ["a"], "txet": ["a"]}, "has a column 'txet'; did you mean 'text'"),
    "no numbers": ({"id": ["a"], "acoustic": [[["x"]]]}, "not lists of rows of numbers"),
    "no lists": ({"id": ["a"], "acoustic": [1.0]}, "not lists of rows of numbers"),
    "ragged": ({"id": ["a"], "acoustic": [[[1.0], [1.0, 2.0]]]}, "has rows of 1 and of 2 columns"),
    "other": ({"id": ["a"], "text": [1]}, "item 0: text is int, not text"),
}


@pytest.mark.parametrize("case", WRONG)
def test_other_tables_are_refused(case: str) -> None:
    columns, message = WRONG[case]
    with pytest.raises(DataError, match=message):
        from_datasets(datasets.Dataset.from_dict(columns))


def test_splits_must_have_the_same_columns() -> None:
    one, two = ({"id": ["a"], "split": ["train"]}, {"id": ["a"]})
    made = {name: datasets.Dataset.from_dict(part) for name, part in (("train", two), ("test", one))}
    with pytest.raises(DataError, match="test: has other columns than the first split"):
        from_datasets(made)
    with pytest.raises(DataError, match="train: is a split and has a column 'split'"):
        from_datasets({"train": made["test"]})
    with pytest.raises(DataError, match="has no splits"):
        from_datasets({})


def damage(path: Path, name: str, **values: Any) -> None:
    file = path / name
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


DAMAGE: dict[str, tuple[Any, str]] = {
    "splits": (lambda p: damage(p, "dataset_dict.json", splits=[1]), "has no list of splits"),
    "long": (lambda p: damage(p, "dataset_dict.json", splits=["x" * 5000]), "name has more than 200 letters$"),
    "UTF-16": (lambda p: (p / "dev/state.json").write_bytes("{}".encode("utf-16")), "it is not UTF-8"),
    "outside": (lambda p: damage(p, "dataset_dict.json", splits=["../saved/train"]), "outside of the folder"),
    "missing": (lambda p: damage(p, "dataset_dict.json", splits=["dev", "test"]), "does not exist in the folder"),
    "selection": (lambda p: damage(p, "dev/state.json", _indices_data_files=[1]), "is a selection"),
    "no files": (lambda p: damage(p, "dev/state.json", _data_files=[]), "names no data files"),
    "no name": (lambda p: damage(p, "dev/state.json", _data_files=[1]), "cannot be read as arrow data"),
    "file outside": (
        lambda p: damage(p, "dev/state.json", _data_files=[{"filename": "../../x.arrow"}]),
        "outside of the folder",
    ),
    "no arrow": (lambda p: (p / "dev/data-00000-of-00001.arrow").write_bytes(b"x" * 99), "cannot be read as arrow"),
    "no JSON": (lambda p: (p / "dev/state.json").write_text("["), "is not JSON"),
    "no object": (lambda p: (p / "dev/state.json").write_text("[]"), "is no JSON object"),
    "description": (lambda p: damage(p, "train/dataset_info.json", description="mlcl: {"), "damaged description"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_folders_are_refused_with_the_place(case: str, tmp_path: Path) -> None:
    saved_datasets.write(from_datasets(example()), tmp_path / "saved")
    edit, message = DAMAGE[case]
    edit(tmp_path / "saved")
    with pytest.raises(DataError, match=message) as caught:
        read_corpus(tmp_path / "saved")
    assert str(caught.value.path).startswith(str(tmp_path / "saved"))


def test_offsets_beyond_the_data_are_refused(tmp_path: Path) -> None:
    saved_datasets.write(from_datasets(example()), tmp_path / "saved")
    file = tmp_path / "saved/dev/data-00000-of-00001.arrow"
    table = pa.table({"id": ["x" * 12345]})
    with pa.ipc.new_stream(str(file), table.schema) as stream:
        stream.write_table(table)
    before, end, after = file.read_bytes().rpartition(np.int32(12345).tobytes())  # the offset at which the text ends
    assert end
    file.write_bytes(before + np.int32(2**30).tobytes() + after)
    with pytest.raises(DataError, match="cannot be read as arrow data"):
        read_corpus(tmp_path / "saved")


def test_numbers_that_are_missing_become_zero() -> None:
    table = datasets.Dataset.from_dict({"id": ["a"], "text": ["b"], "acoustic": [[[1.0, None]]]})
    corpus = from_datasets(table)
    np.testing.assert_array_equal(corpus.splits["train"].main.rows["acoustic"].values, [[1, 0]])
    assert corpus.repaired == {"acoustic/acoustic": 1}
