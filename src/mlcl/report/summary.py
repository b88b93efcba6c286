"""Everything that a report says in numbers, computed once: metrics, intervals, comparisons, troubles."""

import logging
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mlcl.evaluate.direction import MAIN_METRIC
from mlcl.evaluate.significance import Interval
from mlcl.report.comparisons import RESAMPLES, Finding, clear_winners, findings, intervals
from mlcl.report.evidence import Evidence, SystemRecord
from mlcl.report.predictions import CONSTANT, SystemPredictions, line_up
from mlcl.runs.agreement import disagreement

_log = logging.getLogger(__name__)
Values = list[float | None]


@dataclass(frozen=True, eq=False)
class Summary:
    """Numbers of a study on one split.

    Attributes:
        evidence: Where they come from.
        predictions: The predictions.
        metric: The main metric.
        values: Per system and metric the values over seeds, in the order of the system's complete runs.
        intervals: Per system the interval over items of the main metric.
        winners: Per metric the one clear winner, where there is one.
        against_reference: The reference against every other system.
        against_text: The text-only system against all but the reference, which it is compared with already; empty
            where it is the reference or missing.
        contradictions: Sentences on runs whose predictions give other metrics than their ``metrics.json``.
    """

    evidence: Evidence
    predictions: SystemPredictions
    metric: str
    values: dict[str, dict[str, Values]]
    intervals: dict[str, Interval]
    winners: dict[str, str]
    against_reference: list[Finding]
    against_text: list[Finding]
    contradictions: list[str]

    @cached_property
    def labels(self) -> dict[str, str]:
        """What people call each system."""
        return label_of(self.evidence)

    @property
    def metrics(self) -> list[str]:
        """Every metric, the main one first and the squared error last."""
        known = list(next(iter(self.values.values())))
        return sorted(known, key=lambda name: (name != self.metric, name == "mse"))

    @property
    def text(self) -> SystemRecord | None:
        """The text-only system."""
        return next((system for system in self.evidence.complete if system.is_text), None)

    def mean(self, name: str, metric: str) -> float | None:
        """Mean over seeds; None where the metric is undefined for any of them."""
        return mean(self.values[name][metric])


def summarise(evidence: Evidence, split: str, *, resamples: int = RESAMPLES) -> Summary:
    """Compute the numbers of a study on a split.

    Raises:
        RunError: If a run has no predictions of the split, or was scored on other items.
    """
    predictions = line_up(evidence, split)
    metric = MAIN_METRIC[predictions.target.task]
    values = {}
    for name in predictions.scores:
        per_seed = predictions.metrics(name)
        values[name] = {key: [scores[key] for scores in per_seed] for key in per_seed[0]}
    contradictions = _contradictions(evidence, split, values)
    for sentence in contradictions:
        _log.warning("note: %s", sentence)
    means = {name: {key: mean(column) for key, column in columns.items()} for name, columns in values.items()}
    labels, names = label_of(evidence), [system.name for system in evidence.complete]
    reference = evidence.reference if evidence.reference in names else None
    text = next((system.name for system in evidence.complete if system.is_text), None)

    def against(base: str | None) -> list[Finding]:
        others = [name for name in names if name not in (base, reference)]
        return findings(predictions, base, others, metric, labels, resamples=resamples) if base and others else []

    return Summary(
        evidence,
        predictions,
        metric,
        values,
        intervals(predictions, metric, resamples=resamples),
        clear_winners(predictions, means, resamples=resamples),
        against(reference),
        against(text) if text != reference else [],
        contradictions,
    )


def _contradictions(evidence: Evidence, split: str, values: dict[str, dict[str, Values]]) -> list[str]:
    found = [
        disagreement(run.folder, split, {key: column[place] for key, column in values[system.name].items()})
        for system in evidence.complete
        for place, run in enumerate(system.runs.values())
    ]
    return [f"{said} as its predictions give: one of the files was changed; restore it" for said in found if said]


def label_of(evidence: Evidence) -> dict[str, str]:
    """What people call each system, the constant predictor among them."""
    return {**{system.name: system.label for system in evidence.systems}, CONSTANT: "Constant"}


def mean(values: Values) -> float | None:
    """Mean; None where any value is undefined or there is none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


def deviation(values: Values) -> float | None:
    """Standard deviation over seeds (n - 1); None with fewer than two, or where any value is undefined."""
    known = [value for value in values if value is not None]
    return float(np.std(known, ddof=1)) if len(known) > 1 and len(known) == len(values) else None
