"""What a trained run makes of a split, kept in the run folder for maps: computed once."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mlcl.errors import RunError
from mlcl.evaluate.levels import LevelProbe
from mlcl.files import write_bytes
from mlcl.models.base import predict
from mlcl.runs.trained import TrainedRun


def keep_embeddings(run: str | Path, split: str, *, data: str | None = None, device: str = "auto") -> Path:
    """Compute ``embeddings/SPLIT.npz`` of a run unless it is there.

    Format:
        ``ids`` (items,) text in the split's order; ``fused`` and, for models with levels of contrast, ``umcl``,
        ``bmcl`` and ``tmcl``, (items, width) float32. Readable without pickles.

    Returns:
        The file.

    Raises:
        DataError: If the file cannot be read, or is not the one that the run was trained on.
        RunError: If the run holds no trained model.
    """
    file = Path(run) / "embeddings" / f"{split}.npz"
    if file.is_file():
        return file
    trained = TrainedRun.load(run, device=device)
    corpus = trained.corpus(data)
    if not trained.same_data(corpus):
        raise RunError(f"{corpus.path} is not the file that {run} was trained on; pass that one with --data")
    encoded = trained.encode(corpus, split)
    size = trained.experiment.train.eval_batch_size
    with torch.inference_mode(), LevelProbe(trained.model) as probe:
        for start in range(0, len(encoded), size):
            items = np.arange(start, min(start + size, len(encoded)))
            predict(trained.model, encoded.batch(items).to(trained.device))
    vectors: dict[str, Any] = {level: rows.numpy().astype(np.float32) for level, rows in probe.vectors().items()}
    stream = io.BytesIO()
    np.savez_compressed(stream, ids=np.array(encoded.ids), **vectors)
    write_bytes(file, stream.getvalue())
    return file
