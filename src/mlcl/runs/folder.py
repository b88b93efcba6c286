"""A run is a folder: the only hand-over between verbs."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from mlcl.config import Experiment, validate_experiment
from mlcl.data.target import Target
from mlcl.errors import DataError, RunError, UsageError
from mlcl.files import is_there, write_json, write_yaml
from mlcl.lock import alone_in
from mlcl.runs.digests import Digests
from mlcl.runs.stored import check_complete, check_facts, check_history, check_metrics
from mlcl.safe.text_file import read_json, read_json_lines, read_yaml

_AGAIN = "make the run again, or go on with"


class RunFolder:
    """A run: where everything stands, and the one place that reads and writes it.

    ``config.yaml`` resolved configuration · ``run.json`` data, encoder, versions · ``model/`` weights of the selected
    epoch, and a model card · ``processor/`` tokenizer and preparation · ``history.jsonl`` one record per epoch ·
    ``metrics.json`` · ``predictions/`` · ``README.md`` run card · ``checkpoint.pt`` to resume · ``stages/`` what was
    trained before the model · ``tracking/`` what a tracker keeps · ``digests.json`` hashes of what was written.
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
        self.digests = Digests(self.path)

    @classmethod
    def create(cls, path: str | Path | None, experiment: Experiment) -> "RunFolder":
        """Make a new run folder; without a path a free name under ``runs/``.

        Raises:
            RunError: If the folder exists and is not empty.
        """
        folder = cls(path if path is not None else _new_path(experiment))
        check_free(folder.path)
        folder.path.mkdir(parents=True, exist_ok=True)
        with folder.alone():
            check_free(folder.path)
            folder.write_config(experiment)
        return folder

    @classmethod
    def open(cls, path: str | Path) -> "RunFolder":
        """Open an existing run; raises a RunError if there is no run at `path`."""
        folder = cls(path)
        if not folder.config.is_file():
            known = sorted(str(entry.parent) for entry in Path("runs").glob("*/config.yaml"))
            hint = f"; runs here: {', '.join(known[:5])}" if known else ""
            raise RunError(f"{path} is no run folder (it has no config.yaml){hint}")
        return folder

    def alone(self) -> AbstractContextManager[int]:
        """Hold the run against other trainings; raises a RunError if one is at work."""
        return alone_in(self.path, "is training into")

    def experiment(self) -> Experiment:
        """The resolved configuration."""
        try:
            values = read_yaml(self.config)
        except DataError as error:
            raise self._damaged(self.config) from error
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

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        """Write ``run.json``."""
        write_json(self.facts, facts)

    def read_facts(self) -> dict[str, Any]:
        """Data, encoder and versions of the run; empty while there are none."""
        return self._checked(self.facts, read_json, _facts, "delete it and go on with") if is_there(self.facts) else {}

    def read_complete_facts(self) -> dict[str, Any]:
        """The same of a complete run, which has all of them."""
        return self._checked(self.facts, read_json, check_complete)

    def read_history(self) -> list[dict[str, Any]]:
        """One record per epoch."""
        return self._checked(self.history, read_json_lines, check_history)

    def read_metrics(self) -> dict[str, Any]:
        """Metrics of a complete run, by split."""
        self.digests.check(self.metrics)
        return self._checked(self.metrics, read_json, check_metrics)

    def _checked(
        self, file: Path, read: Callable[[Path], Any], check: Callable[[Any], Any], next_step: str = _AGAIN
    ) -> Any:
        """What a file holds, if it is of the form that `check` wants."""
        try:
            return check(read(file))
        except (DataError, ValueError) as error:
            raise self._damaged(file, next_step) from error

    def _damaged(self, file: Path, next_step: str = _AGAIN) -> RunError:
        state = "damaged" if file.exists() else "missing"
        return RunError(f"{file} is {state}; restore it, or {next_step} mlcl train --resume {self.path}")

    @property
    def complete(self) -> bool:
        """Whether training and scoring came to their end: metrics are written last."""
        return self.metrics.is_file()

    def target(self) -> Target:
        """What the run has learnt, as its facts say."""
        try:
            return Target.of(self.read_facts().get("data", {}))
        except ValueError as error:
            raise RunError(f"{self.facts} is missing or damaged ({error}); train again") from error

    @property
    def trained(self) -> bool:
        """Whether a selected model is there."""
        return (self.model / "model.safetensors").is_file() and self.processor.is_dir()


def _facts(values: Any) -> dict[str, Any]:
    return dict(check_facts(values)) if values != {} else {}


def check_free(path: Path) -> None:
    """Refuse a place for a new folder where there are files; raises a RunError naming how to go on."""
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


def _new_path(experiment: Experiment) -> Path:
    """A free name under ``runs/``, taken by making the folder: nobody else gets it."""
    while True:
        path = free_path(experiment)
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        return path
