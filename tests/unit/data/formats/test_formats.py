"""The readers of item lists: every rule of the MAG and HKT layouts, with the error that its breach gives."""

import collections
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlcl.data.corpus import Corpus
from mlcl.data.formats import read_corpus
from mlcl.data.formats.items import hkt, mag
from mlcl.data.labels import check_labelled
from mlcl.errors import DataError
from reading import read_with
from writers import Data, hkt_data, mag_data, write_hkt, write_mag, write_pickle

READERS = {"mag": (mag_data, mag), "hkt": (hkt_data, hkt)}
BOTH = pytest.mark.parametrize("layout", READERS)


def put(data: Data, split: str, index: int, path: tuple[int, ...], value: object) -> None:
    """Replace one value inside an item."""
    data[split][index] = _with(data[split][index], path, value)


def _with(old: Any, path: tuple[int, ...], value: object) -> Any:
    if not path:
        return value
    parts = list(old)
    parts[path[0]] = _with(parts[path[0]], path[1:], value)
    return tuple(parts)


def read(layout: str, edit: Callable[[Data], object] | None = None, **settings: Any) -> Corpus:
    make, reader = READERS[layout]
    data = make()
    if edit:
        edit(data)
    return read_with(reader, data, path="data.pkl", **settings)


LABEL = {"mag": (1,), "hkt": (3,)}
IDENTIFIER = {"mag": (2,), "hkt": (2,)}
WORDS = {"mag": (0, 0), "hkt": (0, 0)}
VISUAL = {"mag": (0, 1), "hkt": (0, 1)}
PLACE = {"mag": r"train\[2\]", "hkt": r"train\[2\] punchline"}


# ---- what comes out


def test_mag_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "any name"
    data = write_mag(path)
    corpus = read_corpus(path)
    assert (corpus.layout, corpus.task, corpus.path, corpus.word_aligned) == ("mag", "regression", str(path), True)
    assert corpus.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(corpus.splits) == ["train", "dev", "test"]
    assert corpus.widths() == {"acoustic": 5, "visual": 3}
    assert corpus.repaired == {}
    assert not corpus.has_context
    for name, split in corpus.splits.items():
        assert split.ids == [item[2] for item in data[name]]
        assert split.main.words == [item[0][0] for item in data[name]]
        assert split.main.sentences is None
        assert split.labels is not None
        np.testing.assert_array_equal(split.labels, [item[1].item() for item in data[name]], strict=True)
        for index, ((_, visual, acoustic), _, _) in enumerate(data[name]):
            np.testing.assert_array_equal(split.main.rows["visual"][index], visual, strict=True)
            np.testing.assert_array_equal(split.main.rows["acoustic"][index], acoustic, strict=True)


def test_hkt_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "data.pkl"
    data = write_hkt(path)
    corpus = read_corpus(str(path), dtype=np.float64)
    assert (corpus.layout, corpus.task) == ("hkt", "classification")
    assert corpus.widths() == {"acoustic": 5, "visual": 7, "hcf": 4}
    assert corpus.has_context
    for name, split in corpus.splits.items():
        assert split.ids == [item[2] for item in data[name]]
        assert split.labels is not None
        assert split.labels.tolist() == [item[3] for item in data[name]]
        assert split.context is not None
        assert split.main.sentences == [[item[0][0]] for item in data[name]]
        assert split.context.sentences == [item[1][0] for item in data[name]]
        for index, (punchline, context, _, _) in enumerate(data[name]):
            assert split.main.words[index] == punchline[0].split()
            assert split.context.words[index] == " ".join(context[0]).split()
            for segment, part in ((split.main, punchline), (split.context, context)):
                for column, rows in enumerate(("visual", "acoustic", "hcf"), start=1):
                    np.testing.assert_array_equal(segment.rows[rows][index], part[column], strict=True)


