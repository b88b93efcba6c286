"""A run is a folder: the only hand-over between verbs."""

from pathlib import Path
from typing import Any

from mlcl.config import Experiment, validate_experiment
from mlcl.errors import DataError, RunError, UsageError
from mlcl.files import write_yaml
from mlcl.runs.stored import check_facts
from mlcl.safe.text_file import read_json, read_yaml


class RunFolder:
    """Paths of a run, and its configuration.

    ``config.yaml`` resolved configuration · ``run.json`` data, encoder, versions · ``model/`` weights of the selected
    epoch, and a model card · ``processor/`` tokenizer and preparation · ``history.jsonl`` one record per epoch ·
    ``metrics.json`` · ``predictions/`` · ``README.md`` run card · ``checkpoint.pt`` to resume · ``stages/`` what was
    trained before the model · ``tracking/`` what a tracker keeps.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.facts = self.path / "run.json"
        self.model = self.path / "model"
        self.processor = self.path / "processor"
        self.history = self.path / "history.jsonl"
        self.metrics = self.path / "metrics.json"
        self.predictions = self.path / "predictions"
        self.card = self.path / "README.md"
        self.model_card = self.model / "README.md"
        self.stages = self.path / "stages"
        self.tracking = self.path / "tracking"
        self.checkpoint = self.path / "checkpoint.pt"

    @classmethod
    def create(cls, path: str | Path | None, experiment: Experiment) -> "RunFolder":
        """Make a new run folder; without a path a free name under ``runs/``.

        Raises:
            RunError: If the folder exists and is not empty.
        """
        folder = cls(path if path is not None else free_path(experiment))
        check_free(folder.path)
        folder.write_config(experiment)
        return folder

    @classmethod
    def open(cls, path: str | Path) -> "RunFolder":
        """Open an existing run.

        Raises:
            RunError: If there is no run at `path`.
        """
        folder = cls(path)
        if not folder.config.is_file():
            known = sorted(str(entry.parent) for entry in Path("runs").glob("*/config.yaml"))
            hint = f"; runs here: {', '.join(known[:5])}" if known else ""
            raise RunError(f"{path} is no run folder (it has no config.yaml){hint}")
        return folder

    def experiment(self) -> Experiment:
        """The resolved configuration."""
        try:
            values = read_yaml(self.config)
        except DataError as error:
            raise RunError(f"{self.config} is damaged; restore it, or train again") from error
        lost = [key for key in ("data", "model", "train") if not isinstance(values, dict) or key not in values]
        if lost:
            raise RunError(f"{self.config} is damaged: it has no {lost[0]} section; restore it, or train again")
        try:
            return validate_experiment(values)
        except UsageError as error:
            raise RunError(f"{self.config} is damaged: {error}") from error

    def write_config(self, experiment: Experiment) -> None:
        """Write ``config.yaml``."""
        write_yaml(self.config, experiment.model_dump(mode="json"))

    def read_facts(self) -> dict[str, Any]:
        """Data, encoder and versions of the run; empty while there are none."""
        if not self.facts.exists():
            return {}
        try:
            facts = read_json(self.facts)
            return dict(check_facts(facts)) if facts != {} else {}
        except (DataError, ValueError) as error:
            raise RunError(
                f"{self.facts} is damaged; restore it, or delete it and go on with mlcl train --resume {self.path}"
            ) from error

    @property
    def trained(self) -> bool:
        """Whether a selected model is there."""
        return (self.model / "model.safetensors").is_file() and self.processor.is_dir()


def check_free(path: Path) -> None:
    """Refuse a place for a new folder where there are files.

    Raises:
        RunError: Naming how to go on.
    """
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file; choose another --output")
    if path.exists() and any(not entry.name.endswith(".tmp") for entry in path.iterdir()):
        raise RunError(f"{path} exists and is not empty; go on with --resume {path}, or choose another --output")


def free_path(experiment: Experiment, suffix: str = "") -> Path:
    """A free name under ``runs/``."""
    base = Path("runs") / f"{experiment.recipe}-{experiment.profile}-{experiment.seed}{suffix}"
    number, path = 1, base
    while path.exists():
        number += 1
        path = base.with_name(f"{base.name}-{number}")
    return path
