"""Real files in every layout from file to scores: divided where they have no splits, cut short, one epoch."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from command import TINY, TINY_MODEL, settings, succeed
from mlcl.data.corpus import take
from mlcl.data.formats import read_corpus
from mlcl.data.formats.items import mag
from mlcl.data.formats.own import folder
from real.test_originals import real
from tables import read_csv

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("workplace")]
ONE_EPOCH = settings(**{**TINY_MODEL, "data__max_length": 48}, train__epochs=1, train__batch_size=8)
FIRST = 24
# name: how to divide it, the label, the number of classes, the text encoder
CASES: dict[str, tuple[str, str, int, Sequence[str]]] = {
    "sarcasm_humor/sarcasm130_unaligned_mmsa.pkl": ("", "", 2, TINY),
    "meld": ("", "", 7, TINY),
    "meld sentiment": ("", "sentiment", 3, TINY),
    "mustard": ("item", "", 2, TINY),
    "mustard/mustard_plus_plus_text.csv": ("item", "valence", 0, TINY),
    "mmmo_youtube/mmmo": ("item", "", 0, ["--text-encoder", "vectors"]),
    "mmmo_youtube/youtube": ("item", "", 3, []),
}


def cut(path: Path | str, out: str) -> None:
    """Write the first items of each split as a folder of ours."""
    corpus = read_corpus(path)
    splits = {name: take(split, np.arange(min(FIRST, len(split)))) for name, split in corpus.splits.items()}
    folder.write(corpus.with_splits(splits), Path(out))


@pytest.mark.parametrize("name", CASES)
def test_one_epoch_on_the_first_items(name: str) -> None:
    by, label, classes, encoder = CASES[name]
    file: Path | str = real(name.split()[0])
    if by:
        succeed("data", "split", file, "divided", "--by", by)
        file = "divided"
    cut(file, "first")
    chosen = ["--label", label] if label else []
    succeed("train", "mosi", "--data", "first", *chosen, *encoder, *ONE_EPOCH, "--quiet", "--output", "run")
    facts = json.loads(Path("run/run.json").read_text(encoding="utf-8"))["data"]
    assert facts["num_classes"] == classes or not classes
    assert facts["task"] == ("classification" if classes else "regression")
    assert len(read_csv(Path("run/predictions/test.csv"))) == facts["items"]["test"] <= FIRST


def test_mosi_s_words_are_predicted_by_a_model_of_text() -> None:
    words = real("mosi/CMU_MOSI_ModifiedTimestampedWords.csd")
    corpus = read_corpus(real("mosi/mosi_text_audio.pkl"))
    splits = {name: take(split, np.arange(FIRST)) for name, split in corpus.splits.items()}
    mag.write(corpus.with_splits(splits), Path("first.pkl"))
    text = settings(data__modalities="[text]")
    succeed("train", "mosi", "--data", "first.pkl", *TINY, *ONE_EPOCH, *text, "--quiet", "--output", "run")
    succeed("predict", "run", "--data", words, "--split", "train", "--output", "out.csv")
    found = read_csv(Path("out.csv"))
    assert len(found) == 93
    assert np.isfinite(found["prediction"]).all()
