"""Every layout from file to scores: divided where it has no splits, then one epoch, then predictions."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from command import SIZES, SMALL, TINY, settings, succeed
from label_corpora import labelled
from mlcl.data.formats import read_corpus
from mlcl.data.formats.own import datasets as saved_datasets
from mlcl.data.formats.own import folder
from originals import (
    csd_folder,
    meld_rows,
    mustard_plus_rows,
    seconds,
    tokens,
    write_csd,
    write_csv,
    write_matrices,
    write_mustard,
)
from plain_corpora import make_corpus
from tables import read_csv
from writers import write_mag, write_pickle
from writers_arrays import mult_data

pytestmark = pytest.mark.usefixtures("workplace")
ONE_EPOCH = [*SMALL, *settings(train__epochs=1)]


class Case(NamedTuple):
    """How a file is made, divided and learnt."""

    make: Callable[[Path], object]
    classes: int = 0
    label: str = ""
    by: str = ""
    encoder: Sequence[str] = TINY


def _meld(path: Path) -> None:
    path.mkdir()
    for split, dialogues in (("train", (3, 4, 2)), ("dev", (4, 1)), ("test", (5,))):
        write_csv(path / f"{split}_sent_emo.csv", meld_rows(dialogues))


def _plus(path: Path) -> None:
    write_csv(path, mustard_plus_rows(20))


CASES = {
    "meld": Case(_meld, classes=7),
    "meld sentiment": Case(_meld, classes=3, label="sentiment"),
    "mustard": Case(lambda path: write_mustard(path, count=20), classes=2, by="item"),
    "mustard by speaker": Case(lambda path: write_mustard(path, count=20), classes=2, by="speaker"),
    "mustard++ valence.csv": Case(_plus, label="valence", by="item"),
    "mustard++ emotion.csv": Case(_plus, classes=2, label="implicit_emotion", by="item"),
    "matrices": Case(lambda path: write_matrices(path), encoder=[]),
    "matrices without train": Case(lambda path: write_matrices(path, {"valid": 9, "test": 9}), by="item", encoder=[]),
    "matrices of classes": Case(lambda path: write_matrices(path, labels="classes"), classes=3, encoder=[]),
    "mult": Case(lambda path: write_pickle(path, mult_data(SIZES)), encoder=["--text-encoder", "vectors"]),
    "csd without fold": Case(lambda path: csd_folder(path, videos=9, fold=False), label="sentiment", by="video"),
    "folder": Case(lambda path: folder.write(labelled(make_corpus(SIZES)), path), classes=3, label="mood"),
    "datasets": Case(lambda path: saved_datasets.write(labelled(make_corpus(SIZES)), path), classes=3, label="mood"),
}


@pytest.mark.parametrize("name", CASES)
def test_from_file_to_predictions(name: str) -> None:
    case, data = CASES[name], Path(name)
    case.make(data)
    if case.by:
        succeed("data", "split", name, "divided", "--by", case.by, "--shares", "0.5,0.25,0.25")
        data = Path("divided")
    label = ["--label", case.label] if case.label else []
    succeed("train", "mosi", "--data", data, *label, *case.encoder, *ONE_EPOCH, "--quiet", "--output", "run")
    facts = json.loads(Path("run/run.json").read_text(encoding="utf-8"))["data"]
    assert facts["num_classes"] == case.classes or not case.classes
    assert facts["task"] == ("classification" if case.classes else "regression")
    succeed("predict", "run", "--data", data, "--split", "test", "--output", "out.csv")
    found, corpus = read_csv(Path("out.csv")), read_corpus(data)
    assert found["id"].tolist() == corpus.splits["test"].ids
    assert read_csv(Path("run/predictions/test.csv")).equals(found)


def test_words_of_a_csd_file_are_predicted_by_a_model_of_text() -> None:
    write_mag(Path("mag.pkl"), sizes=SIZES)
    write_csd(Path("words.csd"), "words", {f"v{n}": (tokens("not", "good"), seconds(0, 1, 2)) for n in range(3)})
    text = settings(data__modalities="[text]")
    succeed("train", "mosi", "--data", "mag.pkl", *TINY, *ONE_EPOCH, *text, "--quiet", "--output", "run")
    succeed("predict", "run", "--data", "words.csd", "--split", "train", "--output", "out.csv")
    found = read_csv(Path("out.csv"))
    assert found["id"].tolist() == ["v0", "v1", "v2"]
    assert np.ptp(found["prediction"]) < 1e-6  # the same words thrice
