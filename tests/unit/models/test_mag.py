"""MAG in BERT and XLNet: what its gate may and may not change, what it loads, and how it learns."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    AlbertConfig,
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    GPT2Config,
    RobertaConfig,
    XLNetConfig,
)

import tiny
from mlcl.config import DataConfig, MLCLOptions, TrainConfig
from mlcl.data.processor import Processor
from mlcl.data.target import Target
from mlcl.encode.tokenizer import word_tokenizer
from mlcl.errors import AlignmentError, DataError
from mlcl.execution import Execution, executed
from mlcl.models import MAGConfig, MAGModel, load_release_weights
from mlcl.models.registry import build_model, load_model, save_model
from mlcl.models.release.names import MAG
from mlcl.options import OPTIONS
from mlcl.recipe import resolve
from mlcl.train.loop import training_step
from mlcl.train.optimiser import build_optimisation

EXACT = 1e-10  # the mission's tolerance between two ways to compute, relative to the largest entry of each tensor
FLOOR = 1e-2  # some gradients, as that of a key's bias, are 0 by the mathematics and differ in their rounding
RELEASE: dict[str, Any] = {
    "readout": "pooler",
    "loss": "mse",
    "mask_padding": False,
    "decay_by_name": True,
}


def xlnet(**options: Any) -> XLNetConfig:
    sizes = {"vocab_size": tiny.VOCABULARY, "d_model": 22, "n_layer": 3, "n_head": 2, "d_inner": 17}
    return XLNetConfig(**{**sizes, "dropout": 0.0, "pad_token_id": 0, **options})


def relative(kind: type, **options: Any) -> Any:
    """A relative of BERT at tiny size."""
    return kind(**{**tiny.text_config().to_dict(), "model_type": kind.model_type, "pad_token_id": 0, **options})


ENCODERS: dict[str, Any] = {
    "bert": tiny.text_config(num_hidden_layers=2),
    "xlnet": xlnet(),
    "roberta": relative(RobertaConfig, max_position_embeddings=43),
    "albert": relative(AlbertConfig, embedding_size=13),
    "distilbert": DistilBertConfig(
        vocab_size=tiny.VOCABULARY, dim=22, n_layers=1, n_heads=2, hidden_dim=17, dropout=0.0, attention_dropout=0.0
    ),
}


def config(encoder: str = "bert", dropout: float = 0.0, **options: Any) -> MAGConfig:
    sizes = {"acoustic_dim": tiny.ACOUSTIC_DIM, "visual_dim": tiny.VISUAL_DIM, "num_labels": 1}
    dropouts = {"gate_dropout": dropout, "head_dropout": dropout}
    return MAGConfig(**{"text_config": ENCODERS[encoder], **sizes, **dropouts, **options})


def model(encoder: str = "bert", seed: int = 0, **options: Any) -> MAGModel:
    """A perturbed float64 model in evaluation mode."""
    torch.manual_seed(seed)
    built = MAGModel(config(encoder, **options)).double()
    tiny.perturb(built, seed)
    return built.eval()


def batch(seed: int = 0, *, classes: int = 0, dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    """Rows under the tokens, none under the first, and one token in four without a row; the last item is full."""
    inputs = tiny.batch(seed, items=9, classes=classes, dtype=dtype)
    generator = torch.Generator().manual_seed(seed)
    for modality, width in (("acoustic", tiny.ACOUSTIC_DIM), ("visual", tiny.VISUAL_DIM)):
        real = inputs["attention_mask"] & (torch.rand(9, tiny.TIME, generator=generator) < 0.75)
        real[:, 0] = False
        rows = torch.randn(9, tiny.TIME, width, generator=generator, dtype=torch.float64).to(dtype)
        inputs |= {modality: rows * real.unsqueeze(-1), f"{modality}_mask": real}
    return inputs


def assert_near(ours: Tensor, theirs: Tensor, name: str = "") -> None:
    tolerance = EXACT * max(float(theirs.detach().abs().max()), FLOOR)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance, msg=lambda text: f"{name}: {text}")


def padded(inputs: dict[str, Any], before: int, after: int) -> dict[str, Any]:
    """The same items with more padding on either side."""
    found = {}
    for name, value in inputs.items():
        if name == "labels":
            found[name] = value
            continue
        parts = [value.new_zeros(len(value), steps, *value.shape[2:]) for steps in (before, after)]
        found[name] = torch.cat([parts[0], value, parts[1]], dim=1)
    return found


def left_padded(inputs: dict[str, Any]) -> dict[str, Any]:
    """Each item's padding moved from its end to its front."""
    missing = inputs["attention_mask"].shape[1] - inputs["attention_mask"].sum(dim=1)
    move = {k: v for k, v in inputs.items() if k != "labels"}
    moved = {
        k: torch.stack([row.roll(int(n), dims=0) for row, n in zip(v, missing, strict=True)]) for k, v in move.items()
    }
    return {**inputs, **moved}


