"""What every corpus promises, checked without help from the code that made it."""

import json

import numpy as np

from mlcl.data.corpus import SPLITS, Corpus, Ragged, Segment, Split

KINDS = {"text", "acoustic", "visual", "hcf"}


def check(corpus: Corpus) -> None:
    """Raise AssertionError unless a corpus keeps every promise of its form."""
    assert corpus.splits
    assert set(corpus.splits) <= set(SPLITS)
    assert corpus.task in ("regression", "classification")
    assert all(isinstance(name, str) for name in (corpus.layout, corpus.sha256, corpus.label, *corpus.classes))
    assert all(isinstance(note, str) and note for note in corpus.notes)
    assert all(count > 0 for count in corpus.repaired.values())
    if corpus.label_range is not None:
        assert corpus.label_range[0] < corpus.label_range[1]
        assert np.isfinite(corpus.label_range).all()
    json.dumps([corpus.label_range, corpus.repaired, corpus.classes, corpus.notes], allow_nan=False)
    for split in corpus.splits.values():
        _check_split(split)
        for segment in _segments(split):
            _check_segment(segment, len(split))
            for name, rows in segment.rows.items():
                assert name in KINDS
                _check_rows(rows, len(split))
                if corpus.word_aligned:
                    assert rows.lengths.tolist() == _words_of(corpus, segment), "rows that belong to no word"
    first = next(iter(corpus.splits.values()))
    assert len({_form(split) for split in corpus.splits.values()}) == 1, "splits of different forms"
    assert corpus.widths() == {name: rows.width for name, rows in first.main.rows.items()}
    assert corpus.has_context == (first.context is not None)
    if corpus.task == "classification":
        _check_classes(corpus)


def _words_of(corpus: Corpus, segment: Segment) -> list[int]:
    """Number of words of each item; of word vectors, in a corpus without any word."""
    spoken = any(any(part.words) for split in corpus.splits.values() for part in _segments(split))
    if not spoken and "text" in segment.rows:
        return [int(count) for count in segment.rows["text"].lengths]
    return [len(item) for item in segment.words]


def _check_split(split: Split) -> None:
    assert len(split.ids) > 0
    assert all(type(identifier) is str and identifier and _is_text(identifier) for identifier in split.ids)
    for values in ([] if split.labels is None else [split.labels], split.columns.values()):
        for labels in values:
            assert labels.dtype == np.float64
            assert labels.shape == (len(split),)
            assert not np.isinf(labels).any()
    if split.labels is not None:
        assert not np.isnan(split.labels).all()
    assert all(type(name) is str and _is_text(name) for name in split.columns)
    if split.speakers is not None:
        assert len(split.speakers) == len(split)
        assert all(type(name) is str and _is_text(name) for name in split.speakers)


def _check_segment(segment: Segment, items: int) -> None:
    assert len(segment) == items
    assert all(type(item) is list for item in segment.words)
    assert all(type(word) is str and _is_text(word) for item in segment.words for word in item)
    if segment.sentences is not None:
        assert [" ".join(item).split() for item in segment.sentences] == segment.words


def _check_rows(rows: Ragged, items: int) -> None:
    assert rows.values.ndim == 2
    assert rows.values.dtype == np.float32
    assert rows.width > 0
    assert np.isfinite(rows.values).all()
    assert len(rows) == items
    assert rows.offsets.dtype == np.int64
    assert (rows.offsets[0], rows.offsets[-1]) == (0, len(rows.values))
    assert (rows.lengths >= 0).all()


def _check_classes(corpus: Corpus) -> None:
    labels = [split.labels for split in corpus.splits.values() if split.labels is not None]
    known = np.concatenate([part[~np.isnan(part)] for part in labels]) if labels else np.zeros(0)
    assert (known % 1 == 0).all()
    assert (known >= 0).all()
    assert (known < (len(corpus.classes) or 1000)).all()


def _segments(split: Split) -> list[Segment]:
    return [split.main, *([] if split.context is None else [split.context])]


def _form(split: Split) -> tuple[object, ...]:
    """What must be the same in every split."""
    return tuple(
        (segment.sentences is None, tuple(sorted((name, rows.width) for name, rows in segment.rows.items())))
        for segment in _segments(split)
    )


def _is_text(value: str) -> bool:
    return value.encode("utf-8", errors="replace").decode() == value
