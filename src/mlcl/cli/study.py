"""``mlcl compare`` and ``mlcl ablate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlcl.cli.options import Data
from mlcl.errors import RunError, UsageError, nearest

if TYPE_CHECKING:
    from mlcl.report.study import Plan
    from mlcl.studies.running import Finished

Seeds = Annotated[str, Parameter(help="How many seeds (1, 2, ...), or which: `5`, `11,12,13`.")]
Encoder = Annotated[str | None, Parameter(help="Folder or hub name of the text encoder.")]
Profile = Annotated[str, Parameter(help="`default` or `release`.")]
Changes = Annotated[
    list[str] | None,
    Parameter(name="--set", negative="", help="Change one key for all, or for one: `mlcl:train.epochs=5`."),
]
Output = Annotated[Path, Parameter(help="Study folder to make or to go on with.")]
Processes = Annotated[int, Parameter(help="Runs at a time on each device.")]
Devices = Annotated[str, Parameter(help="Where to train: `auto`, `cpu`, or several as in `cuda:0,cuda:1`.")]
StudyThreads = Annotated[int, Parameter(name="--threads", help="CPU threads of each run.")]
Retry = Annotated[bool, Parameter(negative="", help="Make failed runs again.")]


def compare(
    recipe: str,
    *,
    output: Output,
    models: Annotated[str, Parameter(help="Which models, the reference first; `all` for every one.")] = "all",
    data: Data = None,
    text_encoder: Encoder = None,
    seeds: Seeds = "5",
    profile: Profile = "default",
    changes: Changes = None,
    processes: Processes = 1,
    devices: Devices = "auto",
    threads: StudyThreads = 1,
    retry: Retry = False,
) -> None:
    """Train several models with several seeds into a study folder; run it again to go on.

    Parameters
    ----------
    recipe
        demo, mosi, mosei, ur_funny or mustard.
    """
    from mlcl.options import OPTIONS
    from mlcl.studies.plan import comparison

    plan = comparison(
        recipe,
        list(OPTIONS) if models == "all" else models.split(","),
        profile=profile,
        data=data,
        text_encoder=text_encoder,
        seeds=_seeds(seeds),
        changes=changes or [],
    )
    _run(plan, output, processes, devices, threads, retry)


def ablate(
    recipe: str,
    *,
    output: Output,
    parts: Annotated[str, Parameter(help="Which parts to take out, or `all`.")] = "all",
    data: Data = None,
    text_encoder: Encoder = None,
    seeds: Seeds = "5",
    profile: Profile = "default",
    changes: Changes = None,
    processes: Processes = 1,
    devices: Devices = "auto",
    threads: StudyThreads = 1,
    retry: Retry = False,
) -> None:
    """Train MLCL whole and with each part taken out, with several seeds, into a study folder.

    Parameters
    ----------
    recipe
        demo, mosi, mosei, ur_funny or mustard.
    """
    from mlcl.studies.ablation import ablation, part_names

    known = part_names()
    chosen = known if parts == "all" else parts.split(",")
    for name in chosen:
        if name not in known:
            raise UsageError(f"--parts: unknown part {name!r}; {nearest(name, known)}")
    plan = ablation(
        recipe,
        chosen,
        profile=profile,
        data=data,
        text_encoder=text_encoder,
        seeds=_seeds(seeds),
        changes=changes or [],
    )
    _run(plan, output, processes, devices, threads, retry)


def _seeds(text: str) -> list[int]:
    """A number of seeds, or the seeds themselves."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts) or text.strip() == "0":
        raise UsageError(f"--seeds {text!r}: give how many (5), or which, separated by commas (11,12,13)")
    seeds = [int(part) for part in parts]
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"--seeds {text!r}: a seed stands there twice")
    return list(range(1, seeds[0] + 1)) if len(seeds) == 1 else seeds


def _run(plan: "Plan", output: Path, processes: int, devices: str, threads: int, retry: bool) -> None:
    from rich.console import Console

    from mlcl.report.evidence import read_evidence
    from mlcl.report.study_table import study_table
    from mlcl.report.summary import summarise
    from mlcl.report.verdict import verdict
    from mlcl.studies.plan import open_or_create
    from mlcl.studies.running import run_study

    for option, value in (("--processes", processes), ("--threads", threads)):
        if value < 1:
            raise UsageError(f"{option} {value}: must be at least 1")
    study = open_or_create(output, plan)
    run_study(study, devices.split(",") * processes, threads=threads, retry=retry, tell=_tell)
    console = Console(highlight=False)
    console.print(study_table(study))
    evidence = read_evidence(output)
    if evidence.can_be_compared("test"):
        for paragraph in verdict(summarise(evidence, "test")):
            console.print(paragraph, markup=False)
    print(f"study folder: {output}; mlcl report {output} shows all of it")
    failed = [(s.name, seed) for s in study.systems for seed in study.seeds if study.status(s.name, seed) == "failed"]
    if failed:
        name, seed = failed[0]
        raise RunError(
            f"{len(failed)} of {len(study.systems) * len(study.seeds)} runs failed, first {name}, seed {seed}: "
            f"{study.failure(name, seed)}. The same command with --retry makes failed runs again"
        )


def _tell(done: "Finished") -> None:
    what = "done" if done.error is None else f"FAILED ({done.error})"
    print(f"{done.system.label}, seed {done.seed}: {what} in {done.seconds:.0f} s; {done.left} left", flush=True)