def outcome(built: MAGModel, inputs: dict[str, Any], execution: Execution = "fast") -> dict[str, Tensor]:
    built.zero_grad()
    with executed(built, execution):
        output = built(**inputs)
        output.loss.backward()
    gradients = {name: p.grad.clone() for name, p in built.named_parameters() if p.grad is not None}
    return {"logits": output.logits.detach(), "loss": output.loss.detach(), **gradients}


@pytest.mark.parametrize(
    ("text_config", "visual_dim", "total"),
    [
        (BertConfig(), 47, 110_853_121),
        (BertConfig(), 35, 110_834_689),
        (XLNetConfig(), 47, 118_679_809),
        (XLNetConfig(), 35, 118_661_377),
    ],
    ids=["bert mosi", "bert mosei", "xlnet mosi", "xlnet mosei"],
)
def test_it_has_as_many_parameters_as_the_release(text_config: Any, visual_dim: int, total: int) -> None:
    if text_config.model_type == "xlnet":  # the library's default is the large one
        text_config = XLNetConfig(d_model=768, n_layer=12, n_head=12, d_inner=3072)
    with torch.device("meta"):
        built = MAGModel(MAGConfig(text_config=text_config, visual_dim=visual_dim, readout="pooler", num_labels=1))
    assert sum(parameter.numel() for parameter in built.parameters()) == total
    gate = sum(parameter.numel() for parameter in built.gate.parameters())
    assert gate == {47: 1_370_112, 35: 1_351_680}[visual_dim]


@pytest.mark.parametrize("readout", ["pooler", "mean"])
def test_every_pretrained_tensor_is_loaded_bit_by_bit(readout: str, tmp_path: Path) -> None:
    """The authors' first version silently trained from random weights."""
    torch.manual_seed(3)
    pretrained = BertModel(tiny.text_config())
    tiny.perturb(pretrained)
    pretrained.save_pretrained(tmp_path)
    torch.manual_seed(4)
    built = MAGModel.from_text_encoder(str(tmp_path), readout=readout)
    state = {f"text.encoder.{name}": value for name, value in pretrained.state_dict().items()}
    pooler = {
        name.removeprefix("text.encoder.pooler.dense."): state.pop(name) for name in list(state) if "pooler" in name
    }
    found = built.state_dict()
    assert {name for name in found if name.startswith("text.")} == set(state)
    assert all(torch.equal(found[name], value) for name, value in state.items())
    assert len(pooler) == 2
    if readout == "pooler":
        assert all(torch.equal(found[f"pooler.{part}"], value) for part, value in pooler.items())


def test_a_checkpoint_without_pooler_leaves_ours_at_its_own_start(tmp_path: Path) -> None:
    torch.manual_seed(3)
    BertModel(tiny.text_config(), add_pooling_layer=False).save_pretrained(tmp_path)
    torch.manual_seed(4)
    built = MAGModel.from_text_encoder(str(tmp_path), readout="pooler")
    assert not built.pooler.bias.any()
    assert 0.01 < float(built.pooler.weight.detach().std()) < 0.03