@BOTH
@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_gives_the_same_corpus(tmp_path: Path, layout: str, protocol: int) -> None:
    make, reader = READERS[layout]
    path = write_pickle(tmp_path / "data.pkl", make(), protocol=protocol)
    found, expected = read_corpus(path), read_with(reader, make(), path=None)
    for name, split in expected.splits.items():
        assert found.splits[name].main.words == split.main.words
        for kind, rows in split.main.rows.items():
            np.testing.assert_array_equal(found.splits[name].main.rows[kind].values, rows.values, strict=True)


@BOTH
def test_rows_are_float32_unless_told_otherwise(layout: str) -> None:
    for dtype in (np.float32, np.float64):
        for split in read(layout, dtype=dtype).splits.values():
            assert {rows.values.dtype for rows in split.main.rows.values()} == {np.dtype(dtype)}
    assert read(layout).splits["train"].main.rows["visual"].values.dtype == np.float32


@BOTH
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float16, np.float64, np.longdouble, bool, ">f4"])
def test_rows_of_other_numbers_are_converted(layout: str, dtype: Any) -> None:
    def edit(data: Data) -> None:
        old = data["train"][2][0][1]
        put(data, "train", 2, VISUAL[layout], np.ones(old.shape).astype(dtype))

    np.testing.assert_array_equal(read(layout, edit).splits["train"].main.rows["visual"][2], 1)


@BOTH
def test_words_are_one_object_each(layout: str) -> None:
    words = [word for item in read(layout).splits["train"].main.words for word in item]
    assert len({id(word) for word in words}) == len(set(words)) < len(words)


def test_whole_numbers_as_labels_are_classification() -> None:
    assert read("mag", lambda data: [put(data, s, i, (1,), i % 2) for s in data for i in range(len(data[s]))]).task == (
        "classification"
    )


# ---- splits


@BOTH
@pytest.mark.parametrize("name", ["dev", "valid", "val"])
def test_dev_goes_by_three_names(layout: str, name: str) -> None:
    corpus = read(layout, lambda data: data.update({name: data.pop("dev")}))
    assert sorted(corpus.splits) == ["dev", "test", "train"]
    assert list(corpus.splits)[-1] == "dev"  # the file's order


@BOTH
@pytest.mark.parametrize("name", ["train", "dev", "test"])
def test_one_split_is_enough(layout: str, name: str) -> None:
    corpus = read(layout, lambda data: [data.pop(other) for other in list(data) if other != name])
    assert list(corpus.splits) == [name]


@BOTH
def test_splits_may_be_an_ordered_dict_and_tuples(tmp_path: Path, layout: str) -> None:
    data = collections.OrderedDict((name, tuple(map(list, items))) for name, items in READERS[layout][0]().items())
    assert read_corpus(write_pickle(tmp_path / "a", data)).layout == layout


