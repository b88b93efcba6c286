"""What happens to one recording costs the others nothing, whatever it does to the process that reads it."""

import csv
from pathlib import Path

import pytest

from extraction_tasks import extract_or_die
from mlcl.errors import RunError, UsageError
from mlcl.media.extract import Tools
from mlcl.media.extract_folder import Progress, extract_all, failures, write_failures
from mlcl.media.extraction import Extraction
from mlcl.media.jobs import Job, find_jobs
from mlcl.media.names import extraction_file
from mlcl.media.output_folder import prepare_folder
from mlcl.media.specification import ExtractorSpecification, FeatureSpecification
from spoken_recordings import write_spoken

GOOD = ("a.wav", "c.wav", "f.wav")
TOOLS = Tools(FeatureSpecification())


@pytest.fixture
def jobs(workplace: Path) -> list[Job]:
    for name in (*GOOD, "b-crash.wav", "d-hang.wav", "e-kill.wav"):
        write_spoken(workplace / "rec" / name, ["well", "that"], transcript=False)
    return find_jobs([Path("rec")])[0]


def run(jobs: list[Job], tools: Tools = TOOLS, processes: int = 1) -> tuple[dict[str, str], list[Progress]]:
    told: list[Progress] = []
    failed = extract_all(
        jobs, Path("out"), tools, processes=processes, retry=False, half=False, patience=3, tell=told.append
    )
    return failed, told


@pytest.mark.parametrize("processes", [1, 3])
def test_a_recording_that_takes_its_reader_down_is_a_row_and_costs_nothing_else(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr("mlcl.media.extract_folder.extract_to", extract_or_die)
    failed, told = run(jobs, processes=processes)
    assert set(failed) == {"b-crash.wav", "d-hang.wav", "e-kill.wav"}
    assert "SIGSEGV" in failed["b-crash.wav"]
    assert "3 s without progress" in failed["d-hang.wav"]
    assert "SIGKILL" in failed["e-kill.wav"]
    assert all(reason.startswith(f"rec/{key}: ") for key, reason in failed.items())
    for name in GOOD:
        assert Extraction.load(extraction_file(Path("out"), name)).loudness is not None
    ended = {one.job.key: one.error for one in told if one.step is None}
    assert ended == {**failed, **dict.fromkeys(GOOD)}
    write_failures(failed, Path("out"))
    with Path("out/failures.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["recording"]: row["reason"] for row in csv.DictReader(stream)} == failed
    assert failures(jobs, Path("out")) == failed


def test_several_at_a_time_make_the_same(jobs: list[Job]) -> None:
    run(jobs, processes=3)
    first = {file.name: file.read_bytes() for file in Path("out/recordings").iterdir()}
    Path("out").rename("before")
    run(jobs)
    assert {file.name: file.read_bytes() for file in Path("out/recordings").iterdir()} == first
    assert len(first) == 6


def test_what_would_stop_every_recording_stops_at_the_first(jobs: list[Job]) -> None:
    """A feature set that is not here is no fault of the recordings."""
    lost = ExtractorSpecification(extractor="logmel", version=99, columns=("x",), rate=100.0)
    with pytest.raises(UsageError, match="version 99"):
        run(jobs, Tools(FeatureSpecification(acoustic=lost)))
    assert not list(Path("out").rglob("*.failed.json"))


def test_what_cannot_be_written_is_said_and_is_no_fault_of_a_recording(jobs: list[Job]) -> None:
    Path("out/recordings/a.wav.safetensors").mkdir(parents=True)
    with pytest.raises(RunError, match=r"out/recordings/a\.wav\.safetensors cannot be written: "):
        run(jobs)


def test_a_file_that_cannot_be_opened_does_not_stop_those_that_can(jobs: list[Job]) -> None:
    good = [job for job in jobs if job.key in GOOD]
    run(good)
    Path("rec/a.wav").unlink()
    failed, _ = run(good)
    assert set(failed) == {"a.wav"}


def test_a_folder_that_is_made_by_several_at_once_is_made_once(workplace: Path) -> None:
    for _ in range(3):
        prepare_folder(Path("out"), FeatureSpecification())
    assert [entry.name for entry in Path("out").iterdir()] == ["features.yaml"]
