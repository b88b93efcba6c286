"""A disk that is full, or a place that cannot be written: one line, and whatever was there before is whole."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from command import SIZES, SMALL, TINY, files, invoke, refuse, settings, succeed
from writers import write_mag

FULL = Path("/dev/full")
# Files of a run that are each larger than all files written before.
GROWING = ["config.yaml", "processor/tokenizer.json", "model/model.safetensors", "checkpoint.pt"]
needs_dev_full = pytest.mark.skipif(not FULL.exists(), reason="needs Linux's /dev/full")
SOURCE = ["train", "mosi", "--data", "mag.pkl", *TINY, *SMALL]
TRAIN = [*SOURCE, "--output", "run"]


@pytest.fixture
def mag(workplace: Path) -> Path:
    write_mag(workplace / "mag.pkl", sizes=SIZES)
    return workplace


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: a real error of the system, at any layer that writes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@needs_dev_full
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_predictions_on_a_full_disk(mag: Path, suffix: str) -> None:
    """The temporary file beside the table stands on a device that is always full."""
    succeed(*TRAIN)
    (mag / f"p{suffix}").write_text("the old table", encoding="utf-8")
    (mag / f".p{suffix}.tmp").symlink_to(FULL)
    outcome = invoke("predict", "run", "--output", f"p{suffix}")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("\n") == 1
    assert "no space left" in outcome.err
    assert f"p{suffix}" in outcome.err
    assert "--resume" not in outcome.err, "there is nothing to resume"
    assert (mag / f"p{suffix}").read_text(encoding="utf-8") == "the old table"
    assert not (mag / f".p{suffix}.tmp").is_symlink()


@needs_dev_full
def test_a_checkpoint_on_a_full_disk(mag: Path) -> None:
    """The run that could not write its second checkpoint goes on from the first, to the same weights."""
    constant = settings(train__schedule="constant", train__warmup=0)
    succeed(*TRAIN, *constant)
    expected = files(mag / "run")["model/model.safetensors"]
    (mag / "run").rename(mag / "reference")
    succeed(*TRAIN, *constant, *settings(train__epochs=1))
    before = (mag / "run/checkpoint.pt").read_bytes()
    (mag / "run/.checkpoint.pt.tmp").symlink_to(FULL)
    outcome = invoke("train", "--resume", "run", *settings(train__epochs=2), "--quiet")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("\n") == 1, outcome.err
    assert "no space left" in outcome.err
    assert "mlcl train --resume run" in outcome.err
    assert (mag / "run/checkpoint.pt").read_bytes() == before
    succeed("train", "--resume", "run")
    assert files(mag / "run")["model/model.safetensors"] == expected


@pytest.mark.parametrize(
    "name", ["config.yaml", "processor/tokenizer.json", "model/model.safetensors", "checkpoint.pt"]
)
def test_any_file_may_be_the_one_that_does_not_fit(mag: Path, name: str) -> None:
    """A real error of the system, at every layer that writes; the run goes on once there is room."""
    succeed(*TRAIN)
    size = (mag / "run" / name).stat().st_size
    reference = files(mag / "run")
    (mag / "run").rename(mag / "reference")
    with largest_file(size - 1):
        outcome = invoke(*TRAIN, "--quiet")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("\n") == 1, outcome.err
    assert not outcome.err.startswith("mlcl: unexpected "), outcome.err
    assert "file too large" in outcome.err.lower()
    left = files(mag / "run") if (mag / "run").exists() else {}
    assert set(left) <= set(reference), "temporary files stayed behind"
    succeed(*(["train", "--resume", "run"] if "config.yaml" in left else TRAIN))
    assert files(mag / "run")["model/model.safetensors"] == reference["model/model.safetensors"]


@pytest.mark.parametrize("where", ["mag.pkl", "mag.pkl/run"])
def test_an_output_that_is_a_file_or_below_one(mag: Path, where: str) -> None:
    message = refuse(1, *SOURCE, "--output", where)
    assert message.startswith(where)
    assert "--resume" not in message, "a file is no run to go on with"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written(mag: Path) -> None:
    (mag / "locked").mkdir(mode=0o500)
    assert refuse(1, *SOURCE, "--output", "locked/run").startswith("locked/run")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT])
def test_a_folder_that_the_system_refuses(mag: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse_folder(self: Path, *arguments: object, **options: object) -> None:
        raise OSError(code, os.strerror(code), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse_folder)
    message = refuse(1, *TRAIN)
    assert message.startswith("run: ")
    assert os.strerror(code).lower() in message.lower() or "no space left" in message


def test_an_input_that_cannot_be_read(mag: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def open_file(name: str | Path, *arguments: int) -> int:
        if Path(name).name == "mag.pkl":
            raise PermissionError(errno.EACCES, "Permission denied", str(name))
        return real(name, *arguments)

    monkeypatch.setattr("os.open", open_file)
    outcome = invoke(*TRAIN)
    assert (outcome.code, outcome.err.count("\n"), (mag / "run").exists()) == (1, 1, False)
    assert outcome.err.startswith("mlcl: mag.pkl")
    assert "Permission denied" in outcome.err
