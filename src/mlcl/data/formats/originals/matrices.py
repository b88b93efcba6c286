"""Reader of folders with one HDF5 matrix per file, as MMMO, YouTube, POM and others are passed on."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcl.data.corpus import SPLITS, Corpus
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.shared.builder import SplitBuilder
from mlcl.data.formats.shared.source import SPLIT_NAMES, Source
from mlcl.data.formats.texts.labelled import build_labelled
from mlcl.safe.hdf5 import Floating, Hdf5

_NAME = re.compile(r"(text|audio|video|y)_(train|valid|val|dev|test)(?:_emb)?\.(?:h5|hdf5)")
_KINDS = {"text": "text", "audio": "acoustic", "video": "visual"}
_LABELS = "y"

Files = dict[str, dict[str, Path]]


def sniff(path: Path) -> bool:
    """Whether a folder holds labels and features of a split."""
    return any(_LABELS in parts and len(parts) > 1 for parts in _files(path).values())


def read(data: Path, source: Source) -> Corpus:
    """Read the folder.

    Format:
        ``text_SPLIT.h5`` or ``text_SPLIT_emb.h5``, ``audio_SPLIT.h5``, ``video_SPLIT.h5`` and ``y_SPLIT.h5`` for the
        splits ``train``, ``valid`` (or ``val``, ``dev``) and ``test``, any of which may be absent. Each file has one
        data set: (items, steps, columns) features, word vectors for text; (items,) or (items, 1) labels, or
        (items, k): classes as one 1 among zeros, else k labels ``y0``, ``y1``, ..., of which the first is chosen.

    There are no words. Step k of every kind of rows goes together; steps at both ends in which all kinds are zeros are
    padding and are left out. Ids are ``test[0]``, ``test[1]``, ...

    Raises:
        DataError: If anything differs from the format, with the place.
    """
    hdf5, files = Hdf5(source), _files(data)
    kinds = {kind for parts in files.values() for kind in parts}
    targets = {}
    for name, parts in files.items():
        missing = ", ".join(f"{kind}_{name}" for kind in sorted(kinds - set(parts)))
        if missing:
            raise source.error(f"has no {missing} beside the other files of the split", name)
        targets[name] = _matrix(hdf5, parts[_LABELS], np.float64)
    one_hot = all(target.ndim == 2 and target.shape[1] > 1 and _is_one_hot(target) for target in targets.values())
    splits = []
    for name in (name for name in SPLITS if name in files):
        features = {
            _KINDS[kind]: _matrix(hdf5, file, source.dtype) for kind, file in files[name].items() if kind in _KINDS
        }
        splits.append(_split(source, name, features, targets[name], one_hot=one_hot))
    width = next(iter(targets.values())).shape[-1] if one_hot else 0
    names = {"y": [f"class {index}" for index in range(width)]} if one_hot else {}
    notes = ["the classes have numbers and no names: y is one 1 among zeros"] if one_hot else []
    return build_labelled(source, splits, "matrices", classes=names, notes=notes)


def _split(
    source: Source, name: str, features: dict[str, NDArray[np.floating]], targets: NDArray[np.float64], *, one_hot: bool
) -> SplitBuilder:
    split, items = SplitBuilder(source, name, name), len(targets) if targets.ndim else 0
    shapes = {kind: matrix.shape for kind, matrix in features.items()}
    if any(len(shape) != 3 for shape in shapes.values()) or len({shape[:2] for shape in shapes.values()}) > 1:
        raise source.error(f"features have shapes {shapes}, not (items, steps, columns) with one number of steps", name)
    if targets.ndim not in (1, 2) or any(shape[0] != items for shape in shapes.values()) or not items:
        raise source.error(f"labels have shape {targets.shape}, features {shapes}; items must be as many", name)
    real = np.logical_or.reduce([(matrix != 0).any(axis=2) for matrix in features.values()])
    for index in range(items):
        place, steps = f"{name}[{index}]", np.flatnonzero(real[index])
        span = slice(steps[0], steps[-1] + 1) if len(steps) else slice(0, 0)
        rows = {kind: source.matrix(matrix[index, span], kind, place) for kind, matrix in features.items()}
        split.main.add([], rows)
        split.add_labels(None, _labels(targets[index], one_hot=one_hot), place)
    return split


def _labels(target: NDArray[np.float64], *, one_hot: bool) -> dict[str, float]:
    values = np.atleast_1d(target)
    if one_hot:
        return {"y": float(values.argmax())}
    return {"y" if len(values) == 1 else f"y{index}": float(value) for index, value in enumerate(values)}


def _is_one_hot(target: NDArray[np.float64]) -> bool:
    return bool(np.isin(target, (0, 1)).all() and (target.sum(axis=1) == 1).all())


def _matrix(hdf5: Hdf5, file: Path, dtype: type[Floating]) -> NDArray[Floating]:
    """The only data set of a file."""
    with hdf5.open(file) as root:
        names = hdf5.names(root)
        if len(names) != 1:
            raise hdf5.error(f"has {len(names)} entries, not one matrix", root)
        return hdf5.numbers(hdf5.dataset(root, names[0]), dtype)


def _files(folder: Path) -> Files:
    """Files by our name of the split and kind."""
    found: Files = {}
    try:
        for entry in sorted(folder.iterdir()):
            match = _NAME.fullmatch(entry.name)
            if match and entry.is_file():
                found.setdefault(SPLIT_NAMES[match[2]], {}).setdefault(match[1], entry)
    except OSError:
        return {}
    return found


LAYOUT = Layout(
    "matrices", "folder", sniff, read, "matrices: folder of text_, audio_, video_ and y_ HDF5 files for each split"
)
