"""What a study found: tables, how much each setting mattered, the line that repeats it, and a recipe file."""

import csv
import io
from typing import Any

import optuna
import yaml
from optuna.importance import FanovaImportanceEvaluator
from optuna.trial import FrozenTrial
from rich.table import Table

from mlcl.config import Experiment
from mlcl.files import write_text
from mlcl.inert import spreadsheet
from mlcl.recipe import TUNED, resolve
from mlcl.score_table import number
from mlcl.studies.tune.search import SearchSpace, Value
from mlcl.studies.tune.trials import TuneStudy, experiment_of, tried

_SHOWN = 3
FEWEST = 4  # complete trials below which shares mean nothing


def trials_csv(study: TuneStudy) -> str:
    """Every trial as a line: how it ended, its dev value, how long it took, and its values.

    Format:
        CSV with ``trial, state, value, epoch, epochs, seconds, reason``, then a column per key that is searched. The
        value is the dev value at the chosen epoch of a complete trial, and at the last epoch of a pruned one.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    keys = list(study.space.dimensions)
    writer.writerow(["trial", "state", "value", "epoch", "epochs", "seconds", "reason", *keys])
    for trial, state in study.every():
        facts = [trial.user_attrs.get(name, "") for name in ("epoch", "epochs", "seconds", "reason")]
        values = tried(study.space, trial.params)
        cells = [trial.number, state, _blank(trial.value), *facts, *(_blank(values.get(key)) for key in keys)]
        writer.writerow([spreadsheet(cell) if isinstance(cell, str) else cell for cell in cells])
    return text.getvalue()


def save_table(study: TuneStudy) -> None:
    """Write ``trials.csv``."""
    with study.folder.lock():
        write_text(study.folder.table, trials_csv(study))


def best_table(study: TuneStudy, metric: str) -> Table:
    """The best trials as columns, the recipe's own values among them, the values as lines."""
    ranked = study.ranked()
    shown = ranked[:_SHOWN]
    own = [trial for trial in ranked if trial.user_attrs.get("own_values") and trial not in shown]
    table = Table(title=f"best trials of {len(study.counted())}", title_justify="left", header_style="bold")
    table.add_column("trial", no_wrap=True, overflow="fold")
    for trial in [*shown, *own]:
        own_values = " (own)" if trial.user_attrs.get("own_values") else ""
        table.add_column(f"{trial.number}{own_values}", overflow="fold")
    table.add_row(f"dev {metric}", *(number(trial.value) for trial in [*shown, *own]), end_section=True)
    values = [tried(study.space, trial.params) for trial in [*shown, *own]]
    for key in study.space.dimensions:
        table.add_row(key, *(str(each.get(key, "")) for each in values))
    return table


def importances(study: TuneStudy) -> dict[str, float]:
    """Share of the variance of the dev value that each key explains alone or with others (fANOVA), largest first.

    Pruned and failed trials tell nothing of it. Empty with fewer than four complete trials, or where all are equal.
    """
    values = [trial.value for trial in study.ranked()]
    if len(values) < FEWEST or len(set(values)) == 1:
        return {}
    found = optuna.importance.get_param_importances(
        study.study, evaluator=FanovaImportanceEvaluator(seed=study.seed % 2**32)
    )
    return {key: float(share) for key, share in found.items()}


def set_words(space: SearchSpace, trial: FrozenTrial) -> list[str]:
    """The options that repeat a trial: ``--set`` and a key with its value, in turn."""
    return [word for key, value in tried(space, trial.params).items() for word in ("--set", f"{key}={_yaml(value)}")]


def recipe_text(study: TuneStudy, experiment: Experiment, trial: FrozenTrial, metric: str) -> str:
    """A recipe file that `mlcl.recipe.resolve` turns into the trial's experiment."""
    winning = experiment_of(experiment, study.space, trial.params)
    base = resolve(winning.recipe, model=winning.model.name, profile=winning.profile)
    content = {
        "extends": winning.recipe,
        "model": winning.model.name,
        "profile": winning.profile,
        "settings": _differences(base, winning),
    }
    counts = ", ".join(f"{count} {name}" for name, count in study.counts().items())
    comment = (
        f"{TUNED}: dev {metric} {number(trial.value)} in trial {trial.number}; budget "
        f"{len(study.counted())} trials ({counts}), seed {winning.seed}. The test split was not read.\n"
    )
    return comment + yaml.safe_dump(content, sort_keys=False)


def _differences(base: Experiment, winning: Experiment) -> dict[str, Any]:
    """What differs, except where things are: data file, cache, text encoder and device are of a machine."""
    before, after = base.model_dump(mode="json"), winning.model_dump(mode="json")
    for values in (before, after):
        values["data"] = {key: value for key, value in values["data"].items() if key not in ("file", "cache")}
    found: dict[str, Any] = {}
    for key in ("seed", "execution", "data", "model", "train"):
        old, new = before[key], after[key]
        if isinstance(new, dict):
            inner = {name: value for name, value in new.items() if value != old[name]}
            found |= {key: inner} if inner else {}
        elif old != new:
            found[key] = new
    return found


def _blank(value: Value) -> Value:
    return "" if value is None else value


def _yaml(value: Value) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True)).removesuffix("\n").removesuffix("\n...")
