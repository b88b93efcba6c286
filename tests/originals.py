"""Small files in the layouts of the original distributions, for every test that needs one."""

import csv
import itertools
import json
import pickle
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

VOCABULARY = ("the", "movie", "was", "not", "good", "at", "all", "UH", "don't", "étrange")
Interval = tuple[float, float]


def write_csd(
    path: Path,
    name: str,
    videos: Mapping[str, tuple[Any, Any]],
    *,
    compression: str | None = "gzip",
    metadata: Mapping[str, Any] | None = None,
) -> Path:
    """Write one computational sequence: features and intervals of each video."""
    packed = {"compression": compression, "compression_opts": 9} if compression == "gzip" else {}
    with h5py.File(path, "w") as file:
        for video, (features, intervals) in videos.items():
            group = file.create_group(f"{name}/data/{video}")
            group.create_dataset("features", data=features, **packed)
            group.create_dataset("intervals", data=np.asarray(intervals, np.float64).reshape(-1, 2), **packed)
        file.require_group(f"{name}/data")
        for key, value in {"root name": name, "md5": None, **(metadata or {})}.items():
            file[f"{name}/metadata/{key}"] = np.array([json.dumps(value)], object)
    return path


def tokens(*words: str) -> np.ndarray[Any, Any]:
    """Words as a .csd file has them."""
    return np.array([word.encode() for word in words]).reshape(-1, 1)


def seconds(*borders: float) -> list[Interval]:
    """Intervals one after the other."""
    return list(itertools.pairwise(borders))


