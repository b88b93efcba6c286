"""``mlcl evaluate``."""

from typing import Annotated

from cyclopts import Parameter

from mlcl.cli.options import Data, Device, Json, Run, Threads, set_threads


def evaluate(
    run: Run,
    *,
    split: Annotated[str, Parameter(help="`train`, `dev` or `test`.")] = "test",
    data: Data = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Score a trained run on one split of its data, or of another file."""
    import json as json_format
    import sys

    from mlcl.console import Console
    from mlcl.runs.agreement import disagreement
    from mlcl.runs.trained import TrainedRun
    from mlcl.score_table import score_table

    set_threads(threads)
    trained = TrainedRun.load(run, device=device)
    if not trained.folder.complete:
        print(
            f"note: {run} is unfinished: this is its best epoch so far; go on with mlcl train --resume {run}",
            file=sys.stderr,
        )
    corpus = trained.corpus(data)
    if not trained.same_data(corpus):
        file = corpus.path or data
        print(f"note: {file} is not the file this run was trained on (its hash differs)", file=sys.stderr)
    predictions = trained.labelled(corpus, split)
    metrics = predictions.metrics()
    if trained.folder.complete and trained.same_data(corpus):
        said = disagreement(trained.folder, split, metrics)
        if said:
            print(f"note: {said}: another device or precision, or a file of the run was changed", file=sys.stderr)
    if json:
        print(json_format.dumps({split: metrics}, indent=2, allow_nan=False))
    else:
        Console().print(score_table(str(run), {f"{split}, {predictions.num_labelled} items": metrics}))
