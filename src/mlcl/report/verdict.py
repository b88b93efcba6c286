"""What a study says, in plain sentences made of its comparisons."""

from mlcl.report.comparisons import Finding
from mlcl.report.predictions import CONSTANT
from mlcl.report.summary import Summary, deviation
from mlcl.report.wording import bounds, digits, listed, minus, several, title

FEW_SEEDS = 3


def verdict(summary: Summary) -> list[str]:
    """Paragraphs: what the reference reaches, beats and does not beat, what cannot be told apart, what is missing."""
    parts = [_reached(summary), *_compared(summary), *_text_only(summary), *_cautions(summary)]
    return [part for part in parts if part]


def _reached(summary: Summary) -> str:
    evidence, metric = summary.evidence, summary.metric
    name = evidence.reference if evidence.reference in summary.intervals else evidence.complete[0].name
    system = next(system for system in evidence.complete if system.name == name)
    found = summary.intervals[name]
    over = f"over {several(len(system.runs), 'seed')}"
    sd = deviation(summary.values[name][metric])
    text = (
        f"On {several(len(summary.predictions.ids), 'item')} of {summary.predictions.split}, {system.label} reaches"
        f" {title(metric)} {digits(found.estimate)} {over}"
        f" (95 % interval over items {bounds(found)}"
        f"{'' if sd is None else f'; standard deviation over seeds {digits(sd)}'})."
    )
    if CONSTANT in summary.intervals and name != CONSTANT:
        text += f" A constant prediction reaches {digits(summary.intervals[CONSTANT].estimate)}."
    return text


def _compared(summary: Summary) -> list[str]:
    found = summary.against_reference
    if not found:
        if summary.evidence.kind != "run" and summary.evidence.reference not in summary.intervals:
            label = summary.labels[summary.evidence.reference]
            return [f"The reference, {label}, has no complete run: nothing can be compared with it yet."]
        return []
    base = found[0].reference
    wins = [each for each in found if each.better == base]
    losses = [each for each in found if each.better == each.other]
    level = [each for each in found if each.better is None]
    label = summary.labels[base]
    texts = [minus(each.text) for each in [*losses, *wins]]
    result = [" ".join(texts)] if texts else []
    if level:
        result.append(
            f"Not distinguishable from {label} on these items: {listed([_numbers(summary, each) for each in level])}."
        )
    if not wins and not losses:
        result.append("No difference from the reference is a finding here.")
    return result


def _numbers(summary: Summary, found: Finding) -> str:
    gap = found.found.difference
    return (
        f"{summary.labels[found.other]} (difference {digits(gap.estimate, signed=True)} {bounds(gap, signed=True)},"
        f" p = {found.corrected:.3f})"
    )


def _text_only(summary: Summary) -> list[str]:
    """Rule 3 of the protocol: a fusion model that does not beat text alone is said not to."""
    text = summary.text
    if text is None:
        missing = "No text-only system has a complete run here: whether fusion helps at all cannot be said."
        return [] if summary.evidence.kind == "run" else [missing]
    found = [*summary.against_reference, *summary.against_text]
    others = [each for each in found if text.name in (each.reference, each.other)]
    beaten = [summary.labels[_other(each, text.name)] for each in others if each.better not in (None, text.name)]
    unbeaten = [summary.labels[_other(each, text.name)] for each in others if each.better in (None, text.name)]
    parts = [f"{listed(beaten)} {'beats' if len(beaten) == 1 else 'beat'} the text-only system."] if beaten else []
    if unbeaten:
        parts.append(f"{listed(unbeaten)} {'does' if len(unbeaten) == 1 else 'do'} not beat the text-only system.")
    return [" ".join(parts)]


def _other(found: Finding, name: str) -> str:
    return found.other if found.reference == name else found.reference


def _cautions(summary: Summary) -> list[str]:
    evidence = summary.evidence
    parts = []
    failed = [f"{system.label} seed {seed}" for system in evidence.systems for seed in system.failed]
    missing = [f"{system.label} seed {seed}" for system in evidence.systems for seed in system.missing]
    planned = len(evidence.systems) * len(evidence.seeds)
    if failed:
        parts.append(f"{len(failed)} of {several(planned, 'run')} failed: {listed(failed)}.")
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        parts.append(f"{len(missing)} of {several(planned, 'run')} {verb} missing: {listed(missing)}.")
    few = [system.label for system in evidence.complete if len(system.runs) < FEW_SEEDS]
    if few:
        whose = "" if len(few) == len(evidence.complete) else f" of {listed(few)}"
        parts.append(
            f"Fewer than {FEW_SEEDS} seeds{whose}: the spread over trainings is hardly known, and a small difference"
            " is no finding."
        )
    return [" ".join(parts)]
