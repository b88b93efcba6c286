"""What HKT's prediction depends on: rows under tokens and options; not neighbours or, by default, padding."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

import tiny
import tiny_hkt
from mlcl.config import DataConfig
from mlcl.data.batch import EncodedSplit
from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.processor import Processor
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.errors import AlignmentError
from mlcl.execution import Execution, executed
from mlcl.models import HKTModel
from mlcl.models.base import apply
from mlcl.options import HKTOptions
from training import Run

EXACT = 1e-11  # float64; a dozen layers with values of order 1 to 10
TEXTS = {"albert": tiny_hkt.text_config(), "bert": tiny.text_config(hidden_size=20)}


def pad(inputs: dict[str, Any], more: int) -> dict[str, Any]:
    """The same items under `more` steps of padding."""
    below = {1: (0, 0), 2: (0, more), 3: (0, 0, 0, more)}
    return {name: F.pad(value, below[value.dim()]) for name, value in inputs.items()}


def noise(like: torch.Tensor) -> torch.Tensor:
    """Rows of noise; constant ones would be lost in the first LayerNorm."""
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(9), dtype=like.dtype)


def differs(first: Any, second: Any) -> float:
    return float((first.embedding - second.embedding).abs().max())


@pytest.mark.parametrize("text", TEXTS)
@torch.no_grad()
def test_a_prediction_does_not_depend_on_padding_batch_size_or_neighbours(text: str) -> None:
    model, batch = tiny_hkt.model(text_config=TEXTS[text]), tiny_hkt.batch()
    plain = model(**batch)
    for more in (1, 13):
        assert differs(model(**pad(batch, more)), plain) < EXACT
        assert (model(**pad(batch, more)).loss - plain.loss).abs() < EXACT
    for item in range(tiny.BATCH):
        length = int(batch["attention_mask"][item].sum())
        alone = {n: v[item : item + 1] if v.dim() == 1 else v[item : item + 1, :length] for n, v in batch.items()}
        torch.testing.assert_close(model(**alone).logits[0], plain.logits[item], rtol=0, atol=EXACT)


@torch.no_grad()
def test_the_content_of_masked_steps_has_no_influence() -> None:
    model, batch = tiny_hkt.model(), tiny_hkt.batch()
    noisy = {**batch, "input_ids": torch.where(batch["attention_mask"], batch["input_ids"], 7)}
    for name in tiny_hkt.ENCODERS:
        noisy[name] = torch.where(batch[f"{name}_mask"][..., None], batch[name], noise(batch[name]))
    assert differs(model(**noisy), model(**batch)) < EXACT


@torch.no_grad()
def test_in_the_release_padding_reaches_the_prediction_through_the_encoders_and_the_maxima() -> None:
    """The quirk: the bimodal layer masks its keys, yet its queries at padding, and both encoders, are read."""
    model, batch = tiny_hkt.model(**tiny_hkt.RELEASE), tiny_hkt.batch()
    plain = model(**batch)
    assert differs(model(**pad(batch, 3)), plain) > 1e-3
    padding = ~batch["attention_mask"][..., None]
    for name in tiny_hkt.ENCODERS:
        rows = torch.where(padding, noise(batch[name]), batch[name])
        assert differs(model(**{**batch, name: rows}), plain) > 1e-3, name
    ids = torch.where(batch["attention_mask"], batch["input_ids"], 7)
    assert differs(model(**{**batch, "input_ids": ids}), plain) > 1e-6


@torch.no_grad()
def test_real_content_has_influence() -> None:
    model, batch = tiny_hkt.model(), tiny_hkt.batch()
    plain = model(**batch).logits[:, 1]
    ids = torch.where(batch["attention_mask"], (batch["input_ids"] + 1) % tiny.VOCABULARY, 0)
    for name, value in {"input_ids": ids, **{name: -batch[name] for name in tiny_hkt.ENCODERS}}.items():
        assert (model(**{**batch, name: value}).logits[:, 1] - plain).abs().min() > 1e-6, name


@pytest.mark.parametrize("absent", ["text", *tiny_hkt.ENCODERS])
@torch.no_grad()
def test_an_absent_modality_is_exactly_zero_and_its_content_has_no_influence(absent: str) -> None:
    model, batch = tiny_hkt.model(), tiny_hkt.batch()
    batch["text_present" if absent == "text" else f"{absent}_mask"][2] = False
    changed, inputs = dict(batch), "input_ids" if absent == "text" else absent
    changed[inputs] = batch[inputs].clone()
    changed[inputs][2] = 17 if absent == "text" else noise(batch[inputs])[2]
    first = model(**batch)
    assert differs(first, model(**changed)) == 0
    sizes = [tiny_hkt.TEXT_DIM, tiny_hkt.HCF_DIM, tiny_hkt.VISUAL_DIM, tiny_hkt.ACOUSTIC_DIM]
    parts = dict(zip(("text", "hcf", "visual", "acoustic"), first.embedding[2, : sum(sizes)].split(sizes), strict=True))
    assert {name for name, part in parts.items() if part.eq(0).all()} == {absent}


@torch.no_grad()
def test_every_item_may_lack_a_modality() -> None:
    model, batch = tiny_hkt.model(), tiny_hkt.batch()
    for name in tiny_hkt.ENCODERS:
        batch[name], batch[f"{name}_mask"] = torch.zeros_like(batch[name]), torch.zeros_like(batch[f"{name}_mask"])
    batch["text_present"][:] = False
    logits = model(**batch).logits
    assert torch.isfinite(logits).all()
    torch.testing.assert_close(logits, logits[:1].expand_as(logits), rtol=0, atol=EXACT)  # nothing tells them apart


@torch.no_grad()
def test_masks_are_the_rows_that_are_not_all_zero_when_they_are_not_given() -> None:
    model, batch = tiny_hkt.model(), tiny_hkt.batch()
    bare = {name: value for name, value in batch.items() if name not in {f"{m}_mask" for m in tiny_hkt.ENCODERS}}
    assert torch.equal(model(**bare).logits, model(**batch).logits)


class TestRefusals:
    @pytest.mark.parametrize("name", tiny_hkt.ENCODERS)
    def test_rows_on_a_clock_of_their_own(self, name: str) -> None:
        model, batch = tiny_hkt.model(), tiny_hkt.batch()
        batch[name], batch[f"{name}_mask"] = batch[name][:, :7], batch[f"{name}_mask"][:, :7]
        message = rf"^7 {name} rows and 11 tokens: HKT needs a row under each token"
        with pytest.raises(ValueError, match=message):
            model(**batch)
        with pytest.raises(AlignmentError, match=message):
            model.unimodal(name).double()(batch["attention_mask"], **{name: batch[name]})

    def test_no_humor_centric_features_for_a_model_that_was_made_for_them(self) -> None:
        with pytest.raises(AlignmentError, match=r"^the model was made for hcf rows and got none$"):
            tiny_hkt.model()(**{**tiny_hkt.batch(), "hcf": None})

    def test_more_tokens_than_positions(self) -> None:
        with pytest.raises(AlignmentError, match=r"^38 tokens and model\.max_positions = 37"):
            tiny_hkt.model()(**pad(tiny_hkt.batch(), 27))


def results(model: HKTModel, inputs: dict[str, Any], execution: Execution) -> dict[str, torch.Tensor]:
    model.zero_grad()
    with executed(model, execution):
        output = model(**inputs)
        output.loss.backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return {"logits": output.logits.detach(), "embedding": output.embedding.detach(), **gradients}


@pytest.mark.parametrize("options", [{}, tiny_hkt.RELEASE], ids=["default", "release"])
@pytest.mark.parametrize("text", TEXTS)
def test_fast_and_plain_are_one_function(text: str, options: dict[str, Any]) -> None:
    """To 1e-10 of each tensor's largest entry, or 1e-12: a key's bias has gradient 0 but for rounding."""
    model, inputs = tiny_hkt.model(text_config=TEXTS[text], **options).train(), tiny_hkt.batch(items=9)
    fast, plain = results(model, inputs, "fast"), results(model, inputs, "plain")
    assert fast.keys() == plain.keys()
    for name, value in plain.items():
        tolerance = max(1e-10 * float(value.abs().max()), 1e-12)
        torch.testing.assert_close(fast[name], value, rtol=0, atol=tolerance, msg=lambda m, n=name: f"{n}: {m}")


# One other value for each option; what only training reads is tested in TestUpdates and TestStages.
OTHERS: dict[str, Any] = {
    **{f"{name}_layers": 3 for name in tiny_hkt.ENCODERS},
    **{f"{name}_heads": 1 for name in tiny_hkt.ENCODERS},
    **{f"{name}_feed_forward": 23 for name in tiny_hkt.ENCODERS},
    "cross_heads": 2,
    "max_positions": 41,
    "fusion_dim": 23,
    "encoder_dropout": 0.0,
    "dropout": 0.0,
    "mask_padding": False,
}
ELSEWHERE = {"name", "fit_heads", "decay_norms", "pretrain_epochs", *(f"{m}_learning_rate" for m in tiny_hkt.ENCODERS)}


def behaviour(**options: Any) -> dict[str, Any]:
    """Shapes of what is learned, and loss and prediction of one training step from a fixed seed."""
    torch.manual_seed(0)
    model = HKTModel(tiny_hkt.config(**{"dropout": 0.2, "encoder_dropout": 0.2, **options})).train()
    tiny.perturb(model)
    torch.manual_seed(1)
    output = model(**tiny_hkt.batch(dtype=torch.float32))
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    return {"shapes": shapes, "loss": output.loss.item(), "logits": output.logits.flatten().tolist()}


def test_every_option_is_tried_and_the_same_options_behave_the_same() -> None:
    assert {*OTHERS, *ELSEWHERE} == set(HKTOptions.model_fields)
    assert behaviour() == behaviour()


@pytest.mark.parametrize(("name", "value"), OTHERS.items())
def test_every_option_changes_behaviour(name: str, value: Any) -> None:
    assert behaviour(**{name: value}) != behaviour()


def humor_split(context: list[str], punchline: str) -> tuple[EncodedSplit, list[str]]:
    """One item whose k-th word, context first, has rows that are all k + 1; and its sub-words."""

    def segment(sentences: list[str], first: int) -> Segment:
        words = " ".join(sentences).split()
        numbers = torch.arange(first, first + len(words), dtype=torch.float32)[:, None]
        rows = {m: Ragged.stack([(numbers + 1).expand(-1, w).numpy()], width=w) for m, w in tiny_hkt.ENCODERS.items()}
        return Segment([words], rows, sentences=[sentences])

    before = segment(context, 0)
    split = Split(["a"], segment([punchline], len(before.words[0])), context=before, labels=torch.ones(1).numpy())
    corpus = Corpus({"train": split, "dev": split}, layout="hkt", task="classification")
    tokenizer = word_tokenizer([*" ".join([*context, punchline]).split(), "."])
    encoded = Processor.fit(corpus, DataConfig(file="", normalise="none", max_length=14)).encode(split, tokenizer)
    return encoded, tokenizer.tokens(encoded.tokens.tolist())


def test_every_sub_word_stands_over_its_word_s_row_whatever_the_tokenizer() -> None:
    """WordPiece marks no word starts; HKT's own loader would give each of its sub-words the last word's row."""
    encoded, tokens = humor_split(["so don't", "we ran"], "it's a cat")
    assert " ".join(tokens) == "[CLS] t . we ran . [SEP] it ' s a cat . [SEP]"  # the oldest of the context is cut
    batch = encoded.batch(torch.arange(1).numpy())
    assert batch.hcf is not None
    for rows in (batch.acoustic, batch.visual, batch.hcf):
        assert rows[0, :, 0].tolist() == [0, 2, 2, 3, 4, 4, 0, 5, 5, 5, 6, 7, 7, 0]
    assert batch.token_type_ids[0].tolist() == 7 * [0] + 7 * [1]
    assert torch.isfinite(apply(tiny_hkt.model().float(), batch).loss)


def test_an_item_without_context_keeps_its_separators() -> None:
    encoded, tokens = humor_split([], "a cat")
    assert tokens == ["[CLS]", "[SEP]", "a", "cat", ".", "[SEP]"]
    assert encoded.batch(torch.arange(1).numpy()).acoustic[0, :, 0].tolist() == [0, 0, 1, 2, 2, 0]


def test_the_loop_lowers_the_loss(tmp_path: Path) -> None:
    run = Run(tmp_path, settings={"epochs": 8})
    run.model = HKTModel(
        tiny_hkt.config(num_labels=1, hcf_dim=0, acoustic_dim=tiny.ACOUSTIC_DIM, visual_dim=tiny.VISUAL_DIM)
    )
    state = run.fit()
    losses = [record["train"]["loss"] for record in state.history]
    assert losses[-1] < 0.7 * losses[0]
