"""What was taken from one recording, and the file that keeps it: tensors beside a JSON description."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from mlcl.errors import DataError
from mlcl.files import open_regular, replace_file
from mlcl.intervals import check_intervals
from mlcl.media.extractor import RULES, Loudness, Seen
from mlcl.media.recording import FeatureStream, Word

_FORMAT = 1
_CONTENT = "mlcl.extraction"  # where a file's description stands in its header
_MOST_BYTES = 2**33


@dataclass(frozen=True)
class Utterance:
    """One stretch of a recording that is one item of a data set.

    Attributes:
        id: Of the item.
        start: In seconds.
        end: In seconds.
        words: What is said in it.
        speaker: Who speaks, where that is known.
    """

    id: str
    start: float
    end: float
    words: tuple[Word, ...]
    speaker: str | None = None

    @property
    def text(self) -> str:
        """The words with spaces between."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True)
class Description:
    """All of an extraction that is no numbers.

    Attributes:
        recording: Its path below the folder that was named, or its name.
        made_of: Digest of all that it was made of: the recording, its transcript, the settings.
        duration: Seconds that were decoded, from time 0 to the end of the last stream.
        size: Width and height of the picture; None without one.
        words_from: Where the words come from, as a sentence's object: "talk.srt", "speech recognition (tiny.en)", "".
        language: Of the speech, as the recogniser found it.
        utterances: The items, in the order of time or of the labels.
        notes: What a user should know, one sentence each.
    """

    recording: str
    made_of: str
    duration: float
    size: tuple[int, int] | None
    words_from: str
    language: str | None
    utterances: tuple[Utterance, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Extraction:
    """One recording as features.

    Attributes:
        description: Everything but numbers.
        streams: ``acoustic`` and ``visual`` rows; a name is absent where the recording has no such stream.
        loudness: None without sound.
        seen: What each picture showed.
    """

    description: Description
    streams: dict[str, FeatureStream]
    loudness: Loudness | None
    seen: tuple[Seen, ...] = ()

    def save(self, path: Path, *, half: bool = False) -> None:
        """Write the file, whole or not at all; with `half` the values as float16."""
        from safetensors.numpy import save_file

        tensors: dict[str, NDArray[Any]] = {}
        for name, stream in self.streams.items():
            kept = np.float16 if half else np.float32
            limit = np.finfo(kept).max
            tensors[f"{name}.values"] = np.clip(stream.values, -limit, limit).astype(kept)
            tensors[f"{name}.times"] = stream.times
        if self.loudness is not None:
            tensors |= {"loudness.times": self.loudness.times, "loudness.level": self.loudness.level}
        if self.seen:
            tensors |= _as_arrays(self.seen)
        told = json.dumps({"format": _FORMAT, **asdict(self.description)}, ensure_ascii=False)
        content = {_CONTENT: told}  # one entry: several would be written in any order
        with replace_file(path) as temporary:
            save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, temporary, content)

    @classmethod
    def load(cls, path: Path) -> "Extraction":
        """Read what `save` wrote.

        Raises:
            DataError: If it is no such file, or damaged.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with open_regular(path) as stream:
                if stream.seek(0, 2) > _MOST_BYTES:
                    raise ValueError(f"it has more than {_MOST_BYTES} bytes")
            with safe_open(path, framework="np") as file:
                content = _content(file)
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            return cls._of(content, tensors)
        except (OSError, SafetensorError, ValidationError, ValueError, LookupError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise DataError(
                f"is no extraction of mlcl, or damaged ({reason}); delete it and extract again", path=path
            ) from None

    @classmethod
    def _of(cls, content: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> "Extraction":
        streams = {}
        for name in ("acoustic", "visual"):
            if f"{name}.values" in tensors:
                times, values = tensors[f"{name}.times"].astype(np.float64), tensors[f"{name}.values"]
                if times.shape != (len(values), 2) or values.ndim != 2 or not np.isfinite(values).all():
                    raise ValueError(
                        f"{name} has shapes {times.shape} and {values.shape}, or values that are no numbers"
                    )
                check_intervals(times)
                streams[name] = FeatureStream(times, values.astype(np.float32))
        level = tensors.get("loudness.level")
        loudness = None if level is None else Loudness(tensors["loudness.times"].astype(np.float64), level)
        if loudness is not None and loudness.times.shape != loudness.level.shape:
            raise ValueError(f"loudness has {loudness.times.shape} times and {loudness.level.shape} levels")
        seen = _from_arrays(tensors) if "seen.time" in tensors else ()
        description = TypeAdapter(Description).validate_json(json.dumps(content))
        _check(description)
        return cls(description, streams, loudness, seen)


def _content(file: Any) -> dict[str, Any]:
    """What an open file describes; raises a ValueError if it is of another format."""
    content = json.loads((file.metadata() or {})[_CONTENT])
    if not isinstance(content, dict) or content.pop("format", None) != _FORMAT:
        raise ValueError(f"its format is not {_FORMAT}")
    return content


def _check(description: Description) -> None:
    """Raise a ValueError if a time cannot be, or two utterances share an id."""
    for one in description.utterances:
        check_intervals(np.array([(one.start, one.end), *((word.start, word.end) for word in one.words)]))
    ids = {one.id for one in description.utterances}
    if len(ids) < len(description.utterances):
        raise ValueError("two utterances have one id")


def made_of(path: Path) -> str | None:
    """What the extraction at `path` was made of, cheaply; None if there is none that can be read."""
    from safetensors import SafetensorError, safe_open

    try:
        open_regular(path).close()
        with safe_open(path, framework="np") as file:
            return str(_content(file)["made_of"])
    except (OSError, SafetensorError, ValueError, LookupError, TypeError):
        return None


def _as_arrays(seen: tuple[Seen, ...]) -> dict[str, NDArray[Any]]:
    nowhere = (np.nan,) * 4
    return {
        "seen.time": np.array([one.time for one in seen]),
        "seen.faces": np.array([one.faces for one in seen], np.int32),
        "seen.box": np.array([one.box or nowhere for one in seen], np.float32),
        "seen.chosen_by": np.array([RULES.index(one.chosen_by) if one.chosen_by else -1 for one in seen], np.int8),
    }


def _from_arrays(tensors: dict[str, NDArray[Any]]) -> tuple[Seen, ...]:
    parts = [tensors[f"seen.{name}"].tolist() for name in ("time", "faces", "box", "chosen_by")]
    if min(parts[3]) < -1:
        raise ValueError("a face was chosen by an unknown rule")
    return tuple(
        Seen(
            float(time),
            int(faces),
            None if rule == -1 else (box[0], box[1], box[2], box[3]),
            None if rule == -1 else RULES[int(rule)],
        )
        for time, faces, box, rule in zip(*parts, strict=True)
    )
