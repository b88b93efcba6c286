"""From a command's options to a plan, and how a study that exists may grow."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mlcl.config import Experiment, check_model_name
from mlcl.errors import RunError, UsageError, nearest
from mlcl.files import write_yaml
from mlcl.recipe import is_recipe_file, read_recipe, read_recipe_file, resolve
from mlcl.studies.folder import Plan, Study, System


@dataclass(frozen=True)
class Shared:
    """What all runs of a study have in common.

    Attributes:
        data: The data file, as given.
        text_encoder: The text encoder, as given.
        seeds: Each system is trained once with each.
        changes: ``section.key=value``; in a comparison with a prefix for one model only, as in
            ``mlcl:train.learning_rate=1e-4``.
    """

    recipe: str
    profile: str = "default"
    data: str | None = None
    text_encoder: str | None = None
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    changes: tuple[str, ...] = ()

    def plan(self, kind: Literal["compare", "ablate"], title: str, systems: Sequence[System]) -> Plan:
        """The plan of these systems, the first of which is the reference.

        Each system's experiment is resolved once, so that a wrong key is found before anything is made.

        Raises:
            UsageError: If a key or value is unknown.
        """
        plan = Plan(
            kind=kind,
            title=f"{title} on {read_recipe(self.recipe)['title']}",
            recipe=self.recipe,
            profile=self.profile,
            data=self.data,
            text_encoder=self.text_encoder,
            changes=self.changes,
            seeds=self.seeds,
            reference=systems[0].name,
            systems=tuple(systems),
        )
        for system in plan.systems:
            experiment(plan, system, plan.seeds[0])
        return plan


def comparison(shared: Shared, models: Sequence[str], tuned: Sequence[str] = ()) -> Plan:
    """Plan one run for each model and seed.

    Args:
        shared: What all runs have in common; its recipe may be a recipe file, which counts among `tuned`.
        models: Which models.
        tuned: Recipe files, as ``mlcl tune --apply`` writes them: the settings of each are for its own model alone.

    Raises:
        UsageError: If a model, key or value is unknown, or a recipe file is for another recipe or model.
    """
    for model in models:
        check_model_name(model)
    if len(set(models)) < len(models):
        raise UsageError(f"--models {','.join(models)}: a model is named twice")
    if is_recipe_file(shared.recipe):
        tuned = [shared.recipe, *tuned]
        shared = replace(shared, recipe=read_recipe_file(shared.recipe).extends)
    settings = {model: values for file in tuned for model, values in _settings_of(file, shared, models).items()}
    common, own = _by_system(shared.changes, models)
    systems = [
        System(name=name, label=name, model=name, changes=(*settings.get(name, ()), *own[name])) for name in models
    ]
    notes = tuple(f"{name}: with the settings of a recipe file, not the recipe's own." for name in settings)
    plan = replace(shared, changes=common).plan("compare", ", ".join(models), systems)
    return plan.model_copy(update={"notes": notes})


def _settings_of(file: str, shared: Shared, models: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The settings of a recipe file as changes of its model; a study has seeds of its own."""
    own = read_recipe_file(file)
    for what, wanted, found in (("recipe", shared.recipe, own.extends), ("profile", shared.profile, own.profile)):
        if wanted != found:
            raise UsageError(
                f"{file} is for {what} {found}, and this study for {wanted}; tune on that, or leave it out"
            )
    if own.model not in models:
        raise UsageError(f"{file} is for {own.model}, which is not in this study; {nearest(own.model, list(models))}")
    values = own.settings.model_dump(exclude={"seed"}, exclude_none=True)
    flat = {key: value for key, value in values.items() if not isinstance(value, dict)}
    flat |= {f"{key}.{name}": v for key, part in values.items() if isinstance(part, dict) for name, v in part.items()}
    return {own.model: tuple(f"{key}={json.dumps(value)}" for key, value in flat.items())}


def experiment(plan: Plan, system: System, seed: int) -> Experiment:
    """The experiment of one run."""
    return resolve(
        plan.recipe,
        model=system.model,
        profile=plan.profile,
        data=plan.data,
        text_encoder=plan.text_encoder,
        seed=seed,
        changes=[*plan.changes, *system.changes],
    )


def open_or_create(path: Path, plan: Plan) -> Study:
    """Make a study folder, or go on with the one there, which may have got further systems and seeds.

    Raises:
        RunError: If something else is at `path`.
        UsageError: If the study there was planned otherwise.
    """
    if not Study.exists(path):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RunError(f"{path} exists and is no study; choose another --output")
        study = Study(path, plan)
    else:
        study = Study(path, _merged(Study.open(path).plan, plan, path))
    write_yaml(study.plan_file, study.plan.model_dump(mode="json"))
    return study


def _merged(old: Plan, new: Plan, path: Path) -> Plan:
    for key in ("kind", "recipe", "profile", "data", "text_encoder", "changes"):
        before, after = getattr(old, key), getattr(new, key)
        if before != after and not (key in ("data", "text_encoder") and _same_place(before, after)):
            raise UsageError(
                f"{path} was planned with {key} = {before!r}, not {after!r}; "
                "go on as planned, or choose another --output"
            )
    systems = {system.name: system for system in old.systems}
    for system in new.systems:
        known = systems.setdefault(system.name, system)
        if known.changes != system.changes:
            raise UsageError(
                f"{path} was planned with {known.name} {' '.join(known.changes) or 'unchanged'}; "
                "go on as planned, or choose another --output"
            )
    seeds = tuple(dict.fromkeys([*old.seeds, *new.seeds]))
    title = new.title if len(new.systems) >= len(systems) else old.title
    return old.model_copy(update={"systems": tuple(systems.values()), "seeds": seeds, "title": title})


def _same_place(first: str | None, second: str | None) -> bool:
    """Whether two names lead to the same file or folder."""
    return (
        bool(first and second)
        and Path(str(first)).exists()
        and Path(str(first)).resolve() == Path(str(second)).resolve()
    )


def _by_system(changes: Sequence[str], names: Sequence[str]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Split changes into those of all systems and those of one."""
    shared: list[str] = []
    own: dict[str, list[str]] = {name: [] for name in names}
    for change in changes:
        name, colon, rest = change.partition(":")
        if not colon or "=" in name:
            shared.append(change)
        elif name in own:
            own[name].append(rest)
        else:
            raise UsageError(f"--set {change!r}: {name!r} is not in this study; {nearest(name, list(names))}")
    return tuple(shared), {name: tuple(values) for name, values in own.items()}
