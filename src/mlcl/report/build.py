"""From a study to its report: one page, tables in three formats, figures."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from mlcl.errors import RunError, UsageError, lacks_room
from mlcl.files import replace_files
from mlcl.report.evidence import SystemRecord
from mlcl.report.identity import disagreements, identity
from mlcl.report.page import Page, Section, page_html
from mlcl.report.plots.curves import Style, curve_plots, geometry_plots
from mlcl.report.plots.maps import map_section_plots, shown_systems
from mlcl.report.plots.overview import differences_plot, range_plot, results_plot
from mlcl.report.plots.style import system_style
from mlcl.report.plots.truth import confusion_plot, truth_plot
from mlcl.report.summary import Summary
from mlcl.report.tables import comparison_table, confusion_table, cost_table, results_table, systems_table
from mlcl.report.verdict import verdict
from mlcl.report.wording import MINUS, several, title
from mlcl.report.worst import worst_table

PAGE = "report.html"
MOST_CLASSES = 30
"""Classes that a confusion matrix can show on a page."""


@dataclass(frozen=True)
class Words:
    """What is said in each item, or why it is not shown.

    Attributes:
        texts: In the split's order; None leaves them out.
        reason: Why they are left out.
        ids: Whether items may be named; ids often lead to a person's video.
    """

    texts: list[str] | None = None
    reason: str = "Words are left out: no data file was given."
    ids: bool = True


def write_report(summary: Summary, output: Path, words: Words, *, no_maps: str) -> list[Path]:
    """Write ``report.html``, ``tables/`` and ``figures/`` into a folder, all of them or none.

    What an earlier report left there is replaced; other files stay.

    Returns:
        The files.

    Raises:
        RunError: If the folder cannot be written.
    """
    page = build_page(summary, words, no_maps)
    contents = {PAGE: page_html(page)}
    for section in page.sections:
        for table in section.tables:
            contents[f"tables/{table.name}.md"] = table.markdown()
            contents[f"tables/{table.name}.tex"] = table.latex()
            contents[f"tables/{table.name}.csv"] = table.csv()
        for plot in section.plots:
            contents[f"figures/{plot.name}.svg"] = plot.svg
    try:
        return _replace(output, contents)
    except OSError as error:
        reason = lacks_room(error) or error.strerror or str(error)
        raise RunError(f"{output}: {reason.lower()}; write it elsewhere") from error


def build_page(summary: Summary, words: Words, no_maps: str) -> Page:
    """Every section of the report."""
    evidence = summary.evidence
    systems = evidence.complete
    styles = {system.name: system_style(number) for number, system in enumerate(evidence.systems)}
    names = shown_systems(evidence)
    sections = [
        Section(
            "results",
            "Results",
            _unknown_probabilities(summary),
            tables=[results_table(summary)],
            plots=[results_plot(summary)],
        ),
        *_comparisons(summary),
        Section(
            "curves",
            "Learning curves",
            "Thin: one seed. Thick: their mean. Dev is never trained on; the best dev epoch is the one that counts.",
            plots=curve_plots(summary, styles, names),
        ),
        Section(
            "truth", "Prediction against truth", _truth_lead(summary), plots=[truth_plot(summary, n) for n in names]
        ),
        _confusion(summary, names),
        Section("ranges", f"{title(summary.metric)} by label", plots=[range_plot(summary, styles)]),
        _maps(summary, no_maps),
        _geometry([system for system in systems if system.name in names], styles),
        _worst(summary, words),
        Section("cost", "Cost", tables=[cost_table(summary)]),
        Section("systems", "Systems", tables=[systems_table(summary)]),
    ]
    kind = {"compare": "Comparison", "ablate": "Ablation", "run": "Single run"}[evidence.kind]
    runs = sum(len(system.runs) for system in systems)
    counts = [several(len(evidence.systems), "system"), several(runs, "complete run")]
    subtitle = " · ".join([kind, *counts, summary.predictions.split])
    return Page(evidence.title, subtitle, verdict(summary), disagreements(summary), identity(summary), sections)


def _unknown_probabilities(summary: Summary) -> str:
    if summary.predictions.whole:
        return ""
    split = summary.predictions.split
    return (
        "Some runs are of version 0.1.0 and keep the probability of the chosen class alone: metrics that need the"
        f" others are left out. mlcl predict RUN --split {split} --output RUN/predictions/{split}.csv writes them all."
    )


def _comparisons(summary: Summary) -> list[Section]:
    tables, plots = [], []
    ablation = summary.evidence.kind == "ablate"
    if summary.against_reference:
        tables.append(comparison_table(summary, summary.against_reference, "comparison"))
        name = "ablation" if ablation else "differences"
        plots.append(differences_plot(summary, summary.against_reference, name, bars=ablation))
    if summary.against_text:
        tables.append(comparison_table(summary, summary.against_text, "against-text"))
    if not tables:
        return []
    heading = "Ablation" if ablation else "Paired comparisons"
    return [Section("comparisons", heading, tables=tables, plots=plots)]


def _truth_lead(summary: Summary) -> str:
    if summary.predictions.target.task == "regression":
        return (
            "All seeds together. Dashed: perfect. Orange: mean label of each tenth of the predictions; left of the"
            " dashed line where predictions are too high, right of it where they are too low."
        )
    line = "class 1" if summary.predictions.target.num_classes == 2 else "right predictions"
    return f"All seeds together. Dashed: perfectly calibrated. Line: share of {line} at similar probabilities."


def _confusion(summary: Summary, names: list[str]) -> Section:
    count, absent = summary.predictions.target.num_classes, ""
    if count > MOST_CLASSES:
        absent = f"More than {MOST_CLASSES} classes are not drawn."
    elif not count and "acc7" not in summary.metrics:
        absent = "Seven classes are defined for labels from -3 to 3 alone."
    if absent:
        return Section("confusion", "Confusion", absent=absent)
    lead = "Figures: per cent of each true class, over all seeds."
    tables = [confusion_table(summary, _main_system(summary))] if count else []
    return Section("confusion", "Confusion", lead, tables, [confusion_plot(summary, name) for name in names])


def _maps(summary: Summary, no_maps: str) -> Section:
    plots = map_section_plots(summary)
    if not plots:
        return Section("maps", "Embedding maps", absent=no_maps)
    number = (
        "share of an item's ten nearest neighbours in the full space that are of its class"
        if summary.predictions.target.kind == "multi-class"
        else "correlation of an item's label with that of its ten nearest neighbours in the full space"
    )
    lead = (
        "t-SNE of one seed, coloured by label. Distances between far groups mean little in such a map; the number above"
        f" it is the {number}."
    )
    return Section("maps", "Embedding maps", lead, plots=plots, pairs=True)


def _geometry(systems: list[SystemRecord], styles: dict[str, Style]) -> Section:
    plots = geometry_plots(systems, styles)
    heading = "Alignment and uniformity"
    if not plots:
        return Section("geometry", heading, absent="These runs did not record the geometry of their embeddings.")
    lead = (
        "Of unit embeddings on dev over training (Wang and Isola 2020). Alignment: mean squared distance of positive"
        f" pairs, 0 when they coincide. Uniformity: log of the mean of exp({MINUS}2 d²) over pairs of items, 0 when all"
        " coincide; lower is more spread."
    )
    return Section("geometry", heading, lead, plots=plots, pairs=True)


def _worst(summary: Summary, words: Words) -> Section:
    lead, table = words.reason, worst_table(summary, _main_system(summary), words.texts, ids=words.ids)
    return Section("worst", "Worst errors", lead if words.texts is None else "", tables=[table])


def _main_system(summary: Summary) -> str:
    """The reference, or the first system where it has no run."""
    name = summary.evidence.reference
    return name if name in summary.predictions.scores else summary.evidence.complete[0].name


def check_output(output: Path) -> None:
    """Refuse a place that holds something else than a report.

    Raises:
        UsageError: If it is a file, or a folder with other things in it.
    """
    if output.exists() and not output.is_dir():
        raise UsageError(f"--output {output}: this is a file; name a folder")
    if output.is_dir() and any(output.iterdir()) and not (output / PAGE).is_file():
        raise UsageError(
            f"--output {output}: this folder holds other files; name a new one, or one with a report in it"
        )
    if not output.parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {output.parent}")


def _replace(output: Path, contents: dict[str, str]) -> list[Path]:
    """Write beside the folder, then move file by file; files of an earlier report that are no more are removed."""
    with replace_files(output) as temporary:
        for name, text in contents.items():
            target = temporary / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        for part in ("tables", "figures"):
            if not (temporary / part).is_dir():
                shutil.rmtree(output / part, ignore_errors=True)
    return [output / name for name in contents]
