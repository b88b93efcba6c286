"""Wrong commands: exit 2, one line that names the value, what is allowed and the next step; nothing is written."""

from pathlib import Path

import pytest

from command import SMALL, TINY, invoke, refuse, settings, succeed
from mlcl.cli.main import run
from mlcl.errors import DataError, UsageError
from writers import write_mag

pytestmark = pytest.mark.usefixtures("workplace")
TRAIN = ["train", "mosi", "--data", "mag.pkl", *TINY, *SMALL]

# arguments of `mlcl train mosi ...`: what the message must contain
TRAIN_CASES: dict[str, tuple[list[str], list[str]]] = {
    "key": (["--set", "train.epoch=3"], ["'train.epoch'", "'train.epochs'", "allowed: "]),
    "section": (["--set", "trian.epochs=3"], ["'trian'", "'train'"]),
    "key inside a value": (["--set", "train.epochs.x=3"], ["train.epochs.x=3", "'epochs'"]),
    "value of another type": (["--set", "train.epochs=many"], ["train.epochs", "'many'", "integer"]),
    "value out of range": (["--set", "train.epochs=0"], ["train.epochs", "0", "greater than or equal to 1"]),
    "negative learning rate": (["--set", "train.learning_rate=-1e-3"], ["train.learning_rate", "-0.001"]),
    "infinite learning rate": (["--set", "train.learning_rate=inf"], ["train.learning_rate", "inf"]),
    "choice": (["--set", "model.text_pooling=max"], ["model.text_pooling", "'max'", "'mean'"]),
    "modality": (["--set", "data.modalities=[text, audio]"], ["data.modalities", "'audio'", "'acoustic'"]),
    "no modality": (["--set", "data.modalities=[]"], ["data.modalities"]),
    "section as a value": (["--set", "train=3"], ["train", "3"]),
    "no value": (["--set", "train.epochs"], ["'train.epochs'", "section.key=value"]),
    "no key": (["--set", "=3"], ["'=3'", "section.key=value"]),
    "no YAML": (["--set", "train.epochs=["], ["train.epochs=[", "YAML"]),
    "sizes that do not fit": (settings(model__d_model=18), ["d_model", "18", "num_heads"]),
    "length beyond the encoder": (settings(data__max_length=1000), ["data.max_length", "1000", "512"]),
    "metric": (settings(train__select_on="accuracy"), ["train.select_on", "'accuracy'", "mae"]),
    "profile": (["--profile", "relase"], ["'relase'", "'release'"]),
    "device": (["--device", "tpu"], ["'tpu'", "cpu"]),
    "device number": (["--device", "cuda:99"], ["'cuda:99'", "cpu"]),
    "device in the settings": (["--set", "device=tpu"], ["'tpu'", "cpu"]),
    "no threads": (["--threads", "0"], ["--threads 0", "at least 1"]),
    "threads that are no number": (["--threads", "two"], ["--threads", '"two"']),
    "seed below 0": (["--seed", "-1"], ["seed", "-1", "0"]),
    "seed beyond 64 bits": (["--seed", str(2**64)], ["seed", str(2**64)]),
    "seed that is no number": (["--seed", "x"], ["--seed", '"x"']),
    "option": (["--epochs", "3"], ["--epochs"]),
    "option without its value": (["--output"], ["--output"]),
    "option twice": (["--device", "cpu", "--device", "cpu"], ["--device"]),
    "one word too many": (["extra"], ["extra"]),
    "empty text encoder": (["--text-encoder", ""], ["--text-encoder"]),
    "empty data": (["--data", ""], ["--data"]),
}
# whole commands
OTHER_CASES: dict[str, tuple[list[str], list[str]]] = {
    "neither recipe nor run": (["train"], ["mosi", "--resume"]),
    "recipe": (["train", "mossi"], ["'mossi'", "'mosi'", "demo"]),
    "recipe to print": (["config", "mossi"], ["'mossi'", "'mosi'"]),
    "profile to print": (["config", "mosi", "--profile", "fast"], ["'fast'", "release"]),
    "key to print": (["config", "mosi", "--set", "model.dmodel=3"], ["'model.dmodel'", "'model.d_model'"]),
    "no run": (["evaluate"], ["run"]),
    "run without output": (["predict", "run"], ["--output"]),
    "suffix": (["predict", "run", "--output", "p.txt"], ["p.txt", ".csv", ".jsonl", ".parquet"]),
    "no suffix": (["predict", "run", "--output", "csv"], ["--output csv", ".csv"]),
    "folder of the output": (["predict", "run", "--output", "no/such/p.csv"], ["no/such"]),
    "output is a folder": (["predict", "run", "--output", "folder.csv"], ["folder.csv"]),
    "device of evaluate": (["evaluate", "run", "--device", "tpu"], ["'tpu'", "cpu"]),
    "device of predict": (["predict", "run", "--output", "p.csv", "--device", "tpu"], ["'tpu'", "cpu"]),
    "threads of evaluate": (["evaluate", "run", "--threads", "-1"], ["--threads -1"]),
    "resume with a recipe": (["train", "mosi", "--resume", "run"], ["--resume"]),
    "resume with a seed": (["train", "--resume", "run", "--seed", "1"], ["--resume"]),
    "resume with an output": (["train", "--resume", "run", "--output", "x"], ["--resume"]),
    "resume with another profile": (["train", "--resume", "run", "--profile", "release"], ["--resume"]),
    "resume with a key": (["train", "--resume", "run", "--set", "train.epoch=1"], ["'train.epoch'"]),
}


