"""Study folders with made-up predictions: plausible to look at, and without any training."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml

from mlcl.data.target import Target
from mlcl.evaluate.evaluator import Predictions
from mlcl.recipe import resolve
from mlcl.runs.export import save_predictions

# Name, label, noise of the predictions, changes. Smaller noise is better.
COMPARED = (
    ("mlcl", "MLCL", 0.80, ()),
    ("late_fusion", "Late fusion", 0.83, ()),
    ("text", "Text only", 0.84, ()),
    ("mag", "MAG-BERT", 0.92, ()),
    ("mib", "MIB", 0.86, ("model.variant=complete",)),
    ("mcl", "MCL", 0.95, ()),
    ("lfmim", "LFMIM", 1.05, ()),
    ("hkt", "HKT", 1.10, ()),
)
ABLATED = (
    ("mlcl", "MLCL", 0.80, ()),
    ("no_umcl", "without UMCL", 0.83, ("model.umcl_weight=0",)),
    ("no_bmcl", "without BMCL", 0.81, ("model.bmcl_weight=0",)),
    ("no_tmcl", "without TMCL", 0.84, ("model.tmcl_weight=0",)),
    ("no_contrast", "without contrastive terms", 0.90, ("model.umcl_weight=0", "model.bmcl_weight=0")),
    ("text", "text alone", 0.97, ("data.modalities=[text]",)),
)  # fmt: skip
TERMS = (
    *("umcl_text", "umcl_acoustic", "umcl_visual"),
    *("bmcl_text_acoustic", "bmcl_text_visual", "bmcl_acoustic_visual"),
    *("tmcl_text", "tmcl_acoustic", "tmcl_visual"),
)
LEVELS = ("fused", "umcl", "bmcl", "tmcl")


def write_study(
    path: Path,
    *,
    kind: str = "compare",
    task: str = "regression",
    items: int = 60,
    seeds: Iterable[int] = (1, 2, 3),
    epochs: int = 4,
    systems: Iterable[str] | None = None,
    failed: Iterable[tuple[str, int]] = (),
    missing: Iterable[tuple[str, int]] = (),
    embeddings: bool = False,
    recipe: str = "mosi",
    target: Target | None = None,
) -> Path:
    """Write a study folder; every number in it comes from one generator.

    Args:
        path: The folder.
        kind: ``compare`` or ``ablate``.
        task: Kind of label.
        items: Of dev and of test.
        seeds: Seeds of each system.
        epochs: Records of each history.
        systems: Names to keep; all when absent.
        failed: (system, seed) of runs that failed.
        missing: (system, seed) of runs that were never made.
        embeddings: Keep embeddings in the first run of each system.
        recipe: Recipe of the configurations.
        target: What the label is, in full, instead of `task` alone, as the runs of version 0.1.0 have it.
    """
    rng = np.random.default_rng(0)
    task = target.task if target else task
    rows = [row for row in (COMPARED if kind == "compare" else ABLATED) if systems is None or row[0] in systems]
    plan = {
        "kind": kind,
        "title": "MLCL and seven others on made-up data" if kind == "compare" else "MLCL with parts taken out",
        "recipe": recipe,
        "seeds": list(seeds),
        "reference": rows[0][0],
        "systems": [{"name": n, "label": label, "model": _model(n), "changes": list(c)} for n, label, _, c in rows],
        "notes": ["Each model was tuned on dev with 20 trials."],
    }
    path.mkdir(parents=True)
    (path / "study.yaml").write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    labels = {split: _labels(rng, task, items, target) for split in ("dev", "test")}
    difficulty = {split: rng.normal(size=items) for split in labels}
    for name, _, noise, changes in rows:
        for number, seed in enumerate(plan["seeds"]):
            folder = path / "runs" / name / f"seed-{seed}"
            if (name, seed) in missing:
                continue
            if (name, seed) in failed:
                folder.parent.mkdir(parents=True, exist_ok=True)
                reason = {"error": "the loss became nan <script>\x1b[31m", "when": "2026-01-01T00:00:00+00:00"}
                (folder.parent / f"{folder.name}.failed.json").write_text(json.dumps(reason), encoding="utf-8")
                continue
            write_run(folder, rng, name, noise, changes, seed, task, labels, difficulty, epochs, recipe, target)
            if embeddings and number == 0:
                _embed(folder, rng, labels["test"], noise)
    return path


def write_run(folder, rng, name, noise, changes, seed, task, labels, difficulty, epochs, recipe, target=None) -> None:  # type: ignore[no-untyped-def]
    """Write one complete run folder."""
    (folder / "predictions").mkdir(parents=True)
    experiment = resolve(recipe, model=_model(name), seed=seed, changes=changes, data="made.pkl", text_encoder="tiny")
    config = experiment.model_dump(mode="json")
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    metrics = {}
    for split, true in labels.items():
        file = folder / "predictions" / f"{split}.csv"
        if target is None:
            drawn = true_like(rng, task, true, difficulty[split], noise)
            _write_predictions(file, split, task, drawn, true)
            metrics[split] = {"mse_of_batches": 0.0}
        else:
            found = made_predictions(rng, target, true, prefix=split, noise=noise)
            save_predictions(file, {split: found})
            metrics[split] = found.metrics()
    history = [_epoch(rng, epoch, name, noise, task) for epoch in range(epochs)]
    (folder / "history.jsonl").write_text("".join(json.dumps(record) + "\n" for record in history), encoding="utf-8")
    (folder / "run.json").write_text(
        json.dumps(_facts(name, task, len(labels["test"]), seed, epochs, target)), encoding="utf-8"
    )
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")


def true_like(
    rng: np.random.Generator, task: str, labels: np.ndarray, difficulty: np.ndarray, noise: float
) -> np.ndarray:
    """Predictions that share what is hard about the items, and have noise of their own."""
    error = noise * (0.8 * difficulty + 0.6 * rng.normal(size=len(labels)))
    if task == "regression":
        return np.asarray(0.8 * labels + error)
    return np.asarray(1 / (1 + np.exp(-3 * (labels - 0.5) - 1.5 * error)))


def made_predictions(
    rng: np.random.Generator, target: Target, labels: np.ndarray, *, prefix: str = "test", noise: float = 0.8
) -> Predictions:
    """Predictions that know something of the labels, with float32 probabilities as a softmax gives them."""
    ids = [f"{prefix}[{number}]" for number in range(len(labels))]
    if target.task == "regression":
        width = 6.0 if target.label_range is None else target.label_range[1] - target.label_range[0]
        return Predictions(ids, target, labels + noise * width / 5 * rng.normal(size=len(labels)), labels)
    logits = rng.normal(size=(len(labels), target.num_classes)) * 3 * noise
    logits[np.arange(len(labels)), np.nan_to_num(labels).astype(int)] += 2
    powers = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float32)
    return Predictions(ids, target, (powers / powers.sum(axis=1, keepdims=True)).astype(np.float64), labels)


def made_labels(rng: np.random.Generator, target: Target, items: int) -> np.ndarray:
    """Labels of every class, or all over the range, its ends and 0 among them where it holds 0."""
    if target.task == "classification":
        return rng.permutation(np.arange(items) % target.num_classes).astype(float)
    low, high = target.label_range or (-3.0, 3.0)
    drawn = np.round(rng.uniform(low, high, items) * 5) / 5
    drawn[:3] = [low, high, min(max(0.0, low), high)][: len(drawn)]
    return rng.permutation(drawn)


def _labels(rng: np.random.Generator, task: str, items: int, target: Target | None = None) -> np.ndarray:
    if target is not None:
        return made_labels(rng, target, items)
    if task == "classification":
        return rng.permutation(np.arange(items) % 2).astype(float)
    return np.round(np.clip(rng.normal(0.1, 1.6, items), -3, 3) * 5) / 5


def _write_predictions(file: Path, split: str, task: str, scores: np.ndarray, labels: np.ndarray) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        if task == "regression":
            writer.writerow(["id", "split", "prediction", "label"])
            table = [[score, label] for score, label in zip(scores.tolist(), labels.tolist(), strict=True)]
        else:
            writer.writerow(["id", "split", "prediction", "probability", "label"])
            table = [[int(p > 0.5), p, label] for p, label in zip(scores.tolist(), labels.tolist(), strict=True)]
        writer.writerows([[f"{split}[{number}]", split, *row] for number, row in enumerate(table)])


def _epoch(rng: np.random.Generator, epoch: int, name: str, noise: float, task: str) -> dict[str, object]:
    falling = float(np.exp(-epoch / 3) + 0.02 * rng.normal())
    train = {"loss": 1.5 + falling, "task": noise * 0.5 + falling}
    if name.startswith(("mlcl", "no_")):
        train |= {term: 0.6 + 2 * falling + 0.1 * place for place, term in enumerate(TERMS)}
    dev = noise * 0.7 + 0.4 * falling + 0.02 * float(rng.normal())
    record: dict[str, object] = {"epoch": epoch + 1, "best": True, "seconds": 3.0, "train": train}
    record["dev"] = {"mae": dev, "corr": None} if task == "regression" else {"accuracy": 1 - dev / 2}
    if name.startswith(("mlcl", "no_")):
        record["geometry"] = {
            level: {"uniformity": -2 - epoch / 4} | ({} if level == "fused" else {"alignment": 0.4 + falling})
            for level in LEVELS
        }
    return record


def _facts(name: str, task: str, items: int, seed: int, epochs: int, target: Target | None = None) -> dict[str, object]:
    regression = task == "regression"
    return {
        "data": {
            "name": "made.pkl", "layout": "mag", "sha256": "ab" * 32, "task": task,
            "items": {"train": 120, "dev": items, "test": items}, "widths": {"visual": 47, "acoustic": 74},
            **(target.plain() if target else {}),
        },
        "text_encoder": {"name": "all-MiniLM-L6-v2", "parameters": 22_713_216, "sha256": "cd" * 32},
        "model": {
            "name": _model(name), "title": f"Model {name}", "paper": f"Author & others on {name}, 2025",
            "native": ["classification"] if name == "hkt" else ["regression", "classification"], "other_labels": "",
        },
        "parameters": 23_000_000 + 1000 * len(name),
        "versions": {"mlcl": "0.1.0", "torch": "2.13.0"},
        "machine": "cpu (x86_64, 1 threads), Python 3.11",
        "selection": {"metric": "mae" if regression else "cross_entropy", "epoch": 2, "epochs": epochs},
        "seconds": 61.5 + seed,
        "peak_memory_bytes": 1_250_000_000,
        "constant": [0.2] if regression else [0.55, 0.45] if target is None else _shares(target.num_classes),
    }  # fmt: skip


def _shares(count: int) -> list[float]:
    """How often each of so many classes is, in the train split."""
    return ((np.arange(count) + 1) / (np.arange(count) + 1).sum()).tolist()


def _embed(folder: Path, rng: np.random.Generator, labels: np.ndarray, noise: float) -> None:
    (folder / "embeddings").mkdir()
    vectors = {
        level: (labels[:, None] * rng.normal(size=8) + noise * 3 * rng.normal(size=(len(labels), 8))).astype(np.float32)
        for level in LEVELS
    }
    ids = np.array([f"test[{number}]" for number in range(len(labels))])
    np.savez_compressed(folder / "embeddings" / "test.npz", ids=ids, **vectors)


def _model(name: str) -> str:
    return "mlcl" if name.startswith("no_") else name
