"""One recording to words with times, acoustic and visual rows: the main path of this room."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from mlcl.errors import DataError, RunError
from mlcl.files import naming, open_regular, sha256
from mlcl.media.acoustic.loudness import loudness
from mlcl.media.decode import Faults, facts, read_pictures, read_sound
from mlcl.media.extraction import Description, Extraction
from mlcl.media.extractor import AcousticExtractor, Loudness, Seen, VisualExtractor
from mlcl.media.feature_sets import open_specified
from mlcl.media.jobs import Job
from mlcl.media.recording import FeatureStream, Sound
from mlcl.media.specification import FeatureSpecification
from mlcl.media.utterances import Hearing, find_utterances
from mlcl.modality import ACOUSTIC, VISUAL

_ENDS = 2**20  # bytes at each end of a recording that are hashed; whole videos would take minutes
_LATE = 0.5  # seconds by which a stream may begin late without a note


@dataclass(frozen=True)
class Tools:
    """What recordings are extracted with.

    Attributes:
        features: The feature sets and how rows are laid.
        hearing: How words are found.
        weights: Folder of the weights of each modality's feature set; the cache's where there is none.
    """

    features: FeatureSpecification
    hearing: Hearing = field(default_factory=Hearing)
    weights: dict[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """How far an extraction is.

    Attributes:
        doing: What is done: ``words``, ``sound``, ``pictures``.
        seconds: Where in the recording.
        duration: Of the recording, where that is known.
    """

    doing: str
    seconds: float
    duration: float | None


def work_digest(job: Job, tools: Tools, *, half: bool = False) -> str:
    """A digest of all that an extraction is made of; the ends and the size stand for the recording.

    Raises:
        OSError: If the recording or its transcript cannot be opened.
    """
    digest = hashlib.sha256()
    with naming(job.recording), open_regular(job.recording) as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        digest.update(stream.read(_ENDS))
        stream.seek(max(size - _ENDS, 0))
        digest.update(stream.read(_ENDS))
    words = None if job.transcript is None else sha256(job.transcript)
    hearing = [tools.hearing.recogniser and Path(tools.hearing.recogniser).name, tools.hearing.language]
    rest: list[Any] = [size, job.name, words, [asdict(part) for part in job.stretches], hearing, half]
    digest.update(
        json.dumps([*rest, tools.features.without_context().model_dump(mode="json")], sort_keys=True).encode()
    )
    return digest.hexdigest()


def extract_to(
    recording: Path, job: Job, file: Path, tools: Tools, half: bool, *, tell: Callable[[Step], None]
) -> tuple[str, ...]:
    """Extract a recording and keep the result in a file; returns the notes on it.

    `recording` comes first to be named by errors of the process that this runs in.
    """
    assert recording == job.recording
    extraction = extract(job, tools, tell, half=half)
    try:
        extraction.save(file, half=half)
    except OSError as error:
        raise RunError(f"{file} cannot be written: {error.strerror or error}") from None
    return extraction.description.notes


def extract(job: Job, tools: Tools, tell: Callable[[Step], None] = lambda _: None, *, half: bool = False) -> Extraction:
    """Extract one recording.

    Args:
        job: The recording, its transcript, and the items it is cut into.
        tools: With what.
        tell: Called as the work goes on.
        half: Whether it will be kept as float16.

    Raises:
        DataError: If the recording cannot be decoded, has neither sound nor picture, or its transcript is none.
        UsageError: If a feature set or its weights are not here.
    """
    path, features = job.recording, tools.features
    known = facts(path)
    digest, faults = work_digest(job, tools, half=half), Faults()

    def at(doing: str) -> Callable[[float], None]:
        return lambda seconds: tell(Step(doing, seconds, known.duration))

    def sound(doing: str) -> Iterator[Sound]:
        return read_sound(path, tell=at(doing)) if known.sample_rate is not None else iter(())

    heard = _Ends()
    loud: Loudness | None = loudness(heard.of(read_sound(path, faults=faults, tell=at("sound"))))
    if loud is not None and not len(loud.times):
        loud = None
    streams: dict[str, FeatureStream] = {}
    seen: list[Seen] = []
    if features.acoustic is not None and loud is not None:
        acoustic = cast(AcousticExtractor, open_specified(features.acoustic, weights=tools.weights.get(ACOUSTIC)))
        streams[ACOUSTIC] = acoustic.extract(sound("sound"))
    if features.visual is not None and known.size is not None:
        visual = cast(VisualExtractor, open_specified(features.visual, weights=tools.weights.get(VISUAL)))
        rate = features.visual.rate
        assert rate is not None
        pictures = read_pictures(path, rate=rate, faults=faults, tell=at("pictures"))
        streams[VISUAL], seen = visual.extract(pictures, loud)
    streams = {name: stream for name, stream in streams.items() if len(stream)}
    if loud is None and not seen and known.size is None:
        raise DataError("has neither sound nor picture; name a recording", path=path)
    ends = [heard.end, *(float(stream.times[-1, 1]) for stream in streams.values())]
    span = (0.0, max(ends) or known.duration or 0.0)
    spoken = find_utterances(job, lambda: sound("words"), span, tools.hearing, features.sentences)
    notes = [*spoken.notes, *_notes(heard, seen, known.size is not None, features, faults)]
    return Extraction(
        Description(
            recording=job.key,
            made_of=digest,
            duration=span[1],
            size=known.size,
            words_from=spoken.words_from,
            language=spoken.language,
            utterances=spoken.utterances,
            notes=tuple(notes),
        ),
        streams,
        loud,
        tuple(seen) if _seeks_faces(features) else (),
    )


def _seeks_faces(features: FeatureSpecification) -> bool:
    """Whether pictures are looked through for faces; a vision model may take them whole."""
    return features.visual is not None and features.visual.parameters.get("crop") != "frame"


class _Ends:
    """Remembers when sound begins and ends as it passes."""

    def __init__(self) -> None:
        self.start: float | None = None
        self.end = 0.0

    def of(self, sound: Iterable[Sound]) -> Iterator[Sound]:
        for block in sound:
            self.start = block.start if self.start is None else self.start
            self.end = max(self.end, block.end)
            yield block


def _notes(heard: _Ends, seen: list[Seen], pictures: bool, features: FeatureSpecification, faults: Faults) -> list[str]:
    notes = []
    if heard.start is None:
        notes.append("it has no sound")
    if features.visual is not None and not pictures:
        notes.append("it has no picture")
    elif seen and _seeks_faces(features) and not any(one.faces for one in seen):
        notes.append("no face was found in it")
    late = (seen[0].time if seen else 0.0) - (heard.start or 0.0) if heard.start is not None and seen else 0.0
    if late > _LATE:
        notes.append(f"its pictures begin {late:.1f} s after the sound")
    elif late < -_LATE:
        notes.append(f"its sound begins {-late:.1f} s after the pictures")
    if faults.count:
        where = "one place, which is" if faults.count == 1 else f"{faults.count} places, which are"
        notes.append(f"it is damaged in {where} left out (first: {faults.first})")
    return notes
