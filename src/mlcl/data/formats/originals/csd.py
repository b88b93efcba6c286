"""Reader of computational sequences (.csd) of the CMU Multimodal SDK: words as pivot, other streams laid under them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import Corpus
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.originals.csd_sequence import LABELS, ROWS, WORDS, Sequence, open_sequence
from mlcl.data.formats.shared.builder import SplitBuilder
from mlcl.data.formats.shared.source import Source
from mlcl.data.formats.texts.labelled import NO_SPLIT, build_labelled
from mlcl.errors import DataError, UsageError, nearest
from mlcl.intervals import COLLAPSES, Overlaps, find_overlaps, midpoints
from mlcl.safe.hdf5 import Hdf5, probe
from mlcl.safe.text_file import read_json

_PAUSE, _PAUSE_WORD = "sp", "."
_ALIGNED = re.compile(r"(.+)\[\d+\]", re.DOTALL)
_MAX_FILES = 64


def sniff(path: Path) -> bool:
    """Whether an HDF5 file holds one computational sequence."""
    names = probe(path)
    return sum("/" not in name for name in names) == 1 and f"{names[0]}/data" in names


def sniff_folder(path: Path) -> bool:
    """Whether a folder holds computational sequences."""
    try:
        return any(entry.suffix == ".csd" and entry.is_file() for entry in path.iterdir())
    except OSError:
        return False


def read(data: Path, source: Source, *, collapse: str = "mean", pauses: str = "drop") -> Corpus:
    """Read one sequence, or join those of a folder.

    Format:
        HDF5: ``ROOT/data/VIDEO/features`` (n, d) and ``ROOT/data/VIDEO/intervals`` (n, 2) in seconds. What a sequence
        is, its root name says: *words* (text, one column) are the pivot and must be there; *label* gives the labels;
        *facet*, *openface*, *visual*, *face* are visual; *covarep*, *opensmile*, *acoustic*, *audio* acoustic; several
        of one kind are joined column by column, in the order of their names. Others are left out, with a note.

        Each label's interval is one item, ``VIDEO[k]`` for the k-th, with the words whose middle lies in it. Without
        labels each video is one item. A folder may hold one JSON file ``{"train": [VIDEO, ...], "valid": [...],
        "test": [...]}``, the fold; without it every item stands in train.

    A word without any row under it gets zeros. Entries that are not finite count as 0 before rows are collapsed.

    Args:
        data: The file or folder.
        source: The same while it is read.
        collapse: One row per word from those whose time overlaps the word's: their ``mean``, the ``first``, or the
            ``nearest`` by the middle of its interval.
        pauses: Whether the token ``sp`` and its rows are dropped (``drop``), or stay as the word ``.`` (``keep``), as
            in the pickles of MAG.

    Raises:
        DataError: If anything differs from the format, with the place.
        UsageError: If there is no such way to collapse rows, or to treat pauses.
    """
    for name, value, known in (("collapse", collapse, list(COLLAPSES)), ("pauses", pauses, ["drop", "keep"])):
        if value not in known:
            raise UsageError(f"unknown {name} {value!r}; {nearest(value, known)}")
    files = sorted(entry for entry in data.iterdir() if entry.suffix == ".csd") if data.is_dir() else [data]
    if len(files) > _MAX_FILES:
        raise source.error(f"has {len(files)} sequences; keep the {_MAX_FILES} or fewer that belong together")
    hdf5 = Hdf5(source)
    with ExitStack() as stack:
        sequences = [open_sequence(hdf5, stack.enter_context(hdf5.open(file))) for file in files]
        return _Join(source, sequences, _read_fold(source, data), collapse, pauses).build()


class _Join:
    """Sequences on their way to a corpus."""

    def __init__(
        self, source: Source, sequences: list[Sequence], fold: dict[str, str] | None, collapse: str, pauses: str
    ) -> None:
        self.source, self.fold, self.collapse, self.pauses = source, fold, collapse, pauses
        self.words = self._only(sequences, WORDS)
        self.labels = self._only(sequences, LABELS)
        self.streams = {
            kind: sorted((one for one in sequences if one.kind == kind), key=lambda one: one.name) for kind in ROWS
        }
        self.streams = {kind: streams for kind, streams in self.streams.items() if streams}
        self.splits: dict[str, SplitBuilder] = {}
        self.counts = dict.fromkeys(("pauses", "outside", "unlabelled", "unlisted"), 0)
        self.others = [one.name for one in sequences if not one.kind]

    def _only(self, sequences: list[Sequence], kind: str) -> Sequence | None:
        """The one sequence of a kind that can be there once."""
        found = [one for one in sequences if one.kind == kind]
        if len(found) > 1:
            names = ", ".join(ascii(one.name[:60]) for one in found)
            raise self.source.error(f"has {len(found)} sequences of {kind}: {names}; keep one")
        return found[0] if found else None

    def build(self) -> Corpus:
        """Read video by video."""
        if self.words is None:
            raise self.source.error("has no sequence of words, which the others are laid under; name a folder with one")
        for stream in (stream for streams in self.streams.values() for stream in streams):
            self._check_shared(self.words, stream)
        for video in self.words.videos():
            self._add_video(self.words, video)
        if not self.splits:
            raise self.source.error(
                "has no item: no video has words, labels and a split; are the files of one release?"
            )
        order = [name for name in ("train", "dev", "test") if name in self.splits]
        return build_labelled(self.source, [self.splits[name] for name in order], "csd", notes=list(self._notes()))

    def _check_shared(self, words: Sequence, stream: Sequence) -> None:
        """Refuse a stream of other videos: every row under the words would be zero."""
        if not any(map(stream.has, words.videos())):
            theirs, ours = (next(iter(one.videos()), "none") for one in (stream, words))
            raise self.source.error(
                f"{stream.name} shares no video with {words.name}: it has {theirs[:40]!a}, the words "
                f"have {ours[:40]!a}; take files of one release, or rename the videos"
            )

    def _add_video(self, sequence: Sequence, video: str) -> None:
        found = _ALIGNED.fullmatch(video)
        split = "train" if self.fold is None else self.fold.get(video, self.fold.get(found[1], "") if found else "")
        if not split:
            self.counts["unlisted"] += 1
            return
        if self.labels is not None and not self.labels.has(video):
            self.counts["unlabelled"] += 1
            return
        place = f"{sequence.name}/{video}"
        tokens, times = self._read_words(sequence, video, place)
        rows = {kind: self._lay_under(kind, video, times, split, place) for kind in self.streams}
        builder = self.splits.setdefault(split, SplitBuilder(self.source, split, split))
        middle, inside = midpoints(times), np.zeros(len(times), bool)
        for name, span, labels in self._segments(video, bool(found)):
            chosen = slice(None) if span is None else (middle >= span[0]) & (middle < span[1])
            inside[chosen] = True
            words = self.source.read_words(tokens[chosen], place)
            matrices = {kind: self.source.matrix(matrix[chosen], kind, place) for kind, matrix in rows.items()}
            builder.main.add(words, matrices)
            builder.add_labels(name, labels, f"{place}, {name}")
        self.counts["outside"] += int((~inside).sum())

    def _read_words(
        self, sequence: Sequence, video: str, place: str
    ) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
        """Words in the order of time, and their times; pauses treated as the options say."""
        read, times = sequence.read_texts(video)
        words = self.source.read_words(read, place)
        order = np.argsort(times[:, 0], kind="stable")
        tokens = np.array([*words, None], object)[:-1][order]
        times, pauses = times[order], tokens == _PAUSE
        self.counts["pauses"] += int(pauses.sum())
        if self.pauses == "drop":
            return tokens[~pauses], times[~pauses]
        tokens[pauses] = _PAUSE_WORD
        return tokens, times

    def _lay_under(
        self, kind: str, video: str, times: NDArray[np.float64], split: str, place: str
    ) -> NDArray[np.floating]:
        """(words, columns) one row per word, from all streams of a kind."""
        parts: list[NDArray[np.floating]] = []
        for stream in self.streams[kind]:
            if not stream.has(video):
                parts.append(np.zeros((len(times), stream.width), self.source.dtype))
                continue
            values, spans = stream.read_numbers(video, self.source.dtype)
            finite = np.isfinite(values)
            if not finite.all():
                key = f"{split}/{kind}"
                self.source.repaired[key] = self.source.repaired.get(key, 0) + int((~finite.all(axis=1)).sum())
                values[~finite] = 0
            under = self._overlaps(times, spans, f"{place} and {stream.name}")
            parts.append(COLLAPSES[self.collapse](under, values).astype(self.source.dtype, copy=False))
        return np.concatenate(parts, axis=1)

    def _overlaps(self, words: NDArray[np.float64], stream: NDArray[np.float64], place: str) -> Overlaps:
        try:
            return find_overlaps(words, stream)
        except ValueError as error:
            raise self.source.error(f"the intervals do not fit: {error}", place) from None

    def _segments(
        self, video: str, aligned: bool
    ) -> Iterator[tuple[str, NDArray[np.float64] | None, Mapping[str, float]]]:
        """(id, start and end or None for all, labels) of each item of a video."""
        if self.labels is None:
            yield video, None, {}
            return
        values, spans = self.labels.read_numbers(video, np.float64)
        place = f"{self.labels.name}/{video}"
        names = self.labels.columns
        for index, (row, span) in enumerate(zip(values, spans, strict=True)):
            labels = {name: self.source.label(value, place) for name, value in zip(names, row, strict=True)}
            whole = aligned and len(values) == 1
            yield video if whole else f"{video}[{index}]", None if whole else span, labels

    def _notes(self) -> Iterator[str]:
        if self.fold is None:
            yield NO_SPLIT
        if self.counts["pauses"]:
            kept = "dropped with their rows" if self.pauses == "drop" else f"read as the word {_PAUSE_WORD!r}"
            yield f"{self.counts['pauses']} pauses ({_PAUSE}) are {kept}"
        if self.counts["outside"]:
            yield f"{self.counts['outside']} words lie in no labelled interval and are left out"
        if self.counts["unlabelled"]:
            yield f"{self.counts['unlabelled']} videos have words but no labels and are left out"
        if self.counts["unlisted"]:
            yield f"{self.counts['unlisted']} videos stand in no split and are left out"
        if self.streams:
            yield f"rows under a word are collapsed by {self.collapse}"
        for kind, streams in self.streams.items():
            if len(streams) > 1:
                yield f"{kind} joins {', '.join(one.name for one in streams)}"
        if self.others:
            yield f"not read, because of no known kind: {', '.join(self.others)}"


def _read_fold(source: Source, data: Path) -> dict[str, str] | None:
    """The split of each video, from the only JSON file of a folder."""
    files = sorted(data.glob("*.json")) if data.is_dir() else []
    if not files:
        return None
    if len(files) > 1:
        raise source.error(f"has {len(files)} JSON files; keep the one that lists the videos of each split")
    content, fold = read_json(files[0]), dict[str, str]()
    for ours, name, videos in Source(str(files[0])).splits(content):
        for video in Source(str(files[0])).read_words(videos, name):
            if fold.setdefault(video, ours) != ours:
                raise DataError(f"{video[:60]!a} stands in two splits", path=files[0], place=name)
    return fold


_OPTIONS = ("collapse", "pauses")
LAYOUT = Layout(
    "csd",
    "hdf5",
    sniff,
    read,
    "csd: one computational sequence of the CMU Multimodal SDK (HDF5)",
    read_options=_OPTIONS,
)
FOLDER_LAYOUT = Layout(
    "csd", "folder", sniff_folder, read, "csd: a folder of computational sequences, *.csd", read_options=_OPTIONS
)
