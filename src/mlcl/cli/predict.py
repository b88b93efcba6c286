"""``mlcl predict``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlcl.cli.media_options import HearingOptions
from mlcl.cli.options import Data, Device, Run, Threads, set_threads
from mlcl.errors import UsageError

if TYPE_CHECKING:
    from mlcl.runs.trained import TrainedRun

_NO_HEARING = HearingOptions()


def predict(
    run: Run,
    recordings: Annotated[
        list[Path] | None,
        Parameter(negative="", help="Recordings, and folders of them, to be scored sentence by sentence."),
    ] = None,
    *,
    data: Data = None,
    text: Annotated[str | None, Parameter(help="One text to score, instead of a file.")] = None,
    output: Annotated[
        Path | None,
        Parameter(help="Table to write: .csv, .jsonl or .parquet; of recordings the folder of tables and pages."),
    ] = None,
    split: Annotated[str | None, Parameter(help="Only this split; all of the file's when absent.")] = None,
    transcript: Annotated[
        Path | None, Parameter(help="Words of one recording; when absent a transcript beside it, else the recogniser.")
    ] = None,
    hearing: HearingOptions = _NO_HEARING,
    frames: Annotated[bool, Parameter(help="Whether pages show small pictures of the recording.")] = True,
    processes: Annotated[int, Parameter(help="Recordings that are extracted at a time.")] = 1,
    json: Annotated[bool, Parameter(negative="", help="Print the score of --text as JSON.")] = False,
    device: Device = "auto",
    threads: Threads = None,
    quiet: Annotated[bool, Parameter(negative="", help="Show no progress.")] = False,
) -> None:
    """Write a trained run's predictions: for every item of a data file, for recordings, or for a text.

    Labels may be absent. Recordings are extracted with the features of the run's own training."""
    from mlcl.runs.trained import TrainedRun

    set_threads(threads)
    given = [
        name for name, value in (("recordings", recordings), ("--data", data), ("--text", text)) if value is not None
    ]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)}: give one of them")
    if json and text is None:
        raise UsageError("--json goes with --text; recordings and data get files in --output")
    if text is not None and output is not None:
        raise UsageError(f"--output {output}: the score of --text is printed; leave --output out, or take --json")
    if text is not None:
        _predict_text(TrainedRun.load(run, device=device), text, json)
        return
    if recordings is not None and split is not None:
        raise UsageError(f"--split {split}: recordings have no splits; leave it out")
    if output is None:
        raise UsageError(f"--output is missing; name {'a folder' if recordings else 'a table'} to write")
    if recordings:
        from mlcl.cli.predict_recordings import predict_recordings

        predict_recordings(
            TrainedRun.load(run, device=device),
            recordings,
            output,
            transcript=transcript,
            hearing=hearing,
            frames=frames,
            processes=processes,
            threads=threads,
            quiet=quiet,
        )
        return
    from mlcl.runs.export import check_table_path, write_table

    check_table_path(output)
    _check_apart(output, run, data)
    table = TrainedRun.load(run, device=device).predict(data, split)
    write_table(output, table.reset_index())
    print(f"{len(table)} predictions: {output}")


def _predict_text(run: "TrainedRun", text: str, as_json: bool) -> None:
    import json

    from mlcl.runs.recordings import score_text

    found = score_text(run, text)
    target = found.target
    if target.task == "regression":
        values: dict[str, object] = {"score": float(found.score[0])}
    else:
        shares = dict(zip(target.class_names, map(float, found.score[0]), strict=True))
        values = {"class": max(shares, key=shares.__getitem__), "probabilities": shares}
    if as_json:
        print(json.dumps({"text": text, **values, "modalities": ["text"]}))
        return
    others = [name for name in run.processor.modalities if name != "text"]
    without = f"  (from the text alone, without {' and '.join(others)})" if others else ""
    if target.task == "regression":
        low, high = target.label_range or (None, None)
        scale = "" if low is None else f" on a scale from {low:g} to {high:g}"
        print(f"{float(found.score[0]):+.3f}{scale}{without}")
        return
    for name, share in sorted(shares.items(), key=lambda one: -one[1]):
        print(f"{share:.3f}  {name}")
    if without:
        print(without.strip())


def _check_apart(output: Path, run: Path, data: str | None) -> None:
    """Refuse to replace what is read: the data, or a file of the run.

    What version 0.1.0 predicted may be: it kept one probability of many.
    """
    from mlcl.runs.digests import Digests

    target, source = output.resolve(), None if data is None else Path(data).resolve()
    replaced = source is not None and target.exists() and source in (target, *target.parents)
    if replaced or Digests(run.resolve()).knows(target):
        what = "the data" if replaced else "a file of the run"
        raise UsageError(f"--output {output}: {what} would be replaced; name another place")
