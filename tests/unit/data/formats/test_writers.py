"""Reading what was written gives the same corpus; what a layout cannot hold is refused, and nothing is written."""

import csv
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpora import ANY_TEXT, corpora, plain
from label_corpora import labelled
from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.formats import LAYOUTS, read_corpus
from mlcl.data.formats.items import hkt, mag
from mlcl.data.formats.own import folder
from mlcl.data.half import halved
from mlcl.errors import DataError
from plain_corpora import make_corpus

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FORMULAS = st.sampled_from(["=1+1", "@SUM(A1)", "+1+1", "'=quoted", "plain", "it's"])
WRITE = {layout.name: layout.write for layout in LAYOUTS if layout.write}


def there_and_back(corpus: Corpus, write: Callable[[Corpus, Path], None]) -> Corpus:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "written"
        write(corpus, path)
        assert [entry.name for entry in Path(place).iterdir()] == ["written"]
        return read_corpus(path)


def has_rows(corpus: Corpus) -> bool:
    return all(any(map(len, split.main.words)) for split in corpus.splits.values())


@given(corpora(words=st.lists(ANY_TEXT, max_size=4)).filter(has_rows))
@FEW
def test_mag_keeps_any_words(corpus: Corpus) -> None:
    back = there_and_back(corpus, mag.write)
    assert (plain(back), back.layout) == (plain(corpus), "mag")


@given(corpora(("acoustic", "visual", "hcf"), context=True, sentences=True).filter(has_rows))
@FEW
def test_hkt_keeps_sentences_and_context(corpus: Corpus) -> None:
    assert plain(there_and_back(corpus, hkt.write)) == plain(corpus)


@given(corpora(("acoustic", "text"), words=st.lists(ANY_TEXT, max_size=4), rich=True))
@FEW
def test_folder_keeps_everything(corpus: Corpus) -> None:
    back = there_and_back(corpus, folder.write)
    assert (plain(back), back.layout) == (plain(corpus), "folder")


@given(st.lists(st.lists(FORMULAS, min_size=1, max_size=3), min_size=3, max_size=3))
@FEW
def test_no_spreadsheet_computes_a_cell_of_a_written_table(words: list[list[str]]) -> None:
    """And who reads it with us gets the words as they were; negative control: a table without formulas has no mark."""
    corpus = make_corpus({"train": 3})
    split = replace(corpus.splits["train"], main=Segment(words, {}))
    corpus = replace(corpus, splits={"train": split})
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "written"
        folder.write(corpus, path)
        with (path / "data.csv").open(encoding="utf-8", newline="") as stream:
            cells = [cell for row in csv.DictReader(stream) for name, cell in row.items() if name != "label"]
        assert [cell for cell in cells if cell[:1] in tuple("=+@-\t\r\n")] == []
        computed = any(first.startswith(("=", "+", "@", "'=")) for first, *_ in words)
        assert ("guarded: true" in (path / "data.yaml").read_text(encoding="utf-8")) == computed
        assert read_corpus(path).splits["train"].main.words == words


@given(corpora(("acoustic", "visual", "hcf"), context=True, sentences=True, rich=True))
@FEW
def test_folder_keeps_sentences_and_context(corpus: Corpus) -> None:
    assert plain(there_and_back(corpus, folder.write)) == plain(corpus)


@given(corpora(context=True, aligned=False))
@FEW
def test_folder_keeps_rows_on_their_own_clock(corpus: Corpus) -> None:
    assert plain(there_and_back(corpus, folder.write)) == plain(corpus)


@pytest.mark.parametrize("aligned", [True, False])
def test_folder_keeps_rows_that_belong_to_vectors_where_there_are_no_words(aligned: bool) -> None:
    parts = [np.full((count, 2), count, np.float32) for count in (2, 3)]
    rows = {name: Ragged.stack(parts, width=2) for name in ("text", "acoustic")}
    split = Split(["a", "b"], Segment([[], []], rows), labels=np.array([0.5, -1]))
    corpus = Corpus({"dev": split}, "synthetic", "regression", word_aligned=aligned)
    assert plain(there_and_back(corpus, folder.write)) == plain(corpus)


def test_mag_does_not_hold_classes_that_are_more_than_two(tmp_path: Path) -> None:
    corpus = replace(small(), task="classification")
    with pytest.raises(DataError, match="that its labels are those of a classification would be lost"):
        mag.write(corpus, tmp_path / "out")


def test_classes_of_each_label_are_names_in_the_table(tmp_path: Path) -> None:
    corpus = labelled(make_corpus())
    folder.write(corpus, tmp_path / "out")
    assert plain(read_corpus(tmp_path / "out")) == plain(corpus)
    lines = (tmp_path / "out" / "data.csv").read_text(encoding="utf-8").splitlines()
    moods = [dict(zip(lines[0].split(","), line.split(","), strict=True))["label_mood"] for line in lines[1:4]]
    assert moods == ["sad", "calm", "glad"]
    facts = (tmp_path / "out" / "data.yaml").read_text(encoding="utf-8")
    (tmp_path / "out" / "data.yaml").write_text(facts.replace("mood:", "mod:"), encoding="utf-8")
    with pytest.raises(DataError, match="label_classes names 'mod', no label; did you mean 'mood'"):
        read_corpus(tmp_path / "out")


