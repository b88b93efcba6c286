"""``mlcl report``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlcl.cli.options import Device, Threads, set_threads

if TYPE_CHECKING:
    from mlcl.report.build import Words
    from mlcl.report.evidence import Evidence
    from mlcl.report.predictions import SystemPredictions


def report(
    study: Annotated[Path, Parameter(help="Study folder or run folder.")],
    *,
    output: Annotated[Path | None, Parameter(help="Folder to write; `report` inside the study when absent.")] = None,
    split: Annotated[str, Parameter(help="Which predictions: `dev` or `test`.")] = "test",
    data: Annotated[str | None, Parameter(help="The study's data file, to show the words of the worst errors.")] = None,
    no_texts: Annotated[
        bool, Parameter(negative="", help="Leave out words and ids, as in a report for others.")
    ] = False,
    embeddings: Annotated[bool, Parameter(negative="", help="Compute and keep embeddings for the maps.")] = False,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Write report.html, its tables and figures from a study, or from a single run."""
    from mlcl.report.build import check_output, write_report
    from mlcl.report.evidence import read_evidence
    from mlcl.report.plots.maps import map_systems
    from mlcl.report.summary import summarise

    set_threads(threads)
    evidence = read_evidence(study)
    folder = output if output is not None else study / "report"
    check_output(folder)
    summary = summarise(evidence, split)
    words = _words(evidence, summary.predictions, data, no_texts)
    reason = f"No run keeps embeddings of {split}; make them with --embeddings."
    if embeddings:
        from mlcl.runs.embeddings import keep_embeddings

        for system in map_systems(evidence):
            keep_embeddings(system.chosen.path, split, data=data, device=device)
    files = write_report(summary, folder, words, no_maps=reason)
    print(f"{files[0]} and {len(files) - 1} tables and figures")


def _words(evidence: "Evidence", predictions: "SystemPredictions", data: str | None, no_texts: bool) -> "Words":
    """The items' words from the data file, checked to be the study's."""
    from mlcl.data.source import open_corpus
    from mlcl.errors import RunError
    from mlcl.report.build import Words

    if no_texts:
        return Words(reason="Words and ids are left out on request.", ids=False)
    if data is None:
        return Words()
    run = evidence.some_run
    corpus = open_corpus(run.experiment.data.model_copy(update={"file": data}), run.experiment.recipe)
    split = corpus.splits.get(predictions.split)
    if corpus.sha256 != run.facts["data"]["sha256"] or split is None or split.ids != predictions.ids:
        raise RunError(f"--data {data}: this is not the file of {evidence.path} (its hash differs)")
    return Words([" ".join(words) for words in split.main.words])
