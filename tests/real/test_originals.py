"""Real original distributions, where they are at hand: counts, and laws that any of them keeps."""

import os
from pathlib import Path

import numpy as np
import pytest

from mlcl.data.formats import read_corpus
from mlcl.data.formats.originals import csd
from mlcl.data.formats.texts import mustard
from reading import read_with

FOLDER = Path(os.environ.get("MLCL_DATA") or Path(__file__).parents[3] / "shared" / "data")


def real(name: str) -> Path:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is not here; set MLCL_DATA to the folder with the real files")
    return path


# name: layout, task, items, widths, label
KNOWN = {
    "mosi/CMU_MOSI_ModifiedTimestampedWords.csd": ("csd", "regression", {"train": 93}, {}, ""),
    "mustard": ("mustard", "classification", {"train": 690}, {}, ""),
    "mustard/mustard_plus_plus_text.csv": ("mustard++", "classification", {"train": 1202}, {}, "sarcasm"),
    "meld": ("meld", "classification", {"train": 9989, "dev": 1109, "test": 2610}, {}, "emotion"),
    "meld/test_sent_emo.csv": ("meld", "classification", {"train": 2610}, {}, "emotion"),
    "mmmo_youtube/mmmo": (
        "matrices", "regression", {"dev": 40, "test": 80}, {"acoustic": 74, "text": 300, "visual": 36}, "",
    ),
    "mmmo_youtube/youtube": (
        "matrices", "classification", {"dev": 36, "test": 60}, {"acoustic": 74, "text": 300, "visual": 36}, "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_counts_are_those_of_the_readme(name: str) -> None:
    layout, task, sizes, widths, label = KNOWN[name]
    corpus = read_corpus(real(name))
    assert (corpus.layout, corpus.task, corpus.widths(), corpus.label) == (layout, task, widths, label)
    assert {split: len(items) for split, items in corpus.splits.items()} == sizes
    for split in corpus.splits.values():
        assert len(set(split.ids)) == len(split.ids)
        for rows in split.main.rows.values():
            assert np.isfinite(rows.values).all()


def test_words_of_mosi_are_all_there() -> None:
    path = real("mosi/CMU_MOSI_ModifiedTimestampedWords.csd")
    kept = read_with(csd, path, pauses="keep").splits["train"].main.words
    dropped = read_with(csd, path).splits["train"].main.words
    assert sum(map(len, kept)) == 51_056
    assert [[word for word in words if word != "."] for words in kept] == dropped
    assert sum(map(len, dropped)) == 51_056 - 8287


def test_labels_of_the_text_sets_are_those_counted_by_hand() -> None:
    sarcastic = read_corpus(real("mustard")).splits["train"].labels
    assert sarcastic is not None
    assert sarcastic.sum() == 345
    plus = read_corpus(real("mustard/mustard_plus_plus_text.csv"))
    columns = plus.splits["train"].columns
    assert np.bincount(columns["sarcasm_type"].astype(int)).tolist() == [601, 333, 178, 87, 3]
    assert columns["sarcasm"].sum() == 601
    assert (columns["valence"].min(), columns["valence"].max()) == (1, 8)
    meld = read_corpus(real("meld"))
    counts = np.bincount(meld.splits["train"].columns["emotion"].astype(int))
    assert dict(zip(meld.label_classes["emotion"], counts.tolist(), strict=True)) == {
        "neutral": 4710, "surprise": 1205, "fear": 268, "sadness": 683, "joy": 1743, "disgust": 271, "anger": 1109,
    }  # fmt: skip
    assert np.bincount(meld.splits["test"].columns["sentiment"].astype(int)).tolist() == [833, 1256, 521]


def test_contexts_are_of_the_item() -> None:
    for name in ("mustard", "mustard/mustard_plus_plus_text.csv"):
        context = read_corpus(real(name)).splits["train"].context
        assert context is not None
        assert context.sentences is not None
        assert min(map(len, context.sentences)) >= (1 if name == "mustard" else 0)
    plus = read_corpus(real("mustard/mustard_plus_plus_text.csv")).splits["train"].context
    assert plus is not None
    assert plus.sentences is not None
    assert sum(map(len, plus.sentences)) == 4839


def test_folds_of_mustard_divide_it_in_five() -> None:
    folds = [read_with(mustard, real("mustard"), fold=fold).splits for fold in range(5)]
    sizes = [{name: len(split) for name, split in splits.items()} for splits in folds]
    assert sizes == [{"train": 414, "dev": 138, "test": 138}] * 5
    assert len({key for splits in folds for key in splits["test"].ids}) == 690


def test_steps_of_the_matrices_are_cut_to_the_real_ones() -> None:
    rows = read_corpus(real("mmmo_youtube/mmmo")).splits["dev"].main.rows
    assert rows["text"].lengths.tolist() == rows["acoustic"].lengths.tolist() == rows["visual"].lengths.tolist()
    assert rows["text"].lengths.max() == 20
    assert rows["text"].lengths.min() == 11
