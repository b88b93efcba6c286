"""What is read back is what was written, one process at a time writes a run, and nothing that is read is replaced."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command import SMALL, TINY, invoke, refuse, settings, succeed
from comparison import differences
from mlcl.data.batch import EncodedSplit, Rows
from mlcl.data.store import read_store, write_store
from mlcl.lock import alone_in
from mlcl.runs.folder import RunFolder
from planted import write_planted

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("workplace")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data file and a complete run."""
    place = tmp_path_factory.mktemp("made")
    data = write_planted(place / "planted.pkl", train=9, dev=5, test=5)
    succeed("train", "mosi", "--data", data, *TINY, *SMALL, "--quiet", "--output", place / "run")
    return place


@pytest.fixture
def run(made: Path) -> Path:
    """A copy of the run to spoil."""
    shutil.copytree(made / "run", "run")
    return Path("run")


def flip(file: Path, place: int) -> None:
    """Turn one bit round."""
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("model/model.safetensors", "evaluate"),
        ("model/config.json", "predict"),
        ("processor/processor.json", "evaluate"),
        ("predictions/test.csv", "report"),
        ("metrics.json", "report"),
    ],
)
def test_one_flipped_bit_is_named(made: Path, run: Path, name: str, verb: str) -> None:
    file = run / name
    for place in np.random.default_rng(0).integers(0, file.stat().st_size, 3).tolist():
        shutil.copy(made / "run" / name, file)
        flip(file, place)
        output = ["--output", "out.csv"] if verb == "predict" else []
        assert f"run/{name} is damaged" in refuse(1, verb, "run", *output), place


def test_a_cut_table_of_predictions_is_named(run: Path) -> None:
    table = run / "predictions" / "test.csv"
    table.write_text("".join(table.read_text(encoding="utf-8").splitlines(keepends=True)[:-2]), encoding="utf-8")
    assert "run/predictions/test.csv is damaged" in refuse(1, "report", "run")


def test_a_run_without_digests_is_taken_as_it_is(run: Path) -> None:
    """Those of version 0.1.0 have none."""
    (run / "digests.json").unlink()
    succeed("evaluate", "run")


def test_a_checkpoint_with_a_flipped_bit_never_trains_on_with_other_numbers(made: Path, run: Path) -> None:
    """Somewhere in its 100 kB: either it is refused, or what was flipped is read by nobody."""
    (run / "metrics.json").unlink()
    whole = (run / "checkpoint.pt").read_bytes()
    places = np.random.default_rng(1).integers(0, len(whole), 12).tolist()
    refused = 0
    for place in places:
        (run / "checkpoint.pt").write_bytes(whole)
        flip(run / "checkpoint.pt", place)
        outcome = invoke("train", "--resume", "run", "--quiet")
        if outcome.code:
            assert "run/checkpoint.pt is damaged" in outcome.err
            refused += 1
        else:
            assert differences(made / "run", run) in ([], ["checkpoint.pt"])
            (run / "metrics.json").unlink()
    assert refused >= len(places) / 2  # most of the file are numbers; the rest is padding between them


def test_a_run_that_is_being_trained_is_not_resumed(run: Path) -> None:
    with alone_in(run, "is training into"):
        assert "another process is training into it" in refuse(1, "train", "--resume", "run", "--quiet")
    succeed("train", "--resume", "run", "--quiet")


def test_two_trainings_never_share_a_folder(made: Path) -> None:
    """Of two that are started at once, one trains, and the settings in the folder are its own."""
    command = [sys.executable, "-m", "mlcl", "train", "mosi", "--data", str(made / "planted.pkl"), *TINY, *SMALL]
    both = [
        subprocess.Popen([*command, "--seed", seed, "--output", "both"], stderr=subprocess.PIPE, text=True)
        for seed in ("1", "2")
    ]
    errors = [process.communicate()[1] for process in both]
    codes = [process.returncode for process in both]
    assert sorted(codes) == [0, 1], errors
    assert RunFolder("both").experiment().seed == codes.index(0) + 1
    assert "is not empty" in errors[codes.index(1)] or "another process" in errors[codes.index(1)]


def test_hanging_up_stops_with_a_checkpoint(made: Path) -> None:
    command = ["train", "mosi", "--data", str(made / "planted.pkl"), *TINY, *SMALL, *settings(train__epochs=200)]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlcl", *command, "--output", "hung"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # ignored where the suite runs under nohup
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("epoch")
    process.send_signal(signal.SIGHUP)
    assert "go on with mlcl train --resume hung" in process.communicate()[1]
    assert process.returncode == 130
    assert Path("hung/checkpoint.pt").is_file()


@pytest.mark.parametrize("output", ["planted.csv", "run/predictions/test.csv", "link.csv"])
def test_predictions_never_replace_what_is_read(made: Path, run: Path, output: str) -> None:
    shutil.copy(made / "planted.pkl", "planted.csv")
    Path("link.csv").symlink_to("planted.csv")
    message = refuse(2, "predict", "run", "--data", "planted.csv", "--output", output)
    assert "name another place" in message


def test_a_flipped_bit_in_the_cache_is_as_no_cache() -> None:
    rows = Rows(np.ones((4, 2), np.float32), np.ones(4, bool), np.arange(4), np.array([0, 2, 4]))
    split = EncodedSplit(
        ids=["a", "b"],
        tokens=np.arange(4),
        types=np.zeros(4, np.int64),
        offsets=np.array([0, 2, 4]),
        spoken=np.ones(2, bool),
        rows={"acoustic": rows},
        labels=np.zeros(2),
        pad_id=0,
        fixed_length=None,
    )
    write_store(Path("store"), [("train", split)], {"data": {}})
    assert read_store(Path("store")) is not None
    for file in sorted(Path("store").glob("*.npy")):
        whole = file.read_bytes()
        flip(file, len(whole) - 1)
        assert read_store(Path("store")) is None, file
        file.write_bytes(whole)
    index = json.loads(Path("store/index.json").read_text(encoding="utf-8"))
    assert set(index["checksums"]) == {file.name for file in Path("store").glob("*.npy")}
