"""A study is a folder: a plan in ``study.yaml``, and a run folder for each system and seed."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from mlcl.errors import DataError, RunError
from mlcl.options import Section
from mlcl.runs.folder import RunFolder
from mlcl.runs.stored import check_failure
from mlcl.safe.text_file import read_json, read_yaml

Status = Literal["done", "failed", "missing"]
_FILE = "study.yaml"


class System(Section):
    """One row of the study's tables."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    """Names its folder under ``runs/``."""
    label: str
    """What tables and figures call it."""
    model: str
    """Name of the model."""
    changes: tuple[str, ...] = ()
    """How it differs from the recipe, as ``section.key=value``."""


class Plan(Section):
    """What a study trains; the same for all its systems but for their own changes."""

    kind: Literal["compare", "ablate"]
    """A comparison of models, or one model with parts taken out."""
    title: str
    """Heading of the report."""
    recipe: str
    """Name of the recipe."""
    profile: str = "default"
    """Profile of the recipe."""
    data: str | None = None
    """The data file, as given."""
    text_encoder: str | None = None
    """The text encoder, as given."""
    changes: tuple[str, ...] = ()
    """Changes that all systems share, as ``section.key=value``."""
    seeds: tuple[int, ...] = Field(min_length=1)
    """Each system is trained once with each."""
    reference: str
    """The system that every other is compared with."""
    systems: tuple[System, ...] = Field(min_length=1)
    """In the order of the tables."""
    notes: tuple[str, ...] = ()
    """Sentences that the report shows, for example on the tuning budget."""


class Study:
    """A study folder, for those who read it."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path, self.plan = path, plan

    @classmethod
    def open(cls, path: str | Path) -> "Study":
        """Open an existing study; raises a RunError if there is no study at `path`, or its plan is damaged."""
        folder = Path(path)
        file = folder / _FILE
        if not file.is_file():
            raise RunError(f"{path} is no study folder (it has no {_FILE}); make one with mlcl compare or mlcl ablate")
        try:
            return cls(folder, Plan.model_validate(read_yaml(file)))
        except (DataError, ValidationError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "it is no YAML text"
            raise RunError(f"{file} is damaged: {reason}") from error

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether there is a study at `path`."""
        return (path / _FILE).is_file()

    @property
    def plan_file(self) -> Path:
        """Where the plan stands."""
        return self.path / _FILE

    def run(self, name: str, seed: int) -> RunFolder:
        """One run, whether or not its folder exists."""
        return RunFolder(self.path / "runs" / name / f"seed-{seed}")

    def failure_file(self, name: str, seed: int) -> Path:
        """Where the reason of a failed run stands."""
        return self.path / "runs" / name / f"seed-{seed}.failed.json"

    def status(self, name: str, seed: int) -> Status:
        """Whether a run is complete, has failed, or is still to be made."""
        if self.run(name, seed).complete:
            return "done"
        return "failed" if self.failure_file(name, seed).is_file() else "missing"

    def done_seeds(self, name: str) -> list[int]:
        """Seeds whose run is complete."""
        return [seed for seed in self.plan.seeds if self.status(name, seed) == "done"]

    def failure(self, name: str, seed: int) -> str:
        """Why a run failed."""
        file = self.failure_file(name, seed)
        try:
            return str(check_failure(read_json(file))["error"])
        except (DataError, ValueError) as error:
            raise RunError(f"{file} is missing or damaged; delete it and start the study again") from error
