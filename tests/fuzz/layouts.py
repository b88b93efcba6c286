"""The table of what is fuzzed: one line per layout."""

import csv
import io
import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fuzz.folders import read_recipe, read_run, read_study, recipe_data, recipe_file, run_files, study_files
from fuzz.targets import SIZES, Files, Rng, Target, on_disk, pickled, program
from originals import label_rows, meld_rows, mustard_items, mustard_plus_rows, tokens, ur_funny_data, write_csd
from writers import hkt_data, mag_data
from writers_arrays import misa_data, mmsa_data, mult_data


def pickles(data: Mapping[str, Any], rng: Rng) -> Files:
    """A folder of one pickle per key."""
    return {f"{name}.pkl": pickle.dumps(part, int(rng.choice((2, 4, 5)))) for name, part in data.items()}


def table(name: str) -> Any:
    """A csv file of rows with the same columns."""

    def write(rows: Sequence[Mapping[str, object]], _: Rng) -> Files:
        return {name: _csv(rows)}

    return write


def _csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def json_file(name: str) -> Any:
    return lambda data, _: {name: json.dumps(data).encode()}


def csd_data(seed: int) -> dict[str, Any]:
    """Two videos: words, a stream and labels."""
    rng = np.random.default_rng(seed)
    data: dict[str, Any] = {"words": {}, "COVAREP": {}, "Opinion_Labels": {}}
    for video in ("a", "b"):
        count = int(rng.integers(3, 6))
        borders = np.cumsum(rng.integers(8, 60, size=count + 1)) / 64
        data["words"][video] = (tokens(*rng.choice(["so", "good", "sp"], size=count)), _intervals(borders))
        frames = np.arange(borders[0], borders[-1], 1 / 8)
        data["COVAREP"][video] = (rng.normal(size=(len(frames), 3)), np.stack([frames, frames + 1 / 8], 1))
        data["Opinion_Labels"][video] = (rng.uniform(-3, 3, size=(2, 1)), _intervals(borders[[0, 1, -1]]))
    return data


def _intervals(borders: Any) -> Any:
    return np.stack([borders[:-1], borders[1:]], 1)


def write_csd_folder(root: Path, data: Mapping[str, Any]) -> None:
    root.mkdir()
    for name, videos in data.items():
        write_csd(root / f"{name}.csd", name, videos)


def matrix_data(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    data: dict[str, Any] = {}
    for split, items in (("train", 2), ("valid", 1), ("test", 1)):
        for kind, width in (("text", 4), ("audio", 3), ("video", 2)):
            data[f"{kind}_{split}{'_emb' if kind == 'text' else ''}"] = rng.normal(size=(items, 3, width))
        data[f"y_{split}"] = rng.uniform(1, 5, size=items)
    return data


def write_matrix_folder(root: Path, data: Mapping[str, Any]) -> None:
    root.mkdir()
    for name, matrix in data.items():
        with h5py.File(root / f"{name}.h5", "w") as file:
            file["d1"] = matrix


def own_data(seed: int) -> dict[str, Any]:
    """Our own folder: a table, and arrays by file name."""
    rng = np.random.default_rng(seed)
    rows, arrays = [], {}
    for number, split in enumerate(("train", "train", "dev", "test")):
        words = [str(word) for word in rng.choice(["so", "good"], size=rng.integers(1, 4))]
        name = f"acoustic/{number}.npy"
        arrays[name] = rng.normal(size=(len(words), 3)).astype(np.float32)
        cells = {"id": f"v_{number}", "split": split, "text": " ".join(words), "label": number / 2, "acoustic": name}
        rows.append({**cells, "speaker": f"s{number % 2}", "_mine": "x"})
    return {"rows": rows, "arrays": arrays}


def own_folder(data: Mapping[str, Any], rng: Rng) -> Files:
    files = {"data.csv": _csv(data["rows"])}
    for name, array in data["arrays"].items():
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=True)
        files[name] = buffer.getvalue()
    if rng.random() < 0.3:
        files["data.yaml"] = b"task: regression\nlabel_range: [-3, 3]\nnotes: [a note]\n"
    return files


