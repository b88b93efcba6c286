"""Small valid pickles in the layouts of the field, for every test that needs a file."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SIZES = {"train": 5, "dev": 2, "test": 3}
VOCABULARY = ("the", "movie", "was", "not", "good", "at", "all", "UH", "don't", "étrange")

Data = dict[str, list[Any]]


def mag_data(sizes: dict[str, int] | None = None, *, seed: int = 0, visual: int = 3, acoustic: int = 5) -> Data:
    """Data in the MAG layout: 1 to 7 words per item, labels of shape (1, 1) in [-3, 3]."""
    rng = np.random.default_rng(seed)
    return {
        split: [_mag_item(rng, f"{split}video[{index}]", visual, acoustic) for index in range(count)]
        for split, count in (sizes or SIZES).items()
    }


def _mag_item(rng: np.random.Generator, segment: str, visual: int, acoustic: int) -> tuple[Any, ...]:
    words = _words(rng)
    rows = [rng.normal(size=(len(words), width)).astype(np.float32) for width in (visual, acoustic)]
    return (words, *rows), rng.uniform(-3, 3, size=(1, 1)).astype(np.float32), segment


def hkt_data(
    sizes: dict[str, int] | None = None, *, seed: int = 0, visual: int = 7, acoustic: int = 5, hcf: int = 4
) -> Data:
    """Data in the HKT layout: 0 to 3 context sentences, labels 0 or 1 in turn."""
    rng = np.random.default_rng(seed)
    widths = (visual, acoustic, hcf)
    return {
        split: [_hkt_item(rng, f"{split}{index}", index % 2, widths) for index in range(count)]
        for split, count in (sizes or SIZES).items()
    }


def _hkt_item(rng: np.random.Generator, identifier: str, label: int, widths: tuple[int, ...]) -> tuple[Any, ...]:
    punchline = " ".join(_words(rng))
    context = [" ".join(_words(rng)) for _ in range(rng.integers(0, 4))]
    parts = [
        (text, len(" ".join(sentences).split())) for text, sentences in ((punchline, [punchline]), (context, context))
    ]
    segments = [(text, *(rng.normal(size=(count, width)) for width in widths)) for text, count in parts]
    return (*segments, identifier, label)


def _words(rng: np.random.Generator) -> list[str]:
    return [str(word) for word in rng.choice(VOCABULARY, size=rng.integers(1, 8))]


def write_pickle(path: Path, data: object, *, protocol: int = 4) -> Path:
    """Pickle anything."""
    path.write_bytes(pickle.dumps(data, protocol=protocol))
    return path


def write_mag(path: Path, *, edit: Callable[[Data], object] | None = None, protocol: int = 4, **settings: Any) -> Data:
    """Write a MAG file made by `mag_data`, after `edit` has changed the data in place; return the data."""
    return _write(path, mag_data(**settings), edit, protocol)


def write_hkt(path: Path, *, edit: Callable[[Data], object] | None = None, protocol: int = 4, **settings: Any) -> Data:
    """Write an HKT file made by `hkt_data`, after `edit` has changed the data in place; return the data."""
    return _write(path, hkt_data(**settings), edit, protocol)


def _write(path: Path, data: Data, edit: Callable[[Data], object] | None, protocol: int) -> Data:
    if edit:
        edit(data)
    write_pickle(path, data, protocol=protocol)
    return data
