"""A folder of small recordings with transcripts beside them: each word has a tone of its own while it is said."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from making_recordings import write_recording

RATE = 16000
WORD = 0.4  # seconds that a word lasts
GAP = 0.1  # between two words
WORDS = ("well", "that", "went", "brilliantly", "but", "nobody", "laughed", "again")


def spoken(words: Sequence[str], start: float = 0.2) -> tuple[NDArray[np.float32], list[tuple[str, float, float]]]:
    """Sound in which each word is a tone whose pitch tells which word it is, and when each is said."""
    times = [(word, start + at * (WORD + GAP), start + at * (WORD + GAP) + WORD) for at, word in enumerate(words)]
    end = times[-1][2] + start
    clock = np.arange(round(end * RATE)) / RATE
    sound = np.zeros(len(clock), np.float32)
    for word, begin, finish in times:
        inside = (clock >= begin) & (clock < finish)
        sound[inside] = 0.4 * np.sin(2 * np.pi * (300 + 250 * WORDS.index(word)) * clock[inside])
    return sound, times


def write_spoken(path: Path, words: Sequence[str], *, pictures: bool = False, transcript: bool = True) -> Path:
    """A recording of these words, with a subtitle for each word beside it."""
    sound, times = spoken(words)
    codecs = {"sound": "aac", "pictures": "libx264"} if pictures else {"sound": "pcm_s16le", "pictures": None}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_recording(path, seconds=len(sound) / RATE, samples=sound, rate=RATE, fps=10, size=(64, 48), **codecs)
    if transcript:
        path.with_suffix(".srt").write_text(subtitles(times), encoding="utf-8")
    return path


def subtitles(times: Sequence[tuple[str, float, float]]) -> str:
    """One cue for each word."""
    cues = [
        f"{number}\n{_stamp(start)} --> {_stamp(end)}\n{word}\n" for number, (word, start, end) in enumerate(times, 1)
    ]
    return "\n".join(cues)


def write_labelled(folder: Path, count: int, *, splits: Sequence[str] = ("train", "train", "dev", "test")) -> Path:
    """So many recordings of three to five words, and a table of labels; returns the table."""
    rng = np.random.default_rng(3)
    rows = ["file,label,split"]
    for number in range(count):
        words = [str(word) for word in rng.choice(WORDS, size=3 + number % 3)]
        write_spoken(folder / f"talk{number:02d}.wav", words)
        rows.append(f"talk{number:02d}.wav,{rng.uniform(-3, 3):.2f},{splits[number % len(splits)]}")
    table = folder / "labels.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return table


def _stamp(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3600000:02d}:{whole // 60000 % 60:02d}:{whole // 1000 % 60:02d},{whole % 1000:03d}"
