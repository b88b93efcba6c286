"""HKT: its sizes, its laws layer by layer, what moves which parameters, and that it learns."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AlbertConfig

import tiny
import tiny_hkt
from mlcl.config import TrainConfig
from mlcl.models import HKTConfig, HKTModel, UnimodalModel
from mlcl.models.hkt_layers import BimodalAttention, RowEncoder
from mlcl.models.task import class_logits, task_loss
from mlcl.options import HKTOptions
from mlcl.recipe import resolve
from mlcl.train.optimiser import build_optimisation

EXACT = 1e-11  # float64; a dozen layers with values of order 1 to 10
ALBERT_BASE = {
    "embedding_size": 128,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
}
# Of the authors' count our model lacks ALBERT's pooler and the three encoders' own heads, which it does not read.
UNUSED = 768 * 768 + 768 + (60 + 1) + (36 + 1) + (4 + 1)
PUBLISHED = {
    "ur_funny": {"total": 17_066_564, "acoustic": 638_229, "visual": 274_749, "hcf": 23_709, "head": 521_401},
    "mustard": {"total": 17_122_228, "acoustic": 373_413, "visual": 811_533, "hcf": 29_869, "head": 298_937},
}


def count(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def full_size(recipe: str, **options: Any) -> HKTModel:
    """A recipe's release profile at the published widths and ALBERT-base, without memory."""
    given = resolve(recipe, model="hkt", profile="release").model.model_dump(exclude={"name"})
    with torch.device("meta"):
        return HKTModel(HKTConfig(text_config=AlbertConfig(**ALBERT_BASE), num_labels=2, **{**given, **options}))


class TestSizes:
    @pytest.mark.parametrize("recipe", PUBLISHED)
    def test_parameters_are_the_published_ones(self, recipe: str) -> None:
        model, published = full_size(recipe), PUBLISHED[recipe]
        assert count(model) == published["total"] - UNUSED
        assert count(model.text) == 11_683_584 - (768 * 768 + 768)
        assert count(model.cross) == 3_924_892
        assert count(model.hidden, model.output) == published["head"]
        for name in ("acoustic", "visual", "hcf"):
            assert count(model.unimodal(name)) == published[name]

    def test_streams_have_the_published_widths(self) -> None:
        model = full_size("ur_funny")
        assert model.cross.text_reads.query.in_features == 772
        assert model.cross.nonverbal_reads.query.in_features == 96
        assert model.cross.attention.query.in_features == 868
        assert model.hidden.in_features == 1736

    @pytest.mark.parametrize("heads", [2, 4])
    def test_heads_that_divide_every_width_are_taken(self, heads: int) -> None:
        model = full_size("ur_funny", cross_heads=heads)
        assert {layer.num_heads for layer in (model.cross.text_reads, model.cross.attention)} == {heads}

    def test_three_heads_are_refused_unless_they_may_be_fewer(self) -> None:
        with pytest.raises(ValueError, match=r"^cross_heads = 3 does not divide a width of 772; fit_heads=true"):
            full_size("ur_funny", cross_heads=3)
        cross = full_size("ur_funny", cross_heads=3, fit_heads=True).cross
        assert [a.num_heads for a in (cross.text_reads, cross.nonverbal_reads, cross.attention)] == [2, 3, 2]

    def test_a_file_without_humor_centric_features_has_no_encoder_of_them(self) -> None:
        model = tiny_hkt.model(hcf_dim=0)
        assert list(model.rows) == ["acoustic", "visual"]
        batch = tiny_hkt.batch()
        embedding = model(**batch).embedding
        assert embedding.shape == (tiny.BATCH, 2 * (tiny_hkt.TEXT_DIM + tiny_hkt.ACOUSTIC_DIM + tiny_hkt.VISUAL_DIM))
        without = {name: value for name, value in batch.items() if not name.startswith("hcf")}
        assert torch.equal(model(**without).embedding, embedding)

    def test_options_and_configuration_have_the_same_names_and_defaults(self) -> None:
        ours, plain = HKTConfig(), HKTOptions()
        for name in HKTOptions.model_fields:
            assert name == "name" or getattr(ours, name) == getattr(plain, name), name


