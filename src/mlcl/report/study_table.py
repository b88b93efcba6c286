"""The terminal's table of a study: test metrics of each system, mean and deviation over its seeds."""

import numpy as np
from rich.table import Table

from mlcl.report.study import Study

_SHOWN = {
    "regression": ("mae", "corr", "acc7", "acc2_non0", "f1_non0"),
    "classification": ("accuracy", "f1_weighted", "f1_macro", "auroc"),
}


def mean_and_deviation(values: list[float | None]) -> tuple[float, float] | None:
    """Mean and sample deviation over seeds; None where a metric is undefined for one of them, or there is none."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    return float(np.mean(known)), float(np.std(known, ddof=1)) if len(known) > 1 else 0.0


def study_table(study: Study, split: str = "test") -> Table:
    """One row per system, in the plan's order; runs that are missing or failed are counted in the row."""
    table = Table(title=f"{study.plan.title}: {split}", title_justify="left", header_style="bold")
    table.add_column("system")
    table.add_column("runs", justify="right")
    metrics = _metrics(study, split)
    for name in metrics:
        table.add_column(name, justify="right")
    for system in study.systems:
        seeds = study.done_seeds(system.name)
        runs = [study.metrics(system.name, seed).get(split, {}) for seed in seeds]
        cells = [_cell([run.get(name) for run in runs]) for name in metrics]
        table.add_row(system.label, f"{len(seeds)} of {len(study.seeds)}", *cells)
    return table


def _metrics(study: Study, split: str) -> list[str]:
    """The metrics to show: those of the task that any complete run has."""
    for system in study.systems:
        for seed in study.done_seeds(system.name):
            known = study.metrics(system.name, seed).get(split, {})
            shown = _SHOWN["regression" if "mae" in known else "classification"]
            return [name for name in shown if name in known]
    return []


def _cell(values: list[float | None]) -> str:
    both = mean_and_deviation(values)
    if both is None:
        return "n/a"
    return f"{both[0]:.3f}" if len(values) == 1 else f"{both[0]:.3f} ± {both[1]:.3f}"
