"""The report of a made-up study."""

from dataclasses import dataclass
from pathlib import Path

from made_study import write_study
from mlcl.report.build import Words, write_report
from mlcl.report.evidence import read_evidence
from mlcl.report.summary import Summary, summarise

CANARY = "kookaburra"
RESAMPLES = 199


@dataclass(frozen=True)
class Made:
    """A study, its numbers and its report."""

    study: Path
    summary: Summary
    folder: Path
    files: list[Path]

    @property
    def html(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")


def make(path: Path, words: bool = False, **options: object) -> Made:
    write_study(path, **options)  # type: ignore[arg-type]
    summary = summarise(read_evidence(path), "test", resamples=RESAMPLES)
    texts = [f"{CANARY} <b>{number}</b> & more" for number in range(len(summary.predictions.ids))]
    folder = path / "report"
    files = write_report(summary, folder, Words(texts) if words else Words(), no_maps="No embeddings.")
    return Made(path, summary, folder, files)
