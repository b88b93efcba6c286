"""Real files, where they are at hand: the counts of their README, and what must be true of any corpus."""

import os
from pathlib import Path

import numpy as np
import pytest

from mlcl.data.corpus import Corpus
from mlcl.data.formats import read_corpus
from mlcl.errors import DataError

FOLDER = Path(os.environ.get("MLCL_DATA") or Path(__file__).parents[3] / "shared" / "data")


def real(name: str) -> Path:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"{path} is not here; set MLCL_DATA to the folder with the real files")
    return path


# file: layout, task, sizes, widths, items with positive label
KNOWN = {
    "mosi/mosi_text_audio.pkl": ("mag", "regression", (1284, 229, 686), {"acoustic": 73, "visual": 1}),
    "mosi/mosi_three_modalities.pkl": ("mag", "regression", (1182, 265, 752), {"acoustic": 73, "visual": 100}),
    "sarcasm_humor/sarcasm130_hkt.pkl": (
        "hkt",
        "classification",
        (91, 18, 21),
        {"acoustic": 25, "visual": 36, "hcf": 4},
    ),
    "sarcasm_humor/humor30_hkt.pkl": ("hkt", "classification", (22, 4, 6), {"acoustic": 25, "visual": 36, "hcf": 4}),
}
POSITIVE = {"sarcasm_humor/sarcasm130_hkt.pkl": 78, "sarcasm_humor/humor30_hkt.pkl": 22}


def labels(corpus: Corpus) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    parts = [split.labels for split in corpus.splits.values()]
    return np.concatenate([part for part in parts if part is not None])


@pytest.mark.parametrize("name", KNOWN)
def test_counts_are_those_of_the_readme(name: str) -> None:
    layout, task, sizes, widths = KNOWN[name]
    corpus = read_corpus(real(name))
    assert (corpus.layout, corpus.task, corpus.widths()) == (layout, task, widths)
    assert {split: len(items) for split, items in corpus.splits.items()} == dict(
        zip(("train", "dev", "test"), sizes, strict=True)
    )
    assert corpus.has_context == (layout == "hkt")
    found = labels(corpus)
    assert len(found) == sum(sizes)
    if task == "regression":
        assert np.abs(found).max() == 3
    else:
        assert int(found.sum()) == POSITIVE[name]


@pytest.mark.parametrize("name", KNOWN)
def test_rows_belong_to_words_and_ids_are_distinct(name: str) -> None:
    corpus = read_corpus(real(name))
    for split in corpus.splits.values():
        for segment in (split.main, *([split.context] if split.context else [])):
            for rows in segment.rows.values():
                assert rows.lengths.tolist() == [len(words) for words in segment.words]
                assert np.isfinite(rows.values).all()
    ids = [identifier for split in corpus.splits.values() for identifier in split.ids]
    assert len(set(ids)) == len(ids)


def test_official_mosi_split_has_no_visual_modality() -> None:
    corpus = read_corpus(real("mosi/mosi_text_audio.pkl"))
    assert not any(split.main.rows["visual"].values.any() for split in corpus.splits.values())


def test_sarcasm_has_punchlines_without_face_and_contexts_without_any_sign() -> None:
    corpus = read_corpus(real("sarcasm_humor/sarcasm130_hkt.pkl"))
    no_face, no_sign = 0, 0
    for split in corpus.splits.values():
        assert split.context is not None
        for item in range(len(split)):
            no_face += not split.main.rows["visual"][item].any()
            no_sign += not any(rows[item].any() for rows in split.context.rows.values())
    assert (no_face, no_sign) == (5, 61)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mustard/split_indices.p", r"holds list of 5 \(tuple of 2 .*no known layout"),
        ("mmmo_youtube/mmmo/y_test.h5", "HDF5"),
        ("hkt/humorHCFTransformer.pt", "a file of torch.save"),
    ],
)
def test_other_files_are_named(name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_corpus(real(name))
