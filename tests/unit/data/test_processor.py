"""The processor: rows under tokens, modalities on and off, two clocks, saving and loading."""

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny
from chunks import Chunks
from mlcl.data.corpus import Ragged, Segment, Split
from mlcl.data.processor import Processor
from mlcl.errors import DataError, RunError
from prepare import config, encode, pair_corpus, unaligned_corpus

EVERY = ("text", "acoustic", "visual")
SUBSETS = [subset for size in (1, 2, 3) for subset in combinations(EVERY, size)]


@pytest.mark.parametrize("make", [tiny.corpus, pair_corpus])
def test_each_token_stands_over_the_row_of_its_word(make: Any) -> None:
    """Row values name their word: context words count first."""
    corpus = make()
    split = corpus.splits["train"]
    for segment, first in ((split.context, 100), (split.main, 500)):
        if segment is not None:
            for rows in segment.rows.values():
                rows.values[:] = first + np.concatenate([np.arange(n) for n in rows.lengths])[:, None]
    encoded = encode(corpus, normalise="none")
    batch = encoded.batch(np.arange(len(encoded)))
    for item in range(len(encoded)):
        expected = [0.0]
        for segment, first in ((split.context, 100), (split.main, 500)):
            if segment is not None:
                words = segment.words[item]
                expected += [first + k for k, word in enumerate(words) for _ in range(0, len(word), 2)] + [0.0]
        for rows in (batch.acoustic, batch.visual):
            assert rows[item, : len(expected), 0].tolist() == expected
            assert rows[item, len(expected) :].eq(0).all()


class Lowering(Chunks):
    lower_cased = True


@pytest.mark.parametrize("alignment", ["word", "last_word"])
@pytest.mark.parametrize(
    ("option", "tokenizer", "lowered"),
    [
        ("auto", Chunks, False),
        ("auto", Lowering, True),
        (True, Chunks, True),
        (False, Lowering, False),
    ],
)
def test_words_keep_their_capitals_where_the_tokenizer_knows_them(
    option: Any, tokenizer: type[Chunks], lowered: bool, alignment: str
) -> None:
    corpus = tiny.corpus()
    corpus.splits["train"].main.words[0][:] = ["AB"] * len(corpus.splits["train"].main.words[0])
    asked = tokenizer()
    Processor.fit(corpus, config(lower_case=option, alignment=alignment)).encode(corpus.splits["train"], asked)
    heard = "".join(text for call in asked.calls for text in call)
    assert ("AB" in heard, "ab" in heard) == (not lowered, lowered)


def test_words_of_which_the_tokenizer_makes_nothing_are_counted_in_a_note(caplog: pytest.LogCaptureFixture) -> None:
    corpus = tiny.corpus()
    split, processor = corpus.splits["train"], Processor.fit(corpus, config())
    processor.encode(split, Chunks())
    assert caplog.messages == []
    split.main.words[2][-1] = split.main.words[5][0] = "***"
    encoded = processor.encode(split, Chunks())
    assert [message.split(";")[0] for message in caplog.messages] == ["note: the tokenizer makes nothing of 2 words"]
    assert (encoded.tokens == Chunks.unknown_id).sum() == 2
    assert encoded.spoken[[2, 5]].tolist() == [len(split.main.words[item]) > 1 for item in (2, 5)]


@pytest.mark.parametrize("make", [tiny.corpus, pair_corpus, unaligned_corpus])
def test_consuming_a_split_changes_nothing_but_the_split(make: Any) -> None:
    corpus = make()
    processor, split = Processor.fit(corpus, config()), corpus.splits["train"]
    kept = processor.encode(split, Chunks(), word_aligned=corpus.word_aligned)
    consumed = processor.encode(split, Chunks(), word_aligned=corpus.word_aligned, consume=True)
    for name, rows in kept.rows.items():
        for part, values in vars(rows).items():
            np.testing.assert_array_equal(getattr(consumed.rows[name], part), values, strict=True)
    if split.context is None:
        assert not split.main.rows


@pytest.mark.parametrize("kept", SUBSETS, ids=" ".join)
@pytest.mark.parametrize("make", [tiny.corpus, pair_corpus, unaligned_corpus])
def test_dropped_modalities_count_as_absent_and_leave_the_others_alone(kept: tuple[str, ...], make: Any) -> None:
    corpus = make()
    split, items = corpus.splits["train"], np.arange(len(corpus.splits["train"]))
    full, batch = encode(corpus).batch(items), encode(corpus, modalities=kept).batch(items)
    masks = {"text": batch.text_present, "acoustic": batch.acoustic_mask, "visual": batch.visual_mask}
    assert {name for name, mask in masks.items() if mask.any()} == set(kept)
    if "text" in kept:
        assert torch.equal(batch.input_ids, full.input_ids)
    else:
        assert batch.input_ids.shape[1] == (3 if corpus.has_context else 2)
    for name in ("acoustic", "visual"):
        if name not in kept:
            assert getattr(batch, name).eq(0).all()
        elif "text" in kept:
            assert torch.equal(getattr(batch, name), getattr(full, name))
        else:  # without tokens the rows stand on their own clock, each once
            stored = [segment.rows[name] for segment in (split.context, split.main) if segment is not None]
            counts = [sum(int((rows[item] != 0).any(axis=1).sum()) for rows in stored) for item in items]
            assert masks[name].sum(dim=1).tolist() == counts


