"""No option is dead: each one changes what is trained, or is known to change nothing."""

from pathlib import Path

import pytest

from command import SIZES, SMALL, TINY, succeed
from comparison import differences
from mlcl.config import DataConfig, Experiment, MLCLOptions, TrainConfig
from writers import write_mag

pytestmark = pytest.mark.long

OTHER = {
    "seed": "7",
    "execution": "plain",  # without dropout to rounding only, tests/unit/models/test_execution.py
    "data.modalities": "[text, acoustic]",
    "data.alignment": "last_word",
    "data.normalise": "none",
    "data.max_length": "8",
    "data.padding": "fixed",
    "model.d_model": "20",
    "model.num_heads": "2",
    "model.sequence_layers": "2",
    "model.cross_depth": "2",
    "model.cross_dim_head": "4",
    "model.fusion_layers": "2",
    "model.fusion_feed_forward": "16",
    "model.view_dropout": "0.3",
    "model.attention_dropout": "0.3",
    "model.relu_dropout": "0.3",
    "model.residual_dropout": "0.3",
    "model.embedding_dropout": "0.3",
    "model.fusion_dropout": "0.3",
    "model.modality_dropout": "0",
    "model.umcl_weight": "1",
    "model.bmcl_weight": "1",
    "model.tmcl_weight": "1",
    "model.umcl_temperature": "1",
    "model.bmcl_temperature": "1",
    "model.tmcl_temperature": "1",
    "model.learn_temperature": "true",
    "model.cross_attention": "pooled",
    "model.tie_vt_to_av": "true",
    "model.text_pooling": "cls",
    "model.sequence_pooling": "attention",
    "model.mask_padding": "false",
    "model.longest_sequence": "2",
    "model.modality_heads": "gate",
    "train.epochs": "3",
    "train.batch_size": "5",
    "train.accumulate": "2",
    "train.optimiser": "adam",
    "train.epsilon": "0.01",
    "train.encoder_learning_rate": "0",
    "train.learning_rate": "1e-2",
    "train.weight_decay": "0.5",
    "train.schedule": "constant",
    "train.warmup": "0.5",
    "train.clip_norm": "0.01",
    "train.precision": "bf16",
    "train.select_on": "corr",
}
CHANGES_NOTHING = {"train.eval_batch_size": "3"}
ELSEWHERE = {
    *("recipe", "profile", "device", "text_encoder", "data.file"),  # what the other tests of the command line vary
    *("model.head_dropout", "model.heads_weight", "model.label_smoothing"),  # tests/unit/models/test_options.py
    "model.name",  # tests/cli/test_every_model.py
    "data.task",  # tests/cli/test_bad_data.py; the labels decide it
    *("data.label", "data.unlabelled"),  # tests/cli/test_labels.py
    "data.lower_case",  # tests/unit/data; the tiny encoder lower-cases in any case
    "data.cache",  # tests/unit/runs/test_prepare.py
    "data.columns",  # tests/unit/data/test_columns.py
    "data.fold",  # tests/cli/test_crossvalidate.py
    "tracking",  # tests/cli/test_track.py
    "train.patience",  # test_learning.py
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data file and a run on it."""
    place = tmp_path_factory.mktemp("base")
    write_mag(place / "mag.pkl", sizes=SIZES)
    _train(place, "base")
    return place


def _train(base: Path, run: str, *options: str) -> Path:
    succeed("train", "mosi", "--data", base / "mag.pkl", *TINY, *SMALL, *options, "--quiet", "--output", base / run)
    return base / run


def test_every_option_is_looked_at() -> None:
    sections = {"data": DataConfig, "model": MLCLOptions, "train": TrainConfig}
    names = {f"{name}.{field}" for name, section in sections.items() for field in section.model_fields}
    names |= set(Experiment.model_fields) - set(sections)
    assert names == {*OTHER, *CHANGES_NOTHING, *ELSEWHERE}


@pytest.mark.parametrize("key", OTHER)
def test_each_option_changes_the_training(base: Path, key: str) -> None:
    changed = differences(base / "base", _train(base, key, "--set", f"{key}={OTHER[key]}"))
    assert set(changed) - {"config.yaml"}, f"{key} is dead"


@pytest.mark.parametrize("key", CHANGES_NOTHING)
def test_the_others_change_nothing_but_the_last_bits(base: Path, key: str) -> None:
    changed = differences(base / "base", _train(base, key, "--set", f"{key}={CHANGES_NOTHING[key]}"))
    assert "model/model.safetensors" not in changed


def test_the_same_options_change_nothing(base: Path) -> None:
    """Negative control of the comparison."""
    assert differences(base / "base", _train(base, "again")) == []
