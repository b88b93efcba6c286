"""Corpora with what few layouts have: named labels, classes, word vectors without words; and a way to train on them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mlcl.data.source as source
import tiny
from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.synthetic import PlantedSettings, planted_corpus

VECTOR = 11
SIZES = {"train": 11, "dev": 5, "test": 4}


def serve(monkeypatch: pytest.MonkeyPatch, corpora: dict[str, Corpus]) -> None:
    """Let files of these names, which are made here, be read as these corpora."""
    for name in corpora:
        Path(name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(source, "read_corpus", lambda path: replace(corpora[Path(path).name], path=str(path)))


def every_split(corpus: Corpus, change: Callable[[Split], Split]) -> Corpus:
    """The corpus with each split changed."""
    return corpus.with_splits({name: change(split) for name, split in corpus.splits.items()})


def vector_corpus(corpus: Corpus) -> Corpus:
    """The corpus with a random vector for each distinct word, instead of the words."""
    rng, table = np.random.default_rng(0), {}

    def segment(given: Segment) -> Segment:
        for word in sorted({word for item in given.words for word in item} - set(table)):
            table[word] = rng.normal(size=VECTOR).astype(np.float32)
        vectors = [
            np.stack([table[word] for word in item]) if item else np.zeros((0, VECTOR), np.float32)
            for item in given.words
        ]
        return Segment([[] for _ in given.words], {"text": Ragged.stack(vectors, width=VECTOR), **given.rows})

    def split(given: Split) -> Split:
        context = None if given.context is None else segment(given.context)
        return replace(given, main=segment(given.main), context=context)

    return replace(every_split(corpus, split), sha256="vectors")


def text_only(corpus: Corpus) -> Corpus:
    """The corpus without acoustic and visual rows."""
    return replace(
        every_split(corpus, lambda split: replace(split, main=replace(split.main, rows={}))), sha256="text only"
    )


def labelled(corpus: Corpus, seed: int = 0) -> Corpus:
    """The corpus with a score, three named classes and a rating from 1 to 9 that some items lack."""
    rng = np.random.default_rng(seed)

    def split(given: Split) -> Split:
        count = len(given)
        mood = np.arange(count) % 3.0
        rating = rng.integers(1, 10, count).astype(np.float64)
        rating[1] = np.nan
        score = rng.uniform(-1, 1, count)
        columns = {"score": score, "mood": mood, "rating": rating}
        return replace(given, columns=columns, labels=score, speakers=[f"speaker {i % 2}" for i in range(count)])

    return replace(
        every_split(corpus, split),
        label="score",
        task="regression",
        label_range=(-1.0, 1.0),
        label_classes={"mood": ("sad", "calm", "glad")},
        sha256="labelled",
    )


def planted_classes(*, train: int, dev: int, shuffled: bool = False, seed: int = 0) -> Corpus:
    """The planted corpus with its score cut into three classes; `shuffled` labels say nothing about the items."""
    corpus = planted_corpus(PlantedSettings(num_train=train, num_dev=dev, num_test=dev))
    rng = np.random.default_rng(seed)

    def split(given: Split) -> Split:
        assert given.labels is not None
        labels = np.digitize(given.labels, (-0.6, 0.6)).astype(np.float64)
        return replace(given, labels=rng.permutation(labels) if shuffled else labels)

    named = every_split(corpus, split)
    return replace(named, task="classification", classes=("down", "level", "up"), sha256=f"planted {shuffled}")


def small(*, classes: bool = False) -> Corpus:
    """A tiny corpus with train, dev and test."""
    return tiny.corpus(SIZES, classes=classes)
