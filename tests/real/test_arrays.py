"""The real MMSA file against the same items in the HKT layout, and real MOSI files through MMSA and back."""

import os
from pathlib import Path

import numpy as np
import pytest

from mlcl.data.formats import read_corpus
from mlcl.data.formats.mmsa import read as mmsa
from mlcl.encode.tokenizer import word_tokenizer
from writers_arrays import assert_same

FOLDER = Path(os.environ.get("MLCL_DATA") or Path(__file__).parents[3] / "shared" / "data")
SARCASM = "sarcasm_humor/sarcasm130_unaligned_mmsa.pkl"


def real(name: str) -> Path:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"{path} is not here; set MLCL_DATA to the folder with the real files")
    return path


def test_sarcasm_as_streams() -> None:
    corpus = read_corpus(real(SARCASM))
    assert (corpus.layout, corpus.task, corpus.label, corpus.word_aligned) == ("mmsa", "classification", "class", False)
    assert corpus.classes == ("Not sarcastic", "Sarcastic")
    assert (corpus.notes, corpus.repaired) == ((), {})
    assert corpus.widths() == {"acoustic": 25, "visual": 36}
    assert {name: len(split) for name, split in corpus.splits.items()} == {"train": 91, "dev": 18, "test": 21}
    labels = [split.labels for split in corpus.splits.values() if split.labels is not None]
    assert np.concatenate(labels).sum() == 78
    lengths = {name: [split.main.rows[name].lengths for split in corpus.splits.values()] for name in corpus.widths()}
    assert max(map(max, lengths["acoustic"])) == 401
    assert max(map(max, lengths["visual"])) == 121
    # Sound at 20 ms and faces at 15 a second last equally long, to two frames.
    seconds = np.concatenate(lengths["acoustic"]) * 0.02 - np.concatenate(lengths["visual"]) / 15
    assert np.abs(seconds).max() < 2 / 15


def test_sarcasm_as_streams_has_the_items_of_the_aligned_file() -> None:
    streams, aligned = read_corpus(real(SARCASM)), read_corpus(real("sarcasm_humor/sarcasm130_hkt.pkl"))
    for name, split in aligned.splits.items():
        other = streams.splits[name]
        assert other.ids == split.ids
        assert other.labels is not None
        assert split.labels is not None
        assert other.labels.tolist() == split.labels.tolist()
        for index in range(len(split)):  # a face seen under a word was seen in the stream
            if split.main.rows["visual"][index].any():
                assert other.main.rows["visual"][index].any()


def test_sarcasm_comes_back(tmp_path: Path) -> None:
    corpus = read_corpus(real(SARCASM))
    mmsa.write(corpus, tmp_path / "copy.pkl")
    assert_same(read_corpus(tmp_path / "copy.pkl"), corpus)


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("name", ["mosi/mosi_text_audio.pkl", "mosi/mosi_three_modalities.pkl"])
def test_mosi_comes_back_through_mmsa(name: str, text: bool, tmp_path: Path) -> None:
    corpus = read_corpus(real(name))
    words = [word for split in corpus.splits.values() for item in split.main.words for word in item]
    mmsa.write(corpus, tmp_path / "mmsa.pkl", tokenizer=word_tokenizer(words) if text else None)
    found = read_corpus(tmp_path / "mmsa.pkl")
    assert (found.layout, found.label, found.label_range) == ("mmsa", "M", (-3, 3))
    assert_same(found, corpus, labels=False)
