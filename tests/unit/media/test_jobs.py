"""Which files are recordings, what they are called, and which transcript is whose."""

import os
from pathlib import Path

import pytest

from mlcl.errors import DataError, UsageError
from mlcl.media.jobs import Job, find_jobs


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def keys(jobs: list[Job]) -> list[str]:
    return [job.key for job in jobs]


@pytest.fixture
def folder(workplace: Path) -> Path:
    touch(workplace / "rec", "b.MP4", "a.wav", "sub/c.mkv", "notes.docx", "labels.csv", "a.srt", ".hidden.mp4")
    touch(workplace / "rec", ".cache/d.mp4", "sub/.x/e.wav")
    return workplace / "rec"


def test_recordings_below_a_folder_are_found_by_their_suffix_in_order(folder: Path) -> None:
    jobs, others = find_jobs([folder])
    assert keys(jobs) == ["a.wav", "b.MP4", "sub/c.mkv"]
    assert others == 2, "notes and labels; a transcript is no stranger, and hidden files are not there"


def test_what_is_named_is_taken_whatever_its_suffix(folder: Path) -> None:
    jobs, others = find_jobs([folder / "notes.docx", folder / "sub"])
    assert (keys(jobs), others) == (["notes.docx", "c.mkv"], 0)


@pytest.mark.parametrize("absolute", [False, True])
def test_the_output_inside_of_the_input_is_not_looked_into(folder: Path, absolute: bool) -> None:
    touch(folder, "data/recordings/x.wav", "data/data.csv", "database.wav")
    output, given = (folder / "data", folder) if absolute else (Path("rec/data"), Path("rec/../rec"))
    jobs, others = find_jobs([given], apart=[output, folder / "labels.csv"])
    assert keys(jobs) == ["a.wav", "b.MP4", "database.wav", "sub/c.mkv"]
    assert others == 1
    assert len(find_jobs([folder])[0]) == 5, "without it being said, it is searched"


def test_relative_and_absolute_paths_name_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    relative, absolute = find_jobs([Path("rec")])[0], find_jobs([folder])[0]
    assert [(job.key, job.name) for job in relative] == [(job.key, job.name) for job in absolute]
    monkeypatch.chdir(folder)
    assert keys(find_jobs([Path()])[0]) == keys(absolute)


def test_a_recording_given_twice_is_one(folder: Path) -> None:
    (folder / "link.wav").symlink_to(folder / "a.wav")
    jobs, _ = find_jobs([folder / "a.wav", folder, folder / "sub" / ".." / "a.wav"])
    assert keys(jobs) == ["a.wav", "b.MP4", "link.wav", "sub/c.mkv"]


def test_two_recordings_of_one_name_are_refused_unless_the_folder_above_is_named(folder: Path) -> None:
    touch(folder, "sub/a.wav")
    with pytest.raises(UsageError, match=r"a\.wav and .*sub/a\.wav have one name; name the folder above both"):
        find_jobs([folder / "a.wav", folder / "sub" / "a.wav"])
    jobs, _ = find_jobs([folder])
    assert {job.key: job.name for job in jobs}["sub/a.wav"] == "sub-a.wav"


def test_names_are_stems_unless_these_are_not_alone(workplace: Path) -> None:
    touch(workplace, "talk.mp4", "talk_1.mp4", "talk_1_2.mp4", "x/same.wav", "x/same.mp4", "take_7.wav", "a b.wav")
    names = {job.key: job.name for job in find_jobs([workplace])[0]}
    assert names == {
        **{"a b.wav": "a b", "take_7.wav": "take_7", "talk.mp4": "talk"},
        **{"talk_1.mp4": "talk_1.mp4", "talk_1_2.mp4": "talk_1_2.mp4"},  # the first sentence of talk is talk_1
        **{"x/same.wav": "x-same.wav", "x/same.mp4": "x-same.mp4"},
    }
    items = [f"{name}_{number}" for name in names.values() for number in range(1, 4)]
    assert len({*items, *names.values()}) == len(items) + len(names)


@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".TextGrid", ".json", ".txt"])
def test_a_transcript_beside_a_recording_is_its_own(workplace: Path, suffix: str) -> None:
    touch(workplace, "talk.mp4", f"talk{suffix}", "other.mp4", "third.srt")
    transcripts = {job.key: job.transcript for job in find_jobs([workplace])[0]}
    assert transcripts == {"talk.mp4": workplace / f"talk{suffix}", "other.mp4": None}


def test_a_transcript_that_is_named_goes_before_the_one_beside(folder: Path) -> None:
    touch(folder, "b.srt")
    ((job,), _) = find_jobs([folder / "a.wav"], folder / "b.srt")
    assert job.transcript == folder / "b.srt"


def test_odd_names_are_names(workplace: Path) -> None:
    names = ["-dash.wav", "grüße 😀.wav", "a;b,c'd\"e.wav", "new\nline.wav", "%2F.wav"]
    touch(workplace, *names)
    touch(workplace, os.fsdecode(b"\xff\xfe.wav"))
    jobs, _ = find_jobs([workplace])
    assert sorted(keys(jobs)) == sorted([*names, "\\xff\\xfe.wav"])
    assert all(job.recording.is_file() for job in jobs)
    for job in jobs:
        job.key.encode()


REFUSED = {
    "nothing there": (
        lambda place: find_jobs([place / "absent.mp4"]),
        DataError,
        r"absent\.mp4: there is no such file",
    ),
    "no recording in a folder": (
        lambda place: find_jobs([place / "empty"]),
        UsageError,
        r"empty: no recording in it; known suffixes are .*\.mp4",
    ),
    "one transcript for several": (
        lambda place: find_jobs([place], place / "a.srt"),
        UsageError,
        r"a\.srt: here are 2 recordings; put each one's transcript beside it",
    ),
    "no such transcript": (
        lambda place: find_jobs([place / "a.wav"], place / "b.srt"),
        DataError,
        r"b\.srt: there is no such file; check --transcript",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_found_is_named_with_the_next_step(workplace: Path, name: str) -> None:
    touch(workplace, "a.wav", "b.wav", "a.srt")
    (workplace / "empty").mkdir()
    act, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        act(workplace)
