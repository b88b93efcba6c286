"""The release's preparation of items: tokens, segments, rows and labels, array for array."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from transformers import BertTokenizer

from golden.golden_files import DEFAULT, cases, load
from mlcl.config import DataConfig
from mlcl.data.batch import EncodedSplit
from mlcl.data.corpus import Corpus
from mlcl.data.formats.items import hkt, mag
from mlcl.data.processor import Processor
from mlcl.encode.tokenizer import SubWords
from reading import read_with

PATTERN = "preprocess_*.safetensors"


class Case:
    """A golden file: raw items, and what the release makes of each."""

    def __init__(self, path: Path) -> None:
        self.tensors, metadata = load(path)
        self.examples: list[dict[str, Any]] = metadata["examples"]
        self.max_length = int(metadata["max_seq_length"])
        vocabulary = {token: number for number, token in enumerate(metadata["vocab"])}
        self.tokenizer = SubWords(BertTokenizer(vocab=vocabulary))
        self.has_context = any(name.endswith(".context_acoustic") for name in self.tensors)

    def raw(self, item: int, name: str) -> NDArray[Any]:
        return self.tensors[f"raw.{item}.{name}"]

    def features(self, item: int) -> dict[str, NDArray[Any]]:
        prefix = f"features.{item}."
        return {name.removeprefix(prefix): value for name, value in self.tensors.items() if name.startswith(prefix)}

    def corpus(self) -> Corpus:
        """Read the raw items as the file of the layout would hold them."""
        if not self.has_context:
            items = [
                (
                    (example["words"], self.raw(i, "visual"), self.raw(i, "acoustic")),
                    self.raw(i, "label"),
                    example["segment"],
                )
                for i, example in enumerate(self.examples)
            ]
            return read_with(mag, {"train": items}, dtype=np.float64)
        kinds = ("visual", "acoustic", "hcf")
        pairs = [
            (
                (example["punchline"], *(self.raw(i, f"punchline_{kind}") for kind in kinds)),
                (example["context"], *(self.raw(i, f"context_{kind}") for kind in kinds)),
                example["id"],
                self.raw(i, "label"),
            )
            for i, example in enumerate(self.examples)
        ]
        return read_with(hkt, {"train": pairs}, dtype=np.float64)

    def encoded(self, **changes: Any) -> EncodedSplit:
        """Every item in the release's settings, but for `changes`."""
        alignment = "last_word" if self.has_context else "spelt_word"
        release = {"alignment": alignment, "normalise": "none", "max_length": self.max_length, "padding": "fixed"}
        corpus = self.corpus()
        processor = Processor.fit(corpus, DataConfig(**{"file": "", **release, **changes}))
        return processor.encode(corpus.splits["train"], self.tokenizer, word_aligned=corpus.word_aligned)


def prepared(encoded: EncodedSplit, item: int, names: set[str]) -> dict[str, NDArray[Any]]:
    """The arrays of one item under the release's names."""
    items = np.array([item])
    batch = encoded.batch(items)
    assert encoded.labels is not None
    arrays = {
        "input_ids": batch.input_ids,
        "attention_mask": batch.attention_mask,
        "token_type_ids": batch.token_type_ids,
        "label": encoded.labels[items],
        **{name: encoded.gather(name, items)[0] for name in encoded.rows},
    }
    return {name: np.asarray(value)[0] for name, value in arrays.items() if name in names}


@pytest.mark.parametrize("path", cases(PATTERN))
def test_items_are_prepared_as_in_the_release(path: Path) -> None:
    case = Case(path)
    encoded = case.encoded()
    assert len(encoded) == len(case.examples) > 0
    for item in range(len(encoded)):
        theirs = case.features(item)
        ours = prepared(encoded, item, set(theirs))
        assert set(ours) == set(theirs)
        for name, value in theirs.items():
            assert np.array_equal(ours[name], value.reshape(ours[name].shape)), f"item {item}, {name}"
            assert value.size == ours[name].size


@pytest.mark.parametrize("path", cases(PATTERN))
def test_other_settings_prepare_them_differently(path: Path) -> None:
    """The negative control: the equality sees alignment, length and normalisation."""
    case = Case(path)
    changes: list[dict[str, Any]] = [{"normalise": "train"}, {"max_length": case.max_length - 1}]
    changes += [{"alignment": "word"}] if case.has_context else []
    for change in changes:
        encoded = case.encoded(**change)
        different = False
        for item in range(len(encoded)):
            theirs = case.features(item)
            ours = prepared(encoded, item, set(theirs))
            different |= any(not np.array_equal(ours[name].ravel(), value.ravel()) for name, value in theirs.items())
        assert different, change


def test_the_stored_files_cover_both_layouts() -> None:
    assert sorted(Case(case.values[0]).has_context for case in cases(PATTERN, DEFAULT)) == [False, True]