@pytest.mark.parametrize("execution", ["fast", "plain"])
@torch.no_grad()
def test_with_the_identity_gate_it_is_vanilla_bert(execution: Execution) -> None:
    built, inputs = model(gate="identity", readout="pooler"), batch()
    vanilla = (
        BertForSequenceClassification(BertConfig(**{**ENCODERS["bert"].to_dict(), "num_labels": 1})).double().eval()
    )
    state = {name.replace("text.encoder.", "bert."): value for name, value in built.state_dict().items()}
    state = {name.replace("pooler.", "bert.pooler.dense."): value for name, value in state.items()}
    vanilla.load_state_dict({name.replace("head.", "classifier."): value for name, value in state.items()})
    taken = {name: inputs[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
    with executed(built, execution):
        assert_near(built(**inputs).logits, vanilla(**taken).logits)
    assert (model(readout="pooler")(**inputs).logits - vanilla(**taken).logits).abs().max() > 1e-3


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("options", [{}, RELEASE, {"readout": "cls"}], ids=["default", "release", "cls"])
@pytest.mark.parametrize("encoder", ENCODERS)
def test_fast_and_plain_are_one_function(encoder: str, options: dict[str, Any], training: bool) -> None:
    built, inputs = model(encoder, **options).train(training), batch()
    if encoder == "roberta":  # it takes ids equal to its padding id for padding when it counts positions
        inputs["input_ids"] = inputs["input_ids"].clamp(min=1) * inputs["attention_mask"]
    inputs["token_type_ids"] = inputs["token_type_ids"] * (encoder != "roberta")  # it has one segment
    fast, plain = outcome(built, inputs, "fast"), outcome(built, inputs, "plain")
    assert fast.keys() == plain.keys()
    assert any(name.startswith("gate.acoustic_gate") for name in fast)
    for name, value in plain.items():
        assert_near(fast[name], value, name)


@pytest.mark.parametrize("execution", ["fast", "plain"])
@pytest.mark.parametrize("options", [{}, RELEASE], ids=["default", "release"])
@pytest.mark.parametrize("encoder", ["bert", "xlnet", "albert"])
@torch.no_grad()
def test_padding_and_neighbours_do_not_matter(encoder: str, options: dict[str, Any], execution: Execution) -> None:
    built, inputs = model(encoder, **options), batch()
    with executed(built, execution):
        whole = built(**inputs).logits
        assert_near(built(**padded(inputs, 0, 9)).logits, whole, "more padding")
        for item in (0, 4, 8):
            alone = tiny.take(inputs, slice(item, item + 1))
            length = int(alone["attention_mask"].sum())
            cut = {name: value if name == "labels" else value[:, :length] for name, value in alone.items()}
            assert_near(built(**cut).logits, whole[item : item + 1], "alone")


@pytest.mark.parametrize("execution", ["fast", "plain"])
@pytest.mark.parametrize("options", [{}, RELEASE], ids=["default", "release"])
@torch.no_grad()
def test_xlnet_does_not_see_on_which_side_it_is_padded(options: dict[str, Any], execution: Execution) -> None:
    """Its positions are relative: left as in the release, to two lengths, or right as the batches here."""
    built, inputs = model("xlnet", **options), batch()
    with executed(built, execution):
        right, left = built(**inputs).logits, left_padded(inputs)
        assert not torch.equal(left["attention_mask"], inputs["attention_mask"])
        for more in (0, 5, 15):
            assert_near(built(**padded(left, more, 0)).logits, right, f"{more} more")


@pytest.mark.parametrize(("encoder", "last"), [("bert", False), ("xlnet", True)])
@torch.no_grad()
def test_the_class_token_is_read_where_the_encoder_has_it(encoder: str, last: bool) -> None:
    built, inputs, seen = model(encoder, readout="cls"), batch(), {}
    built.pool.register_forward_hook(lambda module, given, pooled: seen.update(states=given[0]))
    embedding = built(**inputs).embedding
    place = inputs["attention_mask"].sum(dim=1) - 1 if last else torch.zeros(9, dtype=torch.long)
    assert torch.equal(embedding, seen["states"][torch.arange(9), place])


@pytest.mark.parametrize("encoder", ENCODERS)
@torch.no_grad()
def test_the_gate_is_called_once_and_leaves_the_encoder_as_it_was(encoder: str) -> None:
    """Plainly computed, the gate sees the whole batch; afterwards the encoder is the pretrained one again."""
    built, inputs, calls = model(encoder), batch(), []
    inputs["token_type_ids"] = inputs["token_type_ids"] * (encoder != "roberta")
    taken = (inputs["input_ids"], inputs["attention_mask"], inputs["token_type_ids"])
    built.gate.register_forward_hook(lambda module, arguments, output: calls.append(arguments[0].shape))
    with executed(built, "plain"):
        before = built.text.states(*taken)
        built(**inputs)
        assert torch.equal(built.text.states(*taken), before)
    assert calls == [(9, tiny.TIME, 13 if encoder == "albert" else 22)]


@torch.no_grad()
def test_xlnet_is_gated_between_its_first_and_second_layer() -> None:
    built, inputs, seen = model("xlnet"), batch(), {}
    built.text.encoder.layer[0].register_forward_hook(lambda module, given, output: seen.update(first=output[0]))
    built.text.encoder.layer[1].register_forward_hook(lambda module, given, output: seen.update(second=given[0]))
    built.gate.register_forward_hook(lambda module, given, output: seen.update(given=given[0], output=output))
    with executed(built, "plain"):
        built(**inputs)
    assert torch.equal(seen["given"], seen["first"].transpose(0, 1))
    assert torch.equal(seen["second"], seen["output"].transpose(0, 1))


@pytest.mark.parametrize("modality", ["acoustic", "visual"])
@torch.no_grad()
def test_an_absent_modality_moves_nothing_whatever_its_rows_hold(modality: str) -> None:
    built, inputs = model(), batch()
    absent = {**inputs, f"{modality}_mask": torch.zeros_like(inputs[f"{modality}_mask"])}
    garbage = {**absent, modality: torch.randn_like(inputs[modality])}
    assert torch.equal(built(**absent).logits, built(**garbage).logits)
    assert (built(**absent).logits - built(**inputs).logits).abs().max() > 1e-3
    without = model()
    for name in (modality, f"{modality}_gate"):
        for parameter in without.gate.get_submodule(name).parameters():
            parameter.zero_()
    assert_near(built(**absent).logits, without(**inputs).logits)


@torch.no_grad()
def test_without_rows_what_remains_is_the_norm_of_the_embeddings() -> None:
    built, inputs = model(), batch()
    for modality in ("acoustic", "visual"):
        inputs[f"{modality}_mask"] = torch.zeros_like(inputs[f"{modality}_mask"])
    taken = (inputs["input_ids"], inputs["attention_mask"], inputs["token_type_ids"])
    hidden = built.text.states(*taken, inject=lambda states, lay: built.gate.norm(states))
    assert_near(built(**inputs).logits, built.head(built.pool(hidden, inputs["attention_mask"])))


@torch.no_grad()
def test_an_item_without_words_has_an_embedding_of_zeros() -> None:
    built, inputs = model(), batch()
    present = torch.arange(9) != 3
    output = built(**inputs, text_present=present)
    assert not output.embedding[3].any()
    assert torch.equal(output.logits[3], built.head.bias)
    assert torch.equal(output.logits[present], built(**inputs).logits[present])


@pytest.mark.parametrize("execution", ["fast", "plain"])
@pytest.mark.parametrize("modality", ["acoustic", "visual"])
def test_rows_on_a_clock_of_their_own_are_refused(modality: str, execution: Execution) -> None:
    built, inputs = model(), batch()
    with executed(built, execution):
        with pytest.raises(ValueError, match=rf"^MAG needs word-aligned data.*the {modality} rows have 13 steps"):
            built(**{**inputs, **{k: padded(inputs, 0, 2)[k] for k in (modality, f"{modality}_mask")}})
        misplaced = {modality: torch.ones_like(inputs[modality]), f"{modality}_mask": torch.ones(9, tiny.TIME).bool()}
        with pytest.raises(AlignmentError, match=f"there are {modality} rows where there is no token"):
            built(**{**inputs, **misplaced})


@pytest.mark.parametrize(
    ("text_config", "message"),
    [(GPT2Config(n_embd=22, n_layer=1, n_head=2, vocab_size=31), "no embeddings"), (xlnet(n_layer=1), "no second")],
    ids=["gpt2", "one layer"],
)
def test_an_encoder_without_a_place_for_the_gate_is_refused(text_config: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MAGModel(config(text_config=text_config))
    assert MAGModel(config(text_config=text_config, gate="identity")).config.gate == "identity"


@pytest.mark.parametrize(("loss", "power"), [("l1", 1), ("mse", 2)])
def test_the_loss_of_a_score_is_the_named_one(loss: str, power: int) -> None:
    output = model(loss=loss)(**(inputs := batch()))
    expected = ((output.logits.squeeze(1) - inputs["labels"]).abs() ** power).mean()
    torch.testing.assert_close(output.loss, expected, rtol=1e-14, atol=0)  # the same sum in another order
    assert output.terms.keys() == {"task"}


@pytest.mark.parametrize("loss", ["l1", "mse"])
def test_classes_have_cross_entropy_whatever_the_loss_of_scores(loss: str) -> None:
    output = model(loss=loss, num_labels=2)(**(inputs := batch(classes=2)))
    chosen = output.logits.log_softmax(dim=1)[torch.arange(9), inputs["labels"]]
    torch.testing.assert_close(output.loss, -chosen.mean(), rtol=1e-14, atol=0)  # the same sum in another order


# One other value for each option that changes a training step; decay_by_name changes the optimiser's, see below.
OTHERS: dict[str, list[Any]] = {
    "gate": ["identity"],
    "beta_shift": [0.01],
    "gate_dropout": [0.0],
    "readout": ["pooler", "cls"],
    "head_dropout": [0.0],
    "modality_dropout": [0.5],
    "loss": ["mse"],
    "mask_padding": [False],
}


def behaviour(**options: Any) -> dict[str, Any]:
    torch.manual_seed(0)
    built = MAGModel(config(dropout=0.2, **options))
    tiny.perturb(built)
    torch.manual_seed(1)
    output = built.train()(**batch(dtype=torch.float32))
    return {"loss": output.loss.item(), "logits": output.logits.flatten().tolist()}


def test_every_option_is_tried_and_has_the_default_of_the_model() -> None:
    options = OPTIONS["mag"]
    assert ["name", *OTHERS, "decay_by_name"] == list(options.model_fields)
    assert all(getattr(MAGConfig(), name) == options.model_fields[name].default for name in [*OTHERS, "decay_by_name"])
    assert OPTIONS["mlcl"] is MLCLOptions
    assert behaviour() == behaviour()


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in OTHERS.items() for value in values])
def test_every_option_changes_behaviour(name: str, value: Any) -> None:
    assert behaviour(**{name: value}) != behaviour()


@pytest.mark.parametrize("option", ["gate", "readout", "loss"])
def test_a_value_that_an_option_does_not_have_is_refused(option: str) -> None:
    with pytest.raises(ValueError, match=f"{option} = 'nothing': input should be"):
        config(**{option: "nothing"})


def decayed(built: MAGModel) -> set[str]:
    names = {id(parameter): name for name, parameter in built.named_parameters()}
    groups = build_optimisation(built, TrainConfig()).param_groups
    assert sorted(names[id(p)] for group in groups for p in group["params"]) == sorted(names.values())
    return {names[id(p)] for group in groups if group["weight_decay"] for p in group["params"]}


def test_decay_by_name_differs_in_xlnet_alone() -> None:
    assert decayed(model()) == decayed(model(decay_by_name=True))
    ours, theirs = decayed(model("xlnet")), decayed(model("xlnet", decay_by_name=True))
    assert {name.rpartition("rel_attn.")[2] for name in ours - theirs} == {"r_r_bias", "r_s_bias", "r_w_bias"}
    assert theirs - ours
    assert all(name.endswith("layer_norm.weight") for name in theirs - ours)


@torch.no_grad()
def test_modality_dropout_hides_all_rows_of_an_item_and_only_in_training() -> None:
    """With nearly every item's rows hidden the loss is that of a batch without rows."""
    built, inputs = model(modality_dropout=1 - 1e-9), batch()
    bare = {**inputs, **{f"{m}_mask": torch.zeros_like(inputs[f"{m}_mask"]) for m in ("acoustic", "visual")}}
    torch.manual_seed(0)
    assert_near(built.train()(**inputs).logits, model()(**bare).logits)
    assert_near(built.eval()(**inputs).logits, model()(**inputs).logits)


@pytest.mark.parametrize("encoder", ["bert", "xlnet"])
@torch.no_grad()
def test_a_saved_model_is_the_same_model(encoder: str, tmp_path: Path) -> None:
    built = model(encoder, readout="pooler").float()
    save_model(built, str(tmp_path))
    for again in (MAGModel.from_pretrained(tmp_path), load_model(str(tmp_path))):
        assert again.config.to_dict().keys() == built.config.to_dict().keys()
        assert all(torch.equal(value, again.state_dict()[name]) for name, value in built.state_dict().items())
        inputs = batch(dtype=torch.float32)
        logits = again.eval()(**inputs).logits
        # The same weights elsewhere in memory: a kernel may sum in another order.
        torch.testing.assert_close(logits, built(**inputs).logits, rtol=0, atol=1e-6)


def test_release_weights_load_strictly() -> None:
    """A missing, an unknown and a misshapen parameter are each refused; the golden tests load whole ones."""
    built = model(**RELEASE)
    theirs = {"gate.acoustic_gate": "W_ha", "gate.visual_gate": "W_hv", "gate.acoustic": "W_a", "gate.visual": "W_v"}
    state = {}
    for name, value in built.state_dict().items():
        module, _, part = name.rpartition(".")
        if name.startswith("text."):
            new = name.replace("text.encoder.", "bert.")
        elif module in ("pooler", "head"):
            new = {"pooler": "bert.pooler.dense", "head": "classifier"}[module] + f".{part}"
        else:
            new = f"bert.MAG.{theirs.get(module, 'LayerNorm')}.{part}"
        state[new] = value.clone()
        assert MAG.ours(new) == name
    load_release_weights(
        other := model(seed=5, **RELEASE), {**state, "bert.embeddings.position_ids": torch.zeros(1, 41)}
    )
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in built.state_dict().items())
    with pytest.raises(DataError, match="is no parameter of the MAG release"):
        load_release_weights(other, {**state, "bert.MAG.W_x.bias": torch.zeros(1)})
    with pytest.raises(DataError, match=r"missing \['head.bias'\]"):
        load_release_weights(other, {name: value for name, value in state.items() if name != "classifier.bias"})
    with pytest.raises(DataError, match=r"head.bias has shape \(3,\)"):
        load_release_weights(other, {**state, "classifier.bias": torch.zeros(3)})


