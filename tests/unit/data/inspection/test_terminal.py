"""What the account of a file looks like in the terminal."""

from dataclasses import replace

import numpy as np
from rich.console import Console

from mlcl.data.corpus import Corpus, Ragged, Segment
from mlcl.data.inspection import inspect_corpus
from mlcl.data.inspection.terminal import inspection_lines
from plain_corpora import make_corpus, make_split


def shown(corpus: Corpus) -> list[str]:
    console = Console(width=160, markup=False, highlight=False, record=True, quiet=False)
    with console.capture() as capture:
        for part in inspection_lines(inspect_corpus(corpus)):
            console.print(part)
    return [" ".join(line.replace("│", "|").split()) for line in capture.get().splitlines()]


def test_labels_ranges_classes_notes_and_identity_are_shown() -> None:
    digest = "d3994fd25681f9c7ad6e9c6596a6fe9b4beb85ff7d478ba978b124139002e5f9"
    lines = shown(make_corpus(label="M", label_range=(-3.0, 3.0), notes=("Text is vectors.",), sha256=digest))
    assert "layout mag; regression of 'M' in [-3, 3]; rows belong to words" in lines
    assert "It is MMSA's aligned_50.pkl of CMU-MOSI: its SHA-256 is the published one." in lines
    assert "Text is vectors." in lines
    assert "nothing" in lines
    assert "| M | -2 to 2, mean 0 | -2: 1, 0: 1, 2: 1 | -2: 1, 0: 1, 2: 1 |" in lines
    classes = make_corpus(task="classification", classes=("sad", "glad"), label="M")
    assert "layout mag; classification of 'M', classes sad, glad; rows belong to words" in shown(classes)


def test_missing_labels_texts_rows_and_contexts_are_shown() -> None:
    train, dev, test = (make_split(name, 2) for name in ("train", "dev", "test"))
    rows = {"acoustic": Ragged.stack([np.ones((4, 3)), np.zeros((8, 3))], width=3)}
    train = replace(train, main=Segment([[], ["a"]], rows), context=Segment([["b"], []], {}), speakers=["ann", "bob"])
    dev = replace(dev, main=Segment([["a"], ["b"]], rows), labels=None, columns={"M": np.full(2, np.nan)})
    test = replace(test, main=Segment([["c"], ["d"]], rows))
    corpus = Corpus(
        {"train": train, "dev": dev, "test": test}, "own", "regression", word_aligned=False, path="x", label="M"
    )
    lines = shown(corpus)
    assert "layout own; regression of 'M'; rows on their own clock" in lines
    assert "| items without words | 1 | 0 | 0 |" in lines
    assert "| acoustic, 3 columns | " + " | ".join(3 * ["4 / 6 / 8 rows; 1 without"]) + " |" in lines
    assert "| context words | 0 / 0.5 / 1 | | |" in lines
    assert "| context acoustic, 3 columns | none | none | none |" in lines
    assert "| M | -2: 1, 2: 1 | none | -2: 1, 2: 1 |" in lines
    assert "| speakers | 2 | | |" in lines


def test_rows_without_words_have_lengths_and_files_without_rows_no_clock() -> None:
    rows = {"text": Ragged.stack([np.ones((4, 3)), np.ones((2, 3))], width=3)}
    vectors = replace(make_split("train", 2), main=Segment([[], []], rows))
    assert "| text, 3 columns | 2 / 3 / 4 rows |" in shown(Corpus({"train": vectors}, "mult", "regression"))
    bare = replace(make_split("train", 2), main=Segment([["a"], ["b"]]))
    assert "layout meld; regression" in shown(Corpus({"train": bare}, "meld", "regression"))
