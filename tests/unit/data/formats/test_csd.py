"""Computational sequences: words as pivot, streams laid under them, labels as segments, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from mlcl.data.corpus import Corpus
from mlcl.data.formats import read_corpus
from mlcl.data.formats.originals import csd
from mlcl.errors import DataError, UsageError
from mlcl.intervals import COLLAPSES
from originals import csd_folder, seconds, tokens, write_csd
from reading import read_with

WORDS, AUDIO, FACE, LABELS = "MOSI_TimestampedWords", "MOSI_COVAREP", "MOSI_Visual_Facet_41", "MOSI_Opinion_Labels"
SPOKEN = (tokens("oh", "sp", "this", "was", "fun"), seconds(0, 1, 2, 3, 4, 5))


def two_segments(folder: Path) -> Path:
    """One video of five tokens in two labelled intervals; rows are numbered, two per second."""
    write_csd(folder / "1.csd", WORDS, {"v": SPOKEN})
    rows = np.arange(10, dtype=np.float32).reshape(-1, 1) + 1
    write_csd(folder / "2.csd", AUDIO, {"v": (rows, seconds(*np.arange(0, 5.5, 0.5)))})
    write_csd(folder / "3.csd", LABELS, {"v": (np.array([[1.5], [-2.0]]), [(0, 2.75), (2.75, 5)])})
    return folder


# ---- what comes out


def test_lone_words_are_one_item_per_video(tmp_path: Path) -> None:
    path = write_csd(tmp_path / "any name", WORDS, {"b": SPOKEN, "a": (tokens("hi"), [(0, 1)])})
    corpus = read_corpus(path)
    assert (corpus.layout, corpus.word_aligned, corpus.widths()) == ("csd", True, {})
    assert list(corpus.splits) == ["train"]
    train = corpus.splits["train"]
    assert (train.ids, train.labels) == (["a", "b"], None)  # the file's order is that of names
    assert train.main.words == [["hi"], ["oh", "this", "was", "fun"]]
    assert train.main.sentences is None
    assert [note[:33] for note in corpus.notes] == [
        "the data say nothing of splits: e",
        "1 pauses (sp) are dropped with th",
    ]


def test_segments_take_the_words_whose_middle_lies_in_them(tmp_path: Path) -> None:
    train = read_corpus(two_segments(tmp_path)).splits["train"]
    assert train.ids == ["v[0]", "v[1]"]
    assert train.main.words == [["oh", "this"], ["was", "fun"]]  # 2 to 3 s has its middle before 2.75 s
    assert train.labels is not None
    assert train.labels.tolist() == [1.5, -2.0]
    assert [train.main.rows["acoustic"][item].ravel().tolist() for item in (0, 1)] == [[1.5, 5.5], [7.5, 9.5]]


@pytest.mark.parametrize(("name", "expected"), [("mean", [1.5, 5.5]), ("first", [1, 5]), ("nearest", [1, 5])])
def test_collapse_is_chosen(tmp_path: Path, name: str, expected: list[float]) -> None:
    corpus = read_with(csd, two_segments(tmp_path), collapse=name)
    assert corpus.splits["train"].main.rows["acoustic"][0].ravel().tolist() == expected
    assert f"rows under a word are collapsed by {name}" in corpus.notes


def test_pauses_stay_as_a_word_when_asked(tmp_path: Path) -> None:
    train = read_with(csd, two_segments(tmp_path), pauses="keep").splits["train"]
    assert train.main.words == [["oh", ".", "this"], ["was", "fun"]]
    assert train.main.rows["acoustic"][0].ravel().tolist() == [1.5, 3.5, 5.5]


def test_pauses_make_no_difference_to_the_other_words(tmp_path: Path) -> None:
    folder = csd_folder(tmp_path / "x")
    dropped, kept = (read_with(csd, folder, pauses=how) for how in ("drop", "keep"))
    count = 0
    for name, split in kept.splits.items():
        for item, words in enumerate(split.main.words):
            spoken = [index for index, word in enumerate(words) if word != "."]
            count += len(words) - len(spoken)
            assert dropped.splits[name].main.words[item] == [words[index] for index in spoken]
            for kind, rows in split.main.rows.items():
                np.testing.assert_array_equal(dropped.splits[name].main.rows[kind][item], rows[item][spoken])
    assert count > 0


def facts(corpus: Corpus) -> list[object]:
    return [
        (name, split.ids, split.main.words, None if split.labels is None else split.labels.tolist())
        for name, split in corpus.splits.items()
    ]


@pytest.mark.parametrize("collapse", COLLAPSES)
def test_shift_of_all_times_changes_nothing(tmp_path: Path, collapse: str) -> None:
    folders = (csd_folder(tmp_path / f"{shift}", shift=shift) for shift in (0.0, 64.0))
    here, later = (read_with(csd, folder, collapse=collapse) for folder in folders)
    assert facts(here) == facts(later)
    for name, split in here.splits.items():
        for kind, rows in split.main.rows.items():
            np.testing.assert_array_equal(rows.values, later.splits[name].main.rows[kind].values, strict=True)


def test_every_word_and_label_of_the_fold_is_there(tmp_path: Path) -> None:
    folder = csd_folder(tmp_path / "x")
    corpus = read_corpus(folder)
    assert {name: len(split) for name, split in corpus.splits.items()} == {"train": 8, "dev": 2, "test": 2}
    assert corpus.widths() == {"acoustic": 5, "visual": 3}
    with h5py.File(folder / "a.csd") as file, h5py.File(folder / "d.csd") as labels:
        for split in corpus.splits.values():
            for first in range(0, len(split), 2):  # two segments per video
                video = split.ids[first].removesuffix("[0]")
                words = [word.decode() for word in file[f"CMU_TimestampedWords/data/{video}/features"][:, 0]]
                assert split.main.words[first] + split.main.words[first + 1] == [w for w in words if w != "sp"]
                scores = labels[f"CMU_Labels/data/{video}/features"][()]
                assert split.labels is not None
                np.testing.assert_array_equal(split.labels[first : first + 2], scores[:, 0])
                np.testing.assert_array_equal(split.columns["fear"][first : first + 2], scores[:, 6])
    assert corpus.label == "sentiment"
    assert list(corpus.splits["train"].columns) == ["sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear"]
    assert not any("splits" in note for note in corpus.notes)


def test_stream_may_lack_videos_and_the_corpus_a_stream(tmp_path: Path) -> None:
    write_csd(tmp_path / "1.csd", WORDS, {"a": SPOKEN, "b": SPOKEN})
    write_csd(tmp_path / "2.csd", FACE, {"b": (np.ones((5, 2)), seconds(0, 1, 2, 3, 4, 5))})
    train = read_corpus(tmp_path).splits["train"]
    assert list(train.main.rows) == ["visual"]
    assert [train.main.rows["visual"][item].sum() for item in (0, 1)] == [0, 8]
    assert train.main.rows["visual"].lengths.tolist() == [4, 4]


def test_streams_of_one_kind_are_joined_by_name(tmp_path: Path) -> None:
    write_csd(tmp_path / "1.csd", WORDS, {"a": SPOKEN})
    times = seconds(0, 1, 2, 3, 4, 5)
    write_csd(tmp_path / "2.csd", "openSMILE_IS09", {"a": (np.full((5, 1), 3.0), times)})
    write_csd(tmp_path / "3.csd", "COVAREP", {"a": (np.full((5, 2), 4.0), times)})
    write_csd(tmp_path / "4.csd", "TimestampedPhones", {"a": SPOKEN})
    write_csd(tmp_path / "5.csd", "glove_vectors", {"a": (np.ones((5, 9)), times)})
    corpus = read_corpus(tmp_path)
    assert corpus.splits["train"].main.rows["acoustic"][0][0].tolist() == [4, 4, 3]
    assert "acoustic joins COVAREP, openSMILE_IS09" in corpus.notes
    assert "not read, because of no known kind: TimestampedPhones, glove_vectors" in corpus.notes


def test_entries_that_are_not_finite_count_as_0_before_the_mean(tmp_path: Path) -> None:
    write_csd(tmp_path / "1.csd", WORDS, {"v": (tokens("so"), [(0, 1)])})
    write_csd(tmp_path / "2.csd", AUDIO, {"v": (np.array([[-np.inf, 4], [6, 8]]), [(0, 0.5), (0.5, 1)])})
    corpus = read_corpus(tmp_path)
    assert corpus.splits["train"].main.rows["acoustic"][0].tolist() == [[3, 6]]
    assert corpus.repaired == {"train/acoustic": 1}


def test_words_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    path = write_csd(tmp_path / "w", WORDS, {"v": (tokens("last", "first"), [(3, 4), (0, 1)])})
    assert read_corpus(path).splits["train"].main.words == [["first", "last"]]


@pytest.mark.parametrize("packed", ["gzip", None])
@pytest.mark.parametrize("width", [None, 1])
def test_words_of_variable_length_read_alike(tmp_path: Path, packed: str | None, width: int | None) -> None:
    words = np.array(["oh", "étrange", "", "x" * 5000] * 9, object)
    with h5py.File(tmp_path / "w", "w") as file:
        group = file.create_group(f"{WORDS}/data/v")
        shape = (36,) if width is None else (36, width)
        kind = h5py.string_dtype()
        group.create_dataset("features", data=words.reshape(shape), dtype=kind, compression=packed)
        group["intervals"] = seconds(*range(37))
    assert read_corpus(tmp_path / "w").splits["train"].main.words == [words.tolist()]


def test_items_of_aligned_files_keep_their_names(tmp_path: Path) -> None:
    write_csd(tmp_path / "1.csd", WORDS, {f"v[{index}]": SPOKEN for index in (0, 1)})
    write_csd(tmp_path / "2.csd", LABELS, {f"v[{index}]": (np.array([[float(index)]]), [(0, 5)]) for index in (0, 1)})
    (tmp_path / "f.json").write_text(json.dumps({"test": ["v"]}))
    corpus = read_corpus(tmp_path)
    assert {name: split.ids for name, split in corpus.splits.items()} == {"test": ["v[0]", "v[1]"]}


def test_columns_of_labels_are_named_by_the_metadata(tmp_path: Path) -> None:
    write_csd(tmp_path / "1.csd", WORDS, {"v": SPOKEN})
    labels = {"v": (np.array([[1.0, 2.0]]), [(0, 5)])}
    for named, expected in ((["valence", "arousal"], ["valence", "arousal"]), (["one"], ["label0", "label1"])):
        write_csd(tmp_path / "2.csd", LABELS, labels, metadata={"dimension names": named})
        assert list(read_corpus(tmp_path).splits["train"].columns) == expected


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    write_csd(tmp_path / "1.csd", WORDS, {"a": SPOKEN, "b": SPOKEN, "c": SPOKEN})
    label = (np.array([[1.0]]), [(0, 3)])
    write_csd(tmp_path / "2.csd", LABELS, {"a": label, "c": label})
    (tmp_path / "f.json").write_text(json.dumps({"train": ["a", "b"]}))
    corpus = read_corpus(tmp_path)
    assert corpus.splits["train"].ids == ["a[0]"]
    for note in ("2 words lie in no", "1 videos have words but no labels", "1 videos stand in no split"):
        assert any(found.startswith(note) for found in corpus.notes), corpus.notes


# ---- what is refused


def changed(name: str, features: object, intervals: object) -> Callable[[Path], None]:
    """Replace one sequence of the folder of two segments."""
    number = {WORDS: 1, AUDIO: 2, LABELS: 3}[name]
    return lambda folder: (write_csd(folder / f"{number}.csd", name, {"v": (features, intervals)}), None)[1]


FIVE = seconds(0, 1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda folder: (folder / "1.csd").unlink(), "has no sequence of words"),
        (lambda folder: write_csd(folder / "9.csd", "other_words", {"v": SPOKEN}), "2 sequences of words: .*keep"),
        (lambda folder: write_csd(folder / "9.csd", "COVAREP", {}), "/COVAREP/data: has no videos"),
        (lambda folder: write_csd(folder / "3.csd", LABELS, {"w": (np.ones((1, 1)), [(0, 1)])}), "has no item"),
        (lambda folder: write_csd(folder / "2.csd", AUDIO, {"w": (np.ones((5, 2)), FIVE)}), "shares no video with"),
        (lambda folder: (folder / "x.json").write_text('{"train": ["v"], "test": ["v"]}'), "'v' stands in two splits"),
        (lambda folder: (folder / "x.json").write_text('{"folds": ["v"]}'), "has a split 'folds'"),
        (lambda folder: [(folder / name).write_text("{}") for name in ("x.json", "y.json")], "has 2 JSON files"),
        (lambda folder: (folder / "9.csd").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 600), "cannot be read as HDF5"),
        (changed(WORDS, np.ones((5, 1)), FIVE), "features: holds float64, not text"),
        (changed(WORDS, tokens("a"), FIVE), r"intervals: has shape \(5, 2\); 1 rows of features need \(1, 2\)"),
        (changed(WORDS, np.array([[b"a", b"b"]]), [(0, 1)]), r"has shape \(1, 2\), not \(words, 1\)"),
        (changed(WORDS, tokens("a"), [(2, 1)]), "the intervals do not fit: interval 0 goes from 2 to 1 seconds"),
        (changed(AUDIO, tokens("a"), [(0, 1)]), "holds .S1, not numbers"),
        (changed(AUDIO, np.ones(3), FIVE), r"has shape \(3,\), not \(rows, columns\)"),
        (changed(AUDIO, np.ones((5, 2)), [(0, np.nan)] * 5), "the intervals do not fit: interval 0 goes from 0 to nan"),
        (changed(LABELS, np.array([[np.inf]]), [(0, 1)]), "the label is inf"),
    ],
)  # fmt: skip
def test_broken_folders(tmp_path: Path, edit: Callable[[Path], object], message: str) -> None:
    two_segments(tmp_path)
    edit(tmp_path)
    with pytest.raises(DataError, match=message) as caught:
        read_corpus(tmp_path)
    assert caught.value.path is not None
    assert "\n" not in str(caught.value)


def test_videos_of_one_stream_have_one_width(tmp_path: Path) -> None:
    write_csd(tmp_path / "1.csd", WORDS, {"a": SPOKEN, "b": SPOKEN})
    write_csd(tmp_path / "2.csd", AUDIO, {"a": (np.ones((5, 2)), FIVE), "b": (np.ones((5, 3)), FIVE)})
    with pytest.raises(DataError, match=r"data/b/features: has shape \(5, 3\), not \(rows, 2\) as the first video"):
        read_corpus(tmp_path)


def test_options_are_checked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"collapse 'meen'; did you mean 'mean'\? allowed: mean, first, nearest"):
        read_with(csd, tmp_path, collapse="meen")
    with pytest.raises(UsageError, match=r"pauses 'no'; .*allowed: drop, keep"):
        read_with(csd, tmp_path, pauses="no")


def test_too_many_sequences(tmp_path: Path) -> None:
    for index in range(65):
        (tmp_path / f"{index}.csd").touch()
    with pytest.raises(DataError, match="has 65 sequences; keep the 64 or fewer"):
        read_corpus(tmp_path)


def test_other_hdf5_files_are_not_taken_for_sequences(tmp_path: Path) -> None:
    for index, names in enumerate((["d1"], ["a/data/v", "b/data/v"], ["a/other/v"], [])):
        with h5py.File(tmp_path / f"{index}", "w") as file:
            for name in names:
                file[name] = np.ones(3)
        assert not csd.sniff(tmp_path / f"{index}")
    assert not csd.sniff(tmp_path / "nowhere")
    assert not csd.sniff_folder(tmp_path)
    assert not csd.sniff_folder(tmp_path / "nowhere")
