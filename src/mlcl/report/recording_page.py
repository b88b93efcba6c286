"""The page of one recording: its score over time, its words, what was heard and seen; one file that needs no other."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import ceil
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from mlcl.inert import printable
from mlcl.runs.timeline import ScoredSentence, Timeline

MOST_FRAMES = 24
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)  # seconds between marks of the time axis
_UNSURE = 0.5


@dataclass(frozen=True)
class Bar:
    """A sentence on the page.

    Attributes:
        sentence: What it shows.
        anchor: Its id on the page.
        left: Where it begins, in percent of the recording.
        width: How long it lasts, in percent.
        bottom: Where its mark begins, in percent of the scale.
        height: How high its mark is, in percent.
        tone: ``low`` or ``high`` of a score; ``s0`` to ``s9`` of a class.
        strength: How strong its colour is, in [0, 1].
        says: The score or the class, in words.
    """

    sentence: ScoredSentence
    anchor: str
    left: float
    width: float
    bottom: float
    height: float
    tone: str
    strength: float
    says: str


def recording_page(timeline: Timeline, *, link: str, frames: Sequence[tuple[float, bytes]] = ()) -> str:
    """Render the page.

    Args:
        timeline: What it shows.
        link: Where the recording is, relative to the page.
        frames: Time and JPEG bytes of small pictures, in the order of time.
    """
    end = max([timeline.duration, *(one.end for one in timeline.sentences)], default=1.0) or 1.0
    scale = _scale(timeline)
    pictures = [
        (min(max(time / end * 100, 0.0), 100.0), clock(time), Markup(base64.b64encode(jpeg).decode("ascii")))
        for time, jpeg in frames
    ]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_plain
    )
    environment.filters |= {"clock": clock, "percent": _percent, "sentence": _sentence}
    folder = files("mlcl.report") / "templates"
    style: Any = "".join((folder / name).read_text(encoding="utf-8") for name in ("report.css", "recording.css"))
    return environment.from_string((folder / "recording.html.j2").read_text(encoding="utf-8")).render(
        timeline=timeline,
        bars=[_bar(number, one, timeline, scale, end) for number, one in enumerate(timeline.sentences, 1)],
        ticks=_ticks(end),
        scale=scale,
        zero=_share(0.0, scale) if scale[0] < 0 < scale[1] else 0.0,
        says=_says(timeline.summary, timeline),
        frames=pictures,
        link=link,
        style=Markup(style),
        unsure=_UNSURE,
        sources=_sources(timeline),
    )


def clock(seconds: float) -> str:
    """Seconds as people read time: 1:02.5, or 1:00:02.5."""
    tenths = round(max(seconds, 0.0) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{start}:{rest / 10:04.1f}"


def frame_times(timeline: Timeline) -> list[float]:
    """At which times the page shows pictures: the middle of sentences, or of every few of them."""
    step = max(ceil(len(timeline.sentences) / MOST_FRAMES), 1)
    return [(one.start + one.end) / 2 for one in timeline.sentences[::step]]


def _scale(timeline: Timeline) -> tuple[float, float]:
    """Least and greatest value of the axis of scores; of probabilities 0 and 1."""
    if timeline.classes:
        return 0.0, 1.0
    scores = [one.score for one in timeline.sentences if one.score is not None]
    low, high = timeline.label_range or (min([*scores, 0.0]), max([*scores, 0.0]))
    low, high = min([low, *scores]), max([high, *scores])
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _share(value: float, scale: tuple[float, float]) -> float:
    return (min(max(value, scale[0]), scale[1]) - scale[0]) / (scale[1] - scale[0]) * 100


def _bar(number: int, one: ScoredSentence, timeline: Timeline, scale: tuple[float, float], end: float) -> Bar:
    place = {"left": one.start / end * 100, "width": max((one.end - one.start) / end * 100, 0.3)}
    says = _says({"score": one.score, "probabilities": one.probabilities, "chosen": one.chosen}, timeline)
    anchor = f"s{number}"
    if timeline.classes:
        best = max(range(len(one.probabilities)), key=one.probabilities.__getitem__)
        share, even = one.probabilities[best], 1 / len(timeline.classes)
        strength = (share - even) / (1 - even)
        return Bar(
            one, anchor, **place, bottom=0.0, height=share * 100, tone=f"s{best % 10}", strength=strength, says=says
        )
    score = one.score or 0.0
    middle = 0.0 if scale[0] < 0 < scale[1] else (scale[0] + scale[1]) / 2
    base, tip = _share(middle, scale), _share(score, scale)
    reach = max(scale[1] - middle, middle - scale[0])
    tone = "high" if score >= middle else "low"
    height = max(abs(tip - base), 1.0)
    return Bar(
        one,
        anchor,
        **place,
        bottom=min(base, tip),
        height=height,
        tone=tone,
        strength=abs(score - middle) / reach,
        says=says,
    )


def _says(values: dict[str, Any], timeline: Timeline) -> str:
    if not timeline.classes:
        return f"{values['score']:+.2f}" if (timeline.label_range or (-1, 1))[0] < 0 else f"{values['score']:.2f}"
    best = max(values["probabilities"])
    return f"{values['chosen']} ({best:.0%})"


def _ticks(end: float) -> list[tuple[float, str]]:
    step = next((step for step in _TICKS if end / step <= 9), _TICKS[-1])
    return [(time / end * 100, clock(time).removesuffix(".0")) for time in range(0, int(end) + 1, step)]


def _sources(timeline: Timeline) -> str:
    """What the times of the words are worth."""
    worth = {
        "transcript": "given with the transcript",
        "pocketsphinx": "measured in the sound by pocketsphinx (typically within 0.03 s)",
        "whisper": "measured in the sound by Whisper (typically within 0.1 s)",
        "whisper_matched": "from recognised words laid on the transcript (typically within 0.1 s)",
        "recognised": "as the speech recogniser has them (typically within 0.1 s)",
        "letters": "estimated from the length of the words (a fifth of a second off, or more)",
    }
    found = {word.time_source: None for one in timeline.sentences for word in one.words}
    return "; ".join(worth.get(name, name) for name in found)


def _sentence(note: str) -> str:
    """A note as a sentence."""
    return f"{note[:1].upper()}{note[1:]}" + ("" if note.endswith((".", "!", "?")) else ".")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _plain(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
