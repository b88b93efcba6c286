"""JSON as Whisper, faster-whisper and whisperX write it."""

import math
from pathlib import Path
from typing import Any

from mlcl.errors import DataError, shown
from mlcl.media.words.transcript import MOST_SECONDS, Cue, TimedWord, Transcript, clean_text, in_order

_NEXT_STEP = "name a file that Whisper or whisperX wrote, or a .srt"


def read_whisper_json(value: Any, path: Path) -> Transcript:
    """Segments of such a file, with the times of their words where it has any.

    A segment of whose words some have no times (whisperX gives none to numbers) has theirs between those of its
    neighbours.

    Raises:
        DataError: If there are no segments, or one has no text or times that cannot be.
    """
    segments = value.get("segments") if isinstance(value, dict) else value
    if not isinstance(segments, list):
        raise DataError(f"has no list of segments; {_NEXT_STEP}", path=path)
    cues = [_cue(segment, path, f"segments[{at}]") for at, segment in enumerate(segments)]
    language = value.get("language") if isinstance(value, dict) else None
    return Transcript(in_order(cues, path), language=language if isinstance(language, str) and language else None)


def _cue(segment: Any, path: Path, place: str) -> Cue:
    if not isinstance(segment, dict) or not isinstance(segment.get("text"), str):
        raise DataError(f"has no text; {_NEXT_STEP}", path=path, place=place)
    start, end = _time(segment, "start", path, place), _time(segment, "end", path, place)
    if (start is None) != (end is None) or (start is not None and end is not None and end < start):
        raise DataError(f"a segment from {start} to {end} s cannot be; correct it", path=path, place=place)
    speaker = segment.get("speaker")
    speaker = clean_text(speaker)[:200] or None if isinstance(speaker, str) else None
    words = _words(segment.get("words"), start, end, path, place)
    text = clean_text(segment["text"]) if words is None else " ".join(word.text for word in words)
    return Cue(text, start, end, speaker, words)


def _words(given: Any, start: float | None, end: float | None, path: Path, place: str) -> tuple[TimedWord, ...] | None:
    if not isinstance(given, list) or start is None or end is None:
        return None
    found: list[tuple[str, float | None, float | None, float | None]] = []
    for at, word in enumerate(given):
        where = f"{place}.words[{at}]"
        text = word.get("word", word.get("text")) if isinstance(word, dict) else None
        if not isinstance(text, str):
            raise DataError(f"has no word; {_NEXT_STEP}", path=path, place=where)
        score = word.get("probability", word.get("score"))
        confidence = float(score) if isinstance(score, int | float) and 0 <= score <= 1 else None
        if clean_text(text):
            begin, after = _time(word, "start", path, where), _time(word, "end", path, where)
            found.append((clean_text(text), begin, after, confidence))
    if all(begin is None for _, begin, _, _ in found):
        return None
    words: list[TimedWord] = []
    for at, (text, begin, after, confidence) in enumerate(found):
        before = words[-1].end if words else start
        if begin is None:
            later = [other for _, other, _, _ in found[at + 1 :] if other is not None]
            gap = next(n for n, (_, other, _, _) in enumerate([*found[at:], ("", end, end, None)]) if other is not None)
            begin, after = before, before + max((later[0] if later else end) - before, 0) / gap
        begin = max(begin, words[-1].start if words else begin)
        words.append(TimedWord(text, begin, max(after if after is not None else begin, begin), confidence))
    return tuple(words)


def _time(values: dict[str, Any], key: str, path: Path, place: str) -> float | None:
    time = values.get(key)
    if time is None:
        return None
    if (
        isinstance(time, bool)
        or not isinstance(time, int | float)
        or not math.isfinite(time)
        or abs(time) > MOST_SECONDS
    ):
        raise DataError(f"its {key} is {shown(time)}, which is no time in seconds; correct it", path=path, place=place)
    return max(float(time), 0.0)