@BOTH
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda data: data.update(extra=data["dev"]),
            r"data\.pkl: has a split 'extra'; .*allowed: train, dev, test, valid, val",
        ),
        (lambda data: data.update(trian=data["dev"]), r"has a split 'trian'; did you mean 'train'\?"),
        (
            lambda data: data.update({3: data["dev"]}),
            "has a split named by int; known are train, dev, test, valid, val",
        ),
        (lambda data: data.update(valid=data["dev"]), "has both 'dev' and 'valid', which are one split; keep one"),
        (lambda data: data.update(dev=[]), r"data\.pkl, dev: has no items; leave the split out of the file"),
        (lambda data: data.update(dev={}), "dev: is dict, not a list of items"),
        (lambda data: data.update(dev=None), "dev: is NoneType, not a list of items"),
        (lambda data: data["dev"].append(5), r"dev\[2\]: is int, not \("),
        (lambda data: data["dev"].append((1, 2)), r"dev\[2\]: is tuple of 2, not \("),
        (lambda data: data["dev"].append(((), *data["dev"][0][1:])), r"dev\[2\].*: is tuple of 0, not \("),
    ],
)
def test_broken_splits(layout: str, edit: Callable[[Data], object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(layout, edit)


def test_no_splits_at_all() -> None:
    for reader in (mag, hkt):
        with pytest.raises(DataError, match="holds list, not a dict of splits"):
            read_with(reader, [], path=None)
        with pytest.raises(DataError, match="has no splits; known are train, dev, test, valid, val"):
            read_with(reader, {}, path=None)


@BOTH
def test_places_use_the_names_of_the_file_and_ids_use_ours(layout: str) -> None:
    def edit(data: Data) -> None:
        data["valid"] = data.pop("dev")
        put(data, "valid", 1, IDENTIFIER[layout], None)

    assert read(layout, edit).splits["dev"].ids[1] == "dev[1]"
    with pytest.raises(DataError, match=r"valid\[0\]: the label is str") as caught:
        read(layout, lambda data: (edit(data), put(data, "valid", 0, LABEL[layout], "positive")))
    assert caught.value.place == "valid[0]"
    assert caught.value.path == "data.pkl"


# ---- labels


@BOTH
@pytest.mark.parametrize(
    "label",
    [
        *(1.0, 1, True, np.float32(1), np.int64(1), np.bool_(True)),
        *(np.array(1.0), np.array([1]), np.array([[1]], np.float32)),
    ],
    ids=repr,
)
def test_label_shapes(layout: str, label: object) -> None:
    labels = read(layout, lambda data: put(data, "train", 2, LABEL[layout], label)).splits["train"].labels
    assert labels is not None
    assert labels.dtype == np.float64
    assert labels[2] == 1


@BOTH
@pytest.mark.parametrize(
    ("label", "message"),
    [
        (np.ones(2), r"float64 of shape \(2,\)"),
        (np.ones(7), r"float64 of shape \(7,\)"),
        (np.ones((1, 6)), r"float64 of shape \(1, 6\)"),
        (np.ones((7, 1)), r"float64 of shape \(7, 1\)"),
        (np.ones(0), r"float64 of shape \(0,\)"),
        (np.array(["1"]), r"<U1 of shape \(1,\)"),
        (np.array([1 + 2j]), r"complex128 of shape \(1,\)"),
        ("1", "the label is str"),
        ([1.0], "the label is list"),
        ((1.0,), "the label is tuple"),
        (10**400, "the label is object"),
        (np.inf, "the label is inf"),
        (np.array([[-np.inf]]), "the label is -inf"),
    ],
    ids=str,
)
def test_other_labels_are_errors(layout: str, label: object, message: str) -> None:
    with pytest.raises(DataError, match=rf"train\[2\]: .*{message}.*; it must be one finite number"):
        read(layout, lambda data: put(data, "train", 2, LABEL[layout], label))


@BOTH
@pytest.mark.parametrize("missing", [None, np.nan, np.float32(np.nan), np.array([[np.nan]])], ids=str)
def test_split_without_labels(layout: str, missing: object) -> None:
    corpus = read(layout, lambda data: [put(data, "test", i, LABEL[layout], missing) for i in range(3)])
    assert corpus.splits["test"].labels is None
    assert corpus.splits["train"].labels is not None
    assert corpus.task == read(layout).task


@BOTH
@pytest.mark.parametrize("missing", [None, np.nan])
def test_split_with_some_labels_is_refused_or_loses_the_others_as_asked(layout: str, missing: object) -> None:
    corpus = read(layout, lambda data: put(data, "test", 1, LABEL[layout], missing))
    assert corpus.task == read(layout).task
    labels = corpus.splits["test"].labels
    assert labels is not None
    assert np.isnan(labels).tolist() == [False, True, False]
    message = r"test: 1 of 3 items have no label; leave them out with --set data.unlabelled=drop \(the first is "
    with pytest.raises(DataError, match=message):
        check_labelled(corpus, "error")
    kept = check_labelled(corpus, "drop").splits["test"]
    assert kept.ids == [corpus.splits["test"].ids[i] for i in (0, 2)]
    assert kept.labels is not None
    assert kept.labels.tolist() == [labels[0], labels[2]]


# ---- ids


@BOTH
@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("a[0]", "a[0]"),
        (17, "17"),
        (np.int64(17), "17"),
        (b"caf\xc3\xa9", "café"),
        (b"\xe9", "é"),
        (np.array(["abc"]), "abc"),
        (np.str_("abc"), "abc"),
        (None, "train[2]"),
        ("", "train[2]"),
    ],
    ids=repr,
)
def test_ids_are_text(layout: str, identifier: object, text: str) -> None:
    found = read(layout, lambda data: put(data, "train", 2, IDENTIFIER[layout], identifier)).splits["train"].ids[2]
    assert found == text
    assert type(found) is str


