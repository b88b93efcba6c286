"""What ``mlcl predict`` does with recordings."""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from mlcl.cli.extraction_progress import ExtractionProgress
from mlcl.cli.media_options import HearingOptions
from mlcl.errors import DataError, Interrupted, UsageError
from mlcl.files import replace_files, write_text
from mlcl.inert import printable
from mlcl.media.extract import Tools
from mlcl.media.extract_folder import extract_all
from mlcl.media.extraction import Extraction
from mlcl.media.frames import small_pictures
from mlcl.media.jobs import Job, find_jobs
from mlcl.media.names import extraction_file
from mlcl.report.recording_page import frame_times, recording_page
from mlcl.runs.recordings import SCORES, features_of, page_names, write_timelines
from mlcl.runs.timeline import Timeline, score_recording
from mlcl.runs.trained import TrainedRun

_PATIENCE = 120.0  # seconds without progress after which a recording has failed


def predict_recordings(
    run: TrainedRun,
    recordings: Sequence[Path],
    output: Path,
    *,
    transcript: Path | None,
    hearing: HearingOptions,
    frames: bool,
    processes: int,
    threads: int | None,
    quiet: bool,
) -> None:
    """Extract recordings as the run's training was, score their sentences, and write tables and pages into a folder."""
    jobs, _ = find_jobs(recordings, transcript, apart=[output])
    _check_apart(output, run.folder.path, jobs)
    features = features_of(run, hearing.folders())
    tools = Tools(features, hearing.hearing(threads), hearing.folders())
    lacks_ears = tools.hearing.recogniser is None and hearing.recogniser != "none"
    if not quiet and lacks_ears and any(job.transcript is None for job in jobs):
        print(
            "note: recordings without a transcript have no words: mlcl features fetch whisper, or name --recogniser",
            file=sys.stderr,
        )
    timelines: list[Timeline] = []
    scored: list[Job] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with ExtractionProgress(len(jobs), quiet=quiet) as progress:
            failures = _extract(jobs, folder, tools, processes, progress)
        for job in jobs:
            if job.key in failures:
                continue
            extraction = Extraction.load(extraction_file(folder, job.key))
            try:
                timelines.append(score_recording(run, extraction, features))
            except DataError as error:
                failures[job.key] = str(error)
                if len(jobs) > 1:
                    print(f"failed: {printable(str(error))}", file=sys.stderr)
            else:
                scored.append(job)
    if not timelines and len(jobs) > 1:
        raise DataError(f"none of the {len(jobs)} recordings could be scored; why is said above")
    if not timelines:
        raise DataError(next(iter(failures.values())))
    with replace_files(output) as filling:
        write_timelines(timelines, filling, output)
        for job, timeline, name in zip(scored, timelines, page_names(timelines), strict=True):
            pictures = _pictures(job.recording, timeline) if frames and timeline.size is not None else []
            link = quote(os.path.relpath(job.recording.resolve(), output.resolve()))
            write_text(filling / f"{name}.html", recording_page(timeline, link=link, frames=pictures))
    for timeline, name in zip(timelines, page_names(timelines), strict=True):
        print(f"{_says(timeline)}  {printable(timeline.recording)}: {output / name}.html")
    lost = f", {len(failures)} failed" if failures else ""
    sentences = sum(len(timeline.sentences) for timeline in timelines)
    sizes = f"{_count(len(timelines), 'recording')}, {_count(sentences, 'sentence')}"
    print(f"{sizes}{lost}: {output / SCORES}")


def _extract(
    jobs: Sequence[Job], folder: Path, tools: Tools, processes: int, progress: ExtractionProgress
) -> dict[str, str]:
    """Why recordings failed, by key."""
    try:
        return extract_all(
            jobs, folder, tools, processes=processes, retry=True, half=False, patience=_PATIENCE, tell=progress.tell
        )
    except Interrupted:
        raise Interrupted("stopped; nothing was written") from None


def _check_apart(output: Path, run: Path, jobs: Sequence[Job]) -> None:
    """Refuse an output that is no folder, the run's own, or one with recordings, beside which transcripts stand."""
    if output.suffix in (".csv", ".jsonl", ".parquet") or output.is_file():
        raise UsageError(f"--output {output}: of recordings name a folder; it gets {SCORES}, words.csv and the pages")
    if output.resolve() == run.resolve():
        raise UsageError(f"--output {output}: that is the run's folder; name another place")
    if any(output.resolve() == job.recording.resolve().parent for job in jobs):
        raise UsageError(f"--output {output}: the recordings are in this folder; name another place, such as a new one")


def _pictures(recording: Path, timeline: Timeline) -> list[tuple[float, bytes]]:
    times = frame_times(timeline)
    found = zip(times, small_pictures(recording, times), strict=True)
    return [(time, jpeg) for time, jpeg in found if jpeg is not None]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _says(timeline: Timeline) -> str:
    if timeline.classes:
        return f"{timeline.summary['chosen']} {max(timeline.summary['probabilities']):.2f}"
    return f"{timeline.summary['score']:+.2f}"
