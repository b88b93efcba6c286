"""One computational sequence: features and intervals per video."""

import numpy as np
from numpy.typing import NDArray

from mlcl.data.formats.shared.words import to_text
from mlcl.safe.hdf5 import Group, Hdf5
from mlcl.safe.text_file import parse_json

WORDS, LABELS = "words", "labels"
ROWS = ("acoustic", "visual")
# What a root name contains, in lower case, and what the sequence is then. The first that fits decides: word vectors
# and phones go with words but are neither.
_KINDS = (
    ("vector", ""), ("phone", ""), ("word", WORDS), ("label", LABELS),
    *((name, "visual") for name in ("facet", "openface", "visual", "face")),
    *((name, "acoustic") for name in ("covarep", "coavarep", "opensmile", "acoustic", "audio")),
)  # fmt: skip
_MOSEI_LABELS = ("sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear")
_MAX_NAME = 100  # characters


class Sequence:
    """An open sequence.

    Attributes:
        name: Root name.
        kind: ``words``, ``labels``, ``acoustic``, ``visual``, or nothing for others.
        width: Columns of its features; 0 for text.
        columns: Names of the columns of labels, as the metadata or the custom of MOSEI has them, else numbered.
    """

    def __init__(self, hdf5: Hdf5, root: Group, name: str) -> None:
        self.hdf5, self.root, self.name = hdf5, root, name
        self.kind = next((kind for part, kind in _KINDS if part in name.lower()), "")
        self.data = hdf5.group(root, "data")
        self._names = dict.fromkeys(hdf5.names(self.data))
        self.width = self._first_width() if self.kind in (*ROWS, LABELS) else 0
        self.columns = self._column_names() if self.kind == LABELS else ()

    def videos(self) -> list[str]:
        """Names of the videos, in the file's order."""
        return [to_text(name) for name in self._names]

    def has(self, video: str) -> bool:
        """Whether a video is there."""
        return video in self._names

    def read_texts(self, video: str) -> tuple[list[str | bytes], NDArray[np.float64]]:
        """Words of a video, and their (words, 2) times."""
        group = self.hdf5.group(self.data, video)
        features = self.hdf5.dataset(group, "features")
        words = self.hdf5.texts(features)
        if len(features.shape) > 2 or features.shape[1:] not in ((), (1,)):
            raise self.hdf5.error(f"has shape {features.shape}, not (words, 1)", features)
        return words, self._intervals(group, len(words))

    def read_numbers(self, video: str, dtype: type[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.float64]]:
        """(rows, columns) features of a video, and their (rows, 2) times."""
        group = self.hdf5.group(self.data, video)
        features = self.hdf5.dataset(group, "features")
        if len(features.shape) != 2 or features.shape[1] != self.width:
            raise self.hdf5.error(f"has shape {features.shape}, not (rows, {self.width}) as the first video", features)
        return self.hdf5.numbers(features, dtype), self._intervals(group, len(features))

    def _column_names(self) -> tuple[str, ...]:
        described = self._described()
        if len(described) == self.width and len(set(described)) == self.width:
            return described
        if self.width == len(_MOSEI_LABELS):
            return _MOSEI_LABELS
        return tuple(f"label{index}" for index in range(self.width))

    def _described(self) -> tuple[str, ...]:
        """What the metadata list as dimension names, if they do."""
        if "metadata" not in self.hdf5.names(self.root):
            return ()
        metadata = self.hdf5.group(self.root, "metadata")
        if "dimension names" not in self.hdf5.names(metadata):
            return ()
        dataset = self.hdf5.dataset(metadata, "dimension names")
        texts = self.hdf5.texts(dataset)
        try:
            found = parse_json(texts[0]) if len(texts) == 1 else ()
        except ValueError:
            return ()
        names = found if isinstance(found, list) else []
        return tuple(to_text(name) for name in names if isinstance(name, str) and 0 < len(name) < _MAX_NAME)

    def _intervals(self, group: Group, count: int) -> NDArray[np.float64]:
        dataset = self.hdf5.dataset(group, "intervals")
        if dataset.shape != (count, 2):
            raise self.hdf5.error(f"has shape {dataset.shape}; {count} rows of features need ({count}, 2)", dataset)
        return self.hdf5.numbers(dataset, np.float64)

    def _first_width(self) -> int:
        """Columns of the first video."""
        name = next(iter(self._names), None)
        if name is None:
            raise self.hdf5.error("has no videos", self.data)
        features = self.hdf5.dataset(self.hdf5.group(self.data, name), "features")
        if len(features.shape) != 2 or not features.shape[1]:
            raise self.hdf5.error(f"has shape {features.shape}, not (rows, columns)", features)
        return int(features.shape[1])


def open_sequence(hdf5: Hdf5, file: Group) -> Sequence:
    """Return the only sequence of an open file; raises a DataError if there is not exactly one."""
    names = hdf5.names(file)
    if len(names) != 1:
        raise hdf5.error(f"has {len(names)} entries at the top; a .csd file has one, the sequence's name", file)
    return Sequence(hdf5, hdf5.group(file, names[0]), to_text(names[0]))
