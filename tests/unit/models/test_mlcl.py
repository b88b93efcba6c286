"""MLCL as a whole: sizes of the release, labels, the objective, saving and loading."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import BertConfig

import tiny
from mlcl.contrast import bi_modal_terms, tri_modal_terms, uni_modal_terms
from mlcl.models import MLCLConfig, MLCLModel

RELEASE_SIZES: dict[str, Any] = {
    "sequence_layers": 3,
    "cross_depth": 4,
    "cross_dim_head": 64,
    "fusion_feed_forward": 2048,
}
TERMS = ["task", "umcl_text", "umcl_acoustic", "umcl_visual"]
TERMS += ["bmcl_text_acoustic", "bmcl_text_visual", "bmcl_acoustic_visual", "tmcl_text", "tmcl_acoustic", "tmcl_visual"]


@pytest.mark.parametrize(
    ("count", "dim", "heads", "acoustic", "visual", "labels"),
    [
        (208_812_171, 384, 16, 74, 47, 1),
        (208_798_347, 384, 16, 74, 35, 1),
        (111_203_556, 40, 5, 60, 36, 2),
        (110_957_796, 40, 4, 60, 36, 2),
    ],
    ids=["MOSI", "MOSEI", "MUStARD", "UR-FUNNY"],
)
def test_parameters_are_as_many_as_the_release_s(
    count: int, dim: int, heads: int, acoustic: int, visual: int, labels: int
) -> None:
    """The release counts ten weights of an uncertainty loss that nothing reads; we do not have them."""
    sizes = {"d_model": dim, "num_heads": heads, "acoustic_dim": acoustic, "visual_dim": visual, "num_labels": labels}
    with torch.device("meta"):
        model = MLCLModel(MLCLConfig(text_config=BertConfig(), **RELEASE_SIZES, **sizes))
    assert sum(parameter.numel() for parameter in model.parameters()) == count - 10


def test_a_width_that_is_no_multiple_of_the_heads_is_refused() -> None:
    with pytest.raises(ValueError, match=r"d_model \(15\) must be a multiple of num_heads \(4\)"):
        MLCLConfig(d_model=15, num_heads=4)


def test_the_output_holds_every_term_of_the_paper_in_its_order() -> None:
    model, batch = tiny.model(), tiny.batch()
    output = model(**batch)
    assert list(output.terms) == TERMS
    assert output.logits.shape == (tiny.BATCH, 1)
    assert output.embedding.shape == (tiny.BATCH, 6 * 15)
    del batch["labels"]
    silent, asked = model(**batch), model(**batch, output_terms=True)
    assert silent.loss is silent.terms is asked.loss is None
    assert list(asked.terms) == TERMS[1:]
    assert all(torch.equal(term, output.terms[name]) for name, term in asked.terms.items())
    assert torch.equal(silent.logits, output.logits)
    assert torch.equal(asked.logits, output.logits)


@torch.no_grad()
def test_the_terms_are_the_levels_of_the_views_and_of_the_cross_representations() -> None:
    """Items that lack a modality take no part in the terms that need it."""
    model, batch = tiny.model(umcl_temperature=0.2, bmcl_temperature=0.3, tmcl_temperature=0.4), tiny.batch()
    batch["acoustic_mask"][1], batch["visual_mask"][3] = False, False
    seen: dict[str, dict[Any, Tensor]] = {"view_1": {}, "view_2": {}, "cross": {}}
    for part, found in seen.items():
        for name, module in getattr(model, part).items():

            def keep(_: Any, __: Any, out: Tensor, name: str = name, found: dict[Any, Tensor] = found) -> None:
                found.setdefault(tuple(name.split("_")) if "_" in name else name, out)

            module.register_forward_hook(keep)
    terms = model(**batch).terms
    one, two, cross = ({name: seen[part][name] for name in seen[part]} for part in seen)
    present = {name: batch[f"{name}_mask"].any(dim=1) for name in ("acoustic", "visual")}
    present["text"] = torch.ones(tiny.BATCH, dtype=torch.bool)
    expected = {
        **uni_modal_terms(one, two, temperature=0.2, present=present),
        **bi_modal_terms(cross, temperature=0.3, present=present),
        **tri_modal_terms(one, cross, temperature=0.4, present=present),
    }
    assert {name: term.item() for name, term in expected.items()} == pytest.approx(
        {name: term.item() for name, term in terms.items() if name != "task"}, abs=1e-12
    )


def test_the_objective_is_linear_in_the_weights_which_stand_for_a_third_of_their_level() -> None:
    model, batch = tiny.model(), tiny.batch()
    terms = model(**batch).terms
    level = {name: sum(v.item() for k, v in terms.items() if k.startswith(name)) for name in ("umcl", "bmcl", "tmcl")}
    assert len(set(level.values())) == 3
    for alpha, gamma, beta in ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.3, 7.0, 2.0)):
        weighted = tiny.model(umcl_weight=alpha, bmcl_weight=gamma, tmcl_weight=beta)
        expected = terms["task"].item() + (alpha * level["umcl"] + gamma * level["bmcl"] + beta * level["tmcl"]) / 3
        assert weighted(**batch).loss.item() == pytest.approx(expected, abs=1e-12)  # float64, values up to 50


def test_scores_may_come_as_a_vector_or_a_column() -> None:
    model, batch = tiny.model(), tiny.batch()
    vector = model(**batch)
    column = model(**{**batch, "labels": batch["labels"][:, None]})
    assert torch.equal(vector.loss, column.loss)
    expected = (vector.logits[:, 0] - batch["labels"]).abs().mean()
    assert vector.terms["task"].item() == pytest.approx(expected.item(), abs=1e-14)


@pytest.mark.parametrize("kind", [torch.int64, torch.int32, torch.float32, torch.float64])
def test_class_ids_may_have_any_numeric_type(kind: torch.dtype) -> None:
    model, batch = tiny.model(num_labels=3), tiny.batch(classes=3)
    output = model(**{**batch, "labels": batch["labels"].to(kind)})
    chosen = output.logits.log_softmax(dim=1)[torch.arange(tiny.BATCH), batch["labels"]]
    assert output.terms["task"].item() == pytest.approx(-chosen.mean().item(), abs=1e-14)


def test_evaluation_is_deterministic_and_training_is_not() -> None:
    model, batch = tiny.model(dropout=0.3), tiny.batch()
    assert torch.equal(model(**batch).logits, model(**batch).logits)
    model.train()
    assert not torch.equal(model(**batch).logits, model(**batch).logits)


def described(config: MLCLConfig) -> dict[str, Any]:
    """The configuration without the number format, which transformers adds when it saves."""
    values: dict[str, Any] = config.to_diff_dict()
    values["text_config"].pop("dtype", None)
    return values


@pytest.mark.parametrize(
    "options", [{}, {"learn_temperature": True}, tiny.RELEASE], ids=["default", "learned", "release"]
)
@torch.no_grad()
def test_loading_what_was_saved_gives_the_same_model(tmp_path: Path, options: dict[str, Any]) -> None:
    model, batch = tiny.model(dropout=0.1, num_labels=3, **options).float(), tiny.batch(classes=3, dtype=torch.float32)
    model.save_pretrained(tmp_path)
    again = MLCLModel.from_pretrained(tmp_path)
    assert not again.training
    assert described(again.config) == described(model.config)
    state = again.state_dict()
    assert set(state) == set(model.state_dict())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert [p.requires_grad for p in again.parameters()] == [p.requires_grad for p in model.parameters()]
    first, second = model(**batch), again(**batch)
    assert torch.equal(first.logits, second.logits)
    assert torch.equal(first.embedding, second.embedding)
    assert all(torch.equal(term, second.terms[name]) for name, term in first.terms.items())


def test_a_model_around_a_pretrained_text_encoder_starts_from_its_weights(tmp_path: Path) -> None:
    pretrained = tiny.model(seed=3).float().text.encoder
    pretrained.save_pretrained(tmp_path)
    options = {"d_model": 15, "num_heads": 3, "acoustic_dim": 5, "visual_dim": 3}
    built = MLCLModel.from_text_encoder(str(tmp_path), **options)
    state = built.text.encoder.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in pretrained.state_dict().items())
    assert built.config.d_model == 15
    assert built.config.text_config.hidden_size == 22
