"""Preparation of a data file: word by word as the release does it, ours from the file, ours from the cache."""

import os
import pickle
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import peak_resident_memory
from benchmarks.workload import draw_split, shape_of
from mlcl.encode.tokenizer import SubWords, word_tokenizer

SHARES = {"train": 0.714, "dev": 0.082, "test": 0.204}
_SAMPLE = 500  # items that the plain way is timed on
_WORDS = [f"w{number}" for number in range(2000)]


def prepare_case(recipe: str, *, seed: int) -> dict[str, Any]:
    """Write a generated file in the MAG layout and prepare it three ways, each in a process of its own."""
    shape = shape_of(recipe)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.pkl"
        arrays = _write_file(file, recipe, seed)
        encoder = Path(folder) / "encoder"
        encoder.mkdir()
        word_tokenizer(_WORDS).save(encoder)
        with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            cold, resident, peak = pool.apply(_prepare, (recipe, str(file), str(encoder), folder))
            cached, _, _ = pool.apply(_prepare, (recipe, str(file), str(encoder), folder))
        plain = _plain_seconds(file, shape.padded)
    return {
        "case": f"{recipe} prepare",
        "items": shape.items,
        "items_per_second_plain": 1 / plain,
        "items_per_second": shape.items / cold,
        "ratio": plain * shape.items / cold,
        "preparation_seconds": cold,
        "cached_seconds": cached,
        "array_bytes": arrays,
        "peak_bytes": peak,
        "resident_peak_bytes": resident,
        "peak_ratio": None if peak is None else peak / arrays,
    }


def _write_file(file: Path, recipe: str, seed: int) -> int:
    """Write the file; returns the bytes of its feature rows."""
    shape = shape_of(recipe)
    data, size = {}, 0
    for number, (name, share) in enumerate(SHARES.items()):
        split = draw_split(shape, round(share * shape.items), seed + number, name)
        acoustic, visual = split.main.rows["acoustic"], split.main.rows["visual"]
        size += acoustic.values.nbytes + visual.values.nbytes
        assert split.labels is not None
        data[name] = [
            ((words, visual[i].copy(), acoustic[i].copy()), np.array([[split.labels[i]]], np.float32), split.ids[i])
            for i, words in enumerate(split.main.words)
        ]
    file.write_bytes(pickle.dumps(data, protocol=4))
    return size


def _prepare(recipe: str, file: str, encoder: str, cache: str) -> tuple[float, int | None, int | None]:
    """Seconds, and peaks of resident and of private memory, of a preparation in a fresh process, beyond imports."""
    os.environ["MLCL_CACHE"] = cache
    from mlcl.encode.tokenizer import load_tokenizer
    from mlcl.recipe import resolve
    from mlcl.runs.prepare import prepare

    load_tokenizer(encoder)
    experiment = resolve(recipe, data=file, text_encoder=encoder)
    took: list[float] = []

    def work() -> None:
        started = time.perf_counter()
        for opener in prepare(experiment).openers.values():
            opener().batch(np.zeros(1, np.int64))
        took.append(time.perf_counter() - started)

    resident, private = peak_resident_memory(work)
    return took[0], resident, private


def _plain_seconds(file: Path, padded: int) -> float:
    """Seconds per item of the plain way: the whole file is loaded, and a sample prepared word by word."""
    tokenizer = word_tokenizer(_WORDS)
    started = time.perf_counter()
    data = pickle.loads(file.read_bytes())
    loading = (time.perf_counter() - started) / sum(map(len, data.values()))
    items = data["train"][:_SAMPLE]
    started = time.perf_counter()
    for (words, visual, acoustic), _, _ in items:
        _pad_one(words, visual, acoustic, tokenizer, padded)
    return loading + (time.perf_counter() - started) / len(items)


def _pad_one(
    words: list[str], visual: NDArray[Any], acoustic: NDArray[Any], tokenizer: SubWords, padded: int
) -> tuple[list[int | None], NDArray[Any], NDArray[Any]]:
    """Tokenise word by word, repeat each word's rows, cut and pad: what every repository of the field does."""
    tokens, rows = [], []
    for number, word in enumerate(words):
        for token in tokenizer.encode([word])[0]:
            tokens.append(token)
            rows.append(number)
    tokens, rows = tokens[: padded - 2], rows[: padded - 2]
    after = padded - len(rows) - 1

    def fill(values: NDArray[Any]) -> NDArray[Any]:
        width = values.shape[1]
        chosen = [values[row : row + 1] for row in rows]
        return np.concatenate([np.zeros((1, width)), *chosen, np.zeros((after, width))])

    ids = [tokenizer.cls_id, *tokens, tokenizer.sep_id]
    return ids + [tokenizer.pad_id] * (padded - len(ids)), fill(visual), fill(acoustic)