@BOTH
@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        (["a"], "the id is list; it must be a short text or a number"),
        (np.array(["a", "b"]), "the id is ndarray"),
        ("x" * 5000, "the id is str; it must be a short text"),
        ("\ud800", "lone surrogate"),
        (10**5000, "the id is not text"),
    ],
    ids=["list", "array", "long", "surrogate", "huge"],
)
def test_other_ids_are_errors(layout: str, identifier: object, message: str) -> None:
    with pytest.raises(DataError, match=rf"train\[2\]: .*{message}"):
        read(layout, lambda data: put(data, "train", 2, IDENTIFIER[layout], identifier))


@BOTH
def test_ids_may_occur_twice(layout: str) -> None:
    ids = [
        item
        for split in read(layout, lambda data: data.update(dev=data["train"])).splits.values()
        for item in split.ids
    ]
    assert len(set(ids)) < len(ids)


# ---- rows


@BOTH
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("split", ["train", "test"])
def test_entries_that_are_not_finite_become_0_and_are_counted(layout: str, split: str, bad: float) -> None:
    def edit(data: Data) -> None:
        for index, place in ((0, (0, 0)), (0, (0, 1)), (2, (-1, -1))):
            rows = data[split][index][0][1].copy()
            rows[place] = bad
            put(data, split, index, VISUAL[layout], rows)

    corpus, clean = read(layout, edit), read(layout)
    assert corpus.repaired == {f"{split}/visual": 2}  # two entries share a row
    found, rows = (c.splits[split].main.rows["visual"] for c in (corpus, clean))
    assert (found[0][0, 0], found[0][0, 1], found[2][-1, -1]) == (0, 0, 0)
    assert int((found.values != rows.values).sum()) == 3


def test_repairs_of_context_and_punchline_add_up() -> None:
    def edit(data: Data) -> None:
        for segment in (0, 1):
            put(data, "dev", 0, (segment, 0), ["a"])
            for column, width in ((1, 7), (2, 5), (3, 4)):
                put(data, "dev", 0, (segment, column), np.full((1, width), np.nan))

    assert read("hkt", edit).repaired == {"dev/acoustic": 2, "dev/visual": 2, "dev/hcf": 2}


def test_numbers_too_large_for_float32_are_repaired() -> None:
    def edit(data: Data) -> None:
        put(data, "train", 0, (0, 1), np.full(data["train"][0][0][1].shape, 1e300))

    corpus = read("mag", edit)
    assert (corpus.splits["train"].main.rows["visual"][0] == 0).all()
    assert corpus.repaired == {"train/visual": len(corpus.splits["train"].main.words[0])}
    assert read("mag", edit, dtype=np.float64).repaired == {}


