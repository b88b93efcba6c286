"""Every model with more than two classes: one head for each, no class before another."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import targets
import tiny
from label_corpora import every_split
from mlcl.data.batch import Batch
from mlcl.data.processor import Processor
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.models.base import MultimodalModel, apply
from mlcl.models.registry import MODELS, model_sizes
from prepare import config as data_config

CLASSES = 13  # no other size of the tiny models, so that it tells their heads
EXACT = 1e-10  # float64; values of order 1
WIDTHS = {"acoustic": tiny.ACOUSTIC_DIM, "visual": tiny.VISUAL_DIM}
every_model = pytest.mark.parametrize("name", MODELS)


def build(name: str, classes: int = CLASSES, named: tuple[str, ...] = ()) -> MultimodalModel:
    torch.manual_seed(0)
    model_class = MODELS[name].model
    sizes = model_sizes(model_class, targets.classes(classes, *named), WIDTHS)
    small = {"d_model": 20, "num_heads": 5} if hasattr(model_class.config_class, "d_model") else {}
    model = model_class(model_class.config_class(text_config=tiny.text_config(), **small, **sizes)).double()
    tiny.perturb(model, scale=0.05)
    return model.eval()


def batch(items: Any, classes: int = CLASSES) -> Batch:
    corpus = every_split(
        tiny.corpus(), lambda split: replace(split, labels=np.arange(len(split)) * 5.0 % min(classes, len(split)))
    )
    encoded = Processor.fit(replace(corpus, task="classification"), data_config()).encode(
        corpus.splits["train"], word_tokenizer(tiny.WORDS)
    )
    found = encoded.batch(np.asarray(items))
    return Batch(**{k: v.double() if v.is_floating_point() else v for k, v in found.inputs().items()})


@every_model
@torch.no_grad()
def test_new_numbers_for_the_classes_give_the_same_probabilities_under_the_new_numbers(name: str) -> None:
    model, given = build(name), batch(range(11))
    before = apply(model, given)
    order = torch.randperm(CLASSES, generator=torch.Generator().manual_seed(1))
    heads = [p for p in model.parameters() if p.shape[0] == CLASSES]
    assert heads
    for parameter in heads:
        parameter.copy_(parameter[order])
    assert given.labels is not None
    renamed = replace(given, labels=order.argsort()[given.labels.long()].double())
    after = apply(model, renamed)
    assert before.logits.shape == (11, CLASSES)
    assert (after.logits.softmax(dim=1) - before.logits.softmax(dim=1)[:, order]).abs().max() < EXACT
    assert (after.terms["task"] - before.terms["task"]).abs() < EXACT
    assert (after.loss - before.loss).abs() < EXACT
    assert (apply(model, given).loss - before.loss).abs() > 1e-6  # negative control: the old numbers fit no longer


@every_model
@torch.no_grad()
def test_a_prediction_does_not_depend_on_the_rest_of_the_batch(name: str) -> None:
    model = build(name)
    together = apply(model, batch(range(11))).logits
    for item in range(11):
        assert (apply(model, batch([item])).logits[0] - together[item]).abs().max() < EXACT


@every_model
def test_the_task_s_term_is_cross_entropy(name: str) -> None:
    model, given = build(name), batch(range(11))
    output = apply(model, given)
    assert given.labels is not None
    chance = output.logits.log_softmax(dim=1)[torch.arange(11), given.labels.long()]
    assert (output.terms["task"] + chance.mean()).abs() < EXACT
    output.loss.backward()
    assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in model.parameters())


@every_model
def test_two_classes_are_the_head_that_they_always_were(name: str) -> None:
    model_class = MODELS[name].model
    assert model_sizes(model_class, targets.TWO, WIDTHS)["num_labels"] == 2
    assert model_sizes(model_class, targets.SCORES, WIDTHS)["num_labels"] == 1
    assert apply(build(name, 2), batch(range(11), 2)).logits.shape == (11, 2)


def test_the_softmax_of_two_logits_is_the_sigmoid_of_their_difference() -> None:
    logits = apply(build("mlcl", 2), batch(range(11), 2)).logits
    expected = (logits[:, 1] - logits[:, 0]).sigmoid()
    assert (logits.softmax(dim=1)[:, 1] - expected).abs().max() < EXACT


@every_model
def test_the_names_of_the_classes_are_kept_with_the_model(name: str, tmp_path: Any) -> None:
    model = build(name, 3, ("sad", "calm", "glad"))
    model.save_pretrained(tmp_path)
    again = MODELS[name].model.from_pretrained(tmp_path)
    assert again.config.id2label == {0: "sad", 1: "calm", 2: "glad"}
    assert again.config.label2id == {"sad": 0, "calm": 1, "glad": 2}
    assert again.config.num_labels == 3


def test_correlation_learning_knows_no_order_of_classes() -> None:
    model, given = build("mcl"), batch(range(11))
    assert isinstance(model.correlation, nn.Module)
    assert model.correlation.nominal
    torch.manual_seed(0)
    plain = model.train()(**given.inputs()).terms["correlation"]
    torch.manual_seed(0)
    assert given.labels is not None
    other = model(**replace(given, labels=(CLASSES - 1 - given.labels) * 1.0).inputs()).terms["correlation"]
    assert torch.equal(plain, other)
