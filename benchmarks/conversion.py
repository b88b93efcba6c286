"""Conversion of a file as large as the field has them: unaligned, padded, float64."""

import pickle
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import peak_resident_memory
from benchmarks.preparation import SHARES
from benchmarks.workload import Shape, draw_split, shape_of

_STEPS = 500  # of every item, as unaligned_50.pkl pads them
_LEAST_STEPS = 100
_PART = 8  # of the recipe's items, where their number is not given


def convert_case(recipe: str, *, items: int | None, seed: int) -> dict[str, Any]:
    """Write a generated file in the MMSA layout, convert it to our folder and read that, in a process each."""
    shape = shape_of(recipe)
    count = items or shape.items // _PART
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "unaligned.pkl", Path(folder) / "out"
        padded, real = _write_file(file, shape, count, seed)
        size = file.stat().st_size
        with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            took, resident, private = pool.apply(_measured, (_convert, str(file), str(out)))
            reading, _, _ = pool.apply(_measured, (_read, str(out), ""))
    return {
        "case": f"{recipe} convert",
        "items": count,
        "items_per_second": count / took,
        "conversion_seconds": took,
        "reading_seconds": reading,
        "file_bytes": size,
        "array_bytes": padded,
        "row_bytes": real,
        "peak_bytes": private,
        "resident_peak_bytes": resident,
        "peak_ratio": None if private is None else private / padded,
    }


def _write_file(file: Path, shape: Shape, items: int, seed: int) -> tuple[int, int]:
    """Write the file; returns the bytes of its arrays as float32, and those of the real rows in them."""
    rng = np.random.default_rng(seed)
    data, padded, real = {}, 0, 0
    for number, (name, share) in enumerate(SHARES.items()):
        split = draw_split(shape, max(1, round(share * items)), seed + number, name)
        lengths = rng.integers(_LEAST_STEPS, _STEPS + 1, len(split))
        arrays = {key: _padded(rng, lengths, w) for key, w in (("audio", shape.acoustic), ("vision", shape.visual))}
        padded += sum(array.size for array in arrays.values()) * 4
        real += int(lengths.sum()) * (shape.acoustic + shape.visual) * 4
        data["valid" if name == "dev" else name] = {
            **arrays,
            "audio_lengths": lengths.tolist(),
            "vision_lengths": lengths.tolist(),
            "raw_text": np.array([" ".join(words) for words in split.main.words]),
            "regression_labels": split.labels,
            "id": split.ids,
        }
    with file.open("wb") as stream:
        pickle.dump(data, stream, protocol=5)
    return padded, real


def _padded(rng: np.random.Generator, lengths: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """(items, steps, width) random rows with zeros behind."""
    array = np.zeros((len(lengths), _STEPS, width))
    for rows, length in zip(array, lengths, strict=True):
        rows[:length] = rng.standard_normal((length, width), dtype=np.float32)
    return array


def _measured(work: Any, source: str, target: str) -> tuple[float, int | None, int | None]:
    """Seconds, and peaks of resident and of private memory, of one call in a fresh process, imports not counted."""
    from mlcl.data import formats  # noqa: F401  # so that it is not measured

    took: list[float] = []

    def run() -> None:
        started = time.perf_counter()
        work(source, target)
        took.append(time.perf_counter() - started)

    resident, private = peak_resident_memory(run)
    return took[0], resident, private


def _convert(source: str, target: str) -> None:
    from mlcl.data.formats import read_corpus
    from mlcl.data.formats.own.folder_writer import write

    write(read_corpus(source), Path(target))


def _read(source: str, _: str) -> None:
    from mlcl.data.formats import read_corpus

    for split in read_corpus(source).splits.values():
        for rows in split.main.rows.values():
            rows.values.sum()