@BOTH
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.ones(3), r"visual rows have shape \(3,\), not \(words, columns\)"),
        (np.ones((2, 3, 4)), r"visual rows have shape \(2, 3, 4\)"),
        (np.array(1.0), r"visual rows have shape \(\)"),
        (np.array([["a", "b"]]), "visual rows hold <U1, not numbers"),
        (np.ones((2, 3), complex), "visual rows hold complex128, not numbers"),
        (np.array([[None]]), "visual rows hold object, not numbers"),
        (np.ones((2, 0)), "visual rows have no columns"),
        ([[1.0, 2.0]], "visual rows are list, not an array"),
        (None, "visual rows are NoneType, not an array"),
        (5.0, "visual rows are float, not an array"),
        ("abc", "visual rows are str, not an array"),
        (np.ones((1, 9)), "visual rows have 9 columns, those before have"),
        (np.ones((0, 9)), "visual rows have 9 columns, those before have"),
    ],
    ids=lambda value: repr(value).replace("\n", "") if not isinstance(value, str) else "",
)
def test_other_rows_are_errors(layout: str, rows: object, message: str) -> None:
    with pytest.raises(DataError, match=rf"data\.pkl, {PLACE[layout]}: {message}"):
        read(layout, lambda data: put(data, "train", 2, VISUAL[layout], rows))


@BOTH
def test_width_is_one_for_all_splits(layout: str) -> None:
    make, reader = READERS[layout]
    data = {"train": make()["train"], "test": make(visual=4)["test"]}
    with pytest.raises(DataError, match=r"test\[0\].*: visual rows have 4 columns, those before have"):
        read_with(reader, data, path=None)


def test_width_is_one_for_punchline_and_context() -> None:
    def edit(data: Data) -> None:
        put(data, "train", 0, (1,), (["a"], np.ones((1, 7)), np.ones((1, 6)), np.ones((1, 4))))

    with pytest.raises(DataError, match=r"train\[0\] context: acoustic rows have 6 columns, those before have 5"):
        read("hkt", edit)


@pytest.mark.parametrize("index", [0, 2])
@pytest.mark.parametrize("empty", [np.zeros((0, 3)), np.zeros((0, 0)), np.zeros(0), [], ()], ids=repr)
def test_utterance_without_words(empty: object, index: int) -> None:
    corpus = read("mag", lambda data: put(data, "train", index, (0,), ([], empty, np.zeros((0, 5)))))
    assert corpus.splits["train"].main.words[index] == []
    assert corpus.splits["train"].main.rows["visual"].lengths[index] == 0
    assert corpus.widths()["visual"] == 3


@pytest.mark.parametrize("empty", [np.zeros((0, 3)), np.zeros((0, 0)), np.zeros(0), [], ()], ids=repr)
def test_utterance_without_words_does_not_hide_another_width(empty: object) -> None:
    def edit(data: Data) -> None:
        put(data, "train", 2, (0,), ([], empty, np.zeros((0, 5))))
        put(data, "train", 3, (0,), (["a"], np.ones((1, 4)), np.ones((1, 5))))

    with pytest.raises(DataError, match=r"train\[3\]: visual rows have 4 columns, those before have 3"):
        read("mag", edit)


def test_widths_of_a_file_without_any_row() -> None:
    item = (([], np.zeros((0, 3)), np.zeros((0, 5))), 1.0, "a")
    assert read_with(mag, {"test": [item]}, path=None).widths() == {"acoustic": 5, "visual": 3}
    item = (([], [], np.zeros((0, 5))), 1.0, "a")
    with pytest.raises(DataError, match="no item has visual rows, so their number of columns is unknown"):
        read_with(mag, {"test": [item]}, path=None)


# ---- words


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["a", "b"], ["a", "b"]),
        (("a", "b"), ["a", "b"]),
        (["", "b c"], ["", "b c"]),
        ([b"caf\xc3\xa9", b"caf\xe9"], ["café", "café"]),
        (["a", b"b"], ["a", "b"]),
        ([np.str_("é"), np.bytes_(b"b")], ["é", "b"]),
        (np.array(["a", "bcd"]), ["a", "bcd"]),
        (np.array([b"a", b"bcd"]), ["a", "bcd"]),
    ],
    ids=repr,
)
def test_words_are_text(words: object, found: list[str]) -> None:
    corpus = read("mag", lambda data: put(data, "train", 2, (0,), (words, np.ones((2, 3)), np.ones((2, 5)))))
    assert corpus.splits["train"].main.words[2] == found
    assert {type(word) for word in corpus.splits["train"].main.words[2]} == {str}


