"""An extraction that is killed, again and again, goes on where it was, and ends as one that nobody stopped."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command import files
from patience import wait_until
from spoken_recordings import WORDS, write_spoken

COUNT = 20
EXTRACT = [*(sys.executable, "-m", "mlcl", "extract", "rec", "--visual", "none"), "--recogniser", "none"]


def start(output: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*EXTRACT, "--output", output, "--align", "stream"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kept(output: str) -> dict[str, tuple[int, int]]:
    """Every recording that is done: when, and as which file."""
    found = {}
    for file in Path(output, "recordings").glob("[!.]*.safetensors"):
        status = file.stat()
        found[file.name] = (status.st_mtime_ns, status.st_ino)
    return found


def alone(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process and its children have ended."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = entry.read_text().rsplit(")", 1)[1].split()[:4]
        except OSError:
            continue
        if session == str(process.pid) and state != "Z":
            return False
    return True


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the children are found in /proc")
def test_killed_at_twenty_moments(workplace: Path) -> None:
    for number in range(COUNT):
        write_spoken(Path(f"rec/talk{number:02d}.wav"), WORDS[: 2 + number % 5], transcript=False)
    assert start("whole").wait() == 0
    rng = random.Random(1)
    done: dict[str, tuple[int, int]] = {}
    for number in range(COUNT):
        process = start("killed")
        seen = number

        def far_enough(most: int = seen, running: subprocess.Popen[bytes] = process) -> bool:
            assert running.poll() is None, "it ended before it was killed"
            if most == 0:
                return Path("killed/features.yaml").exists()
            return len(kept("killed")) >= most

        wait_until(far_enough)
        time.sleep(rng.uniform(0, 0.1))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait_until(lambda running=process: alone(running))  # type: ignore[misc]
        now = kept("killed")
        assert {name: stamp for name, stamp in now.items() if name in done} == done, "done again"
        done = now
    assert start("killed").wait() == 0
    assert {name: stamp for name, stamp in kept("killed").items() if name in done} == done
    left, whole = files(Path("killed")), files(Path("whole"))
    assert left.keys() == whole.keys(), "something is left lying about"
    assert [name for name in whole if left[name] != whole[name]] == []
