"""Run folders that are missing, unfinished or damaged, and files that do not suit a run."""

import pickle
import shutil
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from command import SMALL, TINY, files, invoke, refuse, settings, succeed
from hostile import HOSTILE
from mlcl.data.formats import read_corpus
from mlcl.runs.folder import RunFolder
from writers import mag_data, write_hkt, write_mag, write_pickle

VERBS = {"evaluate": ["evaluate", "run"], "predict": ["predict", "run", "--output", "p.csv"]}
each_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
FILES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "truncated": lambda path: path.write_bytes(pickle.dumps(mag_data())[:-99]),
    "hostile": lambda path: path.write_bytes(HOSTILE["text command"]),
    "another layout": lambda path: write_pickle(path, {"train": [{"text": "a"}]}),
    "empty test split": lambda path: write_mag(path, edit=lambda data: data["test"].clear()),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run in a folder ``run`` beside its data."""
    place = tmp_path_factory.mktemp("trained")
    write_mag(place / "mag.pkl")
    with chdir(place):
        succeed("train", "mosi", "--data", "mag.pkl", *TINY, *SMALL, "--output", "run", *settings(train__epochs=1))
    return place


@pytest.fixture
def run(trained: Path, workplace: Path) -> Path:
    """The working directory of a test: a copy of the run and its data."""
    shutil.copytree(trained, workplace, dirs_exist_ok=True)
    return workplace


@each_verb
@pytest.mark.parametrize("name", FILES)
def test_a_trained_run_refuses_a_wrong_file(run: Path, verb: list[str], name: str) -> None:
    FILES[name](run / "data.pkl")
    assert refuse(1, *verb, "--data", "data.pkl").startswith("data.pkl")


@each_verb
def test_other_widths_than_the_training_s_are_named_with_the_file(run: Path, verb: list[str]) -> None:
    write_mag(run / "wide.pkl", acoustic=6)
    before = set(run.iterdir())
    outcome = invoke(*verb, "--data", "wide.pkl")
    last = outcome.err.splitlines()[-1]
    assert (outcome.code, outcome.out, set(run.iterdir())) == (1, "", before)
    assert last.startswith("mlcl: wide.pkl")
    assert [part for part in ("acoustic", "6", "5") if part not in last] == []


@each_verb
def test_a_split_that_the_file_lacks_is_named_with_those_it_has(run: Path, verb: list[str]) -> None:
    message = refuse(1, *verb, "--split", "tset")
    assert message.startswith("mag.pkl")
    assert [part for part in ("'tset'", "train", "dev", "test") if part not in message] == []


def test_a_classifier_cannot_be_scored_on_scores(workplace: Path) -> None:
    write_hkt(workplace / "classes.pkl")
    write_mag(workplace / "scores.pkl", visual=7, acoustic=5)
    succeed("train", "mustard", "--data", "classes.pkl", *TINY, *SMALL, "--output", "run", *settings(train__epochs=1))
    outcome = invoke("evaluate", "run", "--data", "scores.pkl")
    last = outcome.err.splitlines()[-1]
    assert (outcome.code, outcome.out) == (1, "")
    assert last.startswith("mlcl: scores.pkl")
    assert "label" in last


@pytest.mark.parametrize("command", [*VERBS.values(), ["train", "--resume", "run"]], ids=[*VERBS, "resume"])
@pytest.mark.parametrize("what", ["missing", "a file", "an empty folder", "another folder"])
def test_what_is_no_run_folder_is_named_and_runs_are_listed(run: Path, command: list[str], what: str) -> None:
    shutil.move("run", "runs/good")
    if what == "a file":
        Path("run").write_text("x", encoding="utf-8")
    elif what != "missing":
        Path("run").mkdir()
    if what == "another folder":
        Path("run/notes.txt").write_text("x", encoding="utf-8")
    message = refuse(1, *command)
    assert message.startswith("run is no run folder")
    assert "runs/good" in message


@each_verb
@pytest.mark.parametrize("lost", ["model", "processor", "model/model.safetensors"])
def test_a_run_without_a_model_yet_names_the_command_that_goes_on(run: Path, verb: list[str], lost: str) -> None:
    path = Path("run", lost)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    message = refuse(1, *verb)
    assert "no trained model yet" in message
    assert "mlcl train --resume run" in message


JUNK = {"empty": b"", "junk": b"junk", "braces": b"{}", "list": b"[]", "not UTF-8": b"\xff\xfe\x00"}


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize(
    "name",
    [
        *("config.yaml", "run.json", "model/model.safetensors", "model/config.json"),
        *("processor/processor.json", "processor/tokenizer.json", "processor/tokenizer_config.json"),
    ],
)
def test_a_damaged_file_of_a_run_is_named(run: Path, name: str, junk: str) -> None:
    if (name, junk) == ("run.json", "braces"):
        pytest.skip("facts may be absent")
    Path("run", name).write_bytes(JUNK[junk])
    message = refuse(1, "evaluate", "run")
    assert "run" in message
    assert Path(name).parts[0] in message


@pytest.mark.parametrize("name", ["model/model.safetensors", "checkpoint.pt"])
def test_a_truncated_file_of_weights_is_named(run: Path, name: str) -> None:
    path = Path("run", name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    command = ["evaluate", "run"] if name.startswith("model") else ["train", "--resume", "run"]
    assert Path(name).parts[0] in refuse(1, *command)


@pytest.mark.parametrize("verb", [["evaluate", "run"], ["train", "--resume", "run"]], ids=" ".join)
def test_a_configuration_that_was_cut_is_refused(run: Path, verb: list[str]) -> None:
    config = Path("run/config.yaml")
    config.write_text(config.read_text(encoding="utf-8").partition("\ntrain:")[0], encoding="utf-8")
    assert "run/config.yaml is damaged: it has no train section" in refuse(1, *verb)


@pytest.mark.parametrize("junk", [*JUNK.values(), pickle.dumps({"model": 1}), HOSTILE["text command"]])
def test_a_damaged_checkpoint_is_named_with_the_way_out(run: Path, junk: bytes) -> None:
    Path("run/checkpoint.pt").write_bytes(junk)
    message = refuse(1, "train", "--resume", "run")
    assert message.startswith("run/checkpoint.pt is damaged")
    Path("run/checkpoint.pt").unlink()  # what the message says
    before = files(Path("run"))
    succeed("train", "--resume", "run")
    assert files(Path("run"))["model/model.safetensors"] == before["model/model.safetensors"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model.d_model", 32),
        ("model.tmcl_weight", 0.5),
        ("data.max_length", 12),
        ("seed", 1),
        ("train.learning_rate", 0.5),
        ("train.batch_size", 3),
    ],
)
def test_resuming_as_another_experiment_is_refused(run: Path, key: str, value: object) -> None:
    assert key in refuse(2, "train", "--resume", "run", "--set", f"{key}={value}")


def test_resuming_on_other_data_is_refused(run: Path) -> None:
    """The weights saw the old file; metrics of a new one under the run's name would be wrong."""
    write_mag(run / "other.pkl", edit=lambda data: data["train"].reverse())
    message = refuse(1, "train", "--resume", "run", "--data", "other.pkl")
    assert "other.pkl" in message


