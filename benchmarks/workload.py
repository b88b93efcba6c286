"""Work of the field's size: lengths as CMU-MOSI has them, BERT-base with random weights, the recipe's batches."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertConfig

from mlcl.config import Experiment
from mlcl.data.batch import EncodedSplit
from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.processor import Processor
from mlcl.data.target import Target
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.errors import UsageError, nearest
from mlcl.models.configuration import MLCLConfig
from mlcl.models.mlcl import MLCLModel
from mlcl.models.registry import model_sizes
from mlcl.recipe import resolve

# How many of CMU-MOSI's 2,199 utterances have 1, 2, 3, ... words; what is longer than 60 is counted at 60.
WORD_COUNTS = (
    3, 19, 45, 107, 173, 168, 179, 178, 151, 136, 119, 104, 94, 88, 74, 70, 45, 55, 44, 48, 40, 33, 23, 20, 22, 17, 16,
    19, 15, 9, 7, 9, 6, 3, 7, 2, 5, 6, 2, 6, 4, 2, 0, 2, 3, 2, 3, 0, 0, 1, 0, 0, 1, 1, 2, 0, 0, 2, 2, 7,
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """A data set's size.

    Attributes:
        padded: Positions to which the release pads.
        stretch: Sub-words of an utterance per word of a CMU-MOSI utterance.
        items: Items of all splits.
        acoustic: Acoustic columns.
        visual: Visual columns.
    """

    padded: int
    stretch: float
    items: int
    acoustic: int
    visual: int


SHAPES = {"mosi": Shape(60, 1.07, 2199, 74, 47), "mosei": Shape(80, 1.92, 22777, 74, 35)}


@dataclass(frozen=True, eq=False)
class Workload:
    """A model and batches' worth of items for it.

    Attributes:
        experiment: Recipe and profile.
        model: BERT-base size, random weights.
        padded: The items as the release pads them.
        tight: The items as the profile pads them.
    """

    experiment: Experiment
    model: MLCLModel
    padded: EncodedSplit
    tight: EncodedSplit


def shape_of(recipe: str) -> Shape:
    """The shape of a recipe's data.

    Raises:
        UsageError: If there is none of that name.
    """
    if recipe not in SHAPES:
        raise UsageError(f"--recipe {recipe}: no shape to measure; {nearest(recipe, sorted(SHAPES))}")
    return SHAPES[recipe]


def draw_lengths(shape: Shape, items: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Words per item, one token each; at most what the release keeps."""
    share = np.array(WORD_COUNTS) / sum(WORD_COUNTS)
    words = rng.choice(np.arange(1, len(share) + 1), size=items, p=share) * shape.stretch
    return np.clip(np.rint(words).astype(np.int64), 1, shape.padded - 2)


def draw_split(shape: Shape, items: int, seed: int, prefix: str = "item") -> Split:
    """Random words, rows and scores."""
    rng = np.random.default_rng(seed)
    lengths = draw_lengths(shape, items, rng)
    words = [[f"w{number}" for number in rng.integers(0, 2000, length)] for length in lengths]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    rows = {
        name: Ragged(rng.standard_normal((int(offsets[-1]), width), dtype=np.float32), offsets)
        for name, width in (("acoustic", shape.acoustic), ("visual", shape.visual))
    }
    ids = [f"{prefix}{number}" for number in range(items)]
    return Split(ids, Segment(words, rows), labels=rng.uniform(-3, 3, items))


def build_workload(
    recipe: str, profile: str, *, items: int, seed: int = 0, changes: list[str] | None = None
) -> Workload:
    """Draw the items and build the model of a recipe and profile, with `changes` as for `mlcl.recipe.resolve`."""
    shape = shape_of(recipe)
    experiment = resolve(recipe, profile=profile, data="generated", text_encoder="tiny", seed=seed, changes=changes)
    split = draw_split(shape, items, seed)
    tokenizer = word_tokenizer([f"w{number}" for number in range(2000)])
    corpus = Corpus({"train": split}, layout="generated", task="regression")

    def encode(padding: str) -> EncodedSplit:
        changes = {"padding": padding, "max_length": shape.padded}
        processor = Processor.fit(corpus, experiment.data.model_copy(update=changes))
        return processor.encode(split, tokenizer)

    torch.manual_seed(seed)
    sizes = model_sizes(MLCLModel, Target("regression"), {"acoustic": shape.acoustic, "visual": shape.visual})
    options = experiment.model.model_dump(exclude={"name"})
    model = MLCLModel(MLCLConfig(text_config=BertConfig(), **options, **sizes))
    padded = encode("fixed")
    return Workload(experiment, model, padded, padded if experiment.data.padding == "fixed" else encode("longest"))
