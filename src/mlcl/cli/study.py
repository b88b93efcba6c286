"""``mlcl compare`` and ``mlcl ablate``."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlcl.cli.options import RECIPES, Data, OwnRecipe, Profile, TextEncoder
from mlcl.errors import RunError, UsageError
from mlcl.inert import printable

if TYPE_CHECKING:
    from mlcl.studies.folder import Plan
    from mlcl.studies.plan import Shared
    from mlcl.studies.running import Finished


@Parameter(name="*")
@dataclass(frozen=True)
class StudyOptions:
    """What both verbs take."""

    output: Annotated[Path, Parameter(help="Study folder to make or to go on with.")]
    data: Data = None
    text_encoder: TextEncoder = None
    seeds: Annotated[str, Parameter(help="How many seeds (1, 2, ...), or which: `5`, `11,12,13`.")] = "5"
    profile: Profile = None
    changes: Annotated[
        list[str] | None,
        Parameter(name="--set", negative="", help="Change one key for all, or for one: `mlcl:train.epochs=5`."),
    ] = None
    processes: Annotated[int, Parameter(help="Runs at a time on each device.")] = 1
    devices: Annotated[str, Parameter(help="Where to train: `auto`, `cpu`, or several as in `cuda:0,cuda:1`.")] = "auto"
    threads: Annotated[int, Parameter(help="CPU threads of each run.")] = 1
    retry: Annotated[bool, Parameter(negative="", help="Make failed runs again.")] = False


def compare(
    recipe: Annotated[str, Parameter(help=f"{RECIPES}, or a recipe file, whose settings are for its model alone.")],
    *,
    models: Annotated[str, Parameter(help="Which models, the reference first; `all` for every one.")] = "all",
    tuned: Annotated[
        list[Path] | None,
        Parameter(negative="", help="Recipe file that `mlcl tune` wrote, for its model alone; repeat for others."),
    ] = None,
    options: StudyOptions,
) -> None:
    """Train several models with several seeds into a study folder; run it again to go on."""
    from mlcl.options import OPTIONS
    from mlcl.studies.plan import comparison

    chosen = list(OPTIONS) if models == "all" else models.split(",")
    _run(comparison(_shared(recipe, options), chosen, [str(file) for file in tuned or ()]), options)


def ablate(
    recipe: OwnRecipe,
    *,
    parts: Annotated[str, Parameter(help="Which parts to take out, or `all`.")] = "all",
    options: StudyOptions,
) -> None:
    """Train MLCL whole and with each part taken out, with several seeds, into a study folder."""
    from mlcl.studies.ablation import ablation, part_names

    chosen = part_names() if parts == "all" else parts.split(",")
    _run(ablation(_shared(recipe, options), chosen), options)


def _shared(recipe: str, options: StudyOptions) -> "Shared":
    from mlcl.studies.plan import Shared

    return Shared(
        recipe,
        profile=options.profile or "default",
        data=options.data,
        text_encoder=options.text_encoder,
        seeds=tuple(_seeds(options.seeds)),
        changes=tuple(options.changes or ()),
    )


def _seeds(text: str) -> list[int]:
    """A number of seeds, or the seeds themselves."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts) or text.strip() == "0":
        raise UsageError(f"--seeds {text!r}: give how many (5), or which, separated by commas (11,12,13)")
    seeds = [int(part) for part in parts]
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"--seeds {text!r}: a seed stands there twice")
    return list(range(1, seeds[0] + 1)) if len(seeds) == 1 else seeds


def _run(plan: "Plan", options: StudyOptions) -> None:
    from mlcl.console import Console
    from mlcl.report.evidence import read_evidence
    from mlcl.report.study_table import study_table
    from mlcl.report.summary import summarise
    from mlcl.report.verdict import verdict
    from mlcl.runs.prepare import prepare
    from mlcl.studies.folder import Study
    from mlcl.studies.plan import experiment, open_or_create
    from mlcl.studies.running import run_study
    from mlcl.train.device import resolve_device

    for option, value in (("--processes", options.processes), ("--threads", options.threads)):
        if value < 1:
            raise UsageError(f"{option} {value}: must be at least 1")
    output = options.output
    for device in options.devices.split(","):
        resolve_device(device)
    if not Study.exists(output):
        prepare(experiment(plan, plan.systems[0], plan.seeds[0]))  # what is wrong with the data is said once, and first
    study = open_or_create(output, plan)
    places = options.devices.split(",") * options.processes
    run_study(study, places, threads=options.threads, retry=options.retry, tell=_tell)
    console = Console()
    console.print(study_table(study))
    evidence = read_evidence(output)
    if evidence.can_be_compared("test"):
        for paragraph in verdict(summarise(evidence, "test")):
            console.print(printable(paragraph), markup=False)
    print(f"study folder: {output}; mlcl report {output} shows all of it")
    every = [(system.name, seed) for system in study.plan.systems for seed in study.plan.seeds]
    failed = [run for run in every if study.status(*run) == "failed"]
    if failed:
        name, seed = failed[0]
        raise RunError(
            f"{len(failed)} of {len(every)} runs failed, first {name}, seed {seed}: "
            f"{study.failure(name, seed)}. The same command with --retry makes failed runs again"
        )


def _tell(done: "Finished") -> None:
    what = "done" if done.error is None else f"FAILED ({done.error})"
    print(
        printable(f"{done.system.label}, seed {done.seed}: {what} in {done.seconds:.0f} s; {done.left} left"),
        flush=True,
    )
