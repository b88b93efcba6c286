"""Every model over word vectors in place of a language model."""

from typing import Any

import numpy as np
import pytest
import torch

import targets
import tiny
from label_corpora import VECTOR, vector_corpus
from mlcl.config import TrainConfig
from mlcl.data.batch import Batch
from mlcl.data.processor import Processor
from mlcl.data.vectors import VectorSteps
from mlcl.encode.vectors import VectorsModel, vectors_config
from mlcl.execution import executed
from mlcl.models.base import MultimodalModel, apply
from mlcl.models.registry import MODELS, model_sizes
from mlcl.train.optimiser import build_optimisation
from prepare import config as data_config

EXACT = 1e-10  # float64; values of order 1
every_model = pytest.mark.parametrize("name", MODELS)


def build(name: str) -> MultimodalModel:
    torch.manual_seed(0)
    model_class = MODELS[name].model
    sizes = model_sizes(model_class, targets.SCORES, {"acoustic": tiny.ACOUSTIC_DIM, "visual": tiny.VISUAL_DIM})
    small = {"d_model": 20, "num_heads": 5} if hasattr(model_class.config_class, "d_model") else {}
    text = vectors_config(VECTOR, hidden_size=22, num_attention_heads=2, dropout=0.0)
    model = model_class(model_class.config_class(text_config=text, **small, **sizes)).double()
    tiny.perturb(model, scale=0.05)
    return model.eval()


def batch(items: Any) -> Batch:
    corpus = vector_corpus(tiny.corpus())
    processor = Processor.fit(corpus, data_config(), vectors=True)
    found = processor.encode(corpus.splits["train"], VectorSteps()).batch(np.asarray(items))
    return Batch(**{k: v.double() if v.is_floating_point() else v for k, v in found.inputs().items()})


@every_model
@torch.no_grad()
def test_a_prediction_does_not_depend_on_padding_or_the_rest_of_the_batch(name: str) -> None:
    model, given = build(name), batch(range(11)).inputs()
    together = apply(model, Batch(**given)).logits
    for item in range(11):
        assert (apply(model, batch([item])).logits[0] - together[item]).abs().max() < EXACT
    noisy = torch.where(given["attention_mask"][..., None], given["input_ids"], 1e3)
    assert not noisy.equal(given["input_ids"])
    assert (apply(model, Batch(**{**given, "input_ids": noisy})).logits - together).abs().max() < EXACT


@every_model
def test_the_vectors_count_and_everything_is_trained(name: str) -> None:
    model, given = build(name), batch(range(11)).inputs()
    output = apply(model, Batch(**given))
    moved = {**given, "input_ids": given["input_ids"].flip(-1)}
    assert (apply(model, Batch(**moved)).logits - output.logits).abs().max() > 1e-9
    output.loss.backward()
    encoder = model.get_submodule("text.encoder")
    assert isinstance(encoder, VectorsModel)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())
    optimisation = build_optimisation(model, TrainConfig())
    moves = {id(p) for number in range(len(optimisation.optimisers)) for p in optimisation.parameters(number)}
    assert {id(p) for p in encoder.parameters()} <= moves


@every_model
@torch.no_grad()
def test_fast_and_plain_execution_agree_and_so_does_what_was_saved(name: str, tmp_path: Any) -> None:
    model, given = build(name), batch(range(11))
    fast = apply(model, given).logits
    with executed(model, "plain"):
        assert (apply(model, given).logits - fast).abs().max() < EXACT
    model.save_pretrained(tmp_path)
    again = MODELS[name].model.from_pretrained(tmp_path, dtype=torch.float64).eval()
    assert (apply(again, given).logits - fast).abs().max() < EXACT


def test_all_steps_are_real_where_no_mask_is_given() -> None:
    model, given = build("mlcl"), batch([3]).inputs(labels=False)
    mask = given.pop("attention_mask")
    assert bool(mask.all())
    with torch.no_grad():
        with_mask = model(**given, attention_mask=mask).logits
        assert (model(**given).logits - with_mask).abs().max() < EXACT
