"""The items of all splits joined, and divided anew."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mlcl.data.corpus import SPLITS, Corpus, Ragged, Segment, Split, take
from mlcl.data.formats.texts.labelled import NO_SPLIT
from mlcl.data.split import divide
from mlcl.data.video import video_of
from mlcl.errors import DataError, UsageError, nearest

GROUPINGS = ("item", "video", "speaker")


def join(splits: Sequence[Split]) -> Split:
    """All items, those of the first split first.

    Raises:
        DataError: If the splits differ in what they hold: labels, context, speakers, or kinds of rows.
    """
    if len({_holdings(split) for split in splits}) > 1:
        raise DataError("the splits hold different things (labels, context, speakers, kinds of rows): join those alike")
    first = splits[0]
    contexts = [split.context for split in splits if split.context is not None]
    labels = [split.labels for split in splits if split.labels is not None]
    speakers = [split.speakers for split in splits if split.speakers is not None]
    return Split(
        ids=[identifier for split in splits for identifier in split.ids],
        main=_join_segments([split.main for split in splits]),
        context=_join_segments(contexts) if contexts else None,
        labels=np.concatenate(labels) if labels else None,
        columns={name: np.concatenate([split.columns[name] for split in splits]) for name in first.columns},
        speakers=[name for part in speakers for name in part] if speakers else None,
    )


def groups_of(split: Split, by: str) -> list[str]:
    """Per item the name of the group that must stay together, by ``item`` (its id), ``video`` or ``speaker``.

    Raises:
        UsageError: If `by` is none of these.
        DataError: If no item names a video or a speaker.
    """
    if by not in GROUPINGS:
        raise UsageError(f"unknown grouping {by!r}; {nearest(by, list(GROUPINGS))}")
    if by == "item":
        return split.ids
    if by == "speaker":
        if split.speakers is None:
            raise DataError("the items name no speaker; group them by item or video")
        return split.speakers
    if not names_videos(split.ids):
        raise DataError(f"no id names a video as 'video[3]' does (the first is {split.ids[0]!r}); group by item")
    return [video_of(identifier) for identifier in split.ids]


def names_videos(ids: Sequence[str]) -> bool:
    """Whether any id names a video; ``train[3]`` is what an item without an id is called."""
    videos = [video_of(identifier) for identifier in ids]
    return videos != list(ids) and not set(videos) <= set(SPLITS)


def resplit(corpus: Corpus, *, by: str, shares: Sequence[float], seed: int) -> Corpus:
    """Forget the splits and divide all items anew into train, dev and test. See `divide`.

    Raises:
        UsageError: If `by` or `shares` is wrong, or there are fewer groups than splits.
        DataError: If the file does not name the groups.
    """
    if len(shares) != len(SPLITS):
        raise UsageError(f"{len(shares)} shares: give one each for {', '.join(SPLITS)}, as in 0.7,0.1,0.2")
    every = join(list(corpus.splits.values()))
    parts = divide(groups_of(every, by), shares, seed, every.labels)
    splits = {name: take(every, part) for name, part in zip(SPLITS, parts, strict=True)}
    return replace(corpus, splits=splits, notes=tuple(note for note in corpus.notes if note != NO_SPLIT))


def _join_segments(segments: Sequence[Segment]) -> Segment:
    sentences = [segment.sentences for segment in segments if segment.sentences is not None]
    return Segment(
        words=[words for segment in segments for words in segment.words],
        rows={name: _join_rows([segment.rows[name] for segment in segments]) for name in segments[0].rows},
        sentences=[item for part in sentences for item in part] if sentences else None,
    )


def _join_rows(parts: Sequence[Ragged]) -> Ragged:
    lengths = np.concatenate([part.lengths for part in parts])
    return Ragged(np.concatenate([part.values for part in parts]), np.concatenate([[0], np.cumsum(lengths)]))


def _holdings(split: Split) -> tuple[object, ...]:
    """What a split holds, in a form that can be compared."""
    return (
        _kinds(split.main),
        split.context and _kinds(split.context),
        split.labels is None,
        split.speakers is None,
        *sorted(split.columns),
    )


def _kinds(segment: Segment) -> tuple[object, ...]:
    return segment.sentences is None, *sorted((name, rows.width) for name, rows in segment.rows.items())
