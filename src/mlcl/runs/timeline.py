"""What a run says of a recording: a score for each sentence, what it rests on, and one for the whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.data.recordings import corpus_of
from mlcl.data.target import Target
from mlcl.errors import DataError
from mlcl.evaluate.classification import chosen
from mlcl.media.extraction import Extraction, Utterance
from mlcl.media.recording import Word
from mlcl.media.specification import FeatureSpecification
from mlcl.modality import ACOUSTIC, MODALITIES, TEXT, VISUAL
from mlcl.runs.trained import TrainedRun

_UNSURE = 0.5  # probability below which a recognised word is called unsure
_QUIETER = 25.0  # decibels below the recording's loud moments at which a frame counts as silent
_LOUD = 95  # percentile of the level that stands for loud moments


@dataclass(frozen=True)
class ScoredSentence:
    """One sentence of a recording.

    Attributes:
        id: Of the sentence: the recording's name and its number.
        start: In seconds.
        end: In seconds.
        words: What is said.
        score: The predicted score; of two classes the probability of the second; None for more classes.
        probabilities: Of each class, in their order; empty for scores.
        chosen: Name of the likeliest class; None for scores.
        missing: The modalities that the run reads and the sentence has nothing of.
        face_share: Share of the pictures with a face; None without pictures.
        sound_share: Share of the time that is less than 25 dB below the recording's loud moments; None without sound.
        unsure_words: How many words the recogniser gave with a probability below .5.
        face_chosen_by: How the face was chosen in most pictures: ``only``, ``voice``, ``largest``; None without a face.
        speaker: Who speaks, where the transcript tells.
    """

    id: str
    start: float
    end: float
    words: tuple[Word, ...]
    score: float | None
    probabilities: tuple[float, ...]
    chosen: str | None
    missing: tuple[str, ...]
    face_share: float | None
    sound_share: float | None
    unsure_words: int
    face_chosen_by: str | None
    speaker: str | None

    @property
    def text(self) -> str:
        """The words with spaces between."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True)
class Timeline:
    """A recording as a run hears and sees it.

    Attributes:
        recording: Its path below the folder that was named, or its name.
        run: Name of the run.
        duration: In seconds.
        size: Width and height of the picture; None without one.
        task: ``regression`` or ``classification``.
        label: Name of what is predicted; empty where it has none.
        classes: Names of the classes; empty for scores.
        label_range: Least and greatest possible score, where known.
        modalities: Those that the run reads of this recording.
        words_from: Where the words come from.
        language: Of the speech, as recognised.
        summary: Of the whole: ``score`` or ``probabilities`` and ``chosen``, and ``how`` it was formed.
        sentences: In the order of time.
        notes: What a user should know, one sentence each.
    """

    recording: str
    run: str
    duration: float
    size: tuple[int, int] | None
    task: str
    label: str
    classes: tuple[str, ...]
    label_range: tuple[float, float] | None
    modalities: tuple[str, ...]
    words_from: str
    language: str | None
    summary: dict[str, Any]
    sentences: tuple[ScoredSentence, ...]
    notes: tuple[str, ...]


def score_recording(run: TrainedRun, extraction: Extraction, features: FeatureSpecification) -> Timeline:
    """Score each sentence of an extracted recording.

    Args:
        run: A trained run.
        extraction: The recording, extracted by `features`.
        features: The run's own specification; without any feature set where the run was trained on foreign columns, so
            that it reads the text alone.

    Raises:
        DataError: If there is nothing that the run could read.
    """
    what = extraction.description
    if not what.utterances:
        raise DataError("has no sentence to score", path=what.recording)
    usual = bool(run.folder.read_facts().get("data", {}).get("context"))
    corpus = corpus_of([extraction], features, context=features.sentences.context if usual else 0, path=what.recording)
    (split,) = corpus.splits
    scores = run.predictions(corpus, split)
    target = scores.target
    by_id = dict(zip(scores.ids, scores.score, strict=True))
    present = _present(run, extraction, features)
    if not present:
        raise DataError(_nothing(run, what.utterances), path=what.recording)
    sentences = tuple(
        _scored(utterance, by_id[utterance.id], target, extraction, present, modalities_read(run))
        for utterance in sorted(what.utterances, key=lambda one: one.start)
    )
    return Timeline(
        recording=what.recording,
        run=run.folder.path.resolve().name,
        duration=what.duration,
        size=what.size,
        task=target.task,
        label=target.name,
        classes=target.class_names if target.task == "classification" else (),
        label_range=target.label_range,
        modalities=present,
        words_from=what.words_from,
        language=what.language,
        summary=_summary(sentences, target),
        sentences=sentences,
        notes=what.notes,
    )