def parquet_folder(data: Mapping[str, Any], rng: Rng) -> Files:
    """The same with its table as parquet, packed in some way."""
    import pyarrow as pa
    from pyarrow import parquet

    files, buffer = own_folder(data, rng), io.BytesIO()
    del files["data.csv"]
    rows = [{**row, "words": row["text"].split()} for row in data["rows"]]
    columns = {name: [row[name] for row in rows] for name in rows[0] if name != "text"}
    how = {"compression": str(rng.choice(["none", "snappy", "gzip", "zstd"])), "use_dictionary": rng.random() < 0.7}
    parquet.write_table(pa.table(columns), buffer, data_page_version=str(rng.choice(["1.0", "2.0"])), **how)
    return {"data.parquet": buffer.getvalue(), **files}


def saved_datasets(seed: int, _: Rng) -> Files:
    """A folder that `datasets` saved; only its bytes are damaged, since making one is slow."""
    import datasets

    rng = np.random.default_rng(range(12)[seed])  # raises for anything but a seed
    datasets.disable_progress_bars()

    def write(root: Path, _: object) -> None:
        made = {
            split: datasets.Dataset.from_dict(
                {
                    "id": [f"{split}{n}" for n in range(items)],
                    "text": ["so good"] * items,
                    "label": rng.normal(size=items).tolist(),
                    "acoustic": rng.normal(size=(items, 2, 3)).tolist(),
                }
            )
            for split, items in (("train", 3), ("validation", 2))
        }
        datasets.DatasetDict(made).save_to_disk(str(root))

    return on_disk(write, "saved")(None, rng)


TARGETS: dict[str, Target] = {
    "mag": Target(lambda seed: mag_data(SIZES, seed=seed), pickled),
    "hkt": Target(lambda seed: hkt_data(SIZES, seed=seed), pickled),
    "random pickle program": Target(lambda _: None, program, always_error=True),
    "mmsa": Target(lambda seed: mmsa_data(SIZES, seed=seed, sims=seed % 2 == 0, aligned=seed % 3 == 0), pickled),
    "mult": Target(lambda seed: mult_data(SIZES, seed=seed, aligned=seed % 2 == 0), pickled),
    "misa": Target(lambda seed: misa_data(SIZES, seed=seed, labels=(1, 7)[seed % 2]), pickled),
    "misa folder": Target(lambda seed: misa_data({"train": 2, "dev": 1, "test": 1}, seed=seed), pickles),
    "ur_funny": Target(lambda seed: ur_funny_data({"train": 2, "dev": 1}, seed=seed), pickles),
    "mustard": Target(lambda seed: mustard_items(3 + seed % 3), json_file("sarcasm_data.json")),
    "mustard_plus": Target(lambda seed: mustard_plus_rows(3 + seed % 3), table("mustard++_text.csv")),
    "meld": Target(lambda seed: meld_rows((3, 1 + seed % 3)), table("dev_sent_emo.csv")),
    "label_csv": Target(lambda seed: label_rows({"train": 3, "valid": 1 + seed % 3}), table("label.csv")),
    "csd": Target(csd_data, on_disk(write_csd_folder, "csd")),
    "matrices": Target(matrix_data, on_disk(write_matrix_folder, "matrices")),
    "own folder": Target(own_data, own_folder),
    "own parquet": Target(own_data, parquet_folder),
    "saved datasets": Target(lambda seed: seed, saved_datasets),
    "run folder": Target(lambda seed: seed, run_files, read=read_run, seconds=4),
    "recipe file": Target(recipe_data, recipe_file, read=read_recipe),
    "study": Target(lambda seed: seed, study_files, read=read_study, seconds=4),
}
