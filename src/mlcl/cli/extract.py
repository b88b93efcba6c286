"""``mlcl extract``."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from mlcl.cli.media_options import HearingOptions
from mlcl.cli.options import Threads
from mlcl.errors import UsageError
from mlcl.modality import ACOUSTIC, VISUAL

if TYPE_CHECKING:
    from mlcl.media.jobs import Job
    from mlcl.media.label_table import LabelledItem
    from mlcl.media.specification import ExtractorSpecification, FeatureSpecification
    from mlcl.media.specification import Parameter as Value

_NO_HEARING = HearingOptions()


def extract(
    recordings: Annotated[list[Path], Parameter(help="Recordings, and folders of them.")],
    *,
    output: Annotated[Path, Parameter(help="Data folder to make or to go on with; ready for `mlcl train`.")],
    labels: Annotated[
        Path | None,
        Parameter(
            help="csv with file, label (or label_NAME each); also id, split, speaker, start, end, text, transcript."
        ),
    ] = None,
    transcript: Annotated[
        Path | None,
        Parameter(help="Words of one recording: .srt, .vtt, .TextGrid, .json or .txt; if absent one beside it."),
    ] = None,
    acoustic: Annotated[str, Parameter(help="Acoustic feature set, see `mlcl features`; `none` for none.")] = "logmel",
    visual: Annotated[str, Parameter(help="Visual feature set; `none` for none.")] = "face",
    hearing: HearingOptions = _NO_HEARING,
    layer: Annotated[int | None, Parameter(help="Layer of the pretrained models; the last when absent.")] = None,
    picture_rate: Annotated[
        float | None, Parameter(help="Pictures a second; that of the feature set when absent.")
    ] = None,
    align: Annotated[
        Literal["words", "stream"], Parameter(help="One row per word, or rows on their own clock.")
    ] = "words",
    context: Annotated[int, Parameter(help="How many sentences before each one are its context.")] = 0,
    pause: Annotated[float, Parameter(help="Seconds of silence that end a sentence.")] = 0.8,
    most_seconds: Annotated[float, Parameter(help="No sentence is longer.")] = 20.0,
    most_words: Annotated[int, Parameter(help="No sentence has more words.")] = 50,
    half: Annotated[bool, Parameter(negative="", help="Store rows as float16, half the size.")] = False,
    retry: Annotated[bool, Parameter(negative="", help="Try those recordings again that failed.")] = False,
    processes: Annotated[int, Parameter(help="Recordings at a time.")] = 1,
    shard: Annotated[
        str | None,
        Parameter(help="Only part i of n of the recordings, as in `2/8`; the last call without it joins all."),
    ] = None,
    patience: Annotated[float, Parameter(help="Seconds without progress after which a recording has failed.")] = 120.0,
    threads: Threads = None,
    quiet: Annotated[bool, Parameter(negative="", help="Say only what failed.")] = False,
) -> None:
    """Turn recordings into a data folder: words with times, acoustic and visual rows.

    What is done is kept: the same command goes on where it stopped."""
    from mlcl.cli.extraction_progress import ExtractionProgress
    from mlcl.media.extract import Tools
    from mlcl.media.extract_folder import FAILURES, extract_all, prepare_folder
    from mlcl.media.jobs import find_jobs
    from mlcl.media.label_table import label_jobs
    from mlcl.media.specification import FeatureSpecification, SentenceBounds

    for name, value, least in (("processes", processes, 1), ("context", context, 0)):
        if value < least:
            raise UsageError(f"--{name} {value}: must be at least {least}")
    part = _shard(shard)
    jobs, others = find_jobs(recordings, transcript)
    items = None
    if labels is not None:
        jobs, items = label_jobs(labels, jobs)
    features = FeatureSpecification(
        align=align,
        acoustic=_specified(ACOUSTIC, acoustic, hearing, layer, None),
        visual=_specified(VISUAL, visual, hearing, layer, picture_rate),
        sentences=SentenceBounds(most_seconds=most_seconds, most_words=most_words, pause=pause),
    )
    tools = Tools(features, hearing.hearing(threads), hearing.folders())
    if others:
        print(f"note: {others} files are no recordings by their suffix, and are left out", file=sys.stderr)
    if tools.hearing.recogniser is None and any(_needs_ears(job) for job in jobs):
        print(
            "note: recordings without a transcript have no words: mlcl features fetch whisper, or name --recogniser",
            file=sys.stderr,
        )
    prepare_folder(output, features)
    mine = jobs if part is None else jobs[part[0] :: part[1]]
    with ExtractionProgress(len(mine), quiet=quiet) as progress:
        failures = extract_all(
            mine,
            output,
            tools,
            processes=processes,
            retry=retry,
            half=half,
            patience=patience,
            tell=progress.tell,
        )
    if part is not None:
        print(f"{len(mine) - len(failures)} of {len(mine)} recordings of part {shard}: {output}")
        print(f"when all parts are done, join them: {shlex.join(_without_shard(sys.argv))}")
        return
    sizes = _join(jobs, items, output, features, context, failures)
    print(f"{sizes}: {output}")
    if failures:
        print(f"{len(failures)} of {len(jobs)} recordings failed, see {output / FAILURES}; --retry tries them again")


def _shard(text: str | None) -> tuple[int, int] | None:
    """First recording and step of a part; parts are counted from 1."""
    if text is None:
        return None
    first, _, count = text.partition("/")
    if not (first.isdecimal() and count.isdecimal() and 1 <= int(first) <= int(count)):
        raise UsageError(f"--shard {text}: give the part and how many there are, as in 2/8")
    return int(first) - 1, int(count)


def _specified(
    modality: str, name: str, hearing: HearingOptions, layer: int | None, rate: float | None
) -> "ExtractorSpecification | None":
    """How the features of one modality are made."""
    from mlcl.media.feature_set import FEATURE_SETS, feature_set
    from mlcl.media.feature_sets import make_extractor

    if name == "none":
        return None
    entry = feature_set(name)
    if entry.modality != modality:
        known = ", ".join(one for one, kind in FEATURE_SETS.items() if kind.modality == modality)
        raise UsageError(f"--{modality} {name}: this set is {entry.modality}; allowed: {known}, none")
    model = hearing.acoustic_model if modality == ACOUSTIC else hearing.visual_model
    given: dict[str, Value] = {"model": model, "layer": layer}
    told = {key: value for key, value in given.items() if value is not None and key in entry.parameters}
    if "model" in entry.parameters and model is None:
        raise UsageError(f"--{modality} {name}: name its model with --{modality}-model FOLDER")
    return make_extractor(name, parameters=told, weights=hearing.folders().get(modality), rate=rate).specification


def _needs_ears(job: "Job") -> bool:
    """Whether words of a recording can come from its sound alone."""
    return job.transcript is None and (not job.stretches or any(part.text is None for part in job.stretches))


def _join(
    jobs: "Sequence[Job]",
    items: "Sequence[LabelledItem] | None",
    output: Path,
    features: "FeatureSpecification",
    context: int,
    failures: dict[str, str],
) -> str:
    """Write the data set of all recordings that are there; returns its sizes in words."""
    from mlcl.data.formats.own.folder_writer import fill
    from mlcl.data.recordings import corpus_of
    from mlcl.errors import DataError
    from mlcl.files import replace_files
    from mlcl.lock import alone_in
    from mlcl.media.extraction import Extraction, extraction_file

    done = [job for job in jobs if job.key not in failures]
    lacking = [job for job in done if not extraction_file(output, job.key).is_file()]
    if lacking:
        raise DataError(
            f"lacks {len(lacking)} recordings, {lacking[0].key} first; extract them, then join", path=output
        )
    if not done:
        first = next(iter(failures.values()))
        raise DataError(f"every recording failed, the first so: {first}", path=output)
    labels = None if items is None else {item.id: item.cells for item in items if item.key not in failures}
    with alone_in(output, "is writing"):
        extractions = (Extraction.load(extraction_file(output, job.key)) for job in done)
        corpus = corpus_of(extractions, features, labels=labels, context=context, path=str(output))
        with replace_files(output) as filling:
            fill(corpus, filling)
    wordless = sum(not words for split in corpus.splits.values() for words in split.main.words)
    if wordless and features.align == "words":
        print(
            f"note: {wordless} items have no words, so no rows lie under any; --align stream keeps rows without words",
            file=sys.stderr,
        )
    return ", ".join(f"{len(split)} {name}" for name, split in corpus.splits.items())


def _without_shard(arguments: Sequence[str]) -> list[str]:
    """The command again without its part."""
    kept, skip = ["mlcl"], False
    for argument in arguments[1:]:
        if skip or argument.startswith("--shard="):
            skip = False
        elif argument == "--shard":
            skip = True
        else:
            kept.append(argument)
    return kept
