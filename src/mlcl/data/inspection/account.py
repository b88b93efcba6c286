"""One corpus looked at from all sides."""

import shlex

from mlcl.data.corpus import Corpus
from mlcl.data.folds import advised_grouping
from mlcl.data.inspection.checks import check_content, check_labels
from mlcl.data.inspection.leaks import check_leaks
from mlcl.data.inspection.measures import measure_split
from mlcl.data.inspection.published import Release, identify
from mlcl.data.inspection.result import Finding, Inspection

_LARGE = 10_000  # items of train from which a sentiment file is trained as MOSEI is
_HUMOR = 2_000  # and a binary one as UR-FUNNY is


def inspect_corpus(corpus: Corpus) -> Inspection:
    """Count what a corpus holds, check it, and say what it probably is.

    Returns:
        The account. Nothing in it holds words of the corpus or more than three ids per finding.
    """
    checks = (check_labels, check_content, check_leaks)
    findings = [finding for check in checks for finding in check(corpus)]
    sentences, releases = identify(corpus)
    return Inspection(
        path=corpus.path,
        sha256=corpus.sha256,
        layout=corpus.layout,
        task=corpus.task,
        word_aligned=corpus.word_aligned,
        widths=corpus.widths(),
        label=corpus.label,
        classes=corpus.classes,
        label_range=corpus.label_range,
        splits={name: measure_split(split, corpus.label) for name, split in corpus.splits.items()},
        repaired=dict(corpus.repaired),
        findings=tuple(sorted(findings, key=lambda finding: finding.level)),
        identity=tuple(sentences),
        notes=corpus.notes,
        next_step=_next_step(corpus, findings, releases),
    )


def _next_step(corpus: Corpus, findings: list[Finding], releases: list[Release]) -> str:
    """The command to go on with."""
    file = shlex.quote(corpus.path or "FILE")
    found = {finding.check for finding in findings}
    if all(split.labels is None for split in corpus.splits.values()):
        return f"mlcl predict RUN --data {file} --output predictions.csv"
    if "item-in-two-splits" in found or not {"train", "dev"} <= set(corpus.splits):
        by = advised_grouping(corpus)
        return f"mlcl data split {file} OUT --by {by} --seed 1"
    names = {name for split in corpus.splits.values() for name in split.columns}
    label = f" --label {shlex.quote(corpus.label)}" if corpus.label and len(names) > 1 else ""
    return f"mlcl train {_recipe(corpus, releases)} --data {file}{label}"


def _recipe(corpus: Corpus, releases: list[Release]) -> str:
    """The recipe whose task is the corpus' own, of a release that fits or of a data set of that size."""
    size = len(corpus.splits["train"])
    small, large = ("mustard", "ur_funny") if corpus.task == "classification" else ("mosi", "mosei")
    fitting = [release.recipe for release in releases if release.recipe in (small, large)]
    return fitting[0] if fitting else large if size >= (_HUMOR if small == "mustard" else _LARGE) else small