def test_an_unaligned_corpus_keeps_its_own_lengths_and_order() -> None:
    corpus = unaligned_corpus()
    encoded = encode(corpus, normalise="none")
    batch = encoded.batch(np.array([1, 0]))
    assert batch.attention_mask.sum(dim=1).tolist() == [5, 6]
    assert batch.acoustic_mask.sum(dim=1).tolist() == [7, 2]
    assert batch.visual_mask.sum(dim=1).tolist() == [1, 5]
    rows = corpus.splits["train"].main.rows
    assert batch.acoustic[0].tolist() == rows["acoustic"][1].tolist()
    assert batch.visual[1].tolist() == rows["visual"][0].tolist()


def test_a_split_without_any_row_of_a_modality_is_legal() -> None:
    corpus = unaligned_corpus()
    main = corpus.splits["train"].main
    main.rows["acoustic"] = Ragged.stack([np.zeros((0, 3)), np.zeros((0, 3))], width=3)
    batch = encode(corpus).batch(np.array([0, 1]))
    assert not batch.acoustic_mask.any()
    assert batch.visual_mask.any(dim=1).all()


def test_a_modality_that_the_file_lacks_is_one_column_of_zeros() -> None:
    corpus = tiny.corpus()
    for split in corpus.splits.values():
        del split.main.rows["visual"]
    assert Processor.fit(corpus, config()).widths == {"acoustic": tiny.ACOUSTIC_DIM, "visual": 1}
    batch = encode(corpus).batch(np.array([0, 1]))
    assert batch.visual.shape[2] == 1
    assert not batch.visual_mask.any()


def test_a_modality_that_only_one_segment_has_stays_under_its_words() -> None:
    corpus = pair_corpus()
    expected = encode(corpus, normalise="none").batch(np.arange(5))
    for split in corpus.splits.values():
        assert split.context is not None
        split.context.rows["visual"] = replace(
            split.context.rows["visual"], values=split.context.rows["visual"].values * 0
        )
    zeroed = encode(corpus, normalise="none").batch(np.arange(5))
    for split in corpus.splits.values():
        assert split.context is not None
        del split.context.rows["visual"]
    lacking = encode(corpus, normalise="none").batch(np.arange(5))
    assert not torch.equal(expected.visual, zeroed.visual)
    assert torch.equal(lacking.visual, zeroed.visual)


def test_fixed_padding_gives_every_batch_the_longest_length() -> None:
    encoded = encode(tiny.corpus(), padding="fixed", max_length=41)
    assert encoded.batch(np.array([0])).input_ids.shape == (1, 41)
    assert encoded.batch(np.array([0])).acoustic.shape[:2] == (1, 41)


@pytest.mark.parametrize("task", ["auto", "regression", "classification"])
@pytest.mark.parametrize("classes", [True, False])
def test_the_task_is_the_corpus_s_unless_it_is_given(task: str, classes: bool) -> None:
    own = "classification" if classes else "regression"
    corpus = replace(tiny.corpus(classes=True), task=own)
    assert Processor.fit(corpus, config(task=task)).target.task == (own if task == "auto" else task)


def test_rows_of_another_width_are_refused() -> None:
    processor = Processor.fit(tiny.corpus(), config())
    other = Ragged.stack([np.ones((2, 4), np.float32)], width=4)
    split = Split(["a"], Segment([["ab", "cd"]], {"acoustic": other}))
    with pytest.raises(DataError, match=r"^acoustic rows have 4 columns, the model was made for 5$"):
        processor.encode(split, Chunks())


def test_last_word_alignment_needs_a_word_aligned_corpus() -> None:
    with pytest.raises(DataError, match=r"last_word needs a word-aligned file; use --set data\.alignment=word"):
        Processor.fit(unaligned_corpus(), config(alignment="last_word"))


@pytest.mark.parametrize(
    "options", [{}, {"normalise": "none", "padding": "fixed"}, {"modalities": ("visual",)}], ids=str
)
def test_loading_what_was_saved_gives_the_same_processor(tmp_path: Path, options: dict[str, Any]) -> None:
    processor = Processor.fit(tiny.corpus(), config(**options))
    processor.save(tmp_path)
    assert Processor.load(tmp_path) == processor


@pytest.mark.parametrize("content", [None, "", "{", "[]", "null", "7", "{}", '{"modalities": 7}', '"text"'])
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "processor.json").write_text(content)
    with pytest.raises(RunError, match=r"processor\.json is missing or damaged: this is no complete run folder"):
        Processor.load(tmp_path)


@pytest.mark.parametrize("change", ["missing", "unknown"])
def test_a_file_with_other_keys_is_named(tmp_path: Path, change: str) -> None:
    Processor.fit(tiny.corpus(), config()).save(tmp_path)
    values = json.loads((tmp_path / "processor.json").read_text())
    values = {**values, "colour": 1} if change == "unknown" else {k: v for k, v in values.items() if k != "scale"}
    (tmp_path / "processor.json").write_text(json.dumps(values))
    with pytest.raises(RunError, match=r"processor\.json is missing or damaged"):
        Processor.load(tmp_path)