@pytest.fixture
def mag(workplace: Path) -> Path:
    write_mag(workplace / "mag.pkl", sizes={"train": 4, "dev": 2, "test": 2})
    return workplace


@pytest.mark.parametrize("name", TRAIN_CASES)
def test_wrong_training_command(mag: Path, name: str) -> None:
    arguments, parts = TRAIN_CASES[name]
    command = [word for word in TRAIN if arguments[:1] != ["--data"] or word not in ("--data", "mag.pkl")]
    if arguments[:1] == ["--text-encoder"]:
        command = [word for word in command if word not in TINY]
    message = refuse(2, *command, *arguments)
    assert [part for part in parts if part not in message] == []


@pytest.mark.parametrize("name", OTHER_CASES)
def test_wrong_command(mag: Path, name: str) -> None:
    arguments, parts = OTHER_CASES[name]
    if "run" in arguments:
        succeed(*TRAIN, "--output", "run", *settings(train__epochs=1))
        Path("folder.csv").mkdir()
    message = refuse(2, *arguments)
    assert [part for part in parts if part not in message] == []


@pytest.mark.parametrize("rate", ["1e20", "1e38"])
def test_a_training_that_diverges_says_what_to_change(mag: Path, rate: str) -> None:
    """No usage error, because it shows only while training; the run stays, so it may be looked at."""
    rates = settings(train__learning_rate=rate, train__encoder_learning_rate=rate, train__clip_norm="null")
    outcome = invoke(*TRAIN, *rates, "--quiet")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert outcome.err.startswith("mlcl: the ")
    assert "train.learning_rate" in outcome.err


def test_every_setting_that_is_right_passes(mag: Path) -> None:
    """Control: the command that the wrong ones differ from."""
    succeed(*TRAIN)


def test_debug_shows_where_an_error_comes_from(mag: Path) -> None:
    with pytest.raises(UsageError, match="unknown recipe 'mossi'"):
        run(["train", "mossi", "--debug"])
    with pytest.raises(DataError, match=r"nothing\.pkl"):
        run(["--debug", "train", "mosi", "--data", "nothing.pkl", *TINY])


def test_an_error_nobody_foresaw_is_still_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[str]:
        raise ZeroDivisionError("a fault\nof ours")

    monkeypatch.setattr("mlcl.recipe.recipe_names", broken)
    outcome = invoke("config")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "mlcl: unexpected ZeroDivisionError: a fault of ours (run again with --debug and report it)\n"
    with pytest.raises(ZeroDivisionError):
        run(["config", "--debug"])
