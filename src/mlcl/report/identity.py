"""What identifies a study: data, encoder, seeds, versions, machine, and where its runs disagree on them."""

from collections.abc import Callable
from typing import Any

from mlcl.report.evidence import RunRecord
from mlcl.report.summary import Summary
from mlcl.report.wording import listed
from mlcl.runs.card import reads_of_test

Lines = list[tuple[str, str]]
RANDOM = "tiny"
"""The text encoder without pretrained weights."""


def identity(summary: Summary) -> Lines:
    """Name and value of everything that a reader needs to repeat or to doubt the study."""
    evidence, facts = summary.evidence, summary.evidence.some_run.facts
    data, encoder = facts["data"], facts["text_encoder"]
    runs = [run for system in evidence.complete for run in system.runs.values()]
    lines = [
        ("Data", f"{data['name']}, layout {data['layout']}, {data['task']}"),
        ("SHA-256", _all(runs, lambda run: run.facts["data"]["sha256"])),
        ("Items", ", ".join(f"{name} {count:,}" for name, count in data["items"].items())),
        ("Columns", ", ".join(f"{name} {width}" for name, width in data["widths"].items())),
        ("Text encoder", _all(runs, lambda run: run.facts["text_encoder"]["name"])),
        ("Encoder parameters", f"{encoder['parameters']:,}" if "parameters" in encoder else ""),
        ("Encoder SHA-256", _all(runs, lambda run: run.facts["text_encoder"]["sha256"])),
        ("Recipe", _all(runs, lambda run: run.experiment.recipe)),
        ("Profile", _all(runs, lambda run: run.experiment.profile)),
        ("Changed in all", " ".join(evidence.changes)),
        ("Seeds", ", ".join(map(str, evidence.seeds))),
        (
            "Selection",
            _all(runs, lambda run: f"dev {run.facts['selection']['metric']}; {reads_of_test(run.facts['selection'])}"),
        ),
        ("Notes", " ".join(evidence.notes)),
        ("Tuning budget", "" if evidence.notes else "not recorded"),
        ("Versions", _all(runs, lambda run: ", ".join(f"{k} {v}" for k, v in run.facts["versions"].items()))),
        ("Machine", _all(runs, lambda run: run.facts["machine"])),
    ]
    return [(name, value) for name, value in lines if value]


def disagreements(summary: Summary) -> list[str]:
    """Sentences on runs that do not belong together, by data or pretrained weights, or whose files do not."""
    found = [f"{sentence}." for sentence in summary.contradictions]
    for name, key in (("data file", "data"), ("text encoder", "text_encoder")):
        usual = summary.evidence.some_run.facts[key]
        hashes = {
            system.label: {run.facts[key]["sha256"] for run in system.runs.values()}
            for system in summary.evidence.complete
        }
        other = [label for label, seen in hashes.items() if seen != {usual["sha256"]}]
        if other and usual["name"] != RANDOM:  # random weights are each seed's own
            found.append(f"Not all runs share one {name}: by its hash it is another in {listed(other)}.")
    return found


def _all(runs: list[RunRecord], value: Callable[[RunRecord], Any]) -> str:
    """The runs' value; all of them where they differ."""
    return "; ".join(dict.fromkeys(str(value(run)) for run in runs))
