"""Apply a trained run: to the splits it was made for, or to new data."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from mlcl.config import Experiment
from mlcl.data.batch import EncodedSplit
from mlcl.data.corpus import Corpus
from mlcl.data.folds import refold
from mlcl.data.labels import choose_label, label_names
from mlcl.data.processor import Processor
from mlcl.data.source import open_corpus
from mlcl.data.vectors import VectorSteps
from mlcl.encode.tokenizer import SubWords
from mlcl.errors import DataError
from mlcl.evaluate.evaluator import Predictions, predict_split
from mlcl.execution import set_execution
from mlcl.models.base import MultimodalModel
from mlcl.models.registry import load_model
from mlcl.runs.checks import check_finite, check_words
from mlcl.runs.export import load_processor, prediction_table
from mlcl.runs.folder import RunFolder
from mlcl.train.device import resolve_device

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A run ready to predict.

    Attributes:
        folder: Where it lives.
        experiment: Its configuration.
        processor: How items become tensors.
        tokenizer: Of its text encoder.
        model: The selected model, in evaluation mode.
        device: Where it runs.
    """

    folder: RunFolder
    experiment: Experiment
    processor: Processor
    tokenizer: SubWords | VectorSteps
    model: MultimodalModel
    device: torch.device

    @classmethod
    def load(cls, path: str | Path, *, device: str = "auto") -> "TrainedRun":
        """Load the run at `path`; raises a RunError if there is none, or it has no trained model yet."""
        folder = RunFolder.open(path)
        processor, tokenizer = load_processor(folder)
        place = resolve_device(device)
        model = load_model(str(folder.model)).to(place).eval()
        experiment = folder.experiment()
        set_execution(model, experiment.execution)
        return cls(folder, experiment, processor, tokenizer, model, place)

    def corpus(self, data: str | Path | Corpus | None = None) -> Corpus:
        """Read `data`, or the file the run was trained on, with the label that the run has learnt.

        Of the file it was trained on a fold's run sees the splits of its fold. Where a file has named labels and not
        this one, its items count as having none.
        """
        corpus = data if isinstance(data, Corpus) else self._read(None if data is None else str(data))
        label = self.processor.target.name
        self._note_other_clock(corpus)
        if not label or label == corpus.label or (not label_names(corpus) and not corpus.label):
            return corpus
        if label in label_names(corpus):
            return choose_label(corpus, label)
        return corpus.with_splits({name: replace(split, labels=None) for name, split in corpus.splits.items()})

    def _read(self, file: str | None) -> Corpus:
        data, recipe = self.experiment.data, self.experiment.recipe
        if file is None:
            return open_corpus(data, recipe)
        corpus = open_corpus(data.model_copy(update={"file": file, "fold": None}), recipe)
        return refold(corpus, data.fold) if data.fold is not None and self.same_data(corpus) else corpus

    def _note_other_clock(self, corpus: Corpus) -> None:
        """Say so where rows stand otherwise than in training: the model reads them, and never learnt such."""
        before = self.processor.word_aligned
        if before is not None and before != corpus.word_aligned and corpus.widths():
            here, there = (
                ("one per word", "on a clock of their own")
                if corpus.word_aligned
                else ("on a clock of their own", "one per word")
            )
            _log.warning(
                "note: the acoustic and visual rows of %s are %s, those of this run's training were %s; predictions "
                "from them are not what was tested",
                *(corpus.path or corpus.layout, here, there),
            )

    def same_data(self, corpus: Corpus) -> bool:
        """Whether `corpus` is the file of the training, by its hash."""
        known = self.folder.read_facts().get("data", {}).get("sha256")
        return bool(known in (None, corpus.sha256))

    def predict(self, data: str | Path | Corpus | None = None, split: str | None = None) -> pd.DataFrame:
        """The model's predictions, indexed by the items' ids, in the columns that ``mlcl predict`` writes.

        Args:
            data: A file or folder, or a corpus; labels may be absent. The file of the training when absent.
            split: Only this split; all of them when absent.

        Returns:
            ``split``, ``prediction``; for classes ``probability``, and ``class`` where they have names; ``label`` where
            there are any. Its ``to_csv(path)`` gives the file of ``mlcl predict --output path``.

        Raises:
            DataError: If the data cannot be read, or do not fit the run.
        """
        corpus = self.corpus(data)
        parts = [prediction_table(n, self.predictions(corpus, n)) for n in ([split] if split else corpus.splits)]
        return pd.concat(parts, ignore_index=True).set_index("id")

    def evaluate(self, split: str = "test", *, data: str | Path | Corpus | None = None) -> dict[str, float | None]:
        """Every metric of one split, over the items that have a label; arguments as for `predict`.

        Raises:
            DataError: If the data cannot be read, do not fit the run or have no labels.
        """
        return self.labelled(self.corpus(data), split).metrics()

    def labelled(self, corpus: Corpus, split: str) -> Predictions:
        """The same as `predictions`, of a split that can be scored; raises a DataError besides, if it has no labels."""
        predictions = self.predictions(corpus, split)
        if predictions.labels is None:
            raise DataError(f"split {split} has no labels to score; use mlcl predict", path=corpus.path)
        return predictions

    def predictions(self, corpus: Corpus, split: str) -> Predictions:
        """Scores and labels of one split.

        Raises:
            DataError: As `encode`, and if the model predicts nan.
        """
        found = predict_split(
            self.model,
            self.encode(corpus, split),
            self.processor.target,
            device=self.device,
            batch_size=self.experiment.train.eval_batch_size,
            precision=self.experiment.train.precision,
        )
        return check_finite(found, split, corpus.path)

    def encode(self, corpus: Corpus, split: str) -> EncodedSplit:
        """Prepare one split as the training's were.

        Raises:
            DataError: If the corpus has no such split, or other widths than the training's.
        """
        if split not in corpus.splits:
            raise DataError(f"no split {split!r}; it has {', '.join(corpus.splits)}", path=corpus.path)
        try:
            self._check_classes(corpus, split)
            if not self.processor.vectors:
                check_words(replace(corpus, path=None), self.processor.modalities)
            return self.processor.encode(corpus.splits[split], self.tokenizer, word_aligned=corpus.word_aligned)
        except DataError as error:
            raise DataError(str(error), path=corpus.path, place=split) from error

    def _check_classes(self, corpus: Corpus, split: str) -> None:
        """Refuse labels that are no classes of this run."""
        labels, classes = corpus.splits[split].labels, self.processor.target.classes
        if labels is None:
            return
        if classes and corpus.classes and classes != corpus.classes:
            raise DataError(f"the file's classes are {', '.join(corpus.classes)}; this run's are {', '.join(classes)}")
        self.processor.target.check(labels)
