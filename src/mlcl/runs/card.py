"""The cards of a run: what a reader must know to trust and use it, as the READMEs of the run and of its model."""

from collections.abc import Mapping
from typing import Any

from mlcl.config import Experiment
from mlcl.data.target import Target
from mlcl.inert import code, markdown
from mlcl.runs.front_matter import Bounds, front_matter
from mlcl.score_table import Scores, interval_markdown, score_markdown
from mlcl.train.follow.tracking import run_name

LIMITS = (
    "Trained on acted or public speech of a small group of people; scores say little about single persons. "
    "Inferring emotions of people at work or in education is prohibited in the EU (AI Act, article 5)."
)
USE = "Research on multimodal sentiment, humor and sarcasm: comparing methods on data of this kind."
LICENCE = (
    "Whoever shares these weights names their licence in place of `other` above; the terms of the data and of the text "
    "encoder bind them."
)


def run_card(
    experiment: Experiment,
    facts: Mapping[str, Any],
    scores: Mapping[str, Scores],
    intervals: Mapping[str, Bounds] | None = None,
) -> str:
    """Write the run's card in Markdown, with the head that the Hugging Face hub reads.

    Args:
        experiment: The resolved configuration.
        facts: What `mlcl.runs.facts` collected: data, encoder, versions, selection.
        scores: Metrics per column of the table; a column named like a split of the data is a result of the model.
        intervals: Per split 95 % intervals of some metrics.
    """
    entry, data = facts["model"], facts["data"]
    mark = "reproduction of the authors' release" if experiment.profile == "release" else "fair protocol"
    kind = Target.of(data).kind
    if experiment.profile == "release" and kind not in entry["native"]:
        mark = "the authors' settings on labels that they never used"
    return f"""{_head(experiment, facts, scores, intervals or {})}
# {entry["name"]}, recipe {experiment.recipe}, profile {experiment.profile} ({mark})

{_result(experiment, facts, scores, intervals or {})}

| | |
|---|---|
{_inputs(experiment, facts)}
| training | {facts["seconds"]:.0f} s on {facts["machine"]} |
| peak memory | {_memory(facts.get("peak_memory_bytes"))} |
| versions | {", ".join(f"{name} {version}" for name, version in facts["versions"].items())} |
{_adaptation(entry, kind)}
Use it: `mlcl predict FOLDER --data new.pkl --output predictions.csv`, or in Python
`mlcl.TrainedRun.load("FOLDER")`. For: {USE}

Limits. {LIMITS}

Licence. {LICENCE}

Method: {entry["title"]}; {entry["paper"]}.
"""


def model_card(
    experiment: Experiment,
    facts: Mapping[str, Any],
    scores: Mapping[str, Scores],
    intervals: Mapping[str, Bounds] | None = None,
) -> str:
    """Write the card of the model folder, which is what people share; arguments as for `run_card`."""
    entry, kind = facts["model"], facts["model"]["class"]
    return f"""{_head(experiment, facts, scores, intervals or {})}
# {run_name(experiment)}

{entry["title"]}, trained with mlcl {facts["versions"]["mlcl"]} on {code(facts["data"]["name"])}.

{_result(experiment, facts, scores, intervals or {})}

| | |
|---|---|
{_inputs(experiment, facts)}
{_adaptation(entry, Target.of(facts["data"]).kind)}
Weights alone: `from mlcl.models import {kind}`, then `{kind}.from_pretrained("FOLDER")`. They expect what the run's
`processor/` makes of words and feature rows, so share the whole run folder where you can:
`mlcl.TrainedRun.load("RUN")` then predicts from files. For: {USE}

Limits. {LIMITS}

Licence. {LICENCE}

Method: {entry["title"]}; {entry["paper"]}.
"""


def _head(
    experiment: Experiment, facts: Mapping[str, Any], scores: Mapping[str, Scores], intervals: Mapping[str, Bounds]
) -> str:
    splits = {name: values for name, values in scores.items() if name in facts["data"]["items"]}
    return front_matter(experiment, facts, splits, intervals)


def _result(
    experiment: Experiment, facts: Mapping[str, Any], scores: Mapping[str, Scores], intervals: Mapping[str, Bounds]
) -> str:
    chosen = facts["selection"]
    parts = [
        score_markdown(scores),
        f"""One training, seed {experiment.seed}. Epoch {chosen["epoch"]} of {chosen["epochs"]} was chosen by dev
`{chosen["metric"]}`; {reads_of_test(chosen)}. `constant` predicts the train labels' median or
class frequencies. A difference from another system below about .04 MAE, from one seed, is no finding.""",
    ]
    shown = {split: bounds for split, bounds in intervals.items() if bounds}
    if shown:
        parts.append(
            "Intervals of 95 %, BCa bootstrap over items; they say how the items were drawn, not how seeds vary.\n\n"
            f"{interval_markdown(scores, shown)}"
        )
    return "\n\n".join(parts)


def _inputs(experiment: Experiment, facts: Mapping[str, Any]) -> str:
    data, encoder = facts["data"], facts["text_encoder"]
    rows = {
        "data": f"{code(data['name'])}, layout {data['layout']}, sha256 `{data['sha256']}`",
        "splits": _splits(data.get("fold")),
        "items": ", ".join(f"{name} {count}" for name, count in data["items"].items()),
        "columns": ", ".join(f"{name} {width}" for name, width in data["widths"].items()),
        "labels": _labels(data),
        **({"leaks": markdown("; ".join(data["leaks"]))} if data.get("leaks") else {}),
        "modalities": ", ".join(experiment.data.modalities),
        "text encoder": f"{code(encoder['name'])}, {encoder['parameters']:,} parameters, sha256 `{encoder['sha256']}`",
        "model": f"{facts['parameters']:,} parameters",
        "profile, seed": f"{experiment.profile}, {experiment.seed}",
    }
    return "\n".join(f"| {name} | {value} |" for name, value in rows.items())


def _splits(fold: Mapping[str, Any] | None) -> str:
    """Where the splits come from."""
    if fold is None:
        return "the file's own"
    source = "lists of items" if fold.get("lists_sha256") else f"dealt by {fold['by']}, seed {fold['seed']}"
    return f"fold {fold['number']} of {fold['of']}, {source}"


def _memory(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 2**20:,.0f} MiB"


def _labels(data: Mapping[str, Any]) -> str:
    """What is learnt: the label's name, and its range or its classes."""
    target = Target.of(data)
    name = f"{code(target.name)}, " if target.name else ""
    if target.task == "regression":
        return f"{name}scores" + (" in [{:g}, {:g}]".format(*target.label_range) if target.label_range else "")
    names = f": {markdown(', '.join(target.classes))}" if target.classes else ""
    return f"{name}{target.num_classes} classes{names}"


def _adaptation(entry: Mapping[str, Any], task: str) -> str:
    """Say so where the authors of a method never trained it on labels of this kind."""
    if task in entry["native"]:
        return ""
    instead = f", but on {entry['other_labels']}" if entry.get("other_labels") else ""
    labels = "more than two classes" if task == "multi-class" else task
    return f"\n**Adaptation.** The authors of this method never trained it for {labels}{instead}.\n"


def reads_of_test(selection: Mapping[str, Any]) -> str:
    """In words: once, unless a finished run was given more epochs."""
    reads = selection.get("reads", [selection["epochs"]])
    if len(reads) == 1:
        return "test was read once, afterwards"
    return f"test was read {len(reads)} times, after {', '.join(map(str, reads))} epochs"
