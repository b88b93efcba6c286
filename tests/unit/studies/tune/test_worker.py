"""Signs of life: a dead process is known at once on its machine, and after two silent minutes elsewhere."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlcl.studies.tune import worker as module
from mlcl.studies.tune.worker import Worker
from patience import wait_until


def other(folder: Path, *, machine: str, process: int, silent: float) -> str:
    """A worker's file, last fresh so many seconds ago."""
    file = folder / "other.json"
    file.write_text(json.dumps({"machine": machine, "process": process}))
    os.utime(file, (time.time() - silent, time.time() - silent))
    return "other"


def ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("here", "runs", "silent", "dead"),
    [
        (True, True, 5, False),
        (True, True, 300, True),
        (True, False, 5, True),
        (False, False, 5, False),
        (False, False, 300, True),
    ],
)
def test_who_counts_as_dead(tmp_path: Path, here: bool, runs: bool, silent: float, dead: bool) -> None:
    with Worker(tmp_path) as worker:
        machine = json.loads((tmp_path / f"{worker.name}.json").read_text())["machine"]
        name = other(
            tmp_path, machine=machine if here else "another", process=os.getpid() if runs else ended(), silent=silent
        )
        assert worker.is_dead(name) is dead
        assert (tmp_path / "other.json").exists() is not dead
        assert worker.is_dead("never there")
        assert not worker.is_dead(worker.name)
    assert not (tmp_path / f"{worker.name}.json").exists()


def test_a_process_of_another_user_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(process: int, number: int) -> None:
        raise PermissionError

    with Worker(tmp_path) as worker:
        monkeypatch.setattr(os, "kill", forbidden)
        assert not worker.is_dead(worker.name)


def test_signs_of_life_go_on_and_survive_a_lost_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BEAT", 0.01)
    with Worker(tmp_path) as worker:
        file = tmp_path / f"{worker.name}.json"
        os.utime(file, (0, 0))
        wait_until(lambda: file.stat().st_mtime > 0)
        monkeypatch.setattr(Path, "touch", lambda self: (_ for _ in ()).throw(OSError))
        time.sleep(0.05)
        assert worker._thread.is_alive()


def test_the_machine_s_name_is_not_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.node", lambda: "secret-host")
    with Worker(tmp_path) as worker:
        assert "secret" not in (tmp_path / f"{worker.name}.json").read_text()
