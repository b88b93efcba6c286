"""Killed without warning, once before each change that a training makes to its folder."""

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import SMALL, TINY, files, invoke, succeed
from comparison import content, differences
from planted import write_planted

TRAIN = ["train", "mosi", "--data", "planted.pkl", *TINY, *SMALL, "--quiet", "--output"]
WRITES = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink"}


def run_killed(arguments: list[str], folder: str, *, before: int, log: Path | None = None) -> int:
    """Run a command in a forked process that is killed just before its n-th change to a folder; return its code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    count = 0

    def watch(event: str, values: tuple[object, ...]) -> None:
        nonlocal count
        if event not in WRITES or folder not in str(values[0]) or (event == "open" and values[1] in ("r", "rb", None)):
            return
        there = Path(str(values[0])).exists()
        if (event == "os.mkdir" and there) or (event == "os.remove" and not there):  # changes nothing
            return
        count += 1
        if log is not None:
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{event} {values[0]}\n")
        if count == before:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)  # sees every change that Python makes, whoever makes it
    os._exit(invoke(*arguments).code)


@pytest.fixture
def changes(workplace: Path) -> Iterator[list[str]]:
    """The changes that an uninterrupted run makes; it stays in a folder ``whole``.

    Forking is safe here: one thread computes, and the child never returns to pytest.
    """
    write_planted(workplace / "planted.pkl", train=5, dev=2, test=2)
    succeed(*TRAIN, "whole")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later warn of fork beside any thread
        assert run_killed([*TRAIN, "logged"], "logged", before=0, log=Path("log")) == 0
        yield Path("log").read_text(encoding="utf-8").splitlines()


@pytest.mark.long
def test_every_moment_leaves_whole_files_and_can_be_resumed_to_the_same_bits(changes: list[str]) -> None:
    assert len(changes) > 25
    known, expected = files(Path("whole")), content(Path("whole"))
    fixed = [name for name in known if name.startswith(("config", "processor/", "model/config"))]
    faults = []
    for number, change in enumerate(changes, 1):
        folder = f"run{number}."
        assert run_killed([*TRAIN, folder], folder, before=number) == -signal.SIGKILL
        left = files(Path(folder))
        half = [name for name in fixed if name in left and left[name] != known[name]]
        outcome = invoke("train", "--resume", folder, "--quiet")
        if outcome.code and "config.yaml" not in left:  # killed before there was anything to go on with
            outcome = invoke(*TRAIN, folder)
        if outcome.code:
            faults.append(f"before {change}: {outcome.err}")
        elif half or content(Path(folder)) != expected:
            faults.append(f"before {change}: half written {half}, at last {differences(Path('whole'), Path(folder))}")
    assert faults == []
