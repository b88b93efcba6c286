"""The tables of a report."""

from typing import Any

import numpy as np

from mlcl.report.comparisons import Finding
from mlcl.report.evidence import SystemRecord
from mlcl.report.plots.truth import confusion
from mlcl.report.predictions import CONSTANT
from mlcl.report.printed_table import Cell, Table
from mlcl.report.summary import Summary, deviation
from mlcl.report.wording import (
    NOTHING,
    arrow,
    bounds,
    digits,
    duration,
    listed,
    marks,
    minus,
    p_text,
    several,
    size,
    title,
)


def results_table(summary: Summary) -> Table:
    """Every system with the conventions side by side."""
    evidence, rows, records, marked = summary.evidence, list[list[Cell]](), list[dict[str, object]](), set[int]()

    def add(name: str, label: str, notes: list[str], mark: str, runs: Cell, *, apart: bool) -> None:
        if apart:
            marked.add(len(rows))
        rows.append([Cell(label, notes=tuple(notes)), runs, *_values(summary, name)])
        records.append({"system": name, "label": label, "marks": mark, **_record(summary, name)})

    for system in evidence.systems:
        add(system.name, system.label, marks(system), ", ".join(marks(system)), _runs(system), apart=system.is_text)
    if summary.text is None and not any(system.name == "text" for system in evidence.systems):
        add("text", "Text only", ["not in this study"], "missing", Cell("0"), apart=True)
    known = CONSTANT in summary.predictions.scores
    kind = "train median" if summary.predictions.target.task == "regression" else "train class shares"
    note = kind if known else "not recorded by these runs"
    add(CONSTANT, "Constant", [note], "baseline" if known else "missing", Cell(NOTHING), apart=True)
    header = ["System", "Runs", *map(arrow, summary.metrics)]
    return Table("results", _results_caption(summary), header, rows, records, marked=frozenset(marked))


def _results_caption(summary: Summary) -> str:
    split, items = summary.predictions.split, len(summary.predictions.ids)
    reproduced = any(system.is_reproduction for system in summary.evidence.systems)
    adapted = any(system.is_adaptation for system in summary.evidence.systems)
    return " ".join(
        [
            f"Mean ± standard deviation over seeds, {split}, {items} items; in"
            f" brackets the BCa 95 % interval of {title(summary.metric)} over items (without the spread over seeds)."
            " Bold: the best mean of a column, where a sign-flip test (Holm-corrected over columns) tells it from the"
            " second best; Corr, F1 and other metrics that are no mean over items have no such test and no bold.",
            *(["Reproduction: the authors' release profile, not the fair protocol."] if reproduced else []),
            *(["Adaptation: the authors never trained this method on labels of this kind."] if adapted else []),
        ]
    )


def _runs(system: SystemRecord) -> Cell:
    """How many runs are complete, and what became of the others."""
    planned = len(system.runs) + len(system.failed) + len(system.missing)
    parts = [f"{len(system.failed)} failed"] if system.failed else []
    parts += [f"{len(system.missing)} missing"] if system.missing else []
    return Cell(f"{len(system.runs)} of {planned}", notes=tuple(parts)) if parts else Cell(str(planned))


def _values(summary: Summary, name: str) -> list[Cell]:
    if name not in summary.values:
        return [Cell(NOTHING)] * len(summary.metrics)
    return [_value(summary, name, metric) for metric in summary.metrics]


def _value(summary: Summary, name: str, metric: str) -> Cell:
    sd = deviation(summary.values[name][metric])
    notes = [] if sd is None else [f"± {digits(sd)}"]
    if metric == summary.metric:
        notes.append(bounds(summary.intervals[name]))
    return Cell(digits(summary.mean(name, metric)), bold=summary.winners.get(metric) == name, notes=tuple(notes))


def _record(summary: Summary, name: str) -> dict[str, object]:
    system = next((system for system in summary.evidence.systems if system.name == name), None)
    counts: dict[str, object] = (
        {"runs": len(system.runs), "failed": len(system.failed), "missing": len(system.missing)} if system else {}
    )
    if name not in summary.values:
        return counts
    for metric in summary.metrics:
        counts[metric] = summary.mean(name, metric)
        counts[f"{metric}_sd"] = deviation(summary.values[name][metric])
        if metric == summary.metric:
            found = summary.intervals[name]
            counts[f"{metric}_low"], counts[f"{metric}_high"] = found.low, found.high
    return counts


