"""Counts, identity and next step of a corpus, against numbers made by hand."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.inspection import inspect_corpus
from mlcl.data.inspection.published import HASHES, RELEASES, Release
from mlcl.data.inspection.result import LabelFacts, Spread
from plain_corpora import make_corpus, make_split


def sized(release: Release, *, more: int = 0, widths: dict[str, int] | None = None, **fields: Any) -> Corpus:
    """A corpus of a release's sizes and widths, whose items are all empty; train has `more` items."""
    sizes = dict(zip(("train", "dev", "test"), release.sizes or (9, 9, 9), strict=True))
    sizes["train"] += more

    def split(name: str, items: int) -> Split:
        rows = {
            kind: Ragged(np.zeros((0, width), np.float32), np.zeros(items + 1, np.int64))
            for kind, width in (widths or release.widths).items()
        }
        ids = [f"{name}{item}" for item in range(items)]
        return Split(ids, Segment([[]] * items, rows), labels=np.arange(items) % 2.0)

    splits = {name: split(name, items) for name, items in sizes.items()}
    return Corpus(**{"splits": splits, "layout": "mag", "task": "regression", "path": "a b.pkl", **fields})


def test_counts_of_a_split_by_hand() -> None:
    words = [["a"], ["a", "b", "c"], [], ["a", "b"]]
    rows = Ragged.stack([np.ones((2, 3)), np.zeros((5, 3)), np.zeros((0, 3)), np.eye(3)], width=3)
    before = Segment([["x"], [], [], []], {"visual": rows})
    split = Split(
        ["v[0]", "v[1]", "w[0]", "w[1]"],
        Segment(words, {"visual": rows}),
        before,
        np.array([1.0, np.nan, -1.5, 2.0]),
        {"sentiment": np.array([1.0, np.nan, -1.5, 2.0]), "anger": np.array([0.0, 3.0, 3.0, 1.0])},
        ["ann", "bob", "ann", "ann"],
    )
    corpus = Corpus({"train": split}, "own", "regression", word_aligned=False, label="sentiment")
    facts = inspect_corpus(corpus).splits["train"]
    assert (facts.items, facts.videos, facts.speakers) == (4, 2, 2)
    assert facts.main.words == Spread(0, 1.5, 3)
    assert facts.main.rows == {"visual": Spread(0, 2.5, 5)}
    assert (facts.main.empty_texts, facts.main.missing) == (1, {"visual": 2})
    assert facts.context is not None
    assert (facts.context.words, facts.context.empty_texts) == (Spread(0, 0, 1), 3)
    assert facts.labels == {
        "sentiment": LabelFacts(3, -1.5, 0.5, 2.0, {}),
        "anger": LabelFacts(4, 0.0, 1.75, 3.0, {"0": 1, "1": 1, "3": 2}),
    }


def test_an_account_is_json_and_holds_no_word() -> None:
    corpus = make_corpus()
    text = json.dumps(inspect_corpus(corpus).as_json(), allow_nan=False)
    words = {word for split in corpus.splits.values() for item in split.main.words for word in item}
    assert not [word for word in words if f'"{word}"' in text or f" {word} " in text.replace(" is ", " ")]
    unlabelled = corpus.with_splits({"train": replace(corpus.splits["train"], labels=None)})
    json.dumps(inspect_corpus(unlabelled).as_json(), allow_nan=False)


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_a_release_is_recognised_by_sizes_and_widths(release: Release) -> None:
    identity = " ".join(inspect_corpus(sized(release)).identity)
    assert release.name in identity
    assert ("likely but no proof" in identity) == (release.sizes is not None)
    assert "It is " not in identity


def test_another_size_or_other_widths_are_told() -> None:
    mosi = RELEASES[0]
    (sentence,) = inspect_corpus(sized(mosi, more=1)).identity
    assert sentence.startswith("It has the numbers of columns of CMU-MOSI as MAG released it, but not the sizes")
    (sentence,) = inspect_corpus(sized(mosi, widths={"acoustic": 74, "visual": 46})).identity
    assert "the sizes of CMU-MOSI as MAG released it, but other features: acoustic 74, visual 46 instead" in sentence
    assert inspect_corpus(sized(mosi, more=1, widths={"acoustic": 1})).identity == ()
    assert inspect_corpus(make_corpus()).identity == ()


@pytest.mark.parametrize("digest", HASHES)
def test_a_published_hash_is_certain(digest: str) -> None:
    found = inspect_corpus(make_corpus(sha256=digest))
    assert found.identity == (f"It is {HASHES[digest]}: its SHA-256 is the published one.",)
    assert len(digest) == 64
    assert ("mosei" in found.next_step) == ("MOSEI" in HASHES[digest])


@pytest.mark.parametrize(
    ("corpus", "command"),
    [
        (make_corpus(), "mlcl train mosi --data mosi.pkl"),
        (sized(RELEASES[1]), "mlcl train mosei --data 'a b.pkl'"),
        (sized(RELEASES[6]), "mlcl train mosi --data 'a b.pkl'"),
        (sized(RELEASES[8], task="classification"), "mlcl train ur_funny --data 'a b.pkl'"),
        (sized(RELEASES[9], task="classification"), "mlcl train mustard --data 'a b.pkl'"),
        (make_corpus(task="classification"), "mlcl train mustard --data mosi.pkl"),
        (sized(Release("", "", (2000, 9, 9), {"a": 1}), task="classification"), "mlcl train ur_funny --data 'a b.pkl'"),
        (sized(Release("", "", (10_000, 9, 9), {"a": 1})), "mlcl train mosei --data 'a b.pkl'"),
        (make_corpus({"train": 6}), "mlcl data split mosi.pkl OUT --by item --seed 1"),
        (make_corpus(path=None), "mlcl train mosi --data FILE"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.task,
)
def test_the_next_step_fits_the_corpus(corpus: Corpus, command: str) -> None:
    assert inspect_corpus(corpus).next_step == command


def test_the_next_step_of_unlabelled_leaking_and_many_labelled_files() -> None:
    corpus = make_corpus()
    train = corpus.splits["train"]
    cut = replace(train, ids=[f"film{item}[1]" for item in range(len(train))])
    assert inspect_corpus(corpus.with_splits({"train": cut})).next_step.endswith("--by video --seed 1")
    spoken = replace(cut, speakers=[f"speaker {item}" for item in range(len(train))])
    assert inspect_corpus(corpus.with_splits({"train": spoken})).next_step.endswith("--by speaker --seed 1")
    one = replace(cut, ids=[f"film[{item}]" for item in range(len(train))])  # nothing to divide by
    assert inspect_corpus(corpus.with_splits({"train": one})).next_step.endswith("--by item --seed 1")
    leaking = corpus.with_splits({**corpus.splits, "test": replace(train, ids=[f"x{name}" for name in train.ids])})
    assert inspect_corpus(leaking).next_step.startswith("mlcl data split ")
    bare = corpus.with_splits({name: replace(split, labels=None) for name, split in corpus.splits.items()})
    assert inspect_corpus(bare).next_step == "mlcl predict RUN --data mosi.pkl --output predictions.csv"
    many = {name: make_split(name, 3, columns={"M": np.ones(3), "T": np.ones(3)}) for name in corpus.splits}
    assert inspect_corpus(make_corpus(splits=many, label="M")).next_step.endswith(" --label M")