@BOTH
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([1, 2], "a word is int, not str"),
        (["a", None], "a word is NoneType, not str"),
        (["a", ["b"]], "a word is list, not str"),
        (np.array([1, 2]), "a word is int, not str"),
        (np.array([["a"]]), "words are ndarray, not a list of str"),
        ({"a": 1}, "words are dict, not a list of str"),
        (None, "words are NoneType, not a list of str"),
        (["a", "\ud83d"], r"'\\ud83d' holds a lone surrogate, which is not text"),
    ],
    ids=ascii,
)
def test_other_words_are_errors(layout: str, words: object, message: str) -> None:
    with pytest.raises(DataError, match=rf"{PLACE[layout]}: {message}"):
        read(layout, lambda data: put(data, "train", 2, WORDS[layout], words))


def test_one_string_is_not_the_words_of_mag() -> None:
    with pytest.raises(DataError, match=r"train\[2\]: words are str, not a list of str"):
        read("mag", lambda data: put(data, "train", 2, (0, 0), "a b"))


@pytest.mark.parametrize("counts", [(2, 3, 3), (3, 2, 3), (3, 3, 2), (0, 1, 1), (1, 0, 0)])
def test_mag_counts_must_agree(counts: tuple[int, int, int]) -> None:
    words, visual, acoustic = counts
    item = (["w"] * words, np.ones((visual, 3)), np.ones((acoustic, 5)))
    message = rf"train\[2\]: has {words} words, {visual} visual rows and {acoustic} acoustic rows; each word needs"
    with pytest.raises(DataError, match=message):
        read("mag", lambda data: put(data, "train", 2, (0,), item))


# ---- HKT


def segment(words: object, count: int) -> tuple[Any, ...]:
    return (words, *(np.full((count, width), 1.0) for width in (7, 5, 4)))


@pytest.mark.parametrize(
    ("words", "sentences", "found"),
    [
        ("so it goes", ["so it goes"], ["so", "it", "goes"]),
        ("  so\tit \n goes ", ["  so\tit \n goes "], ["so", "it", "goes"]),
        (["so", "it", "goes"], ["so it goes"], ["so", "it", "goes"]),
        (b"so it goes", ["so it goes"], ["so", "it", "goes"]),
    ],
)
def test_punchline(words: object, sentences: list[str], found: list[str]) -> None:
    split = read("hkt", lambda data: put(data, "train", 2, (0,), segment(words, 3))).splits["train"]
    assert split.main.sentences is not None
    assert split.main.sentences[2] == sentences
    assert split.main.words[2] == found


@pytest.mark.parametrize(
    ("words", "sentences", "found"),
    [
        (["so it", "goes"], ["so it", "goes"], ["so", "it", "goes"]),
        (["so it", "", "goes"], ["so it", "", "goes"], ["so", "it", "goes"]),
        ("so it goes", ["so it goes"], ["so", "it", "goes"]),
        (("so", "it", b"goes"), ["so", "it", "goes"], ["so", "it", "goes"]),
        (np.array(["so it", "goes"]), ["so it", "goes"], ["so", "it", "goes"]),
    ],
    ids=repr,
)
def test_context(words: object, sentences: list[str], found: list[str]) -> None:
    split = read("hkt", lambda data: put(data, "train", 2, (1,), segment(words, 3))).splits["train"]
    assert split.context is not None
    assert split.context.sentences is not None
    assert split.context.sentences[2] == sentences
    assert split.context.words[2] == found
    assert split.context.rows["hcf"].lengths[2] == 3


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize(
    ("words", "sentences"),
    [([""], [""]), ([" ", ""], [" ", ""]), ([], []), ("", [""])],
    ids=["one", "two", "none", "text"],
)
def test_context_without_words_gives_up_its_rows(words: object, sentences: list[str], count: int) -> None:
    split = read("hkt", lambda data: put(data, "train", 2, (1,), segment(words, count))).splits["train"]
    assert split.context is not None
    assert split.context.sentences is not None
    assert split.context.sentences[2] == sentences
    assert split.context.words[2] == []
    assert {rows.lengths[2] for rows in split.context.rows.values()} == {0}