def comparison_table(summary: Summary, found: list[Finding], name: str) -> Table:
    """One system against each other one."""
    base = summary.labels[found[0].reference]
    rows = [
        [
            Cell(summary.labels[each.other]),
            Cell(digits(each.found.difference.estimate, signed=True), bold=each.better is not None),
            Cell(bounds(each.found.difference, signed=True)),
            Cell(p_text(each.found.p_value)),
            Cell(p_text(each.corrected)),
            Cell(digits(each.found.effect, signed=True)),
            Cell(minus(each.text)),
        ]
        for each in found
    ]
    records: list[dict[str, object]] = [
        {
            "reference": each.reference,
            "other": each.other,
            "metric": summary.metric,
            "difference": each.found.difference.estimate,
            "low": each.found.difference.low,
            "high": each.found.difference.high,
            "p": each.found.p_value,
            "p_holm": each.corrected,
            "effect": each.found.effect,
            "better": each.better or "",
            "sentence": each.text,
        }
        for each in found
    ]
    caption = (
        f"{base} minus the other system in {title(summary.metric)} on {summary.predictions.split}, with the BCa 95 %"
        " interval paired over items; two-sided sign-flip test of the items' errors averaged over seeds, Holm-corrected"
        " over this table; effect: mean difference of the items' errors over its standard deviation (negative:"
        " the first has the smaller errors). Bold: corrected p below 0.05."
    )
    header = ["Against", f"Δ {title(summary.metric)}", "95 % interval", "p", "p (Holm)", "Effect", "What it says"]
    return Table(name, caption, header, rows, records, left=frozenset({6}))


def confusion_table(summary: Summary, name: str) -> Table:
    """How many items of each class one system took for which."""
    classes, counts = confusion(summary, name)
    rows = [[Cell(true), *(Cell(str(count)) for count in row)] for true, row in zip(classes, counts, strict=True)]
    records: list[dict[str, object]] = [
        {"true": true, **{f"predicted {c}": int(n) for c, n in zip(classes, row, strict=True)}}
        for true, row in zip(classes, counts, strict=True)
    ]
    seeds = several(len(summary.predictions.scores[name]), "seed")
    caption = f"{summary.labels[name]}: items of each true class (row) by predicted class (column), over {seeds}."
    return Table("confusion", caption, ["True class", *classes], rows, records)


def cost_table(summary: Summary) -> Table:
    """What each system costs: time, memory, parameters."""
    rows, records = [], []
    for system in summary.evidence.complete:
        runs = list(system.runs.values())
        seconds = _mean([run.facts.get("seconds") for run in runs])
        memory = _mean([run.facts.get("peak_memory_bytes") for run in runs])
        epochs = _mean([run.facts.get("selection", {}).get("epoch") for run in runs])
        trained = _mean([run.facts.get("selection", {}).get("epochs") for run in runs])
        parameters = int(runs[0].facts["parameters"])
        own = parameters - int(runs[0].facts["text_encoder"].get("parameters", 0))
        rows.append(
            [
                Cell(system.label),
                Cell(f"{parameters:,}"),
                Cell(f"{own:,}"),
                Cell(NOTHING if seconds is None else duration(seconds)),
                Cell(NOTHING if memory is None else size(memory)),
                Cell(NOTHING if epochs is None else f"{epochs:.1f} of {trained:.0f}"),
            ]
        )
        records.append(
            {
                "system": system.name,
                "parameters": parameters,
                "parameters_beside_encoder": own,
                "seconds": seconds,
                "peak_memory_bytes": memory,
                "selected_epoch": epochs,
            }
        )
    caption = "Training time, peak memory and selected epoch of a run, averaged over its seeds."
    header = ["System", "Parameters", "beside the encoder", "Time", "Peak memory", "Selected epoch"]
    return Table("cost", caption, header, rows, records)


def _mean(values: list[Any]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return float(np.mean(known)) if known else None


def systems_table(summary: Summary) -> Table:
    """What each system is, and what became of its runs."""
    rows, records = [], []
    for system in summary.evidence.systems:
        model = system.first.facts["model"] if system.first else {}
        title_of = str(model.get("title", "no complete run"))
        profile = system.first.experiment.profile if system.first else NOTHING
        troubles = [f"seed {seed} failed: {reason}" for seed, reason in system.failed.items()]
        troubles += [f"seed {listed([str(seed) for seed in system.missing])} missing"] if system.missing else []
        rows.append(
            [
                Cell(system.label, notes=tuple(marks(system))),
                Cell(title_of),
                Cell(str(profile)),
                Cell(system.note or NOTHING),
                Cell("; ".join(troubles) or "complete"),
                Cell(str(model.get("paper") or NOTHING)),
            ]
        )
        records.append(
            {
                "system": system.name,
                "model": model.get("name", ""),
                "profile": profile,
                "changes": system.note,
                "runs": "; ".join(troubles) or "complete",
            }
        )
    header = ["System", "What it is", "Profile", "Changed", "Runs", "Source"]
    caption = "The systems, how each departs from its recipe, and what became of its runs."
    return Table("systems", caption, header, rows, records, left=frozenset(range(6)))
