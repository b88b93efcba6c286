"""UR-FUNNY's original folders, and folders with one HDF5 matrix per file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from mlcl.data.formats import read_corpus
from mlcl.data.formats.originals import matrices, ur_funny
from mlcl.errors import DataError
from originals import ur_funny_data, write_matrices, write_ur_funny
from reading import read_with

SDK, COVAREP, OPENFACE = "language_sdk", "covarep_features_sdk", "openface_features_sdk"

# ---- UR-FUNNY


@pytest.mark.parametrize("lists", [False, True])
def test_ur_funny_folder_is_read_whole(tmp_path: Path, lists: bool) -> None:
    data = ur_funny_data(lists=lists)
    corpus = read_corpus(write_ur_funny(tmp_path / "x", data))
    assert (corpus.layout, corpus.task, corpus.notes) == ("ur_funny", "classification", ())
    assert corpus.widths() == {"acoustic": 81, "visual": 371}
    assert {name: split.ids for name, split in corpus.splits.items()} == {
        name: list(map(str, ids)) for name, ids in data["data_folds"].items()
    }
    for split in corpus.splits.values():
        assert split.context is not None
        for item, key in enumerate(map(int, split.ids)):
            text = data[SDK][key]
            assert split.main.words[item] == text["punchline_sentence"].split()
            assert split.main.sentences is not None
            assert split.main.sentences[item] == [text["punchline_sentence"]]
            assert split.context.words[item] == " ".join(text["context_sentences"]).split()
            assert split.labels is not None
            assert split.labels[item] == data["humor_label_sdk"][key]
            for kind, name in (("acoustic", COVAREP), ("visual", OPENFACE)):
                found, rows = split.main.rows[kind][item], data[name][key]
                np.testing.assert_array_equal(found, np.float32(rows["punchline_features"]))
                context = [np.float32(part) for part in rows["context_features"]]
                expected = np.concatenate(context) if context else np.zeros((0, found.shape[1]), np.float32)
                np.testing.assert_array_equal(split.context.rows[kind][item], expected)


def test_ur_funny_may_lack_features(tmp_path: Path) -> None:
    data = ur_funny_data()
    del data[OPENFACE]
    data["word_embedding_list"] = [0]
    assert read_corpus(write_ur_funny(tmp_path / "a", data)).widths() == {"acoustic": 81}
    del data[COVAREP]
    assert read_corpus(write_ur_funny(tmp_path / "b", data)).widths() == {}


def test_segments_whose_rows_do_not_fit_get_zeros_and_are_counted(tmp_path: Path) -> None:
    data = ur_funny_data()
    for key in (0, 2):
        data[COVAREP][key]["punchline_features"] = np.ones((30, 81))
    del data[COVAREP][1]
    corpus = read_corpus(write_ur_funny(tmp_path / "x", data))
    train = corpus.splits["train"]
    assert train.context is not None
    for item in (0, 1, 2):
        assert len(train.main.rows["acoustic"][item]) == len(train.main.words[item])
        assert not train.main.rows["acoustic"][item].any()
    assert train.context.rows["acoustic"][2].all()
    assert corpus.notes == (
        "2 segments have other numbers of acoustic rows and words: rows set to 0",
        "1 items have no acoustic features: rows set to 0",
    )


Data = dict[str, Any]


def shared(depth: int) -> object:
    """A small value that takes for ever to hash or to print."""
    value: object = ()
    for _ in range(depth):
        value = (value, value)
    return value


def every(data: Data, name: str, value: object) -> None:
    for key in data[name]:
        data[name][key] = {"punchline_features": value, "context_features": []}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda data: data["data_folds"]["train"].append(99), r"train\[9\]: names the item 99, which language"),
        (lambda data: data["data_folds"]["train"].append([1]), "names the item list, which language_sdk lacks"),
        (lambda data: data["data_folds"]["train"].append(shared(64)), "names the item tuple, which language_sdk lacks"),
        (lambda data: data.update(data_folds=[1]), "data_folds.pkl: holds list, not a dict"),
        (lambda data: data["data_folds"].update(extra=[1]), "has a split 'extra'"),
        (lambda data: data["humor_label_sdk"].update({1: 2}), "humor_label_sdk 1: the label is 2, not 0 or 1"),
        (lambda data: data["humor_label_sdk"].update({1: "1"}), "humor_label_sdk 1: the label is str"),
        (lambda data: data["humor_label_sdk"].update({1: None}), "humor_label_sdk 1: the label is nan"),
        (lambda data: data[SDK].update({1: 5}), "language_sdk 1: has no punchline_sentence; found int"),
        (lambda data: data[SDK][1].pop("context_sentences"), "has no context_sentences; found 'punchline_sentence'"),
        (lambda data: data[SDK][1].update(context_sentences="a"), "context_sentences is str, not a list"),
        (lambda data: data[SDK][1].update(punchline_sentence=5), "language_sdk 1: a word is int, not str"),
        (lambda data: every(data, COVAREP, np.ones((40, 81))), "no segment has as many rows as words"),
        (lambda data: every(data, COVAREP, []), "covarep_features_sdk: has no rows at all"),
        (lambda data: every(data, COVAREP, np.ones(3)), "0 punchline_features: is neither rows of numbers nor"),
        (lambda data: every(data, COVAREP, "rows"), "is neither rows of numbers nor"),
        (lambda data: every(data, COVAREP, [[[[1.0]]]]), "is neither rows of numbers nor"),
        (lambda data: every(data, COVAREP, [[1.0], ["a"]]), "is neither rows of numbers nor"),
        (lambda data: every(data, COVAREP, [[1.0, "a"]]), "rows of different lengths, or of other than small numbers"),
        (lambda data: every(data, COVAREP, [[1.0], [1.0, 2.0]]), "rows of different lengths, or of other"),
        (lambda data: every(data, COVAREP, [[10**400]]), "rows of different lengths, or of other than small numbers"),
        (lambda data: every(data, COVAREP, [np.ones(2), np.ones(3)]), "rows of different lengths, or of other"),
        (lambda data: data[COVAREP].update({1: {}}), "1: has no punchline_features; found nothing"),
        (
            lambda data: data[COVAREP][1].update(context_features=[np.ones((1, 80))]),
            "1 context_features: acoustic rows have 80 columns, those before have 81",
        ),
    ],
)  # fmt: skip
def test_damaged_ur_funny(tmp_path: Path, edit: Callable[[Data], object], message: str) -> None:
    data = ur_funny_data()
    edit(data)
    with pytest.raises(DataError, match=message) as caught:
        read_corpus(write_ur_funny(tmp_path / "x", data))
    assert caught.value.path == str(tmp_path / "x")


def test_lists_that_share_their_parts_do_not_fill_the_memory(tmp_path: Path) -> None:
    data, row = ur_funny_data(), [1.0] * 1000
    data[COVAREP][0]["punchline_features"] = [row] * 100_000
    with pytest.raises(DataError, match="far more memory than the file"):
        read_corpus(write_ur_funny(tmp_path / "x", data))


def test_folder_without_texts_is_not_ur_funny(tmp_path: Path) -> None:
    data = ur_funny_data()
    assert ur_funny.sniff(write_ur_funny(tmp_path / "a", data))
    del data[SDK]
    assert not ur_funny.sniff(write_ur_funny(tmp_path / "b", data))
    assert not ur_funny.sniff(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"has no language_sdk\.pkl"):
        read_with(ur_funny, tmp_path / "b")


# ---- one matrix per file


@pytest.mark.parametrize("packed", [{}, {"compression": "gzip"}], ids=str)
def test_matrices_are_cut_where_every_kind_is_zeros(tmp_path: Path, packed: dict[str, Any]) -> None:
    written = write_matrices(tmp_path / "x", **packed)
    corpus = read_corpus(tmp_path / "x")
    assert (corpus.layout, corpus.task, corpus.word_aligned, corpus.notes) == ("matrices", "regression", True, ())
    assert corpus.widths() == {"acoustic": 5, "text": 11, "visual": 3}
    assert list(corpus.splits) == ["train", "dev", "test"]
    for ours, theirs in {"train": "train", "dev": "valid", "test": "test"}.items():
        split = corpus.splits[ours]
        assert split.ids[0] == f"{ours}[0]"
        assert split.main.words == [[] for _ in split.ids]
        assert split.labels is not None
        np.testing.assert_array_equal(split.labels, written[theirs]["y"])
        for kind, name in {"text": "text", "acoustic": "audio", "visual": "video"}.items():
            for item in range(len(split)):
                expected = np.float32(written[theirs][name][item, item % 3 : 7 - item % 2])
                np.testing.assert_array_equal(split.main.rows[kind][item], expected, strict=True)


def test_step_stays_where_one_kind_has_it(tmp_path: Path) -> None:
    write_matrices(tmp_path, {"test": 1})
    with h5py.File(tmp_path / "video_test.h5", "a") as file:
        file["d1"][0, 6] = 0
        file["d1"][0, 0] = 0
    assert read_corpus(tmp_path).splits["test"].main.rows["visual"].lengths.tolist() == [7]


def test_one_hot_labels_are_classes(tmp_path: Path) -> None:
    write_matrices(tmp_path, labels="classes")
    corpus = read_corpus(tmp_path)
    assert (corpus.task, corpus.classes) == ("classification", ("class 0", "class 1", "class 2"))
    labels = corpus.splits["test"].labels
    assert labels is not None
    assert labels.tolist() == [0, 1, 2, 0]
    assert corpus.notes[0].startswith("the classes have numbers and no names")


def test_several_labels_are_columns(tmp_path: Path) -> None:
    written = write_matrices(tmp_path, labels="several")
    corpus = read_corpus(tmp_path)
    test = corpus.splits["test"]
    assert (corpus.label, list(test.columns)) == ("y0", ["y0", "y1", "y2", "y3"])
    np.testing.assert_array_equal(test.columns["y3"], written["test"]["y"][:, 3])
    assert test.labels is not None
    np.testing.assert_array_equal(test.labels, written["test"]["y"][:, 0])


@pytest.mark.parametrize("column", [0, 1, 3])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_every_label_is_finite_or_missing(tmp_path: Path, column: int, value: float) -> None:
    written = write_matrices(tmp_path, labels="several")["test"]["y"]
    written[2, column] = value
    matrix(tmp_path / "y_test.h5", written)
    with pytest.raises(DataError, match=rf"test\[2\]: the label is {value}; it must be one finite number"):
        read_corpus(tmp_path)


def matrix(path: Path, value: object, name: str = "d1") -> None:
    with h5py.File(path, "w") as file:
        file[name] = value


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda folder: (folder / "audio_test.h5").unlink(), "test: has no audio_test beside the other files"),
        (lambda folder: matrix(folder / "y_test.h5", np.ones(9)), r"test: labels have shape \(9,\), features"),
        (lambda folder: matrix(folder / "y_test.h5", np.ones((4, 1, 1))), r"labels have shape \(4, 1, 1\)"),
        (lambda folder: matrix(folder / "y_test.h5", np.full(4, np.inf)), r"test\[0\]: the label is inf"),
        (lambda folder: matrix(folder / "audio_test.h5", np.ones((4, 9, 5))), "not .items, steps, columns. with one"),
        (lambda folder: matrix(folder / "audio_test.h5", np.ones((4, 7))), "not .items, steps, columns. with one"),
        (lambda folder: matrix(folder / "audio_test.h5", np.ones((4, 7, 6))), "acoustic rows have 6 columns, those"),
        (lambda folder: matrix(folder / "audio_test.h5", ["a"]), "holds object, not numbers"),
        (lambda folder: (folder / "audio_test.h5").write_text("x"), "audio_test.h5: cannot be read as HDF5"),
        (lambda folder: h5py.File(folder / "audio_test.h5", "w").close(), "has 0 entries, not one matrix"),
    ],
)  # fmt: skip
def test_damaged_matrices(tmp_path: Path, edit: Callable[[Path], object], message: str) -> None:
    write_matrices(tmp_path)
    edit(tmp_path)
    with pytest.raises(DataError, match=message):
        read_corpus(tmp_path)


def test_folder_of_matrices_needs_labels_and_features(tmp_path: Path) -> None:
    assert not matrices.sniff(tmp_path)
    assert not matrices.sniff(tmp_path / "nowhere")
    matrix(tmp_path / "y_test.h5", np.ones(3))
    assert not matrices.sniff(tmp_path)
    matrix(tmp_path / "text_test.h5", np.ones((3, 2, 2)))
    assert matrices.sniff(tmp_path)
