"""The terminal's table of a study: test metrics of each system, mean and deviation over its seeds."""

from rich.table import Table
from rich.text import Text

from mlcl.inert import printable
from mlcl.report.summary import deviation, mean
from mlcl.studies.folder import Study

_SHOWN = {
    "regression": ("mae", "corr", "acc7", "acc2_non0", "f1_non0"),
    "classification": ("accuracy", "f1_weighted", "f1_macro", "auroc"),
}


def study_table(study: Study, split: str = "test") -> Table:
    """One row per system, in the plan's order; runs that are missing or failed are counted in the row."""
    table = Table(title=Text(printable(f"{study.plan.title}: {split}")), title_justify="left", header_style="bold")
    table.add_column("system")
    table.add_column("runs", justify="right")
    metrics = _metrics(study, split)
    for name in metrics:
        table.add_column(name, justify="right")
    for system in study.plan.systems:
        seeds = study.done_seeds(system.name)
        runs = [study.run(system.name, seed).read_metrics().get(split, {}) for seed in seeds]
        cells = [_cell([run.get(name) for run in runs]) for name in metrics]
        table.add_row(Text(printable(system.label)), f"{len(seeds)} of {len(study.plan.seeds)}", *cells)
    return table


def _metrics(study: Study, split: str) -> list[str]:
    """The metrics to show: those of the task that any complete run has."""
    for system in study.plan.systems:
        for seed in study.done_seeds(system.name):
            known = study.run(system.name, seed).read_metrics().get(split, {})
            shown = _SHOWN["regression" if "mae" in known else "classification"]
            return [name for name in shown if name in known]
    return []


def _cell(values: list[float | None]) -> str:
    average, spread = mean(values), deviation(values)
    if average is None:
        return "n/a"
    return f"{average:.3f}" if spread is None else f"{average:.3f} ± {spread:.3f}"