class TestBimodalLayer:
    def layer(self) -> BimodalAttention:
        torch.manual_seed(0)
        layer = BimodalAttention(6, 10, num_heads=(3, 5, 4), dropout=0.1).double().eval()
        tiny.perturb(layer)
        return layer

    def streams(self) -> tuple[Tensor, Tensor, Tensor]:
        generator = torch.Generator().manual_seed(1)
        text, nonverbal = (torch.randn(3, 7, width, generator=generator, dtype=torch.float64) for width in (6, 10))
        return text, nonverbal, torch.arange(7) < torch.tensor([[4], [7], [2]])

    @torch.no_grad()
    def test_nothing_read_is_the_same_at_every_step(self) -> None:
        """The streams are not added to what they read: with values of 0 the layer cannot tell steps apart."""
        layer = self.layer()
        assert layer(*self.streams()).std(dim=1).min() > 1e-3  # the control
        for attention in (layer.text_reads, layer.nonverbal_reads):
            attention.value.weight.zero_()
            attention.value.bias.zero_()
        joint = layer(*self.streams())
        torch.testing.assert_close(joint, joint[:1, :1].expand_as(joint), rtol=0, atol=EXACT)

    @torch.no_grad()
    @pytest.mark.parametrize("stream", [0, 1])
    def test_padding_changes_no_real_step(self, stream: int) -> None:
        layer, (text, nonverbal, mask) = self.layer(), self.streams()
        before, streams = layer(text, nonverbal, mask), [text.clone(), nonverbal.clone()]
        streams[stream][~mask] = 3.0
        after = layer(*streams, mask)
        torch.testing.assert_close(after[mask], before[mask], rtol=0, atol=EXACT)
        assert (after[~mask] - before[~mask]).abs().max() > 1e-3  # but the steps of padding themselves

    @torch.no_grad()
    def test_an_item_without_any_token_reads_all_and_stays_finite(self) -> None:
        layer, (text, nonverbal, mask) = self.layer(), self.streams()
        expected = layer(text, nonverbal, None)[1]
        mask[1] = False
        torch.testing.assert_close(layer(text, nonverbal, mask)[1], expected, rtol=0, atol=EXACT)


class TestRowEncoder:
    def encoder(self, **options: Any) -> RowEncoder:
        torch.manual_seed(0)
        sizes = {"num_layers": 3, "num_heads": 3, "feed_forward": 11, "dropout": 0.1, "max_positions": 13}
        encoder = RowEncoder(6, **{**sizes, "mask_padding": False, **options}).double().eval()
        tiny.perturb(encoder)
        return encoder

    @torch.no_grad()
    def test_layers_that_give_nothing_leave_the_normed_rows(self) -> None:
        encoder, rows = self.encoder(), torch.randn(2, 7, 6, dtype=torch.float64)
        everywhere = torch.ones(2, 7, dtype=torch.bool)
        start = F.layer_norm(rows + encoder.positions.weight[:7], (6,), encoder.norm.weight, encoder.norm.bias)
        assert (encoder(rows, everywhere, everywhere) - start).abs().max() > 0.1  # the control
        for layer in encoder.layers:
            layer.feed_forward_norm.weight.zero_()
            layer.feed_forward_norm.bias.zero_()
        torch.testing.assert_close(encoder(rows, everywhere, everywhere), start, rtol=0, atol=EXACT)

    @torch.no_grad()
    def test_an_item_without_rows_is_zero_where_padding_is_masked(self) -> None:
        rows, everywhere = torch.zeros(2, 7, 6, dtype=torch.float64), torch.ones(2, 7, dtype=torch.bool)
        rows[0] = 1.0
        real = everywhere & torch.tensor([[True], [False]])
        assert self.encoder(mask_padding=True)(rows, real, everywhere).abs().amax(dim=(1, 2)).gt(0).tolist() == [1, 0]
        assert self.encoder(mask_padding=False)(rows, real, everywhere).abs().amax(dim=(1, 2)).gt(0).all()


