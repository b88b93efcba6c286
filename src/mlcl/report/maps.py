"""Which embeddings a report maps, and the maps: the reference, and beside it a system without contrastive terms."""

from mlcl.errors import RunError
from mlcl.report.evidence import Evidence, SystemRecord
from mlcl.report.plots.maps import LEVELS, map_plot, read_embeddings
from mlcl.report.plots.style import Plot
from mlcl.report.summary import Summary

WITHOUT_CONTRAST = ("no_contrast", "late_fusion")
"""Systems whose maps stand beside the reference's; the first that there is."""


def map_systems(evidence: Evidence) -> list[SystemRecord]:
    """The reference and its counterpart without contrast, as far as they have a complete run."""
    complete = {system.name: system for system in evidence.complete}
    partner = next((name for name in WITHOUT_CONTRAST if name in complete), None)
    names = dict.fromkeys([evidence.reference, *([partner] if partner else [])])
    return [complete[name] for name in names if name in complete]


def shown_systems(evidence: Evidence) -> list[str]:
    """Names of the systems with figures of their own: all of a comparison; of an ablation those that say most."""
    if evidence.kind != "ablate":
        return [system.name for system in evidence.complete]
    return list(dict.fromkeys(s.name for s in [*map_systems(evidence), *(s for s in evidence.complete if s.is_text)]))


def map_section_plots(summary: Summary) -> list[Plot]:
    """The maps of those systems that keep embeddings, level by level.

    Raises:
        RunError: If kept embeddings are of other items than the predictions.
    """
    predictions, found = summary.predictions, {}
    for system in map_systems(summary.evidence):
        embeddings = read_embeddings(system.chosen.path, predictions.split)
        if embeddings is None:
            continue
        if embeddings.ids != predictions.ids:
            raise RunError(
                f"{system.chosen.path}/embeddings are of other items than its predictions; delete that folder"
            )
        found[system.name] = embeddings.levels
    return [
        map_plot(name, summary.labels[name], level, levels[level], predictions.labels, predictions.target)
        for level in LEVELS
        for name, levels in found.items()
        if level in levels
    ]