@pytest.mark.parametrize("profile", ["default", "release"])
@pytest.mark.parametrize("recipe", ["demo", "mosi", "mosei", "ur_funny", "mustard"])
def test_every_recipe_resolves_and_builds(recipe: str, profile: str) -> None:
    experiment = resolve(recipe, model="mag", profile=profile, text_encoder="tiny")
    classes = 2 if recipe in ("ur_funny", "mustard") else 0
    target = Target("classification" if classes else "regression", num_classes=classes)
    built = build_model(experiment, target, widths={"acoustic": 7, "visual": 5}, vocabulary_size=99)
    assert isinstance(built, MAGModel)
    assert experiment.data.alignment == ("spelt_word" if profile == "release" else "word")
    assert (built.config.loss == "mse", built.config.gate_dropout == 0.5) == (profile == "release",) * 2
    if profile == "release":
        assert ("cross_entropy" in str(experiment.train.select_on)) == bool(classes)


@pytest.mark.parametrize("options", [{}, {**RELEASE, "gate_dropout": 0.5}], ids=["default", "release"])
def test_the_loss_falls_in_training(options: dict[str, Any]) -> None:
    """Forty steps on eleven items, through the loop's own step."""
    corpus = tiny.corpus()
    tokenizer = word_tokenizer(tiny.WORDS)
    split = Processor.fit(corpus, DataConfig(file="")).encode(corpus.splits["train"], tokenizer)
    settings = TrainConfig(
        batch_size=11, learning_rate=3e-3, encoder_learning_rate=3e-3, optimiser="adamw_transformers"
    )
    torch.manual_seed(0)
    built = MAGModel(config(**options))
    optimiser = build_optimisation(built, settings)
    items = torch.arange(11).numpy()
    steps = [training_step(built.train(), split, items, optimiser, settings, torch.device("cpu")) for _ in range(40)]
    losses = [step["loss"] for step in steps]
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
