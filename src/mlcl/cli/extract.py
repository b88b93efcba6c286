"""``mlcl extract``."""

import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from mlcl.cli.media_options import HearingOptions
from mlcl.errors import DataError, UsageError
from mlcl.lock import alone_in
from mlcl.modality import ACOUSTIC, VISUAL

if TYPE_CHECKING:
    from mlcl.media.jobs import Job
    from mlcl.media.specification import ExtractorSpecification, SentenceBounds
    from mlcl.media.specification import Parameter as Value

_NO_HEARING = HearingOptions()


def extract(
    recordings: Annotated[list[Path], Parameter(negative="", help="Recordings, and folders of them.")],
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
    threads: Annotated[int | None, Parameter(help="CPU threads of the recogniser; one when absent.")] = None,
    quiet: Annotated[bool, Parameter(negative="", help="Say only what failed.")] = False,
) -> None:
    """Turn recordings into a data folder: words with times, acoustic and visual rows.

    What is done is kept: the same command goes on where it stopped."""
    from mlcl.cli.extraction_join import check_items, join
    from mlcl.cli.extraction_progress import ExtractionProgress
    from mlcl.media.extract import Tools
    from mlcl.media.extract_folder import FAILURES, extract_all, write_failures
    from mlcl.media.jobs import find_jobs
    from mlcl.media.label_table import label_jobs
    from mlcl.media.output_folder import prepare_folder
    from mlcl.media.specification import FeatureSpecification

    _check_numbers(processes, patience)
    part = _shard(shard)
    jobs, others = find_jobs(recordings, transcript, apart=[output, *([labels] if labels else [])])
    found, items = len(jobs), None
    if labels is not None:
        jobs, items = label_jobs(labels, jobs)
        check_items(items, labels)
    features = FeatureSpecification(
        align=align,
        acoustic=_specified(ACOUSTIC, acoustic, hearing, layer, None),
        visual=_specified(VISUAL, visual, hearing, layer, picture_rate),
        sentences=_bounds(most_seconds=most_seconds, most_words=most_words, pause=pause, context=context),
    )
    tools = Tools(features, hearing.hearing(threads), hearing.folders())
    prepare_folder(output, features)
    mine = jobs if part is None else jobs[part[0] :: part[1]]
    with nullcontext() if part else alone_in(output, "is extracting into"):
        if not quiet:
            _say_what_is_left_out(
                jobs, others, found, tools.hearing.recogniser is not None or hearing.recogniser == "none"
            )
        with ExtractionProgress(len(mine), quiet=quiet) as progress:
            failed = extract_all(
                mine,
                output,
                tools,
                processes=processes,
                retry=retry,
                half=half,
                patience=patience,
                tell=progress.tell,
                kept=progress.kept,
            )
        if part is not None:
            print(f"{len(mine) - len(failed)} of {len(mine)} recordings of part {shard}: {output}")
            print(f"when all parts are done, join them: {shlex.join(_without_shard(sys.argv))}")
            return
        write_failures(failed, output)
        if len(failed) == len(jobs):
            if len(jobs) == 1:
                raise DataError(next(iter(failed.values())))
            raise DataError(f"none of the {len(jobs)} recordings could be read; {FAILURES} in it says why", path=output)
        sizes = join(jobs, items, output, features, context=context, half=half, failed=failed)
    print(f"{sizes}: {output}")
    if failed:
        print(f"{len(failed)} of {len(jobs)} recordings failed, see {output / FAILURES}; --retry tries them again")


def _check_numbers(processes: int, patience: float) -> None:
    if processes < 1:
        raise UsageError(f"--processes {processes}: must be at least 1")
    if not patience >= 1:
        raise UsageError(f"--patience {patience}: must be at least 1 second")


def _bounds(**values: float) -> "SentenceBounds":
    """Where sentences end; refuses values that they cannot have."""
    from pydantic import ValidationError

    from mlcl.media.specification import SentenceBounds

    try:
        return SentenceBounds.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        message = str(first["msg"]).removeprefix("Input ")
        raise UsageError(f"--{name.replace('_', '-')} {values[name]}: {message}") from None


def _say_what_is_left_out(jobs: "Sequence[Job]", others: int, found: int, hears: bool) -> None:
    """Notes on files that are no recordings, recordings without labels, and recordings without words."""
    notes = []
    if others:
        what = "one file is no recording by its" if others == 1 else f"{others} files are no recordings by their"
        notes.append(f"{what} suffix, and left out")
    if found > len(jobs):
        notes.append(f"{found - len(jobs)} of {found} recordings are not in the table of labels, and left out")
    if not hears and any(_needs_ears(job) for job in jobs):
        notes.append("recordings without a transcript have no words: mlcl features fetch whisper, or name --recogniser")
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


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
    from mlcl.media.feature_sets import make_extractor
    from mlcl.media.feature_sets.feature_set import FEATURE_SETS, feature_set

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
