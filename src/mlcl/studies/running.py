"""Run what a study still lacks: each run in a process of its own, several at once, none lost when stopped."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType

from mlcl.errors import Interrupted
from mlcl.files import write_json
from mlcl.lock import alone_in
from mlcl.runs.folder import RunFolder
from mlcl.studies.folder import Study, System
from mlcl.studies.plan import experiment
from mlcl.train.stopping import PARENT, stop_signals

_STOPPED = 130


@dataclass(frozen=True)
class Finished:
    """One run that came to an end.

    Attributes:
        error: Why it failed, or None.
        seconds: How long it took here.
        left: Runs still to come.
    """

    system: System
    seed: int
    error: str | None
    seconds: float
    left: int


def run_study(
    study: Study, devices: Sequence[str], *, threads: int, retry: bool, tell: Callable[[Finished], None]
) -> None:
    """Make every run that is not complete, seed by seed, so that a study cut short has all systems with some seeds.

    A run that fails is recorded beside its folder and the others go on. Interrupted runs resume where they were.

    Args:
        devices: One run at a time on each; a device may be named twice.
        threads: CPU threads of each run.
        retry: Make failed runs again, from their start.
        tell: Called after each run.

    Raises:
        Interrupted: After SIGINT or SIGTERM; the runs in flight have kept their place.
        RunError: If another process works on the study.
    """
    every = ((system, seed) for seed in study.plan.seeds for system in study.plan.systems)
    todo = [(system, seed) for system, seed in every if _wanted(study, system, seed, retry)]
    free: queue.SimpleQueue[str] = queue.SimpleQueue()
    for device in devices:
        free.put(device)
    left, counting = len(todo), threading.Lock()

    with (
        alone_in(study.path, "is working on") as lock,
        _Children(lock) as children,
        ThreadPoolExecutor(len(devices)) as pool,
    ):

        def work(system: System, seed: int) -> None:
            nonlocal left
            if children.stopped:
                return
            device, started = free.get(), time.perf_counter()
            try:
                error = _run(study, system, seed, device, threads, children)
            finally:
                free.put(device)
            if not children.stopped:
                with counting:
                    left -= 1
                    tell(Finished(system, seed, error, time.perf_counter() - started, left))

        for done in [pool.submit(work, system, seed) for system, seed in todo]:
            done.result()
    if children.stopped:
        raise Interrupted("stopped")


def _wanted(study: Study, system: System, seed: int, retry: bool) -> bool:
    status = study.status(system.name, seed)
    return status == "missing" or (retry and status == "failed")


def _run(study: Study, system: System, seed: int, device: str, threads: int, children: "_Children") -> str | None:
    """Make one run; returns why it failed, or None."""
    run, failure = study.run(system.name, seed), study.failure_file(system.name, seed)
    if failure.exists():
        shutil.rmtree(run.path, ignore_errors=True)
        failure.unlink()
    if not run.config.is_file():
        RunFolder.create(run.path, experiment(study.plan, system, seed))
    code, said = children.run(
        [*("train", "--resume", str(run.path), "--device", device), *("--threads", str(threads), "--quiet")]
    )
    if code == 0:
        run.checkpoint.unlink(missing_ok=True)  # three times the weights, and of no more use
        return None
    if code == _STOPPED or children.stopped:
        return None
    error = said or f"the process ended with {signal.Signals(-code).name if code < 0 else f'code {code}'}"
    write_json(failure, {"error": error, "when": datetime.now(UTC).isoformat(timespec="seconds")})
    return error


class _Children:
    """Processes at work; SIGINT and SIGTERM are handed on to them, and they keep their place."""

    def __init__(self, lock: int) -> None:
        self.stopped = False
        self._lock = lock
        self._alive, self._mine = os.pipe()  # children read the one; the other closes when this process is gone
        self._running: set[subprocess.Popen[str]] = set()
        self._before: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> "_Children":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._stop) for number in stop_signals()}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._alive)
        os.close(self._mine)

    def run(self, arguments: list[str]) -> tuple[int, str]:
        """Run one command; returns its exit code and the last line of its errors."""
        child = subprocess.Popen(
            [sys.executable, "-m", "mlcl", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # the terminal's Ctrl-C comes through us, once
            pass_fds=(self._lock, self._alive),  # the study stays locked while a child lives, should we be killed
            env={
                **os.environ,
                PARENT: str(self._alive),
                "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", arguments[-2]),
            },
        )
        self._running.add(child)
        if self.stopped:
            child.send_signal(signal.SIGTERM)
        errors = child.communicate()[1]
        self._running.discard(child)
        lines = [line for line in errors.splitlines() if line.strip()]
        return child.returncode, lines[-1].removeprefix("mlcl: ") if lines else ""

    def _stop(self, *_: object) -> None:
        self.stopped = True
        for child in list(self._running):
            child.send_signal(signal.SIGTERM)
