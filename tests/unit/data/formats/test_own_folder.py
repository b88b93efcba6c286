"""Our own folder as a person writes it by hand: what comes out, what is derived, and what is refused with its place."""

import csv
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlcl.data.formats import read_corpus
from mlcl.data.formats.own import folder
from mlcl.errors import DataError

HEAD = ["id", "split", "text", "label", "acoustic", "visual"]
LINES = [
    ["v_1", "train", "so good", "2.5", "a/0.npy", "v.npz#first"],
    ["v_2", "train", "well, well", "-1", "a/1.npy", ""],
    ["w_1", "dev", "no", "0", "a/2.npy", "v.npz#third"],
]
WORDS = [2, 2, 1]


def table(place: Path, head: list[str] = HEAD, lines: list[list[str]] = LINES) -> None:
    with (place / "data.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *lines])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with three items."""
    made = tmp_path / "own"
    (made / "a").mkdir(parents=True)
    table(made)
    for number, words in enumerate(WORDS):
        np.save(made / f"a/{number}.npy", np.full((words, 3), number + 0.5))
    np.savez(made / "v.npz", first=np.ones((2, 2)), third=np.full((1, 2), 3))
    return made


def facts(place: Path, text: str) -> None:
    (place / "data.yaml").write_text(text, encoding="utf-8")


def column(place: Path, name: str, values: list[str]) -> None:
    """Add a column, or replace it."""
    head = [*HEAD, name] if name not in HEAD else HEAD
    lines = [
        [*line[: head.index(name)], value, *line[head.index(name) + 1 :]]
        for line, value in zip(LINES, values, strict=True)
    ]
    table(place, head, lines)


def test_a_table_and_one_file_per_item_are_enough(place: Path) -> None:
    corpus = read_corpus(place)
    assert (corpus.layout, corpus.task, corpus.word_aligned, corpus.path) == ("folder", "regression", True, str(place))
    train, dev = corpus.splits.values()
    assert (train.ids, dev.ids) == (["v_1", "v_2"], ["w_1"])
    assert train.main.words == [["so", "good"], ["well,", "well"]]
    assert train.labels is not None
    assert train.labels.tolist() == [2.5, -1]
    assert [train.main.rows["acoustic"][item].tolist() for item in (0, 1)] == [[[0.5] * 3] * 2, [[1.5] * 3] * 2]
    assert train.main.rows["visual"][0].tolist() == [[1, 1]] * 2
    assert train.main.rows["visual"][1].tolist() == [[0, 0]] * 2  # word-aligned: a row per word, of zeros
    assert dev.main.rows["visual"][0].tolist() == [[3, 3]]
    assert {rows.values.dtype for split in corpus.splits.values() for rows in split.main.rows.values()} == {
        np.dtype(np.float32)
    }


def test_parquet_with_lists_is_the_same_as_csv_with_json(place: Path) -> None:
    before = read_corpus(place)
    frame = pd.DataFrame(LINES, columns=HEAD)
    frame["label"] = frame["label"].astype(float)
    frame["words"] = [text.split() for text in frame.pop("text")]
    (place / "data.csv").unlink()
    frame.to_parquet(place / "data.parquet")
    after = read_corpus(place)
    for name, split in before.splits.items():
        assert after.splits[name].main.words == split.main.words
        np.testing.assert_array_equal(after.splits[name].labels, split.labels)  # type: ignore[arg-type]


def test_order_of_items_may_mix_splits(place: Path) -> None:
    table(place, HEAD, [LINES[0], LINES[2], LINES[1]])
    corpus = read_corpus(place)
    assert corpus.splits["train"].ids == ["v_1", "v_2"]
    assert corpus.splits["train"].main.rows["acoustic"][1].tolist() == [[1.5] * 3] * 2


def test_one_vector_per_item_is_one_row_on_its_own_clock(place: Path) -> None:
    for number in range(3):
        np.save(place / f"a/{number}.npy", np.arange(4))
    table(place, HEAD[:5], [[*line[:2], f"{line[2]} indeed yes", *line[3:5]] for line in LINES])
    corpus = read_corpus(place)
    assert not corpus.word_aligned
    assert corpus.splits["dev"].main.rows["acoustic"][0].tolist() == [[0, 1, 2, 3]]


def test_array_of_an_archive_is_found_by_key_by_column_or_alone(place: Path) -> None:
    np.savez_compressed(place / "two.npz", visual=np.full((2, 2), 7), other=np.ones((2, 2)))
    np.savez(place / "one.npz", anything=np.full((2, 2), 8))
    column(place, "visual", ["two.npz", "one.npz", "v.npz#third"])
    rows = read_corpus(place).splits["train"].main.rows["visual"]
    assert (rows[0][0, 0], rows[1][0, 0]) == (7, 8)


def test_without_a_column_split_all_is_train(place: Path) -> None:
    table(place, [HEAD[0], *HEAD[2:]], [[line[0], *line[2:]] for line in LINES])
    corpus = read_corpus(place)
    assert list(corpus.splits) == ["train"]
    assert "divide them with mlcl data split" in corpus.notes[0]


def test_names_of_classes_are_derived_and_declared(place: Path) -> None:
    column(place, "label", ["sad", "happy", "sad"])
    corpus = read_corpus(place)
    assert (corpus.task, corpus.classes) == ("classification", ("happy", "sad"))
    assert [split.labels.tolist() for split in corpus.splits.values() if split.labels is not None] == [[1, 0], [1]]
    facts(place, "classes: [sad, angry, happy]")
    corpus = read_corpus(place)
    assert corpus.classes == ("sad", "angry", "happy")
    assert [split.labels.tolist() for split in corpus.splits.values() if split.labels is not None] == [[0, 2], [0]]


def test_one_of_several_labels_is_chosen(place: Path) -> None:
    head = [*HEAD[:3], "label_mood", "label_arousal", *HEAD[4:]]
    table(place, head, [[*line[:4], "" if number else "3", *line[4:]] for number, line in enumerate(LINES)])
    corpus = read_corpus(place)
    assert corpus.label == "mood"
    assert {name: values.tolist() for name, values in corpus.splits["dev"].columns.items()}["mood"] == [0]
    facts(place, "label: arousal\nlabel_range: [1, 5]")
    corpus = read_corpus(place)
    assert (corpus.label, corpus.label_range) == ("arousal", (1, 5))
    labels = corpus.splits["train"].labels
    assert labels is not None
    np.testing.assert_array_equal(labels, [3, np.nan])
    assert corpus.splits["dev"].labels is None


def test_a_cell_without_a_label_is_a_missing_label(place: Path) -> None:
    column(place, "label", ["1", "", "2"])
    corpus = read_corpus(place)
    labels = corpus.splits["train"].labels
    assert labels is not None
    np.testing.assert_array_equal(labels, [1, np.nan])
    assert corpus.task == "regression"
    column(place, "label", ["1", "", "0"])
    assert read_corpus(place).task == "classification"


def test_columns_of_one_s_own_are_left_out(place: Path) -> None:
    column(place, "_seconds", ["1", "2", "3"])
    assert read_corpus(place).widths() == {"acoustic": 3, "visual": 2}


def test_values_that_are_no_numbers_become_zero(place: Path) -> None:
    np.save(place / "a/0.npy", np.array([[np.nan, 1, 2], [-np.inf, 3, 1e300]]))
    corpus = read_corpus(place)
    assert corpus.splits["train"].main.rows["acoustic"][0].tolist() == [[0, 1, 2], [0, 3, 0]]
    assert sum(corpus.repaired.values()) == 2


def test_speakers_and_context(place: Path) -> None:
    head, lines = [*HEAD, "speaker", "context"], [[*line, "Ann", "before that"] for line in LINES]
    table(place, head, lines)
    corpus = read_corpus(place)
    context = corpus.splits["dev"].context
    assert context is not None
    assert (context.words, context.rows) == ([["before", "that"]], {})
    assert corpus.splits["dev"].speakers == ["Ann"]


# ---- one array for all items


def whole(place: Path, values: Any, ends: Any = (0, 2, 4, 5)) -> None:
    table(place, HEAD[:4], [line[:4] for line in LINES])
    np.save(place / "acoustic.npy", values)
    np.save(place / "acoustic.offsets.npy", np.array(ends))


def test_one_array_is_mapped_and_not_copied(place: Path) -> None:
    values = np.arange(10, dtype=np.float32).reshape(5, 2)
    whole(place, values)
    rows = read_corpus(place).splits["train"].main.rows["acoustic"]
    np.testing.assert_array_equal(rows.values, values[:4])
    base: Any = rows.values
    while not isinstance(base, np.memmap) and base is not None:
        base = base.base
    assert isinstance(base, np.memmap)
    assert type(rows.values) is np.ndarray  # a memmap would pickle as one


@pytest.mark.parametrize("dtype", [np.float64, np.int16])
def test_one_array_of_other_numbers_becomes_float32(place: Path, dtype: type) -> None:
    whole(place, np.arange(10).reshape(5, 2).astype(dtype))
    rows = read_corpus(place).splits["dev"].main.rows["acoustic"]
    assert (rows.values.dtype, rows.values.tolist()) == (np.float32, [[8, 9]])


def test_repair_of_a_mapped_array_leaves_the_file(place: Path) -> None:
    whole(place, np.array([[np.inf], [1], [2], [3], [4]], np.float32))
    before = (place / "acoustic.npy").read_bytes()
    corpus = read_corpus(place)
    assert corpus.splits["train"].main.rows["acoustic"].values.tolist() == [[0], [1], [2], [3]]
    assert sum(corpus.repaired.values()) == 1
    assert (place / "acoustic.npy").read_bytes() == before


# ---- what is refused


def shape(place: Path, declared: str) -> None:
    content = (place / "a/1.npy").read_bytes()
    (place / "a/1.npy").write_bytes(content.replace(b"(2, 3)", declared.encode()))


def bomb(place: Path) -> None:
    """An archive that unpacks to more than its items may take."""
    archive = zipfile.ZipFile(place / "v.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open("first.npy", "w") as out:
        np.lib.format.write_array_header_1_0(out, {"descr": "|u1", "fortran_order": False, "shape": (2**28, 2)})
        for _ in range(5):
            out.write(bytes(2**26))


def link_out(place: Path) -> None:
    np.save(place.parent / "outside.npy", np.ones((2, 3)))
    (place / "a/1.npy").unlink()
    (place / "a/1.npy").symlink_to(place.parent / "outside.npy")


def pipe(place: Path) -> None:
    (place / "a/1.npy").unlink()
    os.mkfifo(place / "a/1.npy")


def write(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda place: (place / name).write_bytes(content)


def cells(name: str, *values: str) -> Callable[[Path], None]:
    return lambda place: column(place, name, list(values))


def head(*names: str) -> Callable[[Path], None]:
    return lambda place: table(place, list(names))


OK = ["a/0.npy", "a/1.npy", "a/2.npy"]
WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    # paths
    "absolute": (
        cells("acoustic", OK[0], "/etc/passwd.npy", OK[2]),
        r"row 3: acoustic: names '/etc.*outside of the folder",
    ),
    "above": (cells("acoustic", OK[0], "../own/a/1.npy", OK[2]), "row 3: acoustic: names .*outside of the folder"),
    "backslash": (cells("acoustic", OK[0], "a\\1.npy", OK[2]), "row 3: .*separate folders by /"),
    "link": (link_out, "row 3: .*a link to outside of the folder"),
    "missing": (cells("acoustic", OK[0], "a/7.npy", OK[2]), "row 3: .*'a/7.npy', which does not exist"),
    "a folder": (lambda p: (p / "x.npy").mkdir() or cells("acoustic", OK[0], "x.npy", OK[2])(p), "which is no file"),
    "a pipe": (pipe, "row 3: .*which is no file"),
    "null": (cells("acoustic", OK[0], "a\0.npy", OK[2]), "row 3: .*does not exist"),
    "suffix": (
        cells("acoustic", OK[0], "a/1.txt", OK[2]),
        "row 3: acoustic names 'a/1.txt'; it must end in .npy or .npz",
    ),
    # arrays
    "objects": (lambda p: np.save(p / "a/1.npy", np.array([{}] * 2)), "row 3: .*holds object, not numbers"),
    "text": (lambda p: np.save(p / "a/1.npy", np.array([["x"]])), "row 3: .*holds <U1, not numbers"),
    "declared more": (lambda p: shape(p, "(9, 3)"), r"has 48 bytes for an array \(9, 3\) of float64, which takes 216"),
    "declared less": (lambda p: shape(p, "(1, 3)"), r"has 48 bytes for an array \(1, 3\)"),
    "negative": (lambda p: shape(p, "(-1,3)"), r"has the shape \(-1, 3\)"),
    "no array": (write("a/1.npy", b"nothing"), "row 3: .*'a/1.npy' cannot be read as numpy data"),
    "width": (lambda p: np.save(p / "a/1.npy", np.ones((2, 4))), "acoustic rows have 4 columns, those before have 3"),
    "axes": (lambda p: np.save(p / "a/1.npy", np.ones((2, 3, 1))), r"acoustic rows have shape \(2, 3, 1\)"),
    "version": (write("a/1.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\x7f"), r"has version \(2, 0\)"),
    "no zip": (write("v.npz", b"PK nothing"), "row 2: visual: .*cannot be read as numpy data"),
    "no key": (cells("visual", "v.npz#fourth", "", ""), "row 2: .*v.npz has no array 'fourth', but first, third"),
    "bomb": (bomb, "take far more memory than the file"),
    # the table
    "no id": (lambda p: (head("name", "text")(p), write("data.parquet", b"")(p)), "keep one of"),
    "unknown": (head("id", "split", "txt", *HEAD[3:]), "has a column 'txt'; did you mean 'text'"),
    "twice": (head("id", "split", "text", "label", "label", "visual"), "has several columns 'label'"),
    "cells": (lambda p: table(p, HEAD, [*LINES, ["x", "train"]]), "row 5: has 2 cells for 6 columns"),
    "semicolons": (write("data.csv", b"id;split;text\n"), "without a column 'id' between commas"),
    "encoding": (write("data.csv", b"id,text\na,\xff\n"), "is not UTF-8"),
    "long": (write("data.csv", b"id,text\na," + b"x" * 200_000), "field larger than field limit"),
    "empty": (write("data.csv", b"id,text\n"), "has no rows below its header"),
    "split": (cells("split", "train", "tset", "dev"), "row 3: split is 'tset'; did you mean 'test'"),
    "label": (cells("label", "1", "1,5", "2"), "row 3: label is '1,5', not a number"),
    "infinite": (cells("label", "1", "inf", "2"), "row 3: the label is inf"),
    "two texts": (cells("words", "[]", "[]", "[]"), "has columns 'text' and 'words'; keep one"),
    "two labels": (cells("label_x", "1", "1", "1"), "has columns 'label' and 'label_x'"),
    "counts": (cells("text", "so good", "well", "no"), "row 3: has 1 words and 2 acoustic rows, though 4 of 5"),
    "parquet": (
        lambda p: ((p / "data.csv").unlink(), write("data.parquet", b"PAR1 no")(p)),
        "cannot be read as parquet",
    ),
    "quotes": (write("data.csv", b'id,text\na,"b"c\n'), "is not readable as a table"),
    "no text": (
        lambda p: (pd.DataFrame({"id": [1], "text": [2]}).to_parquet(p / "data.parquet"), (p / "data.csv").unlink()),
        "data.parquet item 0: text is int, not text",
    ),
    # data.yaml
    "yaml": (lambda p: facts(p, "task: ["), "data.yaml: is not YAML"),
    "yaml list": (lambda p: facts(p, "- task"), "holds list, not lines of"),
    "yaml key": (lambda p: facts(p, "tsak: regression"), "unknown key 'tsak'; did you mean 'task'"),
    "yaml value": (lambda p: facts(p, "task: regresion"), "task: Input should be"),
    "yaml range": (lambda p: facts(p, "label_range: [3, -3]"), "the first must be less"),
    "yaml classes": (lambda p: facts(p, "classes: [a, a]"), "a name occurs twice"),
    "yaml long": (lambda p: facts(p, "# " + "x" * 140_000), "has more than 131072 bytes"),
    "no such label": (lambda p: facts(p, "label: mood"), "has no label 'mood'"),
    "no class": (lambda p: facts(p, "task: classification"), "row 2: label is 2.5; classes are 0 to 999"),
    "not aligned": (
        lambda p: (facts(p, "word_aligned: true"), np.save(p / "a/1.npy", np.ones((1, 3)))),
        "has 2 words and 1 acoustic rows",
    ),
    "speechless": (
        lambda p: column(p, "text", ["so good", "well well", ""]),
        "row 4: has 0 words and 1 acoustic rows, though . of . items .* have one row per word",
    ),
    # one array for all
    "both": (lambda p: np.save(p / "acoustic.npy", np.ones((5, 3))), "has acoustic.npy and a column 'acoustic'"),
    "no offsets": (
        lambda p: (whole(p, np.ones((5, 3))), (p / "acoustic.offsets.npy").unlink()),
        "'acoustic.offsets.npy', which does not exist",
    ),
    "offsets of others": (lambda p: whole(p, np.ones((5, 3)), [0, 5]), "not 4 whole numbers"),
    "offsets fall": (lambda p: whole(p, np.ones((5, 3)), [0, 4, 2, 5]), "does not rise from 0 to the 5 rows"),
    "offsets short": (lambda p: whole(p, np.ones((5, 3)), [0, 1, 2, 4]), "does not rise from 0 to the 5 rows"),
    "one axis": (lambda p: whole(p, np.ones(5)), r"has the shape \(5,\), not \(rows, columns\)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_with_its_place(case: str, place: Path) -> None:
    edit, message = WRONG[case]
    edit(place)
    with pytest.raises(DataError, match=message) as caught:
        read_corpus(place)
    assert str(place) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_mostly_equal_counts_may_be_stated_to_mean_nothing(place: Path) -> None:
    column(place, "text", ["so good", "well", "no"])
    facts(place, "word_aligned: false")
    corpus = read_corpus(place)
    assert not corpus.word_aligned
    assert len(corpus.splits["train"].main.rows["visual"][1]) == 0


def test_links_inside_the_folder_are_followed(place: Path) -> None:
    (place / "b").symlink_to(place / "a")
    column(place, "acoustic", ["b/0.npy", "b/1.npy", "b/2.npy"])
    assert read_corpus(place).widths()["acoustic"] == 3


def test_items_that_share_one_large_file_are_stopped(place: Path) -> None:
    np.save(place / "a/0.npy", np.zeros((2**18, 3), np.float32))
    lines = [[f"i{number}", "train", "so", "1", "a/0.npy", ""] for number in range(200)]
    table(place, HEAD, lines)
    with pytest.raises(DataError, match="they share their data"):
        read_corpus(place)


def test_sniff_goes_by_the_columns(place: Path, tmp_path: Path) -> None:
    assert folder.sniff(place)
    table(place, ["name", "text"], [])
    assert not folder.sniff(place)
    assert not folder.sniff(tmp_path)


def test_json_cells_must_be_lists(place: Path) -> None:
    for cell in ("so good", json.dumps({"a": 1}), "[" * 100_000):
        table(place, ["id", "words"], [["a", cell]])
        with pytest.raises(DataError, match=r"row 2: words is not a JSON list of texts"):
            read_corpus(place)


@pytest.mark.parametrize("name", ["acoustic.npy", "data.yaml"])
def test_a_link_that_leads_nowhere_is_not_absent(place: Path, name: str) -> None:
    """What it stands for is lost: the item would silently be without its rows."""
    table(place, HEAD[:4], [line[:4] for line in LINES])
    read_corpus(place)
    (place / name).symlink_to("/nowhere/at/all")
    with pytest.raises(DataError, match=name):
        read_corpus(place)
