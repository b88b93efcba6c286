"""Subtitles: SubRip (.srt) and WebVTT (.vtt)."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from mlcl.errors import DataError, shown
from mlcl.media.words.transcript import MOST_SECONDS, Cue, TimedWord, Transcript, clean_text, in_order

_CLOCK = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,6}))?"
_TIMES = re.compile(rf"^\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?$")
_INSIDE = re.compile(rf"<{_CLOCK}>")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]{1,200})>")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>|\{\\[^{}]{0,300}\}|<\d[\d:.,]{3,20}>")
_DASH = re.compile(r"^\s*(?:>>+|&gt;&gt;|[-\u2013\u2014])\s*")
_DESCRIPTION = re.compile(r"[\[(][^\[\]()]*[\])]|[\u266a\u266b\s#*-]+")
_BLOCKS_TO_SKIP = ("NOTE", "STYLE", "REGION")


def read_subtitles(text: str, path: Path) -> Transcript:
    """Cues of a .srt or .vtt file.

    Formatting is removed (``<i>``, ``{\\an8}``), entities are resolved, the dashes and arrows that mark a change of
    speaker are removed, and ``<v NAME>`` gives the speaker. Times inside a cue give times of words. Cues that are only
    a description of sounds, as ``[laughter]``, are left out and counted in a note.

    Raises:
        DataError: If a time line cannot be read, a cue ends before it starts, or there are no cues.
    """
    cues: list[Cue] = []
    described = 0
    rolling = bool(_INSIDE.search(text))
    last = ""
    for place, start, end, lines in _blocks(text, path):
        if rolling:  # as automatic captions: each cue repeats the line before
            lines = [line for line in lines if _INSIDE.search(line) or clean_text(_plain(line)) not in ("", last)]
        if not lines:
            continue
        last = clean_text(_plain(lines[-1]))
        for speaker, part in _voices("\n".join(lines)):
            cue = _cue(part, start, end, speaker, path, place)
            if cue.text and _DESCRIPTION.fullmatch(cue.text):
                described += 1
            else:
                cues.append(cue)
    notes = (f"cues left out because they only describe sounds: {described}",) if described else ()
    return Transcript(in_order(cues, path), notes=notes)


def _blocks(text: str, path: Path) -> Iterator[tuple[str, float, float, list[str]]]:
    """Place, start, end and lines of each cue."""
    lines = text.splitlines()
    if not text.startswith("WEBVTT"):  # there, a line of spaces belongs to the cue
        lines = [line.rstrip() for line in lines]
    number = 0
    while number < len(lines):
        line = lines[number]
        if line.strip().split(" ")[0] in _BLOCKS_TO_SKIP and "-->" not in line:
            while number < len(lines) and lines[number]:
                number += 1
            continue
        if "-->" not in line:
            number += 1
            continue
        place = f"line {number + 1}"
        found = _TIMES.match(line)
        if found is None:
            raise DataError(
                f"{shown(line)} is no pair of times; write 00:01:02,500 --> 00:01:04,000", path=path, place=place
            )
        start, end = (_seconds(found.groups()[part : part + 4]) for part in (0, 4))
        if end < start or end > MOST_SECONDS:
            raise DataError(f"a cue from {start} to {end} s cannot be; correct its times", path=path, place=place)
        number += 1
        first = number
        while number < len(lines) and lines[number] and "-->" not in lines[number]:
            number += 1
        end_of_cue = number
        # Some files have no empty line between cues: then the number of the next cue stands before its times.
        if (
            number < len(lines)
            and "-->" in lines[number]
            and end_of_cue > first
            and lines[number - 1].strip().isdigit()
        ):
            end_of_cue -= 1
        yield place, start, end, lines[first:end_of_cue]


def _seconds(parts: "tuple[str | None, ...]") -> float:
    hours, minutes, seconds, decimals = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{decimals or 0}")


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    """Each speaker of a cue with what they say."""
    parts = _VOICE.split(text)
    if parts[0].strip() or len(parts) == 1:
        yield None, parts[0]
    for name, said in zip(parts[1::2], parts[2::2], strict=True):
        yield clean_text(html.unescape(name)) or None, said


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub("", text))


def _cue(text: str, start: float, end: float, speaker: str | None, path: Path, place: str) -> Cue:
    text = "\n".join(_DASH.sub("", line) for line in _TAG.sub(_kept_time, text).split("\n"))
    plain = clean_text(_plain(text))
    if not _INSIDE.search(text):
        return Cue(plain, start, end, speaker)
    words: list[TimedWord] = []
    parts = _INSIDE.split(text)
    starts = [start, *(_seconds(tuple(parts[at : at + 4])) for at in range(1, len(parts), 5))]
    for begin, after, said in zip(starts, [*starts[1:], end], parts[::5], strict=True):
        if after < begin:
            raise DataError("the times inside a cue go backwards; correct them", path=path, place=place)
        pieces = clean_text(_plain(said)).split()
        step = (after - begin) / max(len(pieces), 1)
        words += [TimedWord(piece, begin + at * step, begin + (at + 1) * step) for at, piece in enumerate(pieces)]
    return Cue(" ".join(word.text for word in words), start, end, speaker, tuple(words))


def _kept_time(tag: "re.Match[str]") -> str:
    return tag[0] if _INSIDE.fullmatch(tag[0]) else ""