def small(**changes: Any) -> Corpus:
    rows = {name: Ragged.stack([np.full((2, 3), 1.5, np.float32)], width=3) for name in ("acoustic", "visual")}
    split = Split(["a"], Segment([["so", "good"]], rows), labels=np.array([0.5]))
    whole = {key: changes.pop(key) for key in list(changes) if key in ("classes", "word_aligned", "label")}
    return Corpus({"train": replace(split, **changes)}, "synthetic", "regression", path="x.pkl", **whole)


LOST: dict[str, tuple[str, Corpus, str]] = {
    "context": ("mag", small(context=small().splits["train"].main), "context would be lost; write it --to hkt"),
    "clock": ("mag", small(word_aligned=False), "rows on their own clock would be lost"),
    "speakers": ("mag", small(speakers=["s"]), "the speakers would be lost"),
    "labels": ("mag", small(columns={"M": np.ones(1), "T": np.ones(1)}), "one label; choose --label M, T"),
    "classes": ("mag", small(classes=("no", "yes")), "the names of its classes would be lost"),
    "kinds": ("mag", small(main=Segment([["so"]])), "needs acoustic, visual rows, and nothing else, but here are no"),
    "nothing": ("mag", Corpus({}, "synthetic", "regression"), "a split without items"),
    "hcf": ("hkt", small(), "needs acoustic, hcf, visual rows, and nothing else, but here are acoustic, visual"),
    "split": ("folder", Corpus({"fold": small().splits["train"]}, "x", "regression"), "there is no split 'fold'"),
    "empty": ("folder", Corpus({}, "synthetic", "regression"), "a split without items"),
    "chosen": ("folder", small(columns={"M": np.ones(1)}, label="M"), "its labels are not those named 'M'"),
    "class": ("folder", small(classes=("no", "yes")), "a label that is none of its 2 classes"),
    "blank": ("folder", small(columns={" M": np.ones(1)}), "name of a label is empty or has white space"),
    "kind": (
        "folder",
        small(main=Segment([["so"]], {"smell": Ragged.stack([np.ones((1, 1))], width=1)})),
        "smell rows have no column",
    ),
}


@pytest.mark.parametrize("case", LOST)
def test_what_would_be_lost_is_refused_and_nothing_is_written(case: str, tmp_path: Path) -> None:
    layout, corpus, message = LOST[case]
    with pytest.raises(DataError, match=message) as caught:
        WRITE[layout](corpus, tmp_path / "out")
    assert caught.value.path == str(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_folder_refuses_splits_that_differ(tmp_path: Path) -> None:
    corpus = small()
    bare = replace(corpus.splits["train"], main=Segment([["so"]]))
    with pytest.raises(DataError, match="its splits differ in kinds of rows"):
        folder.write(corpus.with_splits({**corpus.splits, "dev": bare}), tmp_path / "out")


def hkt_corpus(words: list[str], **changes: Any) -> Corpus:
    rows = {name: Ragged.stack([np.ones((len(words), 2))], width=2) for name in ("acoustic", "visual", "hcf")}
    segment = Segment([words], rows, **changes)
    return small(main=segment, context=segment)


def test_hkt_refuses_what_it_would_split_otherwise(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no context; write it --to mag"):
        hkt.write(small(main=hkt_corpus(["a"]).splits["train"].main), tmp_path / "out")
    with pytest.raises(DataError, match="a word holds white space"):
        hkt.write(hkt_corpus(["a b"]), tmp_path / "out")
    with pytest.raises(DataError, match="a punchline is one sentence"):
        hkt.write(hkt_corpus(["a", "b"], sentences=[["a", "b"]]), tmp_path / "out")
    hkt.write(hkt_corpus(["a", "b"]), tmp_path / "out")
    assert read_corpus(tmp_path / "out").splits["train"].main.words == [["a", "b"]]


def test_hkt_refuses_widths_of_which_its_reader_takes_some(tmp_path: Path) -> None:
    rows = {
        name: Ragged.stack([np.ones((1, n))], width=n) for name, n in {"acoustic": 81, "visual": 91, "hcf": 4}.items()
    }
    segment = Segment([["a"]], rows)
    with pytest.raises(DataError, match=r"choose these with --columns hkt"):
        hkt.write(small(main=segment, context=segment), tmp_path / "out")


@pytest.mark.parametrize("layout", ["mag", "folder"])
def test_nothing_is_overwritten(layout: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        WRITE[layout](small(), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("layout", ["mag", "folder"])
def test_an_error_halfway_leaves_nothing(layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pickle.dump", full)
    monkeypatch.setattr("numpy.save", full)
    with pytest.raises(OSError, match="No space"):
        WRITE[layout](small(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_half_keeps_three_digits_and_the_folder_keeps_half(tmp_path: Path) -> None:
    corpus = small()
    third = replace(corpus.splits["train"].main.rows["visual"], values=np.full((2, 3), 1 / 3, np.float32))
    main = Segment([["so", "good"]], {"visual": third, "acoustic": third})
    corpus = corpus.with_splits({"train": replace(corpus.splits["train"], main=main, context=main)})
    folder.write(halved(corpus), tmp_path / "out")
    found = read_corpus(tmp_path / "out").splits["train"].main.rows["visual"]
    assert found.values.dtype == np.float16
    np.testing.assert_allclose(found.values.astype(np.float64), 1 / 3, rtol=2**-11)
    assert (tmp_path / "out" / "visual.npy").stat().st_size == 128 + 2 * 3 * 2
    huge = Segment([["so", "good"]], {"visual": replace(third, values=np.full((2, 3), 7e4, np.float32))})
    with pytest.raises(DataError, match="visual rows reach 70000, float16 only 65504"):
        halved(small(main=huge))
