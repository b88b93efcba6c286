"""Timelines as a run would make them, without a run."""

from typing import Any

from mlcl.media.recording import Word
from mlcl.runs.timeline import ScoredSentence, Timeline

TEXTS = ("well that went brilliantly", "but nobody laughed", "again")


def sentence(number: int, text: str, **more: Any) -> ScoredSentence:
    """The sentence of one second from second `number` on."""
    texts = text.split()
    step = 1 / max(len(texts), 1)
    words = tuple(
        Word(word, number + at * step, number + (at + 1) * step, "recognised", 0.2 if at == 0 else 0.9)
        for at, word in enumerate(texts)
    )
    values: dict[str, Any] = {
        **{"id": f"talk_{number}", "start": float(number), "end": number + 1.0, "words": words},
        **{"score": number - 1.0, "probabilities": (), "chosen": None, "missing": ()},
        **{"face_share": 0.5, "sound_share": 0.75, "unsure_words": 1, "face_chosen_by": "only", "speaker": None},
    }
    return ScoredSentence(**{**values, **more})


def timeline(sentences: tuple[ScoredSentence, ...] | None = None, **more: Any) -> Timeline:
    """A recording of scores from -3 to 3."""
    values: dict[str, Any] = {
        **{"recording": "talk.mp4", "run": "mosi-run", "duration": 3.0, "size": (640, 480), "task": "regression"},
        **{"label": "", "classes": (), "label_range": (-3.0, 3.0), "modalities": ("text", "acoustic")},
        **{"words_from": "talk.srt", "language": "en", "notes": ("it has no picture",)},
        "summary": {"score": 0.25, "how": "mean score of 3 sentences, weighted by duration"},
        "sentences": sentences or tuple(sentence(number, text) for number, text in enumerate(TEXTS)),
    }
    return Timeline(**{**values, **more})


def classes(names: tuple[str, ...], shares: tuple[float, ...] = (), **more: Any) -> Timeline:
    """The same with classes; the last is the likeliest unless shares say otherwise."""
    shares = shares or tuple((at + 1) / sum(range(1, len(names) + 1)) for at in range(len(names)))
    chosen = names[shares.index(max(shares))]
    scored = tuple(
        sentence(number, text, score=None, probabilities=shares, chosen=chosen) for number, text in enumerate(TEXTS)
    )
    summary = {"probabilities": list(shares), "chosen": chosen, "how": "mean probabilities of 3 sentences"}
    return timeline(scored, task="classification", classes=names, label_range=None, summary=summary, **more)
