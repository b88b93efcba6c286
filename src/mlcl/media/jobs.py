"""Which recordings are to be extracted, under which names, and into which items."""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlcl.errors import DataError, UsageError

_VIDEO = "3gp avi flv m2ts m4v mkv mov mp4 mpeg mpg mts ogv ts webm wmv"
_AUDIO = "aac aif aiff flac m4a mka mp3 oga ogg opus wav wma"
SUFFIXES = frozenset(f".{end}" for end in f"{_VIDEO} {_AUDIO}".split())
_ITEM = re.compile(r"(.+)_\d+")
TRANSCRIPTS = (".srt", ".vtt", ".TextGrid", ".json", ".txt")


@dataclass(frozen=True)
class Stretch:
    """A part of a recording that is one item.

    Attributes:
        id: Of the item.
        start: In seconds; the recording's beginning when None.
        end: In seconds; the recording's end when None.
        text: What is said in it; None where the transcript or the recogniser says.
        speaker: Who speaks, where that is known.
    """

    id: str
    start: float | None = None
    end: float | None = None
    text: str | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class Job:
    """One recording to extract.

    Attributes:
        recording: The file.
        key: Its path below the folder that was named; unique, and the name of what is kept of it.
        name: What the ids of its sentences begin with.
        transcript: A file with its words.
        stretches: The items it is cut into; when empty, sentences are.
    """

    recording: Path
    key: str
    name: str
    transcript: Path | None = None
    stretches: tuple[Stretch, ...] = field(default=())


def find_jobs(
    inputs: Sequence[Path], transcript: Path | None = None, *, apart: Sequence[Path] = ()
) -> tuple[list[Job], int]:
    """One job for each recording that was named or lies below a folder that was named, in the order of their names.

    A file beside a recording that is called like it and ends in .srt, .vtt, .TextGrid, .json or .txt is its transcript.

    Args:
        inputs: Recordings, and folders that are searched; what is hidden in them is left out.
        transcript: The words of the one recording that is named.
        apart: Files and folders that are neither recordings nor counted, such as the output.

    Returns:
        The jobs, and how many files below the folders are no recordings by their suffix.

    Raises:
        DataError: If there is nothing at a path.
        UsageError: If nothing is found, two recordings have one name, or one transcript is given for several.
    """
    found: dict[str, Path] = {}
    others = 0
    left_out = [place.resolve() for place in apart]
    for given in inputs:
        if not given.exists():
            raise DataError("there is no such file or folder; check the path", path=given)
        files = sorted(_below(given, left_out)) if given.is_dir() else [given]
        for file in files:
            if given.is_dir() and file.suffix.lower() not in SUFFIXES:
                others += file.suffix not in TRANSCRIPTS
                continue
            key = file.relative_to(given).as_posix() if given.is_dir() else file.name
            key = os.fsencode(key).decode("utf-8", "backslashreplace")  # names that are no text have a key that is
            if key in found and found[key].resolve() != file.resolve():
                raise UsageError(f"{found[key]} and {file} have one name; name the folder above both instead")
            found[key] = file
    if not found:
        raise UsageError(f"{inputs[0]}: no recording in it; known suffixes are {', '.join(sorted(SUFFIXES))}")
    if transcript is not None and len(found) > 1:
        raise UsageError(
            f"--transcript {transcript}: here are {len(found)} recordings; put each one's transcript beside it, under "
            "its name"
        )
    if transcript is not None and not transcript.is_file():
        raise DataError("there is no such file; check --transcript", path=transcript)
    names = _names(list(found))
    return [Job(file, key, names[key], transcript or _beside(file)) for key, file in found.items()], others


def _below(folder: Path, apart: Sequence[Path]) -> list[Path]:
    """The files below a folder, hidden ones left out, and those that are kept apart."""
    places = [place.relative_to(folder.resolve()) for place in apart if place.is_relative_to(folder.resolve())]
    files = [
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    return [file for file in files if not any(file.relative_to(folder).is_relative_to(place) for place in places)]


def _names(keys: Sequence[str]) -> Mapping[str, str]:
    """The stem of each recording; where several share it, the whole path without slashes.

    The path, too, where the stem is that of another recording and a number: so the items of that one are called.
    """
    stems = Counter(Path(key).stem for key in keys)

    def alone(stem: str) -> bool:
        item = _ITEM.fullmatch(stem)
        return stems[stem] == 1 and not (item and item[1] in stems)

    return {key: Path(key).stem if alone(Path(key).stem) else key.replace("/", "-") for key in keys}


def _beside(recording: Path) -> Path | None:
    return next((file for end in TRANSCRIPTS if (file := recording.with_suffix(end)).is_file()), None)
