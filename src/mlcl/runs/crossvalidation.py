"""A cross-validation is a folder of run folders, one for each fold, and their summary."""

from pathlib import Path

import yaml

from mlcl.config import Experiment, validate_experiment
from mlcl.errors import RunError, UsageError
from mlcl.report.files import write_text
from mlcl.runs.folder import RunFolder, check_free


class CrossValidation:
    """Paths of a cross-validation, and its configuration.

    ``crossvalidation.yaml`` the configuration of the first fold; the others differ in ``data.fold.number`` alone ·
    ``fold-N/`` ordinary run folders · ``predictions/test.csv`` every item's prediction by the fold that did not train
    on it, with columns ``fold`` and, where items are grouped, ``group`` · ``README.md`` · ``metrics.json``, which comes
    last and marks the whole as complete.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "crossvalidation.yaml"
        self.predictions = self.path / "predictions" / "test.csv"
        self.card = self.path / "README.md"
        self.metrics = self.path / "metrics.json"

    @classmethod
    def open(cls, path: str | Path) -> "CrossValidation":
        """Open an existing one.

        Raises:
            RunError: If there is none at `path`.
        """
        folder = cls(path)
        if not folder.config.is_file():
            raise RunError(f"{path} is no cross-validation (it has no {folder.config.name})")
        return folder

    def experiment(self) -> Experiment:
        """The resolved configuration, of the first fold."""
        try:
            values = yaml.safe_load(self.config.read_text(encoding="utf-8"))
            experiment = validate_experiment(values if isinstance(values, dict) else {})
        except (yaml.YAMLError, UnicodeDecodeError, UsageError) as error:
            raise RunError(f"{self.config} is damaged: {' '.join(str(error).split())}") from error
        if experiment.data.fold is None:
            raise RunError(f"{self.config} is damaged: it has no data.fold")
        return experiment

    def write_config(self, experiment: Experiment) -> None:
        """Write the configuration, and with it make the folder.

        Raises:
            RunError: If there is something else in its place.
        """
        if not self.config.exists():
            check_free(self.path)
        write_text(self.config, yaml.safe_dump(experiment.model_dump(mode="json"), sort_keys=False))

    def fold(self, number: int) -> RunFolder:
        """The run folder of a fold, from 1."""
        return RunFolder(self.path / f"fold-{number}")
