"""The card of a cross-validation: what was found over all folds, and how far it carries."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlcl.config import Experiment
from mlcl.evaluate.fold_summary import FoldSummary
from mlcl.inert import code
from mlcl.runs.card import LIMITS
from mlcl.score_table import Scores, number, score_markdown


def fold_columns(summary: FoldSummary) -> dict[str, Scores]:
    """The columns of the result table: mean and deviation over folds; over all items, with interval and baseline."""
    columns: dict[str, Scores] = {"mean": summary.mean, "sd": summary.sd, "all items": summary.pooled}
    if summary.intervals:
        columns["95 % low"] = {name: found.low for name, found in summary.intervals.items()}
        columns["95 % high"] = {name: found.high for name, found in summary.intervals.items()}
    return {**columns, "constant": summary.constant}


def fold_card(experiment: Experiment, facts: Sequence[Mapping[str, Any]], summary: FoldSummary, groups: int) -> str:
    """Write the card in Markdown, from the first fold's configuration and the facts of each fold's run."""
    fold, data, encoder, entry = (experiment.data.fold, facts[0]["data"], facts[0]["text_encoder"], facts[0]["model"])
    by = "item" if fold is None else fold.by
    source = "the lists of a file" if data["fold"]["lists_sha256"] else f"dealt with seed {data['fold']['seed']}"
    apart = "" if by == "item" else f" No {by} is in two of train, dev and test."
    rows = "\n".join(
        f"| {index} | {', '.join(str(count) for count in part['data']['items'].values())} | "
        f"{part['selection']['epoch']} of {part['selection']['epochs']} | {part['seconds']:.0f} s | "
        f"{' | '.join(number(scores[name]) for name in summary.mean)} |"
        for index, (part, scores) in enumerate(zip(facts, summary.folds, strict=True), 1)
    )
    heads = f"| fold | train, dev, test | epoch | time | {' | '.join(f'`{name}`' for name in summary.mean)} |"
    title = f"{entry['name']}, recipe {experiment.recipe}, profile {experiment.profile}: {len(facts)} folds"
    return f"""# {title}

{score_markdown(fold_columns(summary))}

Every item is predicted by the model that was trained without it; `all items` scores these predictions together.
The interval is a BCa bootstrap that resamples {groups} {"items" if by == "item" else f"{by}s, each with its items"}.
`sd` is the spread over folds; they share most of their train items, so it is no standard error. `constant` predicts
the median or the class frequencies of the labels that a fold trains on.

Folds: {source}.{apart} Epochs are chosen on dev, which is taken from what is not test; normalisation is fitted
on train alone. One training a fold, seed {experiment.seed}: what seeds change is not in these numbers.

{heads}
|---|---|---|---:|{"---:|" * len(summary.mean)}
{rows}

| | |
|---|---|
| data | {code(data["name"])}, layout {data["layout"]}, sha256 `{data["sha256"]}` |
| text encoder | {code(encoder["name"])}, {encoder["parameters"]:,} parameters, sha256 `{encoder["sha256"]}` |
| versions | {", ".join(f"{name} {version}" for name, version in facts[0]["versions"].items())} |

Limits. {LIMITS}

Method: {entry["title"]}; {entry["paper"]}.
"""