def modalities_read(run: TrainedRun) -> tuple[str, ...]:
    """The modalities that a run reads and had rows of in its training; one column stands for none."""
    known = run.folder.read_facts().get("data", {}).get("widths")
    widths = run.processor.widths

    def fitted(name: str) -> bool:
        return name == TEXT or (name in known if isinstance(known, dict) else widths.get(name, 1) > 1)

    return tuple(name for name in MODALITIES if name in run.processor.modalities and fitted(name))


def _present(run: TrainedRun, extraction: Extraction, features: FeatureSpecification) -> tuple[str, ...]:
    """The modalities that the run reads and the recording has."""
    words = any(utterance.words for utterance in extraction.description.utterances)
    under_words = features.align == "words"
    found = {TEXT: words}
    for name in (ACOUSTIC, VISUAL):
        stream = extraction.streams.get(name)
        found[name] = stream is not None and bool(stream.values.any()) and (words or not under_words)
    return tuple(name for name in modalities_read(run) if found[name])


def _nothing(run: TrainedRun, utterances: Sequence[Utterance]) -> str:
    what = f"has nothing of what this run reads ({', '.join(modalities_read(run))})"
    if any(one.words for one in utterances):
        return what
    return f"{what}; it has no words: give --transcript, or --recogniser with a model for its language"


def _scored(
    utterance: Utterance,
    score: NDArray[np.float64] | float,
    target: Target,
    extraction: Extraction,
    present: tuple[str, ...],
    reads: tuple[str, ...],
) -> ScoredSentence:
    shares = () if target.task == "regression" else tuple(float(value) for value in np.asarray(score))
    seen = [one for one in extraction.seen if utterance.start <= one.time < utterance.end]
    faces = [one for one in seen if one.box is not None]
    rules = Counter(one.chosen_by for one in faces if one.chosen_by)
    has = {TEXT: bool(utterance.words), ACOUSTIC: True, VISUAL: bool(faces) or not extraction.seen}
    single = float(score) if not shares else shares[1] if target.num_classes == 2 else None
    return ScoredSentence(
        id=utterance.id,
        start=utterance.start,
        end=utterance.end,
        words=utterance.words,
        score=single,
        probabilities=shares,
        chosen=target.class_names[int(chosen(np.asarray(score)[None])[0])] if shares else None,
        missing=tuple(name for name in reads if name not in present or not has[name]),
        face_share=len(faces) / len(seen) if seen else None,
        sound_share=_sound_share(utterance, extraction),
        unsure_words=sum(word.confidence is not None and word.confidence < _UNSURE for word in utterance.words),
        face_chosen_by=rules.most_common(1)[0][0] if rules else None,
        speaker=utterance.speaker,
    )


def _sound_share(utterance: Utterance, extraction: Extraction) -> float | None:
    loud = extraction.loudness
    if loud is None:
        return None
    inside = loud.level[(loud.times >= utterance.start) & (loud.times < utterance.end)]
    return float((inside > np.percentile(loud.level, _LOUD) - _QUIETER).mean()) if len(inside) else 0.0


def _summary(sentences: Sequence[ScoredSentence], target: Target) -> dict[str, Any]:
    """The sentences' mean, each weighted by how long it lasts."""
    weights = np.array([max(one.end - one.start, 1e-3) for one in sentences])
    count = f"{len(sentences)} sentences" if len(sentences) > 1 else "one sentence"
    if target.task == "regression":
        mean = float(np.average([one.score for one in sentences if one.score is not None], weights=weights))
        return {"score": mean, "how": f"mean score of {count}, weighted by duration"}
    shares = np.average([one.probabilities for one in sentences], axis=0, weights=weights)
    return {
        "probabilities": [float(share) for share in shares],
        "chosen": target.class_names[int(shares.argmax())],
        "how": f"mean probabilities of {count}, weighted by duration",
    }
