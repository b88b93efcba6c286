"""What a run folder keeps for others: model, processor, predictions. Each file appears whole or not at all."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlcl.data.processor import Processor
from mlcl.data.target import Target
from mlcl.data.vectors import VectorSteps
from mlcl.encode.tokenizer import SubWords, load_tokenizer
from mlcl.errors import DataError, RunError, UsageError, lacks_room
from mlcl.evaluate.classification import ROW_SUM_TOLERANCE, chosen
from mlcl.evaluate.evaluator import Predictions
from mlcl.files import replace_file, replace_files
from mlcl.inert import plain_cell, spreadsheet
from mlcl.media.specification import FILE, FeatureSpecification
from mlcl.models.base import MultimodalModel
from mlcl.models.registry import save_model
from mlcl.runs.folder import RunFolder
from mlcl.safe.budget import Budget
from mlcl.safe.csv_file import read_table

TABLE_SUFFIXES = (".csv", ".jsonl", ".parquet")


def export_model(folder: RunFolder, model: MultimodalModel, features: FeatureSpecification | None = None) -> None:
    """Write ``model/`` so that `MultimodalModel.from_pretrained` loads it, beside it how its `features` were made."""
    with _sealed(folder, folder.model) as target:
        save_model(model, str(target))
        if features is not None:
            features.write(target / FILE)


def save_processor(folder: RunFolder, processor: Processor, tokenizer: SubWords | VectorSteps) -> None:
    """Write ``processor/``: tokenizer and preparation."""
    with _sealed(folder, folder.processor) as target:
        tokenizer.save(target)
        processor.save(target)


def load_processor(folder: RunFolder) -> tuple[Processor, SubWords | VectorSteps]:
    """Read ``processor/``; raises a RunError if the run holds no trained model yet."""
    if not folder.trained:
        raise RunError(f"{folder.path} holds no trained model yet; go on with mlcl train --resume {folder.path}")
    folder.digests.check(*folder.processor.iterdir(), *folder.model.iterdir())
    processor = Processor.load(folder.processor)
    return processor, VectorSteps() if processor.vectors else load_tokenizer(str(folder.processor))


def check_table_path(path: Path) -> None:
    """Refuse an output that could not be written, before the work is done.

    Raises:
        UsageError: If the suffix is unknown or the folder does not exist.
    """
    if path.suffix not in TABLE_SUFFIXES:
        raise UsageError(f"--output {path}: the suffix must be one of {', '.join(TABLE_SUFFIXES)}")
    if path.is_dir():
        raise UsageError(f"--output {path}: this is a folder; name a file")
    if not path.parent.is_dir():
        raise UsageError(f"--output {path}: there is no folder {path.parent}")


def save_predictions(path: Path, results: Mapping[str, Predictions]) -> None:
    """Write predictions as a table, by the path's suffix.

    Columns: ``id, split, prediction``; for classes the ``class`` by name where they have names, for two of them the
    ``probability`` of class 1, and for any number ``probability_0``, ``probability_1``, ...; ``label`` where there are
    any. `read_predictions` reads them back.
    """
    write_table(path, pd.concat([prediction_table(name, part) for name, part in results.items()], ignore_index=True))


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table by the path's suffix, so that it appears whole or not at all.

    In .csv a text that a spreadsheet would compute gets an apostrophe before it, which `read_predictions` takes off.
    """
    try:
        with replace_file(path) as temporary:
            if path.suffix == ".csv":
                inert = table.map(lambda cell: spreadsheet(cell) if isinstance(cell, str) else cell)
                inert.to_csv(temporary, index=False)
            elif path.suffix == ".jsonl":
                known = table.astype(object).where(table.notna(), None)  # JSON has no nan
                records = known.to_dict(orient="records")  # pandas' own writer rounds to 15 decimals
                temporary.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
            else:
                table.to_parquet(temporary, index=False)
    except OSError as error:
        reason = lacks_room(error) or error.strerror or str(error)
        raise RunError(f"{path}: {reason.lower()}; write it elsewhere") from error


def prediction_table(split: str, predictions: Predictions) -> pd.DataFrame:
    """The predictions for a split in the columns of `save_predictions`."""
    columns: dict[str, object] = {"id": predictions.ids, "split": split}
    target, score = predictions.target, predictions.score
    columns["prediction"] = score if target.task == "regression" else chosen(score)
    if target.classes:
        columns["class"] = [target.classes[number] for number in chosen(score)]
    if target.num_classes == 2:
        columns["probability"] = score[:, 1]
    columns |= {f"probability_{number}": score[:, number] for number in range(target.num_classes)}
    if predictions.labels is not None:
        columns["label"] = predictions.labels
    return pd.DataFrame(columns)


def read_predictions(path: Path, target: Target) -> Predictions:
    """Read, to the last bit, what `save_predictions` wrote as .csv for one labelled split of a run.

    Version 0.1.0 kept one probability, of class 1 of two, else of the predicted class; the others are nan then.

    Raises:
        RunError: If the file is missing, damaged or of another kind of label.
    """
    try:
        cells = read_table(Budget(str(path)), path, ("id", "prediction", "label"), None, prose=False).cells
        rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
        ids, labels = list(map(plain_cell, cells["id"])), np.array([_number(cell) for cell in cells["label"]])
        score = _scores(rows) if target.task == "regression" else _probabilities(rows, target.num_classes)
        target.check(labels)
        if np.isinf(labels).any():
            raise ValueError("a label is infinite")
    except (OSError, ValueError, TypeError, LookupError, DataError) as error:
        raise RunError(
            f"{path} is missing or damaged: it is no table of predictions with labels; delete its run folder and make "
            "it again"
        ) from error
    return Predictions(ids, target, score, labels)


def _number(cell: str) -> float:
    return float(cell) if cell else np.nan


def _scores(rows: Sequence[Mapping[str, str]]) -> NDArray[np.float64]:
    scores = np.array([float(row["prediction"]) for row in rows])
    if not rows or not np.isfinite(scores).all():
        raise ValueError("no rows of finite scores")
    return scores


def _probabilities(rows: Sequence[Mapping[str, str]], num_classes: int) -> NDArray[np.float64]:
    """(items, classes) probabilities: all that are written, or what version 0.1.0 wrote, with nan for the others."""
    items = np.arange(len(rows))
    if "probability_0" in rows[0]:
        found = np.array([[_number(row[f"probability_{number}"]) for number in range(num_classes)] for row in rows])
    elif num_classes == 2:
        positive = np.array([float(row["probability"]) for row in rows])
        found = np.stack([1 - positive, positive], axis=1)
    else:
        found = np.full((len(rows), num_classes), np.nan)
        found[items, [int(row["prediction"]) for row in rows]] = [float(row["probability"]) for row in rows]
    given = np.nan_to_num(found, nan=0.0)
    short = np.where(np.isnan(found).any(axis=1), 0.0, 1 - given.sum(axis=1))
    if (given < 0).any() or (given.max(axis=1) == 0).any() or (np.abs(short) > ROW_SUM_TOLERANCE).any():
        raise ValueError("rows of probabilities that are none")
    return found


@contextmanager
def _sealed(run: RunFolder, folder: Path) -> Iterator[Path]:
    """A folder to fill, whose files take the places of those in a folder of the run, and whose hashes are kept."""
    with replace_files(folder) as target:
        yield target
        files = [folder / entry.name for entry in target.iterdir() if entry.is_file()]
        run.digests.open(files)
    run.digests.seal(files)
