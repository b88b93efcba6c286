"""From extracted recordings to a corpus: one item per utterance, its words, and the rows that go with them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus, Ragged
from mlcl.data.formats.own.facts import Facts
from mlcl.data.formats.own.from_table import Cells, TableReader
from mlcl.data.formats.shared.source import Source
from mlcl.errors import DataError
from mlcl.intervals import find_overlaps, mean, midpoints
from mlcl.media.extraction import Extraction, Utterance
from mlcl.media.recording import FeatureStream
from mlcl.media.specification import FeatureSpecification

_NEAR = 0.2  # seconds; a word between two pictures has the nearer one


def corpus_of(
    extractions: Iterable[Extraction],
    features: FeatureSpecification,
    *,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    context: int = 0,
    facts: Facts | None = None,
    path: str | None = None,
) -> Corpus:
    """Join recordings to a corpus.

    Args:
        extractions: Read one after the other; only their items' rows are kept.
        features: How their rows were made, and whether they go under the words.
        labels: Per item the cells ``label`` or ``label_NAME``, ``split``, ``speaker``; only these items are taken, in
            this order. When None all items, without labels.
        context: How many utterances before each one in its recording are its context.
        facts: What is known of the labels.

    Raises:
        DataError: If the labels are none, as in a table of our own folder; two recordings have an item of one id; or
            there is no item.
    """
    widths = features.widths()
    items: dict[str, tuple[Utterance, dict[str, NDArray[np.float32]], list[Utterance]]] = {}
    before: dict[str, dict[str, NDArray[np.float32]]] = {}
    for extraction in extractions:
        utterances = extraction.description.utterances
        for number, utterance in enumerate(utterances):
            if labels is not None and utterance.id not in labels:
                continue
            if utterance.id in items:
                raise DataError(
                    f"has another item called {utterance.id[:60]!a} already; rename the recording, or give ids in a "
                    "table of labels",
                    path=extraction.description.recording,
                )
            said = _before(utterances, number, context)
            items[utterance.id] = (utterance, _rows(extraction, [utterance], features), said)
            if context:
                before[utterance.id] = _rows(extraction, said, features)
    chosen = list(items) if labels is None else [name for name in labels if name in items]
    cells: dict[str, Cells] = {"id": chosen, "words": [_words([items[name][0]]) for name in chosen]}
    if context:
        cells["context_words"] = [_words(items[name][2]) for name in chosen]
    if labels is None:
        speakers = [items[name][0].speaker or "" for name in chosen]
        cells |= {"speaker": speakers} if any(speakers) else {}
    else:
        columns = list(next(iter(labels.values()), {}))
        cells |= {column: [labels[name][column] for name in chosen] for column in columns}
    rows = {kind: Ragged.stack([items[name][1][kind] for name in chosen], width=widths[kind]) for kind in widths}
    for kind in widths if context else ():
        rows[f"context_{kind}"] = Ragged.stack([before[name][kind] for name in chosen], width=widths[kind])
    facts = (facts or Facts()).model_copy(update={"word_aligned": features.align == "words"})
    corpus = TableReader(Source(path), cells, facts, lambda index: f"item {chosen[index]}", "folder").build(rows)
    return replace(corpus, features=features)


def check_labels(cells: Mapping[str, Sequence[str]], facts: Facts, path: str, place: Callable[[int], str]) -> None:
    """Refuse labels, splits and ids that no corpus can have, before any recording is read.

    Args:
        cells: The columns ``id``, ``label`` or each ``label_NAME``, ``split`` and ``speaker``, those that there are.
        facts: What is known of the labels.
        path: The table, for errors.
        place: Names a row of it by its index.

    Raises:
        DataError: With the row.
    """
    words = [["word"]] * len(cells["id"])
    TableReader(Source(path), {**cells, "words": words}, facts, place, "folder").build({})


def _before(utterances: Sequence[Utterance], number: int, most: int) -> list[Utterance]:
    """The last utterances that ended before this one began, in the order of time."""
    start = utterances[number].start
    earlier = [one for one in utterances if one.end <= start and one is not utterances[number]]
    return sorted(earlier, key=lambda one: one.end)[-most:] if most else []


def _words(utterances: Sequence[Utterance]) -> list[str]:
    return [word.text for utterance in utterances for word in utterance.words]


def _rows(
    extraction: Extraction, utterances: Sequence[Utterance], features: FeatureSpecification
) -> dict[str, NDArray[np.float32]]:
    """Rows of each modality: one per word, or those in the utterances; zeros or none where there is no stream."""
    made = {}
    for kind, width in features.widths().items():
        stream = extraction.streams.get(kind)
        parts = [_under(stream, utterance, features, width) for utterance in utterances]
        made[kind] = np.concatenate([np.zeros((0, width), np.float32), *parts])
    return made


def _under(
    stream: FeatureStream | None, utterance: Utterance, features: FeatureSpecification, width: int
) -> NDArray[np.float32]:
    if features.align == "words":
        spans = np.array([(word.start, word.end) for word in utterance.words]).reshape(-1, 2)
        return np.zeros((len(spans), width), np.float32) if stream is None else word_rows(stream, spans)
    if stream is None:
        return np.zeros((0, width), np.float32)
    middle = midpoints(stream.times)
    return stream.values[(middle >= utterance.start) & (middle < utterance.end)]


def word_rows(stream: FeatureStream, words: NDArray[np.float64]) -> NDArray[np.float32]:
    """One row per word: the mean of the rows inside it; else the nearest within 0.2 s; else zeros.

    Rows of zeros, where there was nothing to measure, do not count.

    Args:
        stream: The rows and their times.
        words: (words, 2) start and end in seconds.
    """
    real = stream.values.any(axis=1)
    times, values = stream.times[real], stream.values[real]
    rows = np.zeros((len(words), values.shape[1]), np.float32)
    if not len(times) or not len(words):
        return rows
    overlaps = find_overlaps(words, times)
    rows[:] = mean(overlaps, values)
    lonely = np.flatnonzero(overlaps.counts == 0)
    middle, wanted = midpoints(times), midpoints(words[lonely])
    after = np.searchsorted(middle, wanted).clip(1, max(len(middle) - 1, 1))
    pair = np.stack([after - 1, np.minimum(after, len(middle) - 1)], axis=1)
    distance = np.abs(middle[pair] - wanted[:, None])
    nearest = np.take_along_axis(pair, distance.argmin(axis=1, keepdims=True), axis=1)[:, 0]
    reach = (words[lonely, 1] - words[lonely, 0]) / 2 + _NEAR
    near = distance.min(axis=1) <= reach
    rows[lonely[near]] = values[nearest[near]]
    return rows
