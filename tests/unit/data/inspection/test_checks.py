"""Each check finds its own fault, and nothing is found where nothing is wrong."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.inspection import CHECKS, inspect_corpus
from plain_corpora import make_corpus, make_split, with_rows

Rows = np.ndarray[Any, Any]
LONG = ["this", "is", "a", "text", "of", "seven", "words"]


def found(corpus: Corpus) -> dict[str, list[str]]:
    """Place and text of each finding, by check."""
    findings: dict[str, list[str]] = {}
    for finding in inspect_corpus(corpus).findings:
        findings.setdefault(finding.check, []).append(f"{finding.place}: {finding.text}")
    return findings


def changed(corpus: Corpus, name: str, change: Callable[[Split], Split]) -> Corpus:
    """The corpus with one split changed."""
    return corpus.with_splits({**corpus.splits, name: change(corpus.splits[name])})


def everywhere(corpus: Corpus, change: Callable[[Split], Split]) -> Corpus:
    return corpus.with_splits({name: change(split) for name, split in corpus.splits.items()})


def labels(*values: float) -> Callable[[Split], Split]:
    return lambda split: replace(split, labels=np.resize(np.array(values, np.float64), len(split)))


def item_from(other: Split, *, identifier: str) -> Callable[[Split], Split]:
    """Put the other split's first item, under another id, in place of a split's first."""

    def change(split: Split) -> Split:
        rows = {
            kind: Ragged.stack([other.main.rows[kind][0], *(rows[k] for k in range(1, len(rows)))], width=rows.width)
            for kind, rows in split.main.rows.items()
        }
        words = [other.main.words[0], *split.main.words[1:]]
        return replace(split, ids=[identifier, *split.ids[1:]], main=Segment(words, rows))

    return change


def said(text: list[str]) -> Callable[[Split], Split]:
    """Let the first item say something else, with rows of its own."""

    def change(split: Split) -> Split:
        rows = {
            kind: Ragged.stack(
                [np.full((len(text), rows.width), len(split)), *(rows[k] for k in range(1, len(rows)))],
                width=rows.width,
            )
            for kind, rows in split.main.rows.items()
        }
        return replace(split, main=Segment([text, *split.main.words[1:]], rows))

    return change


def first_rows(kind: str, change: Callable[[Rows], Rows]) -> Callable[[Split], Split]:
    return lambda split: with_rows(
        split, kind, [change(split.main.rows[kind][0]), *(split.main.rows[kind][k] for k in range(1, len(split)))]
    )


def all_rows(kind: str, change: Callable[[Rows], Rows]) -> Callable[[Split], Split]:
    return lambda split: with_rows(split, kind, [change(split.main.rows[kind][k]) for k in range(len(split))])


def named(*ids: str) -> Callable[[Split], Split]:
    return lambda split: replace(split, ids=[*ids, *split.ids[len(ids) :]])


def _flat_column(rows: Rows) -> Rows:
    return np.concatenate([rows[:, :-1], np.full((len(rows), 1), 7)], axis=1)


def item_twice(split: Split) -> Split:
    """The last item as the first, under its own id."""
    rows = {
        kind: Ragged.stack([*(rows[k] for k in range(len(rows) - 1)), rows[0]], width=rows.width)
        for kind, rows in split.main.rows.items()
    }
    return replace(split, main=Segment([*split.main.words[:-1], split.main.words[0]], rows))


CORPUS = make_corpus()
BINARY = everywhere(replace(CORPUS, task="classification"), labels(0, 1))

# check: a corpus in which it alone finds something, and what it must say
FAULTY: dict[str, tuple[Corpus, list[str]]] = {
    "item-in-two-splits": (
        changed(CORPUS, "test", item_from(CORPUS.splits["train"], identifier="x")),
        ["train and test: 1 items of test are in train too", "(x)"],
    ),
    "labels-missing": (changed(CORPUS, "dev", lambda split: replace(split, labels=None)), ["dev: no item has a label"]),
    "label-constant": (changed(CORPUS, "train", labels(1.5)), ["train: every label is 1.5"]),
    "label-range": (replace(CORPUS, label_range=(-1.0, 2.0)), ["train: 2 items with a label outside the range -1 to"]),
    "no-content": (
        everywhere(
            CORPUS,
            lambda split: replace(
                split,
                main=Segment([[]] * len(split), {"visual": Ragged.stack([np.zeros((1, 2))] * len(split), width=2)}),
            ),
        ),
        ["no item has words"],
    ),
    "split-missing": (
        CORPUS.with_splits({"train": CORPUS.splits["train"]}),
        [": there is no dev and no test split"],
    ),
    "unlabelled": (changed(CORPUS, "train", labels(1, np.nan, -1)), ["train: 2 items of 6 without a label"]),
    "class-missing": (replace(BINARY, classes=("no", "yes", "perhaps")), ["train: no item of class perhaps"]),
    "no-text": (
        replace(
            everywhere(CORPUS, lambda split: replace(split, main=replace(split.main, words=[[]] * len(split)))),
            word_aligned=False,
        ),
        [": the file has no words"],
    ),
    "empty-text": (
        replace(
            changed(
                CORPUS,
                "dev",
                lambda split: replace(split, main=replace(split.main, words=[[], *split.main.words[1:]])),
            ),
            word_aligned=False,
        ),
        ["dev: 1 item of 3 without words"],
    ),
    "modality-absent": (
        everywhere(CORPUS, lambda split: with_rows(split, "visual", None)),
        ["visual: the file has no such rows"],
    ),
    "modality-missing": (
        changed(CORPUS, "test", first_rows("acoustic", np.zeros_like)),
        ["test/acoustic: 1 item of 3 without rows other than zeros"],
    ),
    "non-finite": (replace(CORPUS, repaired={"train/acoustic": 2}), ["train/acoustic: 2 rows held -inf, inf or nan"]),
    "column-constant": (
        everywhere(CORPUS, all_rows("visual", _flat_column)),
        ["visual: 1 of 2 columns never change: 1"],
    ),
    "rows-repeated": (
        everywhere(CORPUS, all_rows("acoustic", lambda rows: np.repeat(rows[:1], len(rows), axis=0))),
        ["acoustic: every item repeats one row"],
    ),
    "id-twice": (changed(CORPUS, "dev", named("a", "a")), ["dev: 1 ids occur more than once (a)"]),
    "id-in-two-splits": (
        changed(CORPUS, "dev", named("train0", "train1")),
        ["train and dev: 2 ids occur in both (train0, train1)"],
    ),
    "item-twice": (
        changed(CORPUS, "train", item_twice),
        ["train: 1 items occur more than once; they weigh double"],
    ),
    "text-in-two-splits": (
        changed(changed(CORPUS, "train", said(LONG)), "dev", said(LONG)),
        ["train and dev: 1 items of dev have the text of one of train"],
    ),
    "video-in-two-splits": (
        changed(changed(CORPUS, "train", named("film[1]", "film[2]")), "test", named("film[3]", "film[4]")),
        ["train and test: items of 1 videos are in both (film)"],
    ),
    "speaker-in-two-splits": (
        everywhere(CORPUS, lambda split: replace(split, speakers=["ann"] + [split.ids[0]] * (len(split) - 1))),
        ["train and dev: items of 1 speakers", "train and test: items of 1 speakers", "dev and test: items of 1"],
    ),
}  # fmt: skip


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert found(CORPUS) == {}
    assert found(BINARY) == {}
    assert found(replace(CORPUS, label_range=(-2.0, 2.0))) == {}


def test_every_check_has_a_case() -> None:
    assert set(FAULTY) == set(CHECKS)


@pytest.mark.parametrize("check", FAULTY)
def test_each_check_alone_finds_its_fault(check: str) -> None:
    corpus, parts = FAULTY[check]
    findings = found(corpus)
    assert set(findings) == {check}
    told = "\n".join(findings[check])
    assert [part for part in parts if part not in told] == [], told
    assert {finding.level for finding in inspect_corpus(corpus).findings if finding.check == check} == {
        CHECKS[check][0]
    }


def test_errors_come_first() -> None:
    both = changed(FAULTY["label-constant"][0], "dev", named("a", "a"))
    assert [finding.level for finding in inspect_corpus(both).findings] == ["error", "warning"]


# ---- limits of the checks


def test_short_texts_in_two_splits_are_chance() -> None:
    for words, checks in ((LONG[:4], set()), (LONG[:5], {"text-in-two-splits"})):
        assert set(found(changed(changed(CORPUS, "train", said(words)), "dev", said(words)))) == checks


def test_the_same_text_with_other_rows_is_another_item() -> None:
    corpus = changed(CORPUS, "test", item_from(CORPUS.splits["train"], identifier="x"))
    assert "item-in-two-splits" in found(corpus)
    assert "item-in-two-splits" not in found(changed(corpus, "test", first_rows("visual", lambda rows: rows + 1)))


def test_the_same_item_with_another_context_is_another_item() -> None:
    def before(word: str) -> Callable[[Split], Split]:
        return lambda split: replace(split, context=Segment([[word]] * len(split), _rows(len(split), ord(word))))

    corpus = changed(CORPUS, "test", item_from(CORPUS.splits["train"], identifier="x"))
    assert "item-in-two-splits" in found(everywhere(corpus, before("a")))
    assert "item-in-two-splits" not in found(changed(everywhere(corpus, before("a")), "test", before("b")))


def _rows(items: int, value: int) -> dict[str, Ragged]:
    return {"acoustic": Ragged.stack([np.full((1, 3), value)] * items, width=3)}


def test_items_without_rows_are_equal_by_id_and_text() -> None:
    def bare(split: Split) -> Split:
        return replace(split, main=Segment([LONG, *split.main.words[1:]]), ids=["a", *split.ids[1:]])

    corpus = everywhere(CORPUS, lambda split: replace(split, main=Segment(split.main.words)))
    same = changed(changed(corpus, "train", bare), "test", bare)
    absent = {"modality-absent"}
    assert set(found(same)) == {"item-in-two-splits", "id-in-two-splits"} | absent
    assert set(found(changed(same, "test", named("b")))) == {"text-in-two-splits"} | absent


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (("dia1_utt0", "dia1_utt1"), ("dia1_utt2", "dia1_utt3")),  # MELD numbers dialogues anew in each split
        (("1_60", "1_61"), ("1_62", "1_63")),
        (("train[0]", "train[1]", "train[2]"), ("train[3]", "train[4]", "train[5]")),
    ],
)
def test_numbers_are_no_videos(train: tuple[str, ...], test: tuple[str, ...]) -> None:
    corpus = make_corpus({"train": 3, "dev": 3, "test": 3})
    assert "video-in-two-splits" not in found(changed(changed(corpus, "train", named(*train)), "test", named(*test)))


def test_ids_of_whole_videos_are_no_cuts() -> None:
    assert inspect_corpus(CORPUS).splits["train"].videos is None
    cut = changed(CORPUS, "train", named("film[1]", "film[2]"))
    assert inspect_corpus(cut).splits["train"].videos == 5


def test_a_test_split_without_labels_is_no_error() -> None:
    assert set(found(changed(CORPUS, "test", lambda split: replace(split, labels=None)))) == {"unlabelled"}
    assert set(found(everywhere(CORPUS, lambda split: replace(split, labels=None)))) == {"unlabelled"}


def test_classes_beyond_the_named_ones_are_errors() -> None:
    corpus = replace(everywhere(BINARY, labels(0, 1, 2)), classes=("no", "yes"))
    assert "train: 2 items with a label outside the 2 classes 0 to 1, as 2" in found(corpus)["label-range"]


def test_a_modality_of_zeros_is_absent_and_its_columns_are_not_told() -> None:
    findings = found(everywhere(CORPUS, all_rows("visual", np.zeros_like)))
    assert findings == {"modality-absent": ["visual: all of its rows are zero; it counts as absent"]}


def test_many_constant_columns_are_not_listed() -> None:
    widths = {"acoustic": 20, "visual": 2}
    splits = {name: make_split(name, 3, widths=widths) for name in CORPUS.splits}
    corpus = everywhere(
        CORPUS.with_splits(splits),
        all_rows("acoustic", lambda rows: np.concatenate([rows[:, :1], np.ones((len(rows), 19))], axis=1)),
    )
    assert found(corpus)["column-constant"] == ["acoustic: 19 of 20 columns never change: 1, 2, 3, 4, 5, 6, 7, 8, ..."]
