"""A tuning study whose trials are computed by a rule instead of trained."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mlcl.config import Experiment
from mlcl.errors import Interrupted
from mlcl.recipe import resolve
from mlcl.runs.stages import DevScore
from mlcl.studies.tune import run as module
from mlcl.studies.tune.folder import TuneFolder
from mlcl.studies.tune.run import run_trials
from mlcl.studies.tune.search import search_space
from mlcl.studies.tune.trials import TuneStudy

Rule = Callable[[Experiment], list[float] | BaseException]


def open_study(path: Path, *, epochs: int = 4, higher: bool = False, seed: int = 3, model: str = "text") -> TuneStudy:
    """Open, or make, a study of the demo recipe."""
    folder = TuneFolder(path)
    folder.begin({"kind": "tune"})
    space = search_space(experiment(model), "demo")
    return TuneStudy.open(folder, space, higher_is_better=higher, epochs=epochs, seed=seed)


def experiment(model: str = "text") -> Experiment:
    return resolve("demo", model=model, text_encoder="tiny")


def work(
    study: TuneStudy,
    budget: int,
    rule: Rule,
    monkeypatch: pytest.MonkeyPatch,
    *,
    timeout: float | None = None,
    model: str = "text",
) -> list[Experiment]:
    """Run trials whose dev value after each epoch is what `rule` says; return what was tried, also when stopped."""
    seen: list[Experiment] = []

    def train(tried: Experiment, prepared: Any, on_epoch: Callable[[int, float | None], None]) -> DevScore:
        seen.append(tried)
        values = rule(tried)
        if isinstance(values, BaseException):
            raise values
        for epoch, value in enumerate(values, start=1):
            on_epoch(epoch, value)
        return DevScore(min(values), values.index(min(values)) + 1, len(values))

    monkeypatch.setattr(module, "train_for_dev", train)
    with suppress(Interrupted):
        run_trials(study, experiment(model), None, budget=budget, timeout=timeout, after=lambda trial: None)  # type: ignore[arg-type]
    return seen


def rate(tried: Experiment) -> list[float]:
    """Four epochs whose best value is how far the learning rate is from 1e-3."""
    return [abs(tried.train.learning_rate - 1e-3) + rest for rest in (3.0, 2.0, 1.0, 0.0)]


def ends(study: TuneStudy) -> list[str]:
    """How each trial ended, in order."""
    return [end for _, end in study.every()]


def parameters(study: TuneStudy) -> list[dict[str, Any]]:
    """What each trial tried, in order."""
    return [dict(trial.params) for trial, _ in study.every()]
