"""What goes wrong in a child costs its recording a line, and the process that asks nothing."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import decoding_tasks as tasks
from mlcl.errors import DataError, UsageError
from mlcl.media.decode import facts
from mlcl.media.isolated import Worker
from mlcl.media.isolated_child import serve

PATH = Path("talk.mp4")
TESTS = Path(tasks.__file__).parent
SOURCE = Path(facts.__code__.co_filename).parents[2]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(patience=30, memory=2**30) as made:
        yield made


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(met: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not met() and time.monotonic() < end:
        time.sleep(0.1)
    return met()


def test_a_result_comes_back_from_another_process_that_is_kept(worker: Worker) -> None:
    value, first = worker.run(tasks.echo, {"a": [1.5, None]})
    assert value == {"a": [1.5, None]}
    assert first != os.getpid()
    assert worker.run(tasks.echo, 1) == (1, first)


def test_news_come_in_order_and_not_too_many(worker: Worker) -> None:
    told: list[int] = []
    assert worker.run(tasks.count, 20, tell=told.append) == 20
    assert told == sorted(told)
    assert told[0] == 0
    assert 2 <= len(told) < 20, "at most ten a second"


@pytest.mark.parametrize(
    ("task", "says"),
    [
        (tasks.crash, "was ended by SIG(SEGV|BUS)"),
        (tasks.leave, r"ended \(exit code 0\)"),
        (tasks.killed, "was ended by SIGKILL, perhaps for want of memory"),
        (tasks.fail, "KeyError: 'x'"),
        (tasks.unsendable, "its result cannot be sent"),
    ],
)
def test_any_failure_is_a_line_and_the_next_task_works(worker: Worker, task: Any, says: str) -> None:
    with pytest.raises(DataError, match=f"^talk.mp4: cannot be read: .*{says}.*; it may be damaged") as caught:
        worker.run(task, PATH)
    assert "\n" not in str(caught.value)
    assert worker.run(tasks.echo, 7)[0] == 7


def test_errors_for_the_user_come_as_they_were_raised(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^talk.mp4, here: is wrong$") as caught:
        worker.run(tasks.refuse, PATH)
    assert (caught.value.path, caught.value.place) == ("talk.mp4", "here")
    (tmp_path / "text.mp4").write_text("no recording")
    with pytest.raises(DataError, match="is not a recording"):
        worker.run(tasks.read_through, tmp_path / "text.mp4")
    with pytest.raises(UsageError, match="rate is 0"):
        worker.run(tasks.refuse_rate, PATH)


def test_more_memory_than_the_limit_is_a_line(worker: Worker) -> None:
    before = worker.run(tasks.echo, 0)[1]
    assert worker.run(tasks.want, PATH, 2**29) == 2**29
    with pytest.raises(DataError, match=r"talk.mp4: cannot be read: it needs more memory than is allowed"):
        worker.run(tasks.want, PATH, 2**31)
    assert worker.run(tasks.echo, 0)[1] == before, "the child lives on"


def test_what_gives_no_news_is_stopped() -> None:
    with Worker(patience=1) as worker:
        child = worker.run(tasks.echo, 0)[1]
        told: list[float] = []
        with pytest.raises(DataError, match=r"talk.mp4: was given up after 1 s without progress"):
            worker.run(tasks.hang, PATH, tell=told.append)
        assert told == [0.0]
        assert not alive(child)
        assert worker.run(tasks.count, 60) == 60, "news begin the patience anew"


def test_a_closed_worker_leaves_no_child() -> None:
    with Worker() as worker:
        child = worker.run(tasks.echo, 0)[1]
        assert alive(child)
    assert not alive(child)


def test_an_interrupt_stops_the_child_and_is_passed_on() -> None:
    def interrupt(_: Any) -> None:
        raise KeyboardInterrupt

    with Worker() as worker:
        child = worker.run(tasks.echo, 0)[1]
        with pytest.raises(KeyboardInterrupt):
            worker.run(tasks.hang, PATH, tell=interrupt)
        assert not alive(child)


def test_the_child_writes_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with Worker() as worker:
        worker.run(tasks.noise, PATH)
    assert capfd.readouterr() == ("", "")


def test_the_program_that_asks_is_not_run_again_by_the_child(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import decoding_tasks\n"
        "from mlcl.media.isolated import Worker\n"
        "print('once')\n"
        "with Worker() as worker:\n"
        "    print(worker.run(decoding_tasks.echo, 5)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], env=environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.stdout, done.stderr) == ("once\n5\n", "")


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_child_ends_with_the_process_that_asked(tmp_path: Path, number: signal.Signals) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "import decoding_tasks\n"
        "from mlcl.media.isolated import Worker\n"
        "worker = Worker()\n"
        "print(worker.run(decoding_tasks.echo, 0)[1], flush=True)\n"
        "worker.run(decoding_tasks.hang, Path('talk.mp4'))\n"
    )
    asking = subprocess.Popen(
        [sys.executable, str(script)], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert asking.stdout is not None
    with asking:
        child = int(asking.stdout.readline())
        assert alive(child)
        asking.send_signal(number)
    assert asking.returncode != 0
    assert until(lambda: not alive(child))


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{SOURCE}{os.pathsep}{TESTS}"}


def test_a_task_is_not_told_that_nobody_waits_for_it(tmp_path: Path) -> None:
    """It would take the broken pipe for a damaged packet, and keep its recording without it."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, None))
    process.start()
    there.close()
    here.send((tasks.stubborn, (tmp_path / "file",)))
    assert [here.recv()[0], here.recv()[0]] == ["begun", "told"]
    here.close()
    process.join(60)
    assert process.exitcode == 1
    assert not (tmp_path / "file").exists()
