"""The reader and the writer of the MMSA layout: rows, labels and words as the file has them, and every breach named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.formats import read_corpus
from mlcl.data.formats.items import hkt, mag
from mlcl.data.formats.mmsa import read as mmsa
from mlcl.errors import DataError
from reading import read_with
from writers import hkt_data, mag_data, write_pickle
from writers_arrays import SEP, Arrays, assert_rows, assert_same, block, mmsa_data

NAMES = {"train": "train", "valid": "dev", "test": "test"}
MODALITIES = {"audio": "acoustic", "vision": "visual"}


def read(data: Any, **options: Any) -> Corpus:
    return read_with(mmsa, data, path="data.pkl", **options)


def edited(key: str, value: object, **options: Any) -> Arrays:
    """Data whose train split has another value under a key; without the key for None."""
    data = mmsa_data(**options)
    data["train"] = {name: part for name, part in data["train"].items() if name != key}
    if value is not None:
        data["train"][key] = value
    return data


# ---- unaligned files


@pytest.mark.parametrize("front", [False, True])
def test_unaligned_file_is_read_whole(tmp_path: Path, front: bool) -> None:
    data = mmsa_data(front=front)
    corpus = read_corpus(write_pickle(tmp_path / "any name", data))
    assert (corpus.layout, corpus.task, corpus.word_aligned) == ("mmsa", "regression", False)
    assert (corpus.label, corpus.label_range, corpus.classes, corpus.notes) == ("M", (-3, 3), (), ())
    assert corpus.widths() == {"acoustic": 5, "visual": 3}
    assert corpus.repaired == {}
    for name, arrays in data.items():
        split = corpus.splits[NAMES[name]]
        assert split.ids == arrays["id"]
        assert split.main.words == [text.split() for text in arrays["raw_text"]]
        np.testing.assert_array_equal(split.labels, arrays["regression_labels"], strict=True)
        assert sorted(split.columns) == ["M", "class"]
        np.testing.assert_array_equal(split.columns["class"], arrays["classification_labels"])
        for key, ours in MODALITIES.items():
            lengths = arrays[f"{key}_lengths"]
            expected = [
                rows[len(rows) - length :] if front else rows[:length]
                for rows, length in zip(arrays[key], lengths, strict=True)
            ]
            assert_rows(split.main.rows[ours], expected)


def test_rows_of_zeros_inside_the_length_stay_and_rows_beyond_are_left_out() -> None:
    data = mmsa_data({"train": 2})
    rows = np.zeros((2, 6, 3))
    rows[0, [1, 4]] = 1
    rows[1, 0] = 1
    data["train"] |= {"vision": rows, "vision_lengths": [4, 3]}
    corpus = read(data)
    assert_rows(corpus.splits["train"].main.rows["visual"], [rows[0, :4], rows[1, :3]])
    assert corpus.notes == (
        "1 times an item has rows that are not zero beyond its length; they are left out, as MMSA does",
    )


def test_a_length_of_0_is_one_row_or_an_absent_modality() -> None:
    data = mmsa_data({"train": 2})
    rows = np.zeros((2, 6, 3))
    rows[1, 0] = 1
    data["train"] |= {"vision": rows, "vision_lengths": np.array([0, 0])}
    corpus = read(data)
    assert corpus.splits["train"].main.rows["visual"].lengths.tolist() == [0, 1]
    assert corpus.notes == ()


def test_lengths_of_another_number_type_are_taken() -> None:
    data = mmsa_data()
    expected = read(mmsa_data())
    for split in data.values():
        split["audio_lengths"] = np.array(split["audio_lengths"], np.float32)
        split["vision_lengths"] = [np.int64(length) for length in split["vision_lengths"]]
    assert_same(read(data), expected)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1, 2], r"train audio_lengths: has 2 entries for 5 items"),
        ([1, 2, 3, 18, 5], r"train audio_lengths\[3\]: the length is 18; it must be a whole number from 0 to 17"),
        ([1, -1, 3, 4, 5], r"train audio_lengths\[1\]: the length is -1; it must be a whole number"),
        ([1, 2, 2.5, 4, 5], r"train audio_lengths\[2\]: the length is 2\.5"),
        ([1, 2, None, 4, 5], r"train audio_lengths\[2\]: the length is nan"),
        ([1, 2, "3", 4, 5], r"train audio_lengths\[2\]: the label is str"),
        (5, r"train audio_lengths: is int, not an array with one entry per item"),
        (np.array(5), r"train audio_lengths: is ndarray, not an array with one entry per item"),
    ],
)
def test_wrong_lengths_are_errors(lengths: object, message: str) -> None:
    with pytest.raises(DataError, match=rf"data\.pkl, {message}"):
        read(edited("audio_lengths", lengths))


def test_what_is_no_number_becomes_0_and_is_counted() -> None:
    data = mmsa_data()
    length = data["test"]["audio_lengths"][1]
    data["test"]["audio"][1, length - 1, 2] = -np.inf
    data["test"]["vision"][0, 0] = np.nan
    data["train"]["audio"][0, 0, 0] = np.inf
    corpus = read(data)
    assert corpus.repaired == {"test/acoustic": 1, "test/visual": 1, "train/acoustic": 1}
    found = corpus.splits["test"].main.rows["acoustic"][1]
    assert len(found) == length
    assert found[-1, 2] == 0
    assert found[-1, 1] == np.float32(data["test"]["audio"][1, length - 1, 1])


@pytest.mark.parametrize("key", ["audio", "vision"])
def test_absent_modality_is_absent(key: str) -> None:
    data = mmsa_data()
    for split in data.values():
        del split[key], split[f"{key}_lengths"]
    assert MODALITIES[key] not in read(data).widths()


def test_text_alone_counts_as_aligned() -> None:
    data = {"train": {"raw_text": ["so it goes", "well"], "regression_labels": [1.0, -0.5]}}
    corpus = read(data)
    assert corpus.word_aligned
    assert corpus.splits["train"].main.words == [["so", "it", "goes"], ["well"]]
    assert corpus.splits["train"].ids == ["train[0]", "train[1]"]
    assert corpus.widths() == {}


# ---- aligned files


@pytest.mark.parametrize("front", [False, True])
def test_rows_under_sub_words_belong_to_words_where_each_word_is_one(front: bool) -> None:
    data = mmsa_data(aligned=True, front=front)
    corpus = read(data)
    assert corpus.word_aligned
    assert corpus.notes == ()
    for name, arrays in data.items():
        for key, ours in MODALITIES.items():
            expected = []
            for rows, mask in zip(arrays[key], arrays["text_bert"][:, 1], strict=True):
                first, *_, last = np.flatnonzero(mask)
                expected.append(rows[first + 1 : last])
            assert_rows(corpus.splits[NAMES[name]].main.rows[ours], expected)


def test_token_rows_that_come_last_are_the_same() -> None:
    data = mmsa_data(aligned=True)
    expected = read(mmsa_data(aligned=True))
    for split in data.values():
        split["text_bert"] = split["text_bert"].transpose(0, 2, 1)
    assert_same(read(data), expected)


def _split_words(data: Arrays, pieces: dict[str, int], steps: int = 30) -> Arrays:
    """The same file by a tokenizer that gives some words several sub-words, cut off after so many steps."""
    for split in data.values():
        counts = [[pieces.get(word, 1) for word in text.split()] for text in split["raw_text"]]
        bert = np.zeros((len(counts), 3, steps))
        for index, item in enumerate(counts):
            bert[index, :2, : min(sum(item) + 2, steps)] = 1
        split["text_bert"] = bert
        for key in MODALITIES:
            items = [
                np.pad(np.repeat(rows[1 : len(item) + 1], item, axis=0)[: steps - 2], ((1, 1), (0, 0)))
                for rows, item in zip(split[key], counts, strict=True)
            ]
            split[key] = block(items, steps)
    return data


def test_copies_under_sub_words_go_back_to_their_words() -> None:
    expected = read(mmsa_data(aligned=True))
    corpus = read(_split_words(mmsa_data(aligned=True), {"étrange": 3, "don't": 2, "UH": 2}))
    assert_same(corpus, expected)
    assert corpus.notes == ()


def test_words_that_were_cut_off_have_rows_of_zeros() -> None:
    expected = read(mmsa_data(aligned=True)).splits["train"].main.rows["visual"]
    corpus = read(_split_words(mmsa_data(aligned=True), {}, steps=6))
    assert corpus.word_aligned
    found = corpus.splits["train"].main.rows["visual"]
    assert found.lengths.tolist() == expected.lengths.tolist()
    for index in range(len(expected)):
        np.testing.assert_array_equal(found[index][:4], expected[index][:4])
        assert not found[index][4:].any()


def _unclear(count: int) -> Arrays:
    """A file one of whose items has the rows 1, 1, 2, 2, 2, 2 under three words: the second may have either row."""
    data = mmsa_data({"train": count}, aligned=True)
    data["train"]["raw_text"] = [*data["train"]["raw_text"][:-1], "one two three"]
    for key in MODALITIES:
        data["train"][key][-1] = 0
        data["train"][key][-1, 1] = 1
        data["train"][key][-1, 2] = 1
        data["train"][key][-1, 3:7] = 2
    data["train"]["text_bert"][-1, :2] = 0
    data["train"]["text_bert"][-1, :2, :8] = 1
    return data


def test_words_that_cannot_be_told_have_rows_of_zeros() -> None:
    corpus = read(_unclear(40))
    assert corpus.word_aligned
    assert "rows stand under sub-words: 1 of" in corpus.notes[0]
    assert corpus.splits["train"].main.rows["visual"][39].tolist() == [[1] * 3, [0] * 3, [2] * 3]


def test_a_file_with_many_such_words_is_not_aligned() -> None:
    corpus = read(_unclear(2))
    assert not corpus.word_aligned
    assert "cannot be matched with the words" in corpus.notes[0]


def test_rows_that_are_no_copies_keep_their_order() -> None:
    data = mmsa_data(aligned=True)
    expected = read(mmsa_data(aligned=True))
    data["train"]["raw_text"] = np.array([text.replace(" ", "", 1) for text in data["train"]["raw_text"]])
    corpus = read(data)
    assert not corpus.word_aligned
    assert "stand under sub-words that cannot be matched with the words" in corpus.notes[0]
    for name, split in expected.splits.items():
        for kind, rows in split.main.rows.items():
            np.testing.assert_array_equal(corpus.splits[name].main.rows[kind].values, rows.values)


def _words_only(data: Arrays) -> Arrays:
    """An aligned file as older ones are: no token ids, rows under the words from the first step on."""
    for split in data.values():
        del split["text_bert"]
        for key in MODALITIES:
            split[key] = np.roll(split[key], -1, axis=1)
    return data


@pytest.mark.parametrize("front", [False, True])
def test_rows_under_words(front: bool) -> None:
    data, expected = _words_only(mmsa_data(aligned=True)), read(mmsa_data(aligned=True))
    if front:
        for split in data.values():
            for key in MODALITIES:
                split[key] = split[key][:, ::-1]
    found = read(data)
    if not front:
        assert_same(found, expected)
    assert found.word_aligned
    for name, split in expected.splits.items():
        for kind, rows in split.main.rows.items():
            for index in range(len(split)):
                order = -1 if front else 1
                np.testing.assert_array_equal(found.splits[name].main.rows[kind][index], rows[index][::order])


def test_words_behind_the_last_row_have_rows_of_zeros() -> None:
    data = _words_only(mmsa_data(aligned=True))
    count = len(data["train"]["raw_text"][2].split())
    data["train"]["raw_text"] = [f"{text} and more" for text in data["train"]["raw_text"]]
    rows = read(data).splits["train"].main.rows["visual"][2]
    assert len(rows) == count + 2
    assert rows[:count].any(axis=1).all()
    assert not rows[count:].any()


def test_more_rows_than_words_are_no_rows_of_words() -> None:
    data = _words_only(mmsa_data(aligned=True))
    data["test"]["raw_text"] = ["一" for _ in data["test"]["raw_text"]]
    corpus = read(data)
    assert not corpus.word_aligned
    assert "stand under steps that cannot be matched" in corpus.notes[0]


def test_aligned_modalities_lose_the_padding_that_they_share() -> None:
    data = mmsa_data({"train": 1}, aligned=True)
    rows = data["train"]["audio"]
    last = np.flatnonzero(rows.any(axis=2))[-1]
    data["train"]["vision"][0, last] = 0
    data["train"]["raw_text"] = ["x y " * 9]
    corpus = read(data)
    lengths = [int(rows.lengths[0]) for rows in corpus.splits["train"].main.rows.values()]
    assert lengths == [last, last]


# ---- text without words


def test_vectors_are_read_only_where_there_are_no_words() -> None:
    assert "text" not in read(mmsa_data()).widths()
    data = mmsa_data()
    for split in data.values():
        del split["raw_text"]
    corpus = read(data)
    assert corpus.widths()["text"] == 6
    assert set(map(len, corpus.splits["train"].main.words)) == {0}
    assert "its text is vectors and token ids" in corpus.notes[0]
    tokens = data["train"]["text_bert"]
    ends = [np.flatnonzero(ids == SEP)[0] for ids in tokens[:, 0]]
    expected = [rows[1:end] for rows, end in zip(data["train"]["text"], ends, strict=True)]
    assert_rows(corpus.splits["train"].main.rows["text"], expected)


@pytest.mark.parametrize("front", [False, True])
def test_vectors_without_token_ids_lose_their_zeros(front: bool) -> None:
    data = mmsa_data({"train": 2})
    items = [np.ones((2, 3)), np.ones((4, 3))]
    data["train"] |= {"text": block(items, 6, front=front)}
    del data["train"]["raw_text"], data["train"]["text_bert"]
    assert_rows(read(data).splits["train"].main.rows["text"], items)


def test_token_ids_alone_are_no_text() -> None:
    data = mmsa_data()
    for split in data.values():
        del split["raw_text"], split["text"]
    corpus = read(data)
    assert "its text is token ids; `mlcl data convert" in corpus.notes[0]
    assert "text" not in corpus.widths()


def test_a_mask_without_tokens_is_no_text() -> None:
    data = mmsa_data({"train": 2})
    data["train"]["text_bert"][1] = 0
    del data["train"]["raw_text"]
    assert read(data).splits["train"].main.rows["text"].lengths[1] == 0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((5, 4, 11)), r"text_bert\[0\]: has shape \(4, 11\), not \(3, tokens\)"),
        (np.zeros((5, 33)), r"text_bert\[0\]: has shape \(33,\), not \(3, tokens\)"),
        (np.full((5, 3, 11), "a"), r"text_bert\[0\]: is no array of numbers"),
        (["a"] * 5, r"text_bert\[0\]: is no array of numbers"),
    ],
)
def test_other_token_ids_are_errors(value: object, message: str) -> None:
    with pytest.raises(DataError, match=rf"train {message}"):
        read(edited("text_bert", value, aligned=True))


# ---- what MMSA-FET writes


def test_config_is_not_used_but_noted() -> None:
    corpus = read({**mmsa_data(), "config": {"audio": {"tool": "librosa"}}})
    assert_same(corpus, read(mmsa_data()))
    assert "config" in corpus.notes[0]


def test_one_clip_is_a_test_split_without_labels(tmp_path: Path) -> None:
    clip = {"audio": np.ones((7, 5)), "vision": np.ones((4, 3)), "text": np.ones((6, 9)), "text_bert": np.ones((3, 6))}
    corpus = read_corpus(write_pickle(tmp_path / "clip.pkl", clip))
    assert (corpus.layout, list(corpus.splits), len(corpus.splits["test"])) == ("mmsa", ["test"], 1)
    split = corpus.splits["test"]
    assert (split.labels, split.columns, split.ids) == (None, {}, ["test[0]"])
    assert {name: len(rows[0]) for name, rows in split.main.rows.items()} == {"acoustic": 7, "visual": 4, "text": 4}


def test_text_as_objects_comes_from_the_file(tmp_path: Path) -> None:
    data = mmsa_data()
    for split in data.values():
        split["raw_text"] = split["raw_text"].astype(object)
        split["id"] = np.array(split["id"], object)
    assert_same(read_corpus(write_pickle(tmp_path / "data.pkl", data)), read(mmsa_data()))


# ---- labels


def test_sims_has_four_labels() -> None:
    data = mmsa_data(sims=True)
    corpus = read(data)
    assert (corpus.label, corpus.label_range) == ("M", (-1, 1))
    for name, arrays in data.items():
        columns = corpus.splits[NAMES[name]].columns
        assert list(columns) == ["M", "T", "A", "V", "class"]
        for modality in "TAV":
            np.testing.assert_array_equal(columns[modality], arrays[f"regression_labels_{modality}"])


def test_a_label_of_one_modality_is_not_assumed() -> None:
    data = mmsa_data(sims=True)
    for split in data.values():
        del split["regression_labels_V"], split["classification_labels"], split["annotations"]
    assert list(read(data).splits["train"].columns) == ["M", "T", "A"]


def test_labels_outside_the_range_have_none() -> None:
    data = mmsa_data()
    data["train"]["regression_labels"][0] = 4.5
    assert read(data).label_range is None


def test_early_files_say_labels() -> None:
    data = mmsa_data()
    expected = read(mmsa_data())
    for split in data.values():
        split["labels"] = split.pop("regression_labels")
    assert_same(read(data), expected)


def _two_classes(data: Arrays) -> Arrays:
    for split in data.values():
        classes = np.arange(len(split["id"])) % 2
        split |= {"classification_labels": classes, "regression_labels": 2.0 * classes - 1}
        split["annotations"] = [("no", "yes")[value] for value in classes]
    return data


def test_two_classes_that_are_also_signs_are_classes() -> None:
    corpus = read(_two_classes(mmsa_data()))
    assert (corpus.task, corpus.label, corpus.classes, corpus.label_range) == (
        "classification",
        "class",
        ("no", "yes"),
        None,
    )
    assert corpus.splits["train"].labels is not None
    assert corpus.splits["train"].labels.tolist() == [0, 1, 0, 1, 0]
    assert corpus.splits["train"].columns["M"].tolist() == [-1, 1, -1, 1, -1]


def test_one_label_that_is_no_sign_makes_it_a_regression() -> None:
    data = _two_classes(mmsa_data())
    data["valid"]["regression_labels"][0] = -0.9
    corpus = read(data)
    assert (corpus.task, corpus.label) == ("regression", "M")


def test_classes_alone_are_a_classification_with_names_or_numbers() -> None:
    data = mmsa_data({"train": 9})
    del data["train"]["regression_labels"]
    data["train"]["classification_labels"] = np.arange(9) % 3
    data["train"]["annotations"] = ["Negative", "Neutral", "Positive"] * 3
    corpus = read(data)
    assert (corpus.task, corpus.label) == ("classification", "class")
    assert corpus.classes == ("Negative", "Neutral", "Positive")
    data["train"]["annotations"][0] = "Bad"
    assert read(data).classes == ("0", "1", "2")
    del data["train"]["annotations"]
    assert read(data).classes == ("0", "1", "2")
    data["train"]["classification_labels"] = np.arange(9) % 2
    assert read(data).classes == ()


@pytest.mark.parametrize("wrong", [-1, 0.5, 1000])
def test_other_classes_are_errors(wrong: float) -> None:
    data = edited("regression_labels", None)
    data["train"]["classification_labels"][3] = wrong
    for name in ("valid", "test"):
        del data[name]
    with pytest.raises(DataError, match=rf"train classification_labels\[3\]: the class is {wrong:g}; classes are 0, 1"):
        read(data)


def test_files_without_labels() -> None:
    data = mmsa_data()
    for split in data.values():
        for key in ("regression_labels", "classification_labels"):
            del split[key]
    corpus = read(data)
    assert (corpus.label, corpus.splits["train"].labels, corpus.splits["train"].columns) == ("", None, {})


def test_a_split_without_labels() -> None:
    data = mmsa_data()
    del data["test"]["regression_labels"], data["test"]["classification_labels"]
    corpus = read(data)
    assert corpus.splits["test"].labels is None
    assert corpus.splits["dev"].labels is not None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, 2, np.inf, 4, 5], r"train regression_labels\[2\]: the label is inf"),
        (["1"] * 5, r"train regression_labels\[0\]: the label is str"),
        ([1, 2], r"train regression_labels: has 2 entries for 5 items"),
        ("12345", r"train regression_labels: is str, not an array"),
    ],
)
def test_other_labels_are_errors(value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(edited("regression_labels", value))


# ---- ids, words and rows that are none


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ([b"a", b"b", b"c", b"d", b"e"], ["a", "b", "c", "d", "e"]),
        (np.arange(5), ["0", "1", "2", "3", "4"]),
        ([("v", 1.5, b"x"), ["w"], "c", None, 7], ["v_1.5_x", "w", "c", "train[3]", "7"]),
        (np.array([["a", "0", "1"]] * 5), ["a_0_1"] * 5),
        (np.array([[b"a", b"0"]] * 5), ["a_0"] * 5),
    ],
    ids=repr,
)
def test_ids(ids: object, found: list[str]) -> None:
    assert read(edited("id", ids)).splits["train"].ids == found


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("id", [[], "b", "c", "d", "e"], r"train id\[0\]: the id has 0 parts; it must have 1 to 8"),
        ("id", [["a"] * 9, "b", "c", "d", "e"], r"train id\[0\]: the id has 9 parts"),
        ("id", [{}, "b", "c", "d", "e"], r"train id\[0\]: the id is dict"),
        ("raw_text", ["a", "b"], r"train raw_text: has 2 entries for 5 items"),
        ("raw_text", ["a", "b", 3, "d", "e"], r"train raw_text\[2\]: a word is int, not str"),
        ("raw_text", ["a", "b", "\ud83d", "d", "e"], r"train raw_text\[2\]: .*lone surrogate"),
        ("audio", np.zeros((5, 17)), r"train audio: has shape \(5, 17\), not \(items, steps, columns\)"),
        ("audio", np.zeros((4, 17, 5)), r"train audio: has 4 entries for 5 items"),
        ("audio", np.zeros((5, 17, 0)), r"train audio\[0\]: acoustic rows have no columns"),
        ("audio", np.zeros((5, 17, 4)), r"valid audio\[0\]: acoustic rows have 4 columns|acoustic rows have 5 columns"),
        ("audio", np.full((5, 17, 5), "x"), r"train audio\[0\]: acoustic rows hold <U1, not numbers"),
        ("audio", [np.zeros((17, 5))] * 4 + [5], r"train audio\[4\]: acoustic rows are int, not an array"),
        ("vision", {}, r"train vision: is dict, not an array with one entry per item"),
    ],
)
def test_other_arrays_are_errors(key: str, value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(edited(key, value))


def test_rows_may_be_a_list_of_matrices() -> None:
    data = mmsa_data()
    expected = read(mmsa_data())
    for split in data.values():
        split["audio"] = [rows[:length] for rows, length in zip(split["audio"], split["audio_lengths"], strict=True)]
    assert_same(read(data), expected)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"train": {"raw_text": []}}, "train: has no items; leave the split out"),
        ({"train": {"annotations": ["a"]}}, "train: has none of id, raw_text"),
        ({"train": [1], "test": {"raw_text": ["a"]}}, "train: is list, not a dict of arrays"),
        ({"train": {"raw_text": ["a"]}, "extra": {}}, "has a split 'extra'"),
        ({"valid": {"raw_text": ["a"]}, "dev": {"raw_text": ["a"]}}, "has both 'valid' and 'dev', which are one split"),
    ],
)
def test_other_splits_are_errors(tmp_path: Path, data: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_corpus(write_pickle(tmp_path / "data.pkl", data))


@pytest.mark.parametrize("other", [None, 5, [], {}, {"train": 5}, {"train": {}}, {5: {"raw_text": 1}}, {"audio": 5}])
def test_sniff_takes_anything(other: object) -> None:
    assert not mmsa.sniff(other)


def test_a_small_file_that_shares_a_large_array_is_refused() -> None:
    rows = np.ones((1000, 100), np.float32)
    data = {"train": {"raw_text": ["a"] * 1000, "audio": [rows] * 1000}}
    with pytest.raises(DataError, match=r"train audio\[\d+\]: up to here the items take far more memory"):
        read(data, max_bytes=10_000_000)
    data = {"train": {"raw_text": ["a " * 5000] * 1000}}
    with pytest.raises(DataError, match=r"train raw_text\[\d+\]: up to here the items take far more memory"):
        read(data, max_bytes=10_000_000)


# ---- writing


@pytest.mark.parametrize("options", [{}, {"sims": True}, {"aligned": True}, {"front": True}], ids=str)
def test_what_was_read_comes_back(tmp_path: Path, options: dict[str, bool]) -> None:
    corpus = read(mmsa_data(**options))
    mmsa.write(corpus, tmp_path / "copy.pkl")
    assert_same(read_corpus(tmp_path / "copy.pkl"), corpus)
    mmsa.write(read(_two_classes(mmsa_data())), tmp_path / "classes.pkl")
    assert_same(read_corpus(tmp_path / "classes.pkl"), read(_two_classes(mmsa_data())))


fast = settings(deadline=None, max_examples=60, derandomize=True)
rows = st.lists(st.integers(-2, 2), min_size=0, max_size=5)


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """Corpora of any lengths, with rows of zeros anywhere, of either task."""
    aligned, task = draw(st.booleans()), draw(st.sampled_from(["regression", "classification"]))
    splits = {}
    for name in draw(st.sampled_from([("train", "dev", "test"), ("test",)])):
        items = draw(st.lists(st.lists(st.sampled_from(["a", "b", "né"]), max_size=4), min_size=1, max_size=3))
        made = {}
        for kind, width in (("acoustic", 2), ("visual", 1)):
            matrices = []
            for words in items:
                count = len(words) if aligned else draw(st.integers(0, 4))
                values = draw(st.lists(st.sampled_from([0, 1.5, -2]), min_size=count * width, max_size=count * width))
                matrices.append(np.array(values, np.float32).reshape(count, width))
            made[kind] = Ragged.stack(matrices, width=width)
        allowed = [0, 1] if task == "classification" else [-3, -1, 1, 0.25]
        labels = draw(st.lists(st.sampled_from(allowed), min_size=len(items), max_size=len(items)))
        ids = [f"{name}{index}" for index in range(len(items))]
        splits[name] = Split(ids, Segment(items, made), labels=np.array(labels, np.float64))
    every = {value for split in splits.values() if split.labels is not None for value in split.labels}
    return Corpus(splits, "any", "classification" if every <= {0, 1} else "regression", word_aligned=aligned)


@fast
@given(corpora())
def test_any_corpus_comes_back(tmp_path_factory: pytest.TempPathFactory, corpus: Corpus) -> None:
    path = tmp_path_factory.mktemp("written") / "data.pkl"
    mmsa.write(corpus, path)
    assert_same(read_corpus(path), corpus, labels=False)


def test_mag_comes_back_through_mmsa(tmp_path: Path) -> None:
    corpus = read_with(mag, mag_data())
    mmsa.write(corpus, tmp_path / "data.pkl")
    found = read_corpus(tmp_path / "data.pkl")
    assert_same(found, corpus, labels=False)
    assert (found.label, found.label_range) == ("M", (-3, 3))


def test_a_written_file_has_what_mmsa_loads(tmp_path: Path) -> None:
    mmsa.write(read_with(mag, mag_data()), tmp_path / "aligned.pkl")
    mmsa.write(read(mmsa_data()), tmp_path / "unaligned.pkl")
    for name in ("aligned", "unaligned"):
        data: Any = np.load(tmp_path / f"{name}.pkl", allow_pickle=True)
        assert list(data) == ["train", "valid", "test"]
        for key in ("audio", "vision"):
            assert len({split[key].shape[1:] for split in data.values()}) == 1
        for split in data.values():
            count = len(split["id"])
            assert split["vision"].shape[0] == split["audio"].shape[0] == len(split["raw_text"]) == count
            assert np.array(split["regression_labels"]).astype(np.float32).shape == (count,)
            assert ("audio_lengths" in split) == (name == "unaligned")
            assert set(split.get("annotations", ())) <= {"Negative", "Neutral", "Positive"}
            assert ("annotations" in split) == (name == "aligned")  # the other file names no class


def test_nothing_is_lost_silently(tmp_path: Path) -> None:
    path = tmp_path / "data.pkl"
    with pytest.raises(DataError, match=r"cannot be written: the context, which MMSA has no place for, would be lost"):
        mmsa.write(read_with(hkt, hkt_data()), path)
    base = read(mmsa_data({"test": 1}))
    split = base.splits["test"]

    def other(**changes: Any) -> Corpus:
        values = {**vars(split), **changes}
        return base.with_splits({"test": Split(**values)})

    rows = split.main.rows
    zeros = {"text": Ragged.stack([np.zeros((1, 2))], width=2)}
    cases: dict[str, Corpus] = {
        "the speakers": other(speakers=["a"]),
        "the sentences": other(main=Segment(split.main.words, rows, [["a b"]])),
        "the hcf rows": other(main=Segment(split.main.words, {**rows, "hcf": rows["visual"]})),
        r"the word 'a b' of test\[0\], which is empty or has white space": other(main=Segment([["a b"]], rows)),
        r"the word '' of test\[0\]": other(main=Segment([["a", ""]], rows)),
        "the word vectors": other(main=Segment(split.main.words, {**rows, "text": rows["visual"]})),
        "the labels happy": other(columns={"happy": np.zeros(1)}),
        "word vectors of zeros at the end": other(main=Segment([[]], zeros)),
    }
    for message, corpus in cases.items():
        with pytest.raises(DataError, match=rf"cannot be written: {message}.* would be lost; "):
            mmsa.write(corpus, path)
        assert list(tmp_path.iterdir()) == []


def test_vectors_without_words_come_back(tmp_path: Path) -> None:
    data = mmsa_data()
    for split in data.values():
        del split["raw_text"]
    mmsa.write(read(data), tmp_path / "copy.pkl")
    assert_same(read_corpus(tmp_path / "copy.pkl"), read(data))


def test_files_are_never_overwritten_and_never_half_written(tmp_path: Path) -> None:
    path = tmp_path / "data.pkl"
    path.write_text("mine")
    with pytest.raises(DataError, match="exists already; name another place"):
        mmsa.write(read(mmsa_data()), path)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
