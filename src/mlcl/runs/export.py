"""What a run folder keeps for others: model, processor, predictions. Each file appears whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from mlcl.data.processor import Processor
from mlcl.data.vectors import VectorSteps
from mlcl.encode.tokenizer import SubWords, load_tokenizer
from mlcl.errors import DataError, RunError, UsageError, lacks_room
from mlcl.evaluate.evaluator import Predictions
from mlcl.files import replace_file, replace_files
from mlcl.models.base import MultimodalModel
from mlcl.models.registry import save_model
from mlcl.runs.folder import RunFolder
from mlcl.safe.budget import Budget
from mlcl.safe.csv_file import read_table

TABLE_SUFFIXES = (".csv", ".jsonl", ".parquet")


def export_model(folder: RunFolder, model: MultimodalModel) -> None:
    """Write ``model/`` so that `MultimodalModel.from_pretrained` loads it."""
    with replace_files(folder.model) as target:
        save_model(model, str(target))


def save_processor(folder: RunFolder, processor: Processor, tokenizer: SubWords | VectorSteps) -> None:
    """Write ``processor/``: tokenizer and preparation."""
    with replace_files(folder.processor) as target:
        tokenizer.save(target)
        processor.save(target)


def load_processor(folder: RunFolder) -> tuple[Processor, SubWords | VectorSteps]:
    """Read ``processor/``.

    Raises:
        RunError: If the run holds no trained model yet.
    """
    if not folder.trained:
        raise RunError(f"{folder.path} holds no trained model yet; go on with mlcl train --resume {folder.path}")
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

    Columns: ``id, split, prediction``; for classes the ``class`` by name where they have names, and the ``probability``
    of class 1, or of the predicted class where there are more than two; ``label`` where there are any.
    """
    write_table(path, pd.concat([prediction_table(name, part) for name, part in results.items()], ignore_index=True))


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table by the path's suffix, so that it appears whole or not at all."""
    try:
        with replace_file(path) as temporary:
            if path.suffix == ".csv":
                table.to_csv(temporary, index=False)
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
    if predictions.task == "regression":
        columns["prediction"] = predictions.score
    else:
        chosen = predictions.score.argmax(axis=1)
        columns["prediction"] = chosen
        if predictions.classes:
            columns["class"] = [predictions.classes[number] for number in chosen]
        two = predictions.score.shape[1] == 2
        columns["probability"] = predictions.score[:, 1] if two else predictions.score.max(axis=1)
    if predictions.labels is not None:
        columns["label"] = predictions.labels
    return pd.DataFrame(columns)


def read_predictions(path: Path) -> Predictions:
    """Read, to the last bit, what `save_predictions` wrote as .csv for one labelled split of a run.

    Raises:
        RunError: If the file is missing or damaged.
    """
    try:
        cells = read_table(Budget(str(path)), path, ("id", "prediction", "label"), ("probability",)).cells
        labels = np.array(cells["label"], dtype=object).astype(np.float64)
        score = np.array(cells.get("probability", cells["prediction"]), dtype=object).astype(np.float64)
    except (DataError, ValueError) as error:
        raise RunError(f"{path} is missing or damaged; remove its run folder, and go on") from error
    if "probability" in cells:
        return Predictions(cells["id"], "classification", np.stack([1 - score, score], axis=1), labels)
    return Predictions(cells["id"], "regression", score, labels)
