"""Which label is learnt, and what its values are."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from label_corpora import every_split, labelled, small
from mlcl.data.corpus import Corpus, take
from mlcl.data.labels import check_labelled, choose_label, count_classes, label_names, score_range
from mlcl.data.processor import Processor
from mlcl.data.target import Target
from mlcl.errors import DataError, UsageError
from prepare import config, pair_corpus


def scores(corpus: Corpus, *values: float) -> Corpus:
    """The corpus whose labels are these, over and over."""
    return every_split(corpus, lambda split: replace(split, labels=np.resize(np.array(values, float), len(split))))


def test_the_chosen_label_is_its_column_and_nothing_else_changes() -> None:
    corpus = labelled(small())
    chosen = choose_label(corpus, "mood")
    assert label_names(chosen) == label_names(corpus) == ["score", "mood", "rating"]
    assert (chosen.label, chosen.task, chosen.classes) == ("mood", "classification", ("sad", "calm", "glad"))
    for name, split in chosen.splits.items():
        assert split.labels is corpus.splits[name].columns["mood"]
        assert split.main is corpus.splits[name].main
        assert split.speakers == corpus.splits[name].speakers
    assert choose_label(corpus, "score") is corpus


def test_an_unknown_label_is_refused_with_the_names() -> None:
    with pytest.raises(UsageError, match=r"unknown label 'mod'; did you mean 'mood'\? allowed: score, mood, rating"):
        choose_label(labelled(small()), "mod")
    with pytest.raises(UsageError, match="one label without a name; leave --label out"):
        choose_label(small(), "mood")


@pytest.mark.parametrize(
    ("values", "task", "kept"),
    [
        ([0, 1, 2], "classification", None),
        ([0, 1], "classification", None),
        ([0, 2], "regression", None),  # a class that nobody is of is no class
        ([1, 2, 3], "regression", None),
        ([0, 0.5, 1], "regression", (-1.0, 1.0)),
        ([-1, 0, 1], "regression", (-1.0, 1.0)),
        ([0, 0.5, 1.5], "regression", None),
        ([0, 0], "regression", (-1.0, 1.0)),
    ],
)
def test_a_label_that_the_file_does_not_describe_is_judged_by_its_values(
    values: list[float], task: str, kept: tuple[float, float] | None
) -> None:
    corpus = every_split(
        labelled(small()), lambda split: replace(split, columns={"x": np.resize(np.array(values, float), len(split))})
    )
    chosen = choose_label(corpus, "x")
    assert (chosen.task, chosen.label_range, chosen.classes) == (task, kept, ())


def test_items_without_the_label_are_an_error_with_their_number_or_left_out() -> None:
    corpus = choose_label(labelled(pair_corpus()), "rating")
    with pytest.raises(DataError, match=r"^train: 1 of 11 items have no label 'rating'; .*data.unlabelled=drop"):
        check_labelled(corpus, "error")
    kept = check_labelled(corpus, "drop")
    for name, split in kept.splits.items():
        before = corpus.splits[name]
        rest = [item for item in range(len(before)) if item != 1]
        assert split.ids == [before.ids[item] for item in rest]
        assert split.labels is not None
        assert split.labels.tolist() == [before.labels[item] for item in rest]  # type: ignore[index]  # has labels
        assert split.speakers == [before.speakers[item] for item in rest]  # type: ignore[index]  # has speakers
        assert split.columns["mood"].tolist() == before.columns["mood"][rest].tolist()
        for ours, theirs in ((split.main, before.main), (split.context, before.context)):
            assert ours is not None
            assert theirs is not None
            assert ours.words == [theirs.words[item] for item in rest]
            for kind, rows in ours.rows.items():
                assert all(np.array_equal(rows[at], theirs.rows[kind][item]) for at, item in enumerate(rest))


def test_a_file_whose_items_all_have_the_label_stays_as_it_is() -> None:
    corpus = small()
    for way in ("error", "drop"):
        assert all(split is corpus.splits[name] for name, split in check_labelled(corpus, way).splits.items())
    without = every_split(corpus, lambda split: replace(split, labels=np.full(len(split), np.nan)))
    assert all(split.labels is None for split in check_labelled(without, "error").splits.values())
    with pytest.raises(DataError, match=r"items have no label;"):
        check_labelled(scores(corpus, np.nan, 1.0), "error")


def test_taking_items_takes_their_sentences() -> None:
    split = small().splits["train"]
    split = replace(split, main=replace(split.main, sentences=[[str(item)] for item in range(len(split))]))
    assert take(split, np.array([3, 1])).main.sentences == [["3"], ["1"]]


@pytest.mark.parametrize(("values", "count"), [([0, 1], 2), ([0, 0], 2), ([0, 1, 2], 3), ([6, 0, np.nan], 7)])
def test_there_are_as_many_classes_as_the_greatest_label_says(values: list[float], count: int) -> None:
    assert count_classes(scores(small(), *values)) == count
    named = replace(scores(small(), *values), classes=tuple("abcdefgh"))
    assert count_classes(named) == 8


@pytest.mark.parametrize("wrong", [-1.0, 0.5, 1e6])
def test_a_label_that_is_no_class_is_refused(wrong: float) -> None:
    with pytest.raises(DataError, match=r"^train: the label \S+ is no class; classes are 0, 1, \.\.\. up to 999$"):
        count_classes(scores(small(), 0.0, wrong))
    with pytest.raises(DataError, match="the label 3 is no class; the file names 3"):
        count_classes(replace(scores(small(), 3.0), classes=("a", "b", "c")))


@pytest.mark.parametrize(
    ("values", "declared", "expected"),
    [
        ([-1.0, 2.5], None, (-3.0, 3.0)),
        ([-1.0, 1.0], (-1.0, 1.0), (-1.0, 1.0)),
        ([1.0, 2.5], None, (1.0, 2.5)),  # never negative: no sentiment around 0
        ([-4.0, 2.5], None, (-4.0, 2.5)),
    ],
)
def test_scores_have_the_declared_range_else_the_field_s_else_their_own(
    values: list[float], declared: tuple[float, float] | None, expected: tuple[float, float]
) -> None:
    assert score_range(replace(scores(small(), *values), label_range=declared)) == expected


def test_without_labels_scores_have_the_field_s_range() -> None:
    assert score_range(every_split(small(), lambda split: replace(split, labels=None))) == (-3.0, 3.0)


@pytest.mark.parametrize("name", ["score", "mood"])
def test_the_processor_keeps_the_label_through_its_file(name: str, tmp_path: Path) -> None:
    processor = Processor.fit(choose_label(labelled(small()), name), config(normalise="item"))
    expected = {
        "score": Target("regression", "score", label_range=(-1.0, 1.0)),
        "mood": Target("classification", "mood", 3, ("sad", "calm", "glad")),
    }
    assert processor.target == expected[name]
    processor.save(tmp_path)
    assert Processor.load(tmp_path) == processor


@pytest.mark.parametrize("classes", [True, False])
def test_a_processor_of_an_earlier_version_is_read(classes: bool, tmp_path: Path) -> None:
    values = Processor.fit(small(classes=classes), config()).plain()
    for name in ("per_item", "vectors", "label", "num_classes", "classes", "label_range"):
        del values[name]
    (tmp_path / "processor.json").write_text(json.dumps(values), encoding="utf-8")
    old = Processor.load(tmp_path)
    assert old.target == Target("classification", num_classes=2) if classes else Target("regression")
    assert (old.per_item, old.vectors) == (False, False)