class TestTask:
    def test_two_logits_are_binary_cross_entropy_on_one_score(self) -> None:
        """Loss, gradient and probability; scores up to 30, where one of the two classes has probability 1e-13."""
        scores = torch.linspace(-30, 30, 13, dtype=torch.float64)[:, None].requires_grad_()
        labels = torch.arange(13) % 2
        loss = task_loss(class_logits(scores, 2), labels)
        expected = F.binary_cross_entropy_with_logits(scores[:, 0], labels.double())
        torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
        [ours], [theirs] = torch.autograd.grad(loss, scores), torch.autograd.grad(expected, scores)
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-16)
        probability = class_logits(scores, 2).softmax(dim=1)[:, 1:]
        torch.testing.assert_close(probability, scores.sigmoid(), rtol=1e-12, atol=0)

    def test_other_numbers_of_outputs_are_left_as_they_are(self) -> None:
        for outputs in (1, 3):
            scores = torch.randn(4, outputs)
            assert class_logits(scores, outputs) is scores

    @pytest.mark.parametrize(("labels", "shape"), [(1, (5, 1)), (2, (5, 2)), (7, (5, 7))])
    def test_any_number_of_labels(self, labels: int, shape: tuple[int, int]) -> None:
        model, batch = tiny_hkt.model(num_labels=labels), tiny_hkt.batch(classes=labels if labels > 1 else 0)
        output = model(**batch)
        assert output.logits.shape == shape
        expected = F.l1_loss if labels == 1 else F.cross_entropy
        target = batch["labels"][:, None] if labels == 1 else batch["labels"]
        torch.testing.assert_close(output.loss, expected(output.logits, target))
        assert output.terms["task"] is output.loss
        assert model(**{**batch, "labels": None}).loss is None


class TestUpdates:
    SETTINGS = TrainConfig(encoder_learning_rate=1e-5, learning_rate=2e-5)
    RATES = {"acoustic_learning_rate": 3e-5, "visual_learning_rate": 4e-5, "hcf_learning_rate": 5e-5}  # noqa: RUF012

    def groups(self, **options: Any) -> dict[str, tuple[float, bool]]:
        """Rate and decay of every parameter by name."""
        model = tiny_hkt.model(**self.RATES, **options)
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        [update] = model.updates(self.SETTINGS)
        every = [(names[id(p)], (g.learning_rate, g.decayed)) for g in update.groups for p in g.parameters]
        assert len(every) == len(names)  # each parameter, once
        return dict(every)

    @pytest.mark.parametrize("options", [{}, {"decay_norms": True}, {"hcf_dim": 0}], ids=str)
    def test_the_groups_share_out_all_parameters_once(self, options: dict[str, Any]) -> None:
        expected = {"text.encoder": 1e-5, "rows.acoustic": 3e-5, "rows.visual": 4e-5, "rows.hcf": 5e-5}
        for name, (rate, _) in self.groups(**options).items():
            assert rate == expected.get(".".join(name.split(".")[:2]), 2e-5), name

    def test_biases_and_norms_do_not_decay_but_in_the_release_norms_of_another_name(self) -> None:
        plain, release = self.groups(), self.groups(decay_norms=True)
        more = {name for name in plain if plain[name] != release[name]}
        assert more == {n for n in plain if "norm" in n and n.endswith("weight")}  # LayerNorm has a capital
        assert "text.encoder.encoder.albert_layer_groups.0.albert_layers.0.full_layer_layer_norm.weight" in more
        assert all(release[name][1] for name in more)
        assert not any(plain[name][1] for name in plain if "norm" in name.lower() or name.endswith("bias"))

    def test_a_rate_of_0_freezes_an_encoder_and_leaves_out_its_stage(self) -> None:
        model = tiny_hkt.model(**{**self.RATES, "visual_learning_rate": 0.0})
        build_optimisation(model, self.SETTINGS)
        frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
        assert frozen == {name for name, _ in model.named_parameters() if name.startswith("rows.visual")}
        assert [stage.name for stage in model.stages(self.SETTINGS)] == ["acoustic", "hcf"]


