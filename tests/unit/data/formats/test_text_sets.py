"""MUStARD, MUStARD++, MELD and label.csv: what each row becomes, and what is refused."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlcl.data.corpus import Corpus
from mlcl.data.formats import read_corpus
from mlcl.data.formats.shared.source import Source
from mlcl.data.formats.texts import label_csv, meld, mustard, mustard_plus
from mlcl.data.video import video_of
from mlcl.errors import DataError, UsageError
from mlcl.safe.csv_file import column_names, read_table
from mlcl.safe.text_file import CP1252_NOTE, first_value, read_json, read_text
from originals import (
    label_rows,
    meld_rows,
    mustard_items,
    mustard_plus_rows,
    write_csv,
    write_meld,
    write_mustard,
)
from reading import read_with

Rows = list[dict[str, object]]


def check_texts(corpus: Corpus) -> None:
    """Words are the sentences split by white space, and there are no rows."""
    assert corpus.widths() == {}
    assert corpus.word_aligned
    for split in corpus.splits.values():
        for segment in (split.main, split.context):
            if segment is not None:
                assert segment.rows == {}
                assert segment.sentences is not None
                assert [" ".join(item).split() for item in segment.sentences] == segment.words


# ---- MUStARD


def test_mustard_file_is_read_whole(tmp_path: Path) -> None:
    write_mustard(tmp_path, folds=0)
    corpus = read_corpus(tmp_path / "sarcasm_data.json")
    assert (corpus.layout, corpus.task, corpus.has_context) == ("mustard", "classification", True)
    check_texts(corpus)
    train, items = corpus.splits["train"], mustard_items()
    assert train.ids == list(items)
    assert train.labels is not None
    assert train.labels.tolist() == [item["sarcasm"] for item in items.values()]
    assert train.speakers == [item["speaker"] for item in items.values()]
    assert train.main.sentences == [[item["utterance"]] for item in items.values()]
    assert train.context is not None
    assert train.context.sentences == [item["context"] for item in items.values()]
    assert len(corpus.notes) == 1
    assert "every item stands in train" in corpus.notes[0]


def test_folds_of_mustard_are_tested_on_once_each(tmp_path: Path) -> None:
    folder = write_mustard(tmp_path / "x")
    tests = [read_with(mustard, folder, fold=fold).splits["test"].ids for fold in range(5)]
    assert sorted(key for test in tests for key in test) == sorted(mustard_items())
    assert tests[1] == ["1_1", "1_6"]
    assert read_with(mustard, folder / "sarcasm_data.json", fold=1).splits["test"].ids == tests[1]


def test_chosen_fold_tests_on_its_own_and_develops_on_the_next(tmp_path: Path) -> None:
    write_mustard(tmp_path)
    tests = [read_with(mustard, tmp_path, fold=fold).splits["test"].ids for fold in range(5)]
    for fold in range(5):
        corpus = read_with(mustard, tmp_path, fold=fold)
        ids = {name: split.ids for name, split in corpus.splits.items()}
        assert ids["dev"] == tests[(fold + 1) % 5]
        assert sorted(key for part in ids.values() for key in part) == sorted(mustard_items())
        assert corpus.notes == ()
    whole = read_corpus(tmp_path)
    assert list(whole.splits) == ["train"]
    assert whole.notes[1] == "5 folds lie beside the texts, of which none is chosen"


def test_other_folds_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fold 5: there are 5, counted from 0"):
        read_with(mustard, write_mustard(tmp_path / "a"), fold=5)
    with pytest.raises(UsageError, match="fold 0: no folds lie beside the texts"):
        read_with(mustard, write_mustard(tmp_path / "b", folds=0), fold=0)
    with pytest.raises(DataError, match="holds no JSON file with utterance"):
        read_with(mustard, tmp_path)


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ({}, "is no list of folds"),
        ([[1]], "is no list of folds"),
        ([([0], [0])], "fold 0: an item stands in train and in test"),
        ([([0], [1]), ([0], [10])], "fold 1: item numbers must be whole, distinct, and from 0 to 9"),
        ([([0, 0], [1])], "distinct"),
        ([([0.5], [1])], "whole"),
        ([([0], [-1])], "from 0"),
        ([([True], [1])], "whole"),
        ([(np.array([0.0]), [1])], "whole"),
        ([(np.arange(12), [1])], "from 0"),
        ([(np.zeros((2, 2), int), [1])], "whole"),
        ([([], [1])], "whole"),
    ],
    ids=str,
)
def test_damaged_folds(tmp_path: Path, folds: object, message: str) -> None:
    write_mustard(tmp_path, folds=0)
    (tmp_path / "split_indices.p").write_bytes(pickle.dumps(folds))
    with pytest.raises(DataError, match=f"split_indices.p.*{message}"):
        read_corpus(tmp_path)


def test_several_pickles_beside_the_texts_are_no_folds(tmp_path: Path) -> None:
    write_mustard(tmp_path)
    (tmp_path / "other.pkl").write_bytes(pickle.dumps(1))
    assert len(read_corpus(tmp_path).notes) == 1


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda items: items.update(x=5), "x: is int, not an object with utterance, context, sarcasm"),
        (lambda items: items["1_1"].pop("sarcasm"), "1_1: has no sarcasm; needed are .*, found 'utterance'"),
        (lambda items: items["1_1"].update(sarcasm=2), "1_1: sarcasm is '2', not true or false"),
        (lambda items: items["1_1"].update(sarcasm=None), "1_1: sarcasm is 'None'"),
        (lambda items: items["1_1"].update(context="What?"), "1_1: the context is str, not a list"),
        (lambda items: items["1_1"].update(context=[["What?"]]), "1_1: a word is list, not str"),
        (lambda items: items["1_1"].update(utterance=5), "1_1: a word is int, not str"),
        (lambda items: items["1_1"].update(utterance="\ud800"), "1_1: .* lone surrogate"),
        (lambda items: items["1_1"].update(speaker=["x"]), "1_1: the id is list"),
    ],
)
def test_damaged_items(tmp_path: Path, edit: Callable[[dict[str, Any]], object], message: str) -> None:
    items = mustard_items()
    edit(items)
    path = tmp_path / "data.json"
    path.write_text(json.dumps(items))
    with pytest.raises(DataError, match=message):
        read_corpus(path)


def test_speakers_may_be_absent(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"a": {"utterance": "so", "context": [], "sarcasm": 1}}))
    assert read_corpus(path).splits["train"].speakers == [""]


# ---- MUStARD++


def test_mustard_plus_takes_labelled_rows_with_their_scene_before(tmp_path: Path) -> None:
    corpus = read_corpus(write_csv(tmp_path / "x.csv", mustard_plus_rows()))
    assert (corpus.layout, corpus.task, corpus.label) == ("mustard++", "classification", "sarcasm")
    check_texts(corpus)
    train = corpus.splits["train"]
    assert train.ids == [f"1_{scene}" for scene in range(6)]
    assert train.main.sentences == [[f"So good {scene}."] for scene in range(6)]
    assert train.context is not None
    assert train.context.sentences == [[f"Before {n}, you know." for n in range(scene % 3)] for scene in range(6)]
    assert train.speakers == ["P0", "P1"] * 3
    assert train.labels is not None
    assert train.labels.tolist() == train.columns["sarcasm"].tolist() == [0, 1] * 3
    assert train.columns["sarcasm_type"].tolist() == [0, 1] * 3
    assert train.columns["valence"].tolist() == [1, 2, 3, 4, 5, 6]
    assert list(train.columns) == [
        "sarcasm", "sarcasm_type", "valence", "arousal", "implicit_emotion", "explicit_emotion",
    ]  # fmt: skip
    assert corpus.label_classes == {
        "sarcasm_type": ("NONE", "PRO", "ILL", "EMB", "LIK"),
        "implicit_emotion": ("Anger", "Sadness"),
        "explicit_emotion": ("Neutral",),
    }


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda rows: rows[0].update(Sarcasm="2"), "row 1: Sarcasm is '2', not 0 or 1"),
        (lambda rows: rows[0].update(Sarcasm="yes"), "row 1: sarcasm is 'yes', not a number"),
        (lambda rows: rows[0].update(Valence="inf"), "row 1: the label is inf"),
        (lambda rows: [row.update(Sarcasm="") for row in rows], "has no row with a label in column Sarcasm"),
        (lambda rows: [row.update(Implicit_Emotion=f"{i}") for i, row in enumerate(rows)], "more than 1000 classes"),
    ],
)
def test_damaged_mustard_plus(tmp_path: Path, edit: Callable[[Rows], object], message: str) -> None:
    rows = mustard_plus_rows(1100)
    edit(rows)
    with pytest.raises(DataError, match=message):
        read_corpus(write_csv(tmp_path / "x.csv", rows))


# ---- MELD


def test_meld_folder_has_splits_dialogues_and_two_labels(tmp_path: Path) -> None:
    corpus = read_corpus(write_meld(tmp_path / "x"))
    assert (corpus.layout, corpus.task, corpus.label, corpus.notes) == ("meld", "classification", "emotion", ())
    check_texts(corpus)
    assert {name: len(split) for name, split in corpus.splits.items()} == {"train": 6, "dev": 2, "test": 3}
    assert corpus.classes == corpus.label_classes["emotion"]
    train, rows = corpus.splits["train"], meld_rows()
    names = ["dia0_utt0", "dia0_utt1", "dia0_utt2", "dia1_utt0", "dia2_utt0", "dia2_utt1"]
    assert train.ids == [f"train_{name}" for name in names]
    assert train.context is not None
    said = [str(row["Utterance"]) for row in rows]
    assert train.context.sentences == [[], said[:1], said[:2], [], [], said[4:5]]
    for name, column in (("emotion", "Emotion"), ("sentiment", "Sentiment")):
        assert [corpus.label_classes[name][int(value)] for value in train.columns[name]] == [
            row[column] for row in rows
        ]
    assert train.speakers == [row["Speaker"] for row in rows]


def test_one_meld_table_is_train(tmp_path: Path) -> None:
    corpus = read_corpus(write_csv(tmp_path / "test_sent_emo.csv", meld_rows()))
    assert list(corpus.splits) == ["train"]
    assert len(corpus.notes) == 1
    assert corpus.splits["train"].ids[:2] == ["dia0_utt0", "dia0_utt1"]


def test_dialogues_of_the_splits_of_meld_are_not_one_another(tmp_path: Path) -> None:
    corpus = read_corpus(write_meld(tmp_path / "x"))
    homes = [{video_of(name) for name in split.ids} for split in corpus.splits.values()]
    assert list(map(len, homes)) == [3, 1, 2]
    assert sum(map(len, homes)) == len(set().union(*homes))


# ---- label.csv


def test_label_csv_has_splits_and_the_labels_that_any_item_has(tmp_path: Path) -> None:
    corpus = read_corpus(write_csv(tmp_path / "x.csv", label_rows()))
    assert (corpus.layout, corpus.task, corpus.label, corpus.has_context) == ("label_csv", "regression", "M", False)
    check_texts(corpus)
    assert {name: len(split) for name, split in corpus.splits.items()} == {"train": 9, "dev": 5, "test": 5}
    dev = corpus.splits["dev"]
    assert dev.ids[1] == "valid$_$0001"
    assert list(dev.columns) == ["M", "class"]
    assert dev.columns["M"].tolist() == [-1, -0.5, 0, 0.5, 1]
    assert dev.columns["class"].tolist() == [0, 0, 1, 2, 2]
    assert dev.speakers is None
    full = read_corpus(write_csv(tmp_path / "y.csv", label_rows(modalities=True)))
    assert list(full.splits["dev"].columns) == ["M", "T", "A", "V", "class"]
    assert full.splits["dev"].columns["V"].tolist() == [1, 0.5, 0, -0.5, -1]


def test_label_of_one_kind_has_no_columns(tmp_path: Path) -> None:
    rows = [{name: row[name] for name in ("video_id", "clip_id", "text", "label", "mode")} for row in label_rows()]
    corpus = read_corpus(write_csv(tmp_path / "x.csv", rows))
    assert (corpus.label, corpus.splits["train"].columns, corpus.label_classes) == ("", {}, {})
    assert corpus.splits["train"].labels is not None


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda rows: rows[1].update(mode="trian"), r"row 2: mode is 'trian'; did you mean 'train'\?"),
        (lambda rows: rows[1].update(label="x"), "row 2: M is 'x', not a number"),
        (lambda rows: rows[1].update(video_id="x" * 2000), "row 2: the id is str; it must be a short text"),
    ],
)
def test_damaged_label_csv(tmp_path: Path, edit: Callable[[Rows], object], message: str) -> None:
    rows = label_rows()
    edit(rows)
    with pytest.raises(DataError, match=message):
        read_corpus(write_csv(tmp_path / "x.csv", rows))


def test_some_items_may_lack_a_label_that_is_not_chosen(tmp_path: Path) -> None:
    rows = label_rows(modalities=True)
    rows[0]["label_T"] = ""
    columns = read_corpus(write_csv(tmp_path / "x.csv", rows)).splits["train"].columns
    assert np.isnan(columns["T"]).tolist() == [True] + [False] * 8


# ---- tables and text


def table(path: Path, columns: tuple[str, ...] = ("a", "b"), *, budget: int | None = None) -> list[dict[str, str]]:
    return [row.cells for row in read_table(Source(str(path), bytes_left=budget), path, columns).rows]


@pytest.mark.parametrize(
    "content",
    [
        b"a,b,c\n1,2,3\n4,5,6\n",
        b"\xef\xbb\xbfa,b\r\n1,2\r\n4,5",
        b"b\ta\n2\t1\n5\t4\n",
        b' a , b \n"1", 2 \n\n4,"5"\n',
        b"a,b,,\n1,2,,\n4,5,,\n",
    ],
    ids=str,
)
def test_tables_alike(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert column_names(tmp_path / "x") >= {"a", "b"}
    assert table(tmp_path / "x") == [{"a": "1", "b": "2"}, {"a": "4", "b": "5"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no column a, b; needed are a, b, found nothing"),
        (b"a,c\n1,2\n", "x: has no column b; needed are a, b, found 'a', 'c'"),
        (b"a,b,a\n1,2,3\n", "has several columns 'a'; keep one; found 'a', 'b', 'a'"),
        (b"a,b" + b"," * 1000 + b"\n", "has 1002 columns"),
        (b"a,b\n", "has no rows below its header"),
        (b"a,b\n1,2\n3\n", "row 2: has 1 cells for 2 columns"),
        (b"a,b\n1,2,3\n", "row 1: has 3 cells for 2 columns"),
        (b'a,b\n1,"2\n', "is not readable as a table: unexpected end of data"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "field larger than field limit"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_broken_tables(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DataError, match=message):
        table(tmp_path / "x")


def test_table_of_many_cells_is_within_the_budget(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a,b\n" + "x,\n" * 1000)
    with pytest.raises(DataError, match="far more memory"):
        table(tmp_path / "x", budget=100_000)


def test_file_that_is_not_utf8_is_latin1_and_says_so(tmp_path: Path) -> None:
    rows = meld_rows((40,))
    rows[-1]["Utterance"] = "étrange"
    path = write_csv(tmp_path / "x.csv", rows, encoding="latin1")
    corpus = read_corpus(path)
    assert corpus.splits["train"].main.words[-1] == ["étrange"]
    assert CP1252_NOTE in corpus.notes
    assert CP1252_NOTE not in read_corpus(write_csv(path, rows)).notes


def test_text_larger_than_the_limit_or_no_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read_text(tmp_path / "x", max_bytes=5) == ("12345", False)
    with pytest.raises(DataError, match="has more than 4 bytes"):
        read_text(tmp_path / "x", max_bytes=4)
    for nothing in (tmp_path, tmp_path / "y"):
        with pytest.raises(DataError, match=r"cannot be read: (Is a directory|No such file)"):
            read_text(nothing)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' * 100_000, "nested too deeply"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice in one object"),
        ("9" * 5000, "is not JSON: it has a number of 5000 digits"),
        ("{'a': 1}", "is not JSON: Expecting property name"),
        ("", "is not JSON"),
    ],
    ids=lambda value: value[:9],
)
def test_broken_json(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "x").write_text(content)
    with pytest.raises(DataError, match=message):
        read_json(tmp_path / "x")
    first_value(tmp_path / "x")


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ('{"a": {"b": 1}, "c": 2}', {"b": 1}),
        (' \n{ "a\\"" :\n[1, 2], ', [1, 2]),
        ("[ 7, 8", 7),
        ("{}", None),
        ("[]", None),
        ('"a"', None),
        ("", None),
        ('{"a": {"b', None),
        ("[" * 60_000, None),
    ],
    ids=lambda value: str(value)[:12],
)
def test_first_value(tmp_path: Path, content: str, value: object) -> None:
    (tmp_path / "x").write_text(content)
    assert first_value(tmp_path / "x") == value


def test_each_layout_knows_only_its_own(tmp_path: Path) -> None:
    write_mustard(tmp_path / "mustard", folds=0)
    files = {
        mustard: tmp_path / "mustard" / "sarcasm_data.json",
        mustard_plus: write_csv(tmp_path / "plus.csv", mustard_plus_rows()),
        meld: write_csv(tmp_path / "meld.csv", meld_rows()),
        label_csv: write_csv(tmp_path / "label.csv", label_rows()),
    }
    (tmp_path / "quote").write_bytes(b'"a"b,c\n')
    others = [tmp_path, tmp_path / "nowhere", tmp_path / "quote"]
    for reader in files:
        assert [known for known, file in files.items() if reader.sniff(file)] == [reader]
        assert not any(map(reader.sniff, others))
    folders = {mustard: tmp_path / "mustard", meld: write_meld(tmp_path / "folder")}
    for reader in folders:
        assert [known for known, folder in folders.items() if reader.sniff_folder(folder)] == [reader]
        assert not reader.sniff_folder(tmp_path / "nowhere")
        assert not reader.sniff_folder(tmp_path)