@pytest.mark.parametrize("file", ["mag #2.pkl", "1e5", "null", "[a].pkl", "a: b.pkl"])
def test_resuming_takes_the_data_file_by_any_name(run: Path, file: str) -> None:
    shutil.move("mag.pkl", file)
    succeed("train", "--resume", "run", "--data", file)


def test_an_unfinished_run_says_so_until_it_is_resumed(run: Path) -> None:
    folder = RunFolder("fresh")
    folder.write_config(RunFolder("run").experiment())
    for verb in (["evaluate", "fresh"], ["predict", "fresh", "--output", "p.csv"]):
        assert "mlcl train --resume fresh" in refuse(1, *verb)
    succeed("train", "--resume", "fresh")
    assert set(files(Path("fresh"))) == set(files(Path("run")))


@each_verb
def test_values_beyond_all_others_are_named_where_the_model_predicts_nan(run: Path, verb: list[str]) -> None:
    def edit(data: Any) -> None:
        (_, _, acoustic), *_ = data["test"][1]
        acoustic[:] = 3e38

    write_mag(run / "far.pkl", edit=edit)
    last = invoke(*verb, "--data", "far.pkl").err.splitlines()[-1]
    assert last.startswith("mlcl: far.pkl, test: the model predicts nan for 1 of ")
    assert repr(read_corpus("far.pkl").splits["test"].ids[1]) in last
