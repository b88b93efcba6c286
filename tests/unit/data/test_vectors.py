"""Text that is word vectors: laid out as words are, and kept apart from them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny
from chunks import Chunks
from label_corpora import VECTOR, small, text_only, vector_corpus
from mlcl.data.batch import EncodedSplit
from mlcl.data.corpus import Corpus, Segment
from mlcl.data.processor import Processor
from mlcl.data.store import read_store, write_store
from mlcl.data.vectors import VectorSteps, stepwise
from mlcl.errors import DataError
from prepare import config, encode, pair_corpus, unaligned_corpus


def encode_vectors(corpus: Corpus, **options: Any) -> EncodedSplit:
    processor = Processor.fit(corpus, config(**options), vectors=True)
    return processor.encode(corpus.splits["train"], VectorSteps(), word_aligned=corpus.word_aligned)


class _Whole(Chunks):
    """A tokenizer that gives one piece for a word, as a vector is one step."""

    def encode(self, texts: Any) -> list[list[int]]:
        return [[9] for _ in texts]


def as_words(corpus: Corpus, **options: Any) -> EncodedSplit:
    return Processor.fit(corpus, config(**options)).encode(
        corpus.splits["train"], _Whole(), word_aligned=corpus.word_aligned
    )


@pytest.mark.parametrize("make", [tiny.corpus, pair_corpus, unaligned_corpus])
@pytest.mark.parametrize("options", [{}, {"max_length": 8}, {"padding": "fixed", "max_length": 30}])
def test_vectors_lie_where_words_of_one_piece_would(make: Any, options: dict[str, Any]) -> None:
    corpus = make()
    words, vectors = as_words(corpus, **options), encode_vectors(vector_corpus(corpus), **options)
    everyone = np.arange(len(words))
    theirs, ours = words.batch(everyone), vectors.batch(everyone)
    for name, value in theirs.inputs().items():
        if name != "input_ids":
            assert torch.equal(getattr(ours, name), value), name
    assert ours.input_ids.shape == (*theirs.input_ids.shape, VECTOR)
    spoken = ours.input_ids.ne(0).any(dim=-1)
    assert torch.equal(spoken, theirs.input_ids.eq(9))  # zeros at [CLS], [SEP] and padding


def test_each_step_has_its_own_vector() -> None:
    corpus = vector_corpus(pair_corpus())
    split, batch = corpus.splits["train"], encode_vectors(corpus).batch(np.arange(11))
    assert split.context is not None
    for item in range(11):
        before, after = split.context.rows["text"][item], split.main.rows["text"][item]
        zero = np.zeros((1, VECTOR), np.float32)
        expected = np.concatenate([zero, before, zero, after, zero])
        assert np.array_equal(batch.input_ids[item, : len(expected)].numpy(), expected)


def test_without_text_among_the_modalities_the_vectors_are_not_seen() -> None:
    batch = encode_vectors(vector_corpus(tiny.corpus()), modalities=("acoustic",)).batch(np.arange(11))
    assert batch.input_ids.shape == (11, 2, VECTOR)
    assert batch.input_ids.eq(0).all()
    assert not batch.text_present.any()
    assert batch.acoustic_mask.any()


def test_vectors_beside_words_are_left_out_for_a_language_model() -> None:
    corpus = tiny.corpus()
    vectors = vector_corpus(corpus).splits["train"].main.rows["text"]
    main = corpus.splits["train"].main
    both = corpus.with_splits(
        {"train": replace(corpus.splits["train"], main=replace(main, rows={"text": vectors, **main.rows}))}
    )
    ours, theirs = encode(both), encode(corpus)
    assert list(ours.rows) == list(theirs.rows) == ["acoustic", "visual"]
    assert torch.equal(ours.batch(np.arange(11)).acoustic, theirs.batch(np.arange(11)).acoustic)
    assert encode_vectors(both).batch(np.arange(11)).input_ids.dim() == 3


def test_the_store_keeps_vectors(tmp_path: Path) -> None:
    split = encode_vectors(vector_corpus(tiny.corpus()))
    write_store(tmp_path / "store", [("train", split)], {})
    found = read_store(tmp_path / "store")
    assert found is not None
    assert torch.equal(found[0]["train"]().batch(np.arange(11)).input_ids, split.batch(np.arange(11)).input_ids)


def test_a_corpus_without_vectors_is_refused() -> None:
    with pytest.raises(DataError, match=r"no text vectors; name a language model with --text-encoder"):
        Processor.fit(tiny.corpus(), config(), vectors=True)
    with pytest.raises(DataError, match="no text vectors"):
        stepwise(tiny.corpus().splits["train"])


def test_a_corpus_knows_whether_it_has_words() -> None:
    vectors = vector_corpus(small())
    assert (vectors.has_words, vectors.has_text_vectors) == (False, True)
    assert (small().has_words, small().has_text_vectors) == (True, False)
    silent = replace(small().splits["train"], main=Segment([[] for _ in range(11)]), context=Segment([["a"]] * 11))
    assert Corpus({"train": silent}, "test", "regression").has_words


def test_steps_have_names_and_a_fingerprint() -> None:
    steps = VectorSteps()
    assert steps.tokens([0, 1, 3, 2]) == ["[PAD]", "[CLS]", ".", "[SEP]"]
    assert steps.encode(["a b", ""]) == [[3, 3], []]
    assert len(steps.fingerprint()) == 64


@pytest.mark.parametrize("word_aligned", [True, False])
def test_a_text_only_corpus_is_what_the_other_modalities_left_out_make_of_a_whole_one(word_aligned: bool) -> None:
    """On whichever clock: without rows there is none, so absent rows lie under the tokens, as every model can take."""
    alone = encode(replace(text_only(tiny.corpus()), word_aligned=word_aligned)).batch(np.arange(11))
    whole = encode(tiny.corpus(), modalities=("text",)).batch(np.arange(11))
    for name, value in whole.inputs().items():
        if name in ("acoustic", "visual"):
            assert getattr(alone, name).eq(0).all()
            assert getattr(alone, name).shape[:2] == value.shape[:2]
        else:
            assert torch.equal(getattr(alone, name), value), name
