"""Corpora drawn by hypothesis, and what it means that two are the same."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from mlcl.data.corpus import Corpus, Ragged, Segment, Split, infer_task

NAMES = st.lists(st.sampled_from(["train", "dev", "test"]), min_size=1, max_size=3, unique=True)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
WORDS = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=4), max_size=4
)
IDS = ANY_TEXT.filter(bool)


def rows_of(draw: st.DrawFn, lengths: list[int], width: int) -> Ragged:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Ragged.stack([rng.normal(size=(length, width)).astype(np.float32) for length in lengths], width=width)


@st.composite
def corpora(
    draw: st.DrawFn,
    kinds: tuple[str, ...] = ("acoustic", "visual"),
    *,
    context: bool = False,
    sentences: bool = False,
    words: st.SearchStrategy[list[str]] = WORDS,
    aligned: bool = True,
    rich: bool = False,
) -> Corpus:
    """A corpus: word-aligned or not; `rich` has several labels, classes and speakers where they are drawn."""
    widths = {kind: draw(st.integers(1, 3)) for kind in kinds}
    names, labelled = draw(NAMES), draw(st.booleans())
    several = draw(st.lists(st.sampled_from(["M", "T", "of text"]), max_size=3, unique=True)) if rich else []
    classes = ("no", "yes", "1")[: draw(st.integers(2, 3))] if rich and draw(st.booleans()) and labelled else ()
    speakers, splits = rich and draw(st.booleans()), {}
    for name in names:
        count = draw(st.integers(1, 4))
        values = st.integers(0, len(classes) - 1).map(float) if classes else st.floats(-1e30, 1e30)
        labels = np.array([draw(values) for _ in range(count)], dtype=np.float64) if labelled or several else None
        columns: dict[str, Any] = {label: np.ones(count) * (len(label) % 4) for label in several}
        if several and labels is not None:
            columns[several[-1]] = labels

        def segment(count: int = count, *, one: bool = False) -> Segment:
            texts = [draw(words) for _ in range(count)]
            kept = [[" ".join(text)] if one else [*text] for text in texts] if sentences else None
            lengths = [len(text) if aligned else draw(st.integers(0, 3)) for text in texts]
            return Segment(texts, {kind: rows_of(draw, lengths, width) for kind, width in widths.items()}, kept)

        splits[name] = Split(
            ids=[draw(IDS) for _ in range(count)],
            main=segment(one=True),
            context=segment() if context else None,
            labels=labels,
            columns=columns,
            speakers=[draw(IDS).strip() or "s" for _ in range(count)] if speakers else None,
        )
    others = {name: ("odd", "even", "3", "so") for name in several[:-1] if draw(st.booleans())}
    found = [split.labels for split in splits.values() if split.labels is not None]
    return Corpus(
        splits,
        "synthetic",
        "classification" if classes else infer_task(found),
        word_aligned=aligned,
        label=several[-1] if several else "",
        classes=classes,
        label_range=(-1.0, 2.5) if rich and draw(st.booleans()) else None,
        notes=("a note: of ours",) if rich else (),
        label_classes={**others, **({several[-1]: classes} if classes and several else {})},
    )


def plain(corpus: Corpus) -> dict[str, Any]:
    """Everything in a corpus but where it comes from, as plain values; equal for the same corpora only."""
    return {
        "splits": {name: _plain_split(split) for name, split in corpus.splits.items()},
        "whole": (*(corpus.task, corpus.word_aligned, corpus.label, corpus.classes, corpus.label_range, corpus.notes),),
        "classes": corpus.label_classes,
    }


def _plain_split(split: Split) -> dict[str, Any]:
    return {
        "ids": split.ids,
        "main": _plain_segment(split.main),
        "context": split.context and _plain_segment(split.context),
        "labels": None if split.labels is None else repr(split.labels.tolist()),
        "columns": {name: repr(values.tolist()) for name, values in split.columns.items()},
        "speakers": split.speakers,
    }


def _plain_segment(segment: Segment) -> dict[str, Any]:
    return {
        "words": segment.words,
        "sentences": segment.sentences,
        "rows": {
            name: (rows.values.tolist(), rows.offsets.tolist(), rows.values.dtype, rows.width)
            for name, rows in segment.rows.items()
        },
    }
