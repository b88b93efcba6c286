"""The end of ``mlcl extract``: the data set of all recordings that are there."""

import sys
from collections.abc import Sequence
from pathlib import Path

from mlcl.data.corpus import Corpus
from mlcl.data.formats.own.facts import Facts
from mlcl.data.formats.own.folder_writer import fill
from mlcl.data.half import halved
from mlcl.data.recordings import check_labels, corpus_of
from mlcl.errors import DataError
from mlcl.files import replace_files
from mlcl.media.extraction import Extraction
from mlcl.media.jobs import Job
from mlcl.media.label_table import LabelledItem
from mlcl.media.names import extraction_file
from mlcl.media.specification import FeatureSpecification


def check_items(items: Sequence[LabelledItem], table: Path) -> None:
    """Refuse labels that no data set can have, before hours of extraction; raises a DataError with the row."""
    cells = {name: [item.cells[name] for item in items] for name in items[0].cells}
    cells["id"] = [item.id for item in items]
    check_labels(cells, Facts(), str(table), lambda index: items[index].place)


def join(
    jobs: Sequence[Job],
    items: Sequence[LabelledItem] | None,
    output: Path,
    features: FeatureSpecification,
    *,
    context: int,
    half: bool,
    failed: dict[str, str],
) -> str:
    """Write the data set of all recordings that are there; returns its sizes in words.

    Args:
        jobs: All recordings.
        items: What the table of labels says; None without one.
        output: The data folder, which holds the extractions.
        features: How they were made.
        context: How many sentences before each one are its context.
        half: Whether rows are kept as float16.
        failed: Why recordings failed, by key; they are left out.

    Raises:
        DataError: If no recording is there, or one that has not failed is not.
    """
    done = [job for job in jobs if job.key not in failed]
    lacking = [job for job in done if not extraction_file(output, job.key).is_file()]
    if lacking:
        raise DataError(
            f"lacks {len(lacking)} recordings, {lacking[0].key} first; extract them, then join", path=output
        )
    labels = None if items is None else {item.id: item.cells for item in items if item.key not in failed}
    extractions = (Extraction.load(extraction_file(output, job.key)) for job in done)
    corpus = corpus_of(extractions, features, labels=labels, context=context, path=str(output))
    corpus = halved(corpus) if half else corpus
    with replace_files(output) as filling:
        fill(corpus, filling)
    _say_what_lacks(corpus, features)
    return ", ".join(f"{len(split)} {name}" for name, split in corpus.splits.items())


def _say_what_lacks(corpus: Corpus, features: FeatureSpecification) -> None:
    wordless = sum(not words for split in corpus.splits.values() for words in split.main.words)
    if wordless and features.align == "words" and features.widths():
        what = "one item has" if wordless == 1 else f"{wordless} items have"
        print(
            f"note: {what} no words, so no rows lie under any; --align stream keeps rows without words",
            file=sys.stderr,
        )