class TestStages:
    def test_each_encoder_that_the_model_has_is_trained_alone_for_the_epochs_given(self) -> None:
        settings = TrainConfig(epochs=7, patience=2)
        stages = tiny_hkt.model(pretrain_epochs=3).stages(settings)
        assert [stage.name for stage in stages] == ["acoustic", "visual", "hcf"]
        assert {(stage.settings.epochs, stage.settings.patience) for stage in stages} == {(3, None)}
        assert [stage.name for stage in tiny_hkt.model(hcf_dim=0).stages(settings)] == ["acoustic", "visual"]
        assert tiny_hkt.model(pretrain_epochs=0).stages(settings) == ()

    def test_a_stage_moves_the_model_s_encoder_and_nothing_else_of_it(self) -> None:
        model = tiny_hkt.model()
        before = {name: value.clone() for name, value in model.state_dict().items()}
        [stage] = [stage for stage in model.stages(TrainConfig()) if stage.name == "visual"]
        optimiser = build_optimisation(stage.model.double(), stage.settings)
        for group in optimiser.param_groups:
            assert group["base_lr"] == model.config.visual_learning_rate
        batch = tiny_hkt.batch()
        taken = {name: batch[name] for name in ("attention_mask", "visual", "visual_mask", "labels")}
        stage.model(**taken).loss.backward()
        optimiser.step(None)
        moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
        assert moved
        assert all(name.startswith("rows.visual.") for name in moved)

    @torch.no_grad()
    def test_a_unimodal_model_reads_its_own_rows_and_is_constant_without_any(self) -> None:
        model, batch = tiny_hkt.model(), tiny_hkt.batch()
        for name in tiny_hkt.ENCODERS:
            alone = model.unimodal(name).double().eval()
            mask = batch["attention_mask"]
            mine = {name: batch[name], f"{name}_mask": batch[f"{name}_mask"].clone()}
            others = {other: torch.ones(5, 1, 1) for other in tiny_hkt.ENCODERS if other != name}
            logits = alone(mask, **mine).logits
            assert torch.equal(alone(mask, **mine, **others).logits, logits)
            mine[f"{name}_mask"][2] = False
            absent = alone(mask, **mine).logits
            assert torch.equal(absent[2, 1], alone.head.bias[0])
            assert absent[[0, 1, 3, 4]].equal(logits[[0, 1, 3, 4]])


def test_new_layers_start_as_torch_has_them() -> None:
    """Uniform draws below 1 / sqrt(inputs), normal positions; the authors' trained files show the same scales."""
    torch.manual_seed(0)
    model = HKTModel(tiny_hkt.config(acoustic_dim=60, acoustic_feed_forward=256, max_positions=500))
    weight = model.rows["acoustic"].layers[0].widen.weight
    assert 0.99 * 60**-0.5 < weight.abs().max().item() <= 60**-0.5  # of 15,360 draws the largest is that near
    assert model.rows["acoustic"].positions.weight.std().item() == pytest.approx(1, rel=0.02)  # 30,000 draws: 0.4 %
    assert model.rows["acoustic"].norm.weight.eq(1).all()


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    model = tiny_hkt.model(**tiny_hkt.RELEASE).float()
    model.save_pretrained(tmp_path)
    again = HKTModel.from_pretrained(tmp_path)
    assert again.config.mask_padding is False
    batch = tiny_hkt.batch(dtype=torch.float32)
    with torch.no_grad():
        assert torch.equal(again.eval()(**batch).logits, model.eval()(**batch).logits)
    assert isinstance(again.unimodal("hcf"), UnimodalModel)
