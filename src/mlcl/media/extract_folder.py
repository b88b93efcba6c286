"""Many recordings into one folder: each is kept when it is done, and none is lost or made twice when work stops."""

import csv
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from mlcl.errors import DataError, Interrupted, RunError, UsageError
from mlcl.files import is_there, write_json, write_text
from mlcl.inert import spreadsheet
from mlcl.media.extract import Step, Tools, extract_to, work_digest
from mlcl.media.extraction import extraction_file, made_of
from mlcl.media.isolated import Worker
from mlcl.media.jobs import Job
from mlcl.media.specification import FILE, FeatureSpecification
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


def prepare_folder(folder: Path, features: FeatureSpecification) -> None:
    """Make the folder, or go on with one whose features are made in the same way.

    Raises:
        DataError: If there is something else at `folder`.
        UsageError: If its features were made otherwise.
    """
    if is_there(folder) and not (folder / FILE).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError("exists and is no folder of mlcl extract; name another place", path=folder)
    if (folder / FILE).is_file():
        before = FeatureSpecification.read(folder / FILE)
        if before != features:
            raise UsageError(
                f"--output {folder}: its features were made otherwise ({_difference(before, features)}); name another "
                "folder, or give the same options"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    features.write(folder / FILE)


def _difference(before: FeatureSpecification, now: FeatureSpecification) -> str:
    """The first value that differs, in words."""
    for name in type(now).model_fields:
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            if old is None or new is None or not hasattr(old, "model_fields"):
                return f"{name} was {_short(old)}, is {_short(new)}"
            inner = next(field for field in type(new).model_fields if getattr(old, field) != getattr(new, field))
            return f"{name}.{inner} was {getattr(old, inner)}, is {getattr(new, inner)}"[:200]
    return "in nothing"


def _short(value: object) -> str:
    return "none" if value is None else str(getattr(value, "extractor", value))


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
) -> dict[str, str]:
    """Extract every recording that is not kept yet.

    Each is worked on by a process of its own, so that none can take others with it. A recording that fails is noted
    beside the others and left alone until `retry`.

    Args:
        processes: How many recordings at a time.
        retry: Try those again that failed.
        half: Keep values as float16.
        patience: Seconds without progress after which a recording has failed.
        tell: Called from several threads, one at a time.

    Returns:
        Why each recording that failed did, by its key.

    Raises:
        Interrupted: After Ctrl-C; what is done is kept.
    """
    todo = [job for job in jobs if _wanted(job, folder, tools, retry)]
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
            write_json(_failure(folder, job), {"recording": job.key, "reason": error})
        with telling:
            tell(Progress(job, None, duration, error, notes))

    try:
        with ThreadPoolExecutor(len(workers)) as pool:
            try:
                for done in [pool.submit(work, job) for job in todo]:
                    while not done.done():
                        time.sleep(0.05)  # a wait without end would not see Ctrl-C
                    done.result()
            except KeyboardInterrupt:
                stop.set()
                for worker in workers:
                    worker.close()
                raise Interrupted("stopped; what is done is kept") from None
    finally:
        for worker in workers:
            worker.close()
    return write_failures(jobs, folder)


def _wanted(job: Job, folder: Path, tools: Tools, retry: bool) -> bool:
    file, failure = extraction_file(folder, job.key), _failure(folder, job)
    known = made_of(file)
    if known is not None and known == work_digest(job, tools):
        failure.unlink(missing_ok=True)
        return False
    if failure.is_file() and not retry:
        return False
    failure.unlink(missing_ok=True)
    return True


def _failure(folder: Path, job: Job) -> Path:
    return extraction_file(folder, job.key).with_suffix(".failed.json")


def write_failures(jobs: Sequence[Job], folder: Path) -> dict[str, str]:
    """Write why recordings failed as ``failures.csv``, or remove it where none did; returns the same by key."""
    found: dict[str, str] = {}
    for job in jobs:
        file = _failure(folder, job)
        if file.is_file():
            try:
                found[job.key] = str(read_json(file)["reason"])
            except (DataError, LookupError, TypeError):
                raise RunError(f"{file} is damaged; delete it and start again with --retry") from None
    if not found:
        (folder / FAILURES).unlink(missing_ok=True)
        return found
    text = StringIO()
    out = csv.writer(text)
    out.writerow(["recording", "reason"])
    out.writerows([spreadsheet(key), spreadsheet(reason)] for key, reason in found.items())
    write_text(folder / FAILURES, text.getvalue())
    return found
