"""A run applied to recordings and to a text: what they are extracted with, and what is written of them."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from mlcl.data.corpus import Corpus, Segment, Split
from mlcl.errors import UsageError
from mlcl.evaluate.evaluator import Predictions
from mlcl.files import write_json
from mlcl.inert import plain_cell
from mlcl.media.feature_sets import open_specified
from mlcl.media.names import file_name
from mlcl.media.recording import Word
from mlcl.media.specification import ExtractorSpecification, FeatureSpecification
from mlcl.media.words.transcript import split_words
from mlcl.modality import TEXT
from mlcl.runs.export import write_table
from mlcl.runs.timeline import ScoredSentence, Timeline, modalities_read
from mlcl.runs.trained import TrainedRun
from mlcl.safe.budget import Budget
from mlcl.safe.csv_file import read_table
from mlcl.safe.text_file import read_text

_log = logging.getLogger(__name__)
SCORES, WORDS = "scores.csv", "words.csv"


def features_of(run: TrainedRun, weights: dict[str, Path]) -> FeatureSpecification:
    """What recordings are extracted with for a run: the features of its own training, and nothing else.

    A run whose acoustic and visual columns were not made by ``mlcl extract`` reads the text alone; a note says so.

    Args:
        run: A trained run.
        weights: Folders of weights by modality; the cache's where there is none.

    Raises:
        UsageError: If a feature set of the training, or its weights, is not here or differs; or the run reads no words.
    """
    wanted = run.processor.features
    read = [name for name in modalities_read(run) if name != TEXT]
    if wanted is None:
        if TEXT not in run.processor.modalities or run.processor.vectors:
            raise UsageError(
                f"{run.folder.path} reads no words, and mlcl extract did not make its rows: it cannot read recordings"
            )
        if read:
            _log.warning(
                "note: the %s columns of this run's training were not made by mlcl extract; recordings are scored on "
                "their text alone",
                " and ".join(read),
            )
        return FeatureSpecification(align="words" if run.processor.word_aligned in (True, None) else "stream")
    needed: dict[str, ExtractorSpecification | None] = {"acoustic": wanted.acoustic, "visual": wanted.visual}
    for name, specification in needed.items():
        if specification is not None and name in read:
            open_specified(specification, weights=weights.get(name))  # before the first recording, not within it
    return wanted.model_copy(update={name: made if name in read else None for name, made in needed.items()})


def score_text(run: TrainedRun, text: str) -> Predictions:
    """Score a text by itself.

    Raises:
        UsageError: If it has no words, or the run reads none.
    """
    words = split_words(text)
    if not words:
        raise UsageError("--text: has no words; put the sentence in quotes")
    if TEXT not in run.processor.modalities or run.processor.vectors:
        raise UsageError(f"--text: {run.folder.path} reads no words; name a data file with --data")
    split = Split(ids=["text"], main=Segment([words]))
    aligned = run.processor.word_aligned in (True, None)
    corpus = Corpus({"test": split}, layout="text", task=run.processor.target.task, word_aligned=aligned)
    return run.predictions(corpus, "test")


def write_timelines(timelines: Sequence[Timeline], folder: Path, before: Path | None = None) -> None:
    """Write what is known of recordings: a table of sentences, one of words, and all of it as JSON per recording.

    Args:
        timelines: Of the recordings.
        folder: Where to write.
        before: Folder of an earlier call, whose rows of other recordings are kept.

    Raises:
        UsageError: If the tables of the earlier call have other columns.
    """
    scores = [row for timeline in timelines for row in _score_rows(timeline)]
    words = [row for timeline in timelines for row in _word_rows(timeline)]
    again = {timeline.recording for timeline in timelines}
    for name, columns, rows in ((SCORES, list(scores[0]), scores), (WORDS, _WORD_COLUMNS, words)):
        earlier = [] if before is None else _earlier(before / name, columns, again)
        write_table(folder / name, pd.DataFrame([*earlier, *rows], columns=columns))
    for timeline, name in zip(timelines, page_names(timelines), strict=True):
        write_json(folder / f"{name}.json", asdict(timeline))


def page_names(timelines: Sequence[Timeline]) -> list[str]:
    """What the files of each recording are called: its own name, without its suffix where that tells them apart."""
    stems = [Path(timeline.recording).stem for timeline in timelines]
    names = [
        stem if stems.count(stem) == 1 else timeline.recording.replace("/", "-")
        for stem, timeline in zip(stems, timelines, strict=True)
    ]
    plain = [file_name(name) for name in names]
    return [name if plain.count(name) == 1 else f"{name}-{number}" for number, name in enumerate(plain, 1)]


def _earlier(table: Path, columns: list[str], again: set[str]) -> list[dict[str, object]]:
    """Rows of a table that are of other recordings than these."""
    if not table.is_file() or read_text(table)[0].count("\n") < _HEADER_AND_ROW:
        return []
    cells = read_table(Budget(str(table)), table, ("recording",), None, prose=False).cells
    if list(cells) != columns:
        raise UsageError(f"--output {table.parent}: {table.name} in it is of another run; name another folder")
    rows = [dict(zip(cells, map(plain_cell, row), strict=True)) for row in zip(*cells.values(), strict=True)]
    return [{**row} for row in rows if row["recording"] not in again]


_HEADER_AND_ROW = 2  # lines
_WORD_COLUMNS = ["recording", "sentence", "word", "start", "end", "time_source", "confidence"]


def _score_rows(timeline: Timeline) -> list[dict[str, object]]:
    rows = []
    for one in timeline.sentences:
        row: dict[str, object] = {"recording": timeline.recording, "id": one.id, **_times(one)}
        row["prediction"] = one.chosen if timeline.classes else one.score
        row |= {f"probability_{name}": share for name, share in zip(timeline.classes, one.probabilities, strict=False)}
        row |= {"text": one.text, "speaker": one.speaker, "missing": " ".join(one.missing)}
        row |= {"face_share": one.face_share, "sound_share": one.sound_share, "unsure_words": one.unsure_words}
        rows.append(row)
    return rows


def _times(part: ScoredSentence | Word) -> dict[str, float]:
    """Start and end in the milliseconds that they are known to."""
    return {"start": round(part.start, 3), "end": round(part.end, 3)}


def _word_rows(timeline: Timeline) -> list[dict[str, object]]:
    return [
        dict(
            zip(
                _WORD_COLUMNS,
                (timeline.recording, one.id, w.text, *_times(w).values(), w.time_source, w.confidence),
                strict=True,
            )
        )
        for one in timeline.sentences
        for w in one.words
    ]
