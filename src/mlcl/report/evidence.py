"""What a study folder, or a single run folder, holds as evidence: plain files, read without the code that made them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlcl.config import Experiment
from mlcl.data.target import Target
from mlcl.errors import RunError, nearest
from mlcl.evaluate.evaluator import Predictions
from mlcl.modality import TEXT
from mlcl.runs.export import read_predictions
from mlcl.runs.folder import RunFolder
from mlcl.studies.folder import Study, System

Facts = dict[str, Any]
_AGAIN = "delete the run folder and make it again"


@dataclass(frozen=True)
class RunRecord:
    """A complete run.

    Attributes:
        experiment: The resolved configuration.
        facts: Data, encoder, versions, selection, cost.
        history: One record per epoch.
    """

    folder: RunFolder
    seed: int
    experiment: Experiment
    facts: Facts
    history: list[Facts]

    @classmethod
    def read(cls, folder: RunFolder, seed: int | None = None) -> "RunRecord":
        """Read a run, which must be complete; raises a RunError naming the file that is missing or damaged."""
        folder.digests.check(folder.metrics)
        experiment = folder.experiment()
        facts, history = folder.read_complete_facts(), folder.read_history()
        return cls(folder, experiment.seed if seed is None else seed, experiment, facts, history)

    @property
    def path(self) -> Path:
        """The run folder's path."""
        return self.folder.path

    @property
    def target(self) -> Target:
        """What the run has learnt."""
        try:
            return Target.of(self.facts["data"])
        except ValueError as error:
            raise RunError(f"{self.path / 'run.json'} is damaged ({error}); {_AGAIN}") from error

    def predictions(self, split: str) -> Predictions:
        """What the run predicted for a split.

        Raises:
            RunError: If the run kept nothing of it, or its items have no labels.
        """
        file = self.folder.predictions / f"{split}.csv"
        if not file.is_file():
            known = sorted(entry.stem for entry in file.parent.glob("*.csv"))
            raise RunError(f"{self.path} has no predictions of split {split!r}; {nearest(split, known)}")
        self.folder.digests.check(file)
        return read_predictions(file, self.target)


@dataclass(frozen=True)
class SystemRecord:
    """A system of the study and what became of its runs.

    Attributes:
        label: What people call it.
        note: How it differs, for example ``model.umcl_weight=0``.
        runs: The complete runs by seed.
        failed: What the failed runs said, by seed.
        missing: Seeds without any trace of a run.
    """

    name: str
    label: str
    note: str = ""
    runs: dict[int, RunRecord] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    missing: list[int] = field(default_factory=list)

    @property
    def first(self) -> RunRecord | None:
        """The complete run with the first seed; None without any."""
        return next(iter(self.runs.values()), None)

    @property
    def chosen(self) -> RunRecord:
        """The same of a system that has one; raises a RunError if it has none."""
        if self.first is None:
            raise RunError(f"{self.label} has no complete run")
        return self.first

    @property
    def is_text(self) -> bool:
        """Whether this is a text-only system: the model of that name, or one that is given nothing else."""
        if self.first is None:
            return False
        return self.first.facts["model"]["name"] == "text" or self.first.experiment.data.modalities == (TEXT,)

    @property
    def is_reproduction(self) -> bool:
        """Whether it follows the authors' release rather than the fair protocol."""
        return self.first is not None and self.first.experiment.profile == "release"

    @property
    def is_adaptation(self) -> bool:
        """Whether the authors never trained this method on labels of this kind."""
        if self.first is None:
            return False
        kind = self.first.target.kind
        return kind not in self.first.facts["model"].get("native", [kind])


@dataclass(frozen=True)
class Evidence:
    """A study, or a single run seen as a study of one system.

    Attributes:
        kind: ``compare``, ``ablate`` or ``run``.
        seeds: The planned seeds.
        reference: Name of the system that every other is compared with.
        systems: In the order of the plan.
        notes: Sentences of the plan, for example on the tuning budget.
        changes: What all systems change in their recipes, as ``section.key=value``.
    """

    path: Path
    title: str
    kind: str
    seeds: list[int]
    reference: str
    systems: list[SystemRecord]
    notes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def complete(self) -> list[SystemRecord]:
        """The systems that have a complete run."""
        return [system for system in self.systems if system.runs]

    @property
    def some_run(self) -> RunRecord:
        """A complete run, of the reference where it has one."""
        return next((s for s in self.complete if s.name == self.reference), self.complete[0]).chosen

    def can_be_compared(self, split: str) -> bool:
        """Whether there is a complete run with labelled predictions of the split."""
        return bool(self.complete) and (self.some_run.folder.predictions / f"{split}.csv").is_file()


def read_evidence(path: Path) -> Evidence:
    """Read a study folder or a run folder.

    Format:
        A folder as `mlcl.studies.folder.Study` describes it, or a run folder: ``config.yaml``, ``run.json``,
        ``history.jsonl``, ``predictions/`` and, in a complete run, ``metrics.json``.

    Raises:
        RunError: If there is neither at `path`, no run of it is complete, or a file is damaged.
    """
    if Study.exists(path):
        evidence = _read_study(Study.open(path))
    elif RunFolder(path).config.is_file():
        evidence = _read_single(path)
    else:
        raise RunError(
            f"{path} is neither a study (study.yaml) nor a run folder (config.yaml); each fold-N of a "
            "cross-validation is a run folder"
        )
    if not evidence.complete:
        raise RunError(f"{path} holds no complete run yet; let its runs finish, or make failed ones again with --retry")
    return evidence


def _read_study(study: Study) -> Evidence:
    plan = study.plan
    systems = [_read_system(study, system) for system in plan.systems]
    names = [system.name for system in systems]
    if plan.reference not in names:
        raise RunError(f"{study.plan_file}: no system is called {plan.reference!r}; {nearest(plan.reference, names)}")
    return Evidence(
        study.path, plan.title, plan.kind, list(plan.seeds), plan.reference, systems, plan.notes, plan.changes
    )


def _read_system(study: Study, planned: System) -> SystemRecord:
    system = SystemRecord(planned.name, planned.label, " ".join(planned.changes))
    for seed in study.plan.seeds:
        status = study.status(system.name, seed)
        if status == "done":
            system.runs[seed] = RunRecord.read(study.run(system.name, seed), seed)
        elif status == "failed":
            system.failed[seed] = study.failure(system.name, seed)
        else:
            system.missing.append(seed)
    return system


def _read_single(path: Path) -> Evidence:
    folder = RunFolder(path)
    if not folder.complete:
        raise RunError(f"{path} holds no complete run yet; go on with mlcl train --resume {path}")
    run = RunRecord.read(folder)
    name = str(run.facts["model"]["name"])
    title = f"{run.facts['model'].get('title', name)}, recipe {run.experiment.recipe}"
    return Evidence(path, title, "run", [run.seed], name, [SystemRecord(name, name, runs={run.seed: run})])