def csd_folder(folder: Path, *, seed: int = 0, videos: int = 6, shift: float = 0.0, fold: bool = True) -> Path:
    """A folder with words, two streams, labels of seven columns, and a fold; times are multiples of 1/64 s."""
    rng, folder = np.random.default_rng(seed), folder
    folder.mkdir(exist_ok=True)
    names = [f"video{index}" for index in range(videos)]
    words, acoustic, visual, labels = {}, {}, {}, {}
    for name in names:
        count = int(rng.integers(6, 12))
        borders = np.cumsum(rng.integers(8, 60, size=count + 1)) / 64 + shift
        spoken = [str(word) for word in rng.choice([*VOCABULARY, "sp"], size=count)]
        words[name] = (tokens(*spoken), seconds(*borders))
        frames = np.arange(borders[0], borders[-1], 1 / 8)
        acoustic[name] = (rng.normal(size=(len(frames), 5)).astype(np.float32), np.stack([frames, frames + 1 / 8], 1))
        frames = np.arange(borders[0], borders[-1], 1 / 4)
        visual[name] = (rng.normal(size=(len(frames), 3)), np.stack([frames, frames + 1 / 4], 1))
        middle = borders[count // 2]
        labels[name] = (rng.uniform(-3, 3, size=(2, 7)), [(borders[0], middle), (middle, borders[-1])])
    write_csd(folder / "a.csd", "CMU_TimestampedWords", words)
    write_csd(folder / "b.csd", "CMU_COVAREP", acoustic)
    write_csd(folder / "c.csd", "CMU_Visual_Facet_42", visual, compression=None)
    write_csd(folder / "d.csd", "CMU_Labels", labels)
    if fold:
        splits = {"train": names[:-2], "valid": names[-2:-1], "test": names[-1:]}
        (folder / "fold.json").write_text(json.dumps(splits))
    return folder


def mustard_items(count: int = 10) -> dict[str, Any]:
    """Items of sarcasm_data.json; every third has no context."""
    return {
        f"1_{index}": {
            "utterance": f"So good {index}, étrange!",
            "speaker": f"P{index % 3}",
            "context": [f"What {number}?" for number in range(index % 3)],
            "context_speakers": ["X"] * (index % 3),
            "show": "S",
            "sarcasm": index % 2 == 0,
        }
        for index in range(count)
    }


def write_mustard(folder: Path, *, count: int = 10, folds: int = 5) -> Path:
    """A folder with texts, and folds whose test items are every `folds`-th."""
    folder.mkdir(exist_ok=True)
    (folder / "sarcasm_data.json").write_text(json.dumps(mustard_items(count), ensure_ascii=False), encoding="utf-8")
    if folds:
        number = np.arange(count)
        pairs = [(number[number % folds != fold], number[number % folds == fold]) for fold in range(folds)]
        (folder / "split_indices.p").write_bytes(pickle.dumps(pairs, 2))
    return folder


def write_csv(path: Path, rows: Iterable[Mapping[str, object]], *, encoding: str = "utf-8") -> Path:
    """A csv table of rows with the same columns."""
    rows = list(rows)
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def mustard_plus_rows(scenes: int = 6) -> list[dict[str, object]]:
    """Rows of MUStARD++: scene k has k % 3 utterances before the labelled one."""
    rows = []
    for scene in range(scenes):
        base = {"SCENE": f"1_{scene}", "END_TIME": "0:06", "SPEAKER": f"P{scene % 2}", "SHOW": "S"}
        empty = dict.fromkeys(
            ("Sarcasm", "Sarcasm_Type", "Implicit_Emotion", "Explicit_Emotion", "Valence", "Arousal"), ""
        )
        rows += [
            {**base, "KEY": f"1_{scene}_c_{n}", "SENTENCE": f"Before {n}, you know.", **empty} for n in range(scene % 3)
        ]
        labels = {
            "Sarcasm": f"{scene % 2}.0",
            "Sarcasm_Type": ("NONE", "PRO")[scene % 2],
            "Implicit_Emotion": ("Anger", "Sadness")[scene % 2],
            "Explicit_Emotion": "Neutral",
            "Valence": str(scene % 9 + 1),
            "Arousal": "5.0",
        }
        rows.append({**base, "KEY": f"1_{scene}_u", "SENTENCE": f"So good {scene}.", **labels})
    return rows


def meld_rows(dialogues: Sequence[int] = (3, 1, 2)) -> list[dict[str, object]]:
    """Rows of MELD: dialogues with so many utterances."""
    emotions = ("neutral", "joy", "anger", "disgust", "fear", "sadness", "surprise")
    sentiments = ("neutral", "positive", "negative", "negative", "negative", "negative", "positive")
    return [
        {
            "Sr No.": number,
            "Utterance": f"Well, {dialogue} and {number}!",
            "Speaker": f"P{number % 2}",
            "Emotion": emotions[(dialogue + number) % 7],
            "Sentiment": sentiments[(dialogue + number) % 7],
            "Dialogue_ID": dialogue,
            "Utterance_ID": number,
        }
        for dialogue, count in enumerate(dialogues)
        for number in range(count)
    ]


def write_meld(folder: Path) -> Path:
    """A folder with train, dev and test."""
    folder.mkdir(exist_ok=True)
    for split, dialogues in (("train", (3, 1, 2)), ("dev", (2,)), ("test", (1, 2))):
        write_csv(folder / f"{split}_sent_emo.csv", meld_rows(dialogues))
    return folder


def label_rows(sizes: Mapping[str, int] | None = None, *, modalities: bool = False) -> list[dict[str, object]]:
    """Rows of MMSA's label.csv; labels of single modalities are empty unless told otherwise."""
    rows = []
    for mode, count in (sizes or {"train": 9, "valid": 5, "test": 5}).items():
        for clip in range(count):
            score = (clip % 5 - 2) / 2
            rows.append(
                {
                    "video_id": mode,
                    "clip_id": f"{clip:04d}",
                    "text": f"so good, {VOCABULARY[clip % 10]}",
                    "label": score,
                    **{f"label_{name}": -score if modalities else "" for name in "TAV"},
                    "annotation": ("Negative", "Neutral", "Positive")[int(np.sign(score)) + 1],
                    "mode": mode,
                }
            )
    return rows


def ur_funny_data(sizes: Mapping[str, int] | None = None, *, seed: int = 0, lists: bool = False) -> dict[str, Any]:
    """The pickles of an UR-FUNNY folder by name; ids are numbers, rows arrays or lists of lists."""
    rng = np.random.default_rng(seed)
    folds: dict[str, list[int]] = {}
    data: dict[str, Any] = {name: {} for name in ("language_sdk", "humor_label_sdk")}
    data |= {"covarep_features_sdk": {}, "openface_features_sdk": {}, "data_folds": folds}
    for split, count in (sizes or {"train": 9, "dev": 5, "test": 5}).items():
        for _ in range(count):
            key = sum(map(len, folds.values()))
            folds.setdefault(split, []).append(key)
            sentences = [" ".join(rng.choice(VOCABULARY, size=rng.integers(1, 6))) for _ in range(key % 3 + 1)]
            data["language_sdk"][key] = {
                "punchline_sentence": sentences[0],
                "context_sentences": sentences[1:],
                "punchline_embedding_indexes": [0],
                "context_embedding_indexes": [[0]],
                "punchline_intervals": [],
                "context_intervals": [],
            }
            data["humor_label_sdk"][key] = key % 2
            for name, width in (("covarep_features_sdk", 81), ("openface_features_sdk", 371)):
                rows: list[Any] = [rng.normal(size=(len(text.split()), width)) for text in sentences]
                rows = [matrix.tolist() for matrix in rows] if lists else rows
                data[name][key] = {"punchline_features": rows[0], "context_features": rows[1:]}
    return data


def write_ur_funny(folder: Path, data: Mapping[str, Any]) -> Path:
    """A folder with one pickle per name."""
    folder.mkdir(exist_ok=True)
    for name, content in data.items():
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(content, 4))
    return folder


def write_matrices(
    folder: Path, sizes: Mapping[str, int] | None = None, *, labels: str = "score", seed: int = 0, **packed: Any
) -> dict[str, dict[str, Any]]:
    """A folder of one matrix per file, padded in front and behind to 7 steps; returns what was written."""
    rng, written = np.random.default_rng(seed), {}
    folder.mkdir(exist_ok=True)
    for split, items in (sizes or {"train": 6, "valid": 3, "test": 4}).items():
        parts = {kind: rng.normal(size=(items, 7, width)) for kind, width in (("text", 11), ("audio", 5), ("video", 3))}
        for item in range(items):
            for matrix in parts.values():
                matrix[item, : item % 3] = 0
                matrix[item, 7 - item % 2 :] = 0
        scores = {"score": rng.uniform(1, 5, size=items), "classes": np.eye(3, dtype=np.float32)[np.arange(items) % 3]}
        parts["y"] = scores[labels] if labels in scores else rng.uniform(size=(items, 4))
        for kind, matrix in parts.items():
            end = "_emb" if kind == "text" else ""
            with h5py.File(folder / f"{kind}_{split}{end}.h5", "w") as file:
                file.create_dataset("d1", data=matrix, **packed)
        written[split] = parts
    return written