def test_context_of_lists_without_items() -> None:
    split = read("hkt", lambda data: put(data, "train", 2, (1,), ([], [], [], []))).splits["train"]
    assert split.context is not None
    assert split.context.words[2] == []


@pytest.mark.parametrize(
    ("part", "words", "count", "message"),
    [
        (
            0,
            "so it goes",
            2,
            r"train\[2\] punchline: has 3 words, 2 visual rows, 2 acoustic rows, 2 hcf rows; each",
        ),
        (0, "", 1, r"train\[2\] punchline: has 0 words, 1 visual rows"),
        (0, ["so it", "goes"], 2, r"train\[2\] punchline: has 3 words, 2 visual rows"),
        (1, ["so", "it"], 3, r"train\[2\] context: has 2 words, 3 visual rows.*check for empty sentences, punctuation"),
        (1, ["so", "", "it"], 3, r"train\[2\] context: has 2 words, 3 visual rows"),
    ],
)
def test_hkt_counts_must_agree(part: int, words: object, count: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read("hkt", lambda data: put(data, "train", 2, (part,), segment(words, count)))


def test_hkt_counts_of_one_kind_must_agree() -> None:
    with pytest.raises(DataError, match=r"has 2 words, 2 visual rows, 2 acoustic rows, 1 hcf rows"):
        read("hkt", lambda data: put(data, "train", 2, (0,), (*segment("so it", 2)[:3], np.ones((1, 4)))))


@pytest.mark.parametrize(("visual", "acoustic"), [(91, 81), (91, 5), (7, 81), (36, 60), (90, 81), (81, 91)])
def test_columns_are_chosen_in_the_published_layout_only(visual: int, acoustic: int) -> None:
    data = hkt_data(visual=visual, acoustic=acoustic)
    corpus = read_with(hkt, data, path=None, dtype=np.float64)
    published = (visual, acoustic) == (91, 81)
    assert corpus.widths() == {
        "acoustic": 60 if published else acoustic,
        "visual": 36 if published else visual,
        "hcf": 4,
    }
    for name, split in corpus.splits.items():
        assert split.context is not None
        for index, (punchline, context, _, _) in enumerate(data[name]):
            for part, found in ((punchline, split.main), (context, split.context)):
                expected = part[1][:, 55:91] if published else part[1]
                np.testing.assert_array_equal(found.rows["visual"][index], expected, strict=True)
                expected = part[2][:, 0:60] if published else part[2]
                np.testing.assert_array_equal(found.rows["acoustic"][index], expected, strict=True)


def test_columns_left_out_are_not_repaired() -> None:
    data = hkt_data(visual=91, acoustic=81)
    data["train"][0][0][1][:, :55] = np.nan
    data["train"][0][0][2][:, 60:] = -np.inf
    assert read_with(hkt, data, path=None).repaired == {}


# ---- layouts


@BOTH
def test_sniff_knows_its_own_layout_only(layout: str) -> None:
    data = READERS[layout][0]()
    assert [name for name, (_, reader) in READERS.items() if reader.sniff(data)] == [layout]


@pytest.mark.parametrize(
    "other",
    [None, 5, "train", [], {}, {"train": []}, {"train": {}}, {"train": [5]}, {"train": [()]}, {5: [()]}],
    ids=repr,
)
def test_sniff_takes_anything(other: object) -> None:
    assert not mag.sniff(other)
    assert not hkt.sniff(other)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (5, "holds int, which is no known layout. Known: MAG: .*; HKT: "),
        ([], "holds list of 0, which"),
        ([(1, 2)], r"holds list of 1 \(tuple of 2 \(int, \.\.\.\)\), which"),
        ({}, "holds dict of 0, which"),
        ({"train": []}, r"holds dict of 1 \('train': list of 0\), which"),
        ({"train": {"text": np.ones((2, 3, 4))}}, r"'train': dict of 1 \('text': array \(2, 3, 4\) of float64\)"),
        ({n: n for n in range(100)}, r"holds dict of 100 \(int: int, .*, \.\.\.\)"),
        ({"x" * 1000: 1}, r"holds dict of 1 \('x+': int\)"),
        ({"facet": 1, "covarep": 2, "glove": 3, "label": 4}, "wrong MOSI file that an old Dropbox link gives"),
        ({"train": {"facet": 1, "covarep": 2, "glove": 3, "label": 4}}, "wrong MOSI file .* Get mosi.pkl"),
        ({"train": [{"FACET": 1, "COVAREP": 2, "glove": 3, "label": 4}]}, "wrong MOSI file"),
    ],
)
def test_unknown_layout_is_described(tmp_path: Path, data: object, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_corpus(write_pickle(tmp_path / "data.pkl", data))
    assert len(str(caught.value)) < 1000


def test_self_containing_data_is_described(tmp_path: Path) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(DataError, match="no known layout"):
        read_corpus(write_pickle(tmp_path / "data.pkl", {"train": loop, "dev": [loop]}))


def test_errors_of_the_unpickler_pass_through(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_corpus(tmp_path / "absent")


# ---- memory


@BOTH
def test_small_file_that_shares_a_large_array_is_refused(tmp_path: Path, layout: str) -> None:
    rows = np.zeros((1000, 1000), np.float32)
    if layout == "mag":
        item: tuple[Any, ...] = ((["w"] * 1000, rows, rows), 1.0, None)
    else:
        item = (("w " * 1000, rows, rows, rows), ([], [], [], []), None, 1)
    path = write_pickle(tmp_path / "data.pkl", {"train": [item] * 100_000})
    assert path.stat().st_size < 5_000_000
    with pytest.raises(DataError, match=r"train\[\d+\].*: up to here the items take far more memory than the file"):
        read_corpus(path)


@pytest.mark.parametrize(("dtype", "enough"), [(np.float32, 4000), (np.float64, 8000)])
def test_rows_count_as_what_they_become(dtype: type[np.floating], enough: int) -> None:
    data = {"train": [((["w"], np.ones((1, 500), np.int8), np.ones((1, 500), np.int8)), 1, 1)]}
    more = 256 + 8
    read_with(mag, data, path=None, dtype=dtype, max_bytes=enough + more)
    with pytest.raises(DataError, match=r"train\[0\]: up to here the items take far more memory"):
        read_with(mag, data, path=None, dtype=dtype, max_bytes=enough + more - 1)


def test_shared_words_and_sentences_count_too() -> None:
    words = ["w"] * 1000
    with pytest.raises(DataError, match="far more memory"):
        read_with(hkt, {"train": [((words, [], [], []), ([], [], [], []), 1, 1)]}, path=None, max_bytes=5000)
    with pytest.raises(DataError, match="far more memory"):
        read_with(hkt, {"train": [(("", [], [], []), (" " * 9000, [], [], []), 1, 1)]}, path=None, max_bytes=5000)
    with pytest.raises(DataError, match="far more memory"):
        read_with(mag, {"train": [((np.array(words), [], []), 1, 1)]}, path=None, max_bytes=3000)
    with pytest.raises(DataError, match="train: up to here the items take far more memory"):
        read_with(mag, {"train": [(([], [], []), 1, 1)] * 100}, path=None, max_bytes=5000)


@BOTH
def test_ordinary_file_is_far_from_the_limit(layout: str) -> None:
    data = READERS[layout][0]({"train": 300})
    corpus = read_with(READERS[layout][1], data, path=None, max_bytes=16 * len(pickle.dumps(data)))
    assert len(corpus.splits["train"]) == 300
