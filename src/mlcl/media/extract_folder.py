"""Many recordings into one folder: each is kept when it is done, and none is lost or made twice when work stops."""

import csv
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from mlcl.errors import DataError, Interrupted, RunError
from mlcl.files import write_json, write_text
from mlcl.inert import spreadsheet
from mlcl.media.extract import Step, Tools, extract_to, work_digest
from mlcl.media.extraction import made_of
from mlcl.media.isolated import Worker
from mlcl.media.jobs import Job
from mlcl.media.names import extraction_file
from mlcl.safe.text_file import read_json

FAILURES = "failures.csv"


@dataclass(frozen=True)
class Progress:
    """How far a recording is.

    Attributes:
        job: The recording.
        step: What is being done with it; None when it has ended.
        duration: In seconds, as far as that is known.
        error: Why it failed.
        notes: What a user should know of it, when it is done.
    """

    job: Job
    step: Step | None
    duration: float | None
    error: str | None = None
    notes: tuple[str, ...] = ()


def extract_all(
    jobs: Sequence[Job],
    folder: Path,
    tools: Tools,
    *,
    processes: int,
    retry: bool,
    half: bool,
    patience: float,
    tell: Callable[[Progress], None],
    kept: Callable[[int], None] = lambda _: None,
) -> dict[str, str]:
    """Extract every recording that is not kept yet.

    Each is worked on by a process of its own, so that none can take others with it. A recording that fails is noted
    beside the others and left alone until it or its settings change, or `retry`.

    Args:
        processes: How many recordings at a time.
        retry: Try those again that failed.
        half: Keep values as float16.
        patience: Seconds without progress after which a recording has failed.
        tell: Called from several threads, one at a time.
        kept: Called once, first, with the number of recordings that need no work.

    Returns:
        Why each recording that failed did, by its key.

    Raises:
        Interrupted: After Ctrl-C; what is done is kept.
        MlclError: If a feature set or its weights are not here, or there is no room; whatever it is would stop all.
    """
    todo = [job for job in jobs if _wanted(job, folder, tools, retry, half)]
    kept(len(jobs) - len(todo))
    telling, stop = threading.Lock(), threading.Event()
    free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    workers = [Worker(patience=patience) for _ in range(min(processes, max(len(todo), 1)))]
    for worker in workers:
        free.put(worker)

    def work(job: Job) -> None:
        if stop.is_set():
            return
        worker = free.get()
        duration: float | None = None

        def report(step: Step) -> None:
            nonlocal duration
            duration = step.duration
            with telling:
                tell(Progress(job, step, step.duration))

        error, notes = None, ()
        try:
            notes = worker.run(
                extract_to, job.recording, job, extraction_file(folder, job.key), tools, half, tell=report
            )
        except DataError as failed:
            error = str(failed)
        finally:
            free.put(worker)
        if stop.is_set():
            return
        if error is not None:
            made = _digest(job, tools, half)
            write_json(_failure(folder, job), {"recording": job.key, "reason": error, "made_of": made})
        with telling:
            tell(Progress(job, None, duration, error, notes))

    try:
        with ThreadPoolExecutor(len(workers)) as pool:
            try:
                for done in [pool.submit(work, job) for job in todo]:
                    while not done.done():
                        time.sleep(0.05)  # a wait without end would not see Ctrl-C
                    done.result()
            except BaseException as error:
                stop.set()
                for worker in workers:
                    worker.close()
                if isinstance(error, KeyboardInterrupt):
                    raise Interrupted("stopped; what is done is kept") from None
                raise
    finally:
        for worker in workers:
            worker.close()
    return failures(jobs, folder)


def _wanted(job: Job, folder: Path, tools: Tools, retry: bool, half: bool) -> bool:
    failure, digest = _failure(folder, job), _digest(job, tools, half)
    if digest is not None and made_of(extraction_file(folder, job.key)) == digest:
        failure.unlink(missing_ok=True)
        return False
    if failure.is_file() and not retry and _read_failure(failure).get("made_of") == digest:
        return False
    failure.unlink(missing_ok=True)
    return True


def _digest(job: Job, tools: Tools, half: bool) -> str | None:
    """What an extraction is made of; None if the recording or its transcript cannot be opened."""
    try:
        return work_digest(job, tools, half=half)
    except OSError:
        return None


def _failure(folder: Path, job: Job) -> Path:
    return extraction_file(folder, job.key).with_suffix(".failed.json")


def failures(jobs: Sequence[Job], folder: Path) -> dict[str, str]:
    """Why recordings failed, by key."""
    files = {job.key: _failure(folder, job) for job in jobs}
    return {key: _read_failure(file)["reason"] for key, file in files.items() if file.is_file()}


def _read_failure(file: Path) -> dict[str, str]:
    try:
        found = read_json(file)
        return {"reason": str(found["reason"]), "made_of": found["made_of"]}
    except (DataError, LookupError, TypeError):
        raise RunError(f"{file} is damaged; delete it") from None


def write_failures(found: Mapping[str, str], folder: Path) -> None:
    """Write why recordings failed as ``failures.csv``, or remove it where none did."""
    if not found:
        (folder / FAILURES).unlink(missing_ok=True)
        return
    text = StringIO()
    out = csv.writer(text)
    out.writerow(["recording", "reason"])
    out.writerows([spreadsheet(key), spreadsheet(reason)] for key, reason in found.items())
    write_text(folder / FAILURES, text.getvalue())
