"""The run card: what a reader must know to trust and use a run, as the folder's README."""

from typing import Any

from mlcl.config import Experiment
from mlcl.report.table import Scores, score_markdown

LIMITS = (
    "Trained on acted or public speech of a small group of people; scores say little about single persons. "
    "Inferring emotions of people at work or in education is prohibited in the EU (AI Act, article 5)."
)


def run_card(experiment: Experiment, facts: dict[str, Any], scores: dict[str, Scores]) -> str:
    """Write the card in Markdown.

    Args:
        experiment: The resolved configuration.
        facts: What `mlcl.runs.facts` collected: data, encoder, versions, selection.
        scores: Metrics per column of the table.
    """
    data, encoder, chosen = facts["data"], facts["text_encoder"], facts["selection"]
    items = ", ".join(f"{name} {count}" for name, count in data["items"].items())
    entry = facts["model"]
    mark = "reproduction of the authors' release" if experiment.profile == "release" else "fair protocol"
    kind = "multi-class" if data.get("num_classes", 0) > 2 else data["task"]
    if experiment.profile == "release" and kind not in entry["native"]:
        mark = "the authors' settings on labels that they never used"
    return f"""# {entry["name"]}, recipe {experiment.recipe}, profile {experiment.profile} ({mark})

{score_markdown(scores)}

One training, seed {experiment.seed}. Epoch {chosen["epoch"]} of {chosen["epochs"]} was chosen by dev
`{chosen["metric"]}`; test was read once, afterwards. `constant` predicts the train labels' median or
class frequencies. A difference from another system below about .04 MAE, from one seed, is no finding.

| | |
|---|---|
| data | `{data["name"]}`, layout {data["layout"]}, sha256 `{data["sha256"]}` |
| items | {items} |
| columns | {", ".join(f"{name} {width}" for name, width in data["widths"].items())} |
| labels | {_labels(data)} |
| modalities | {", ".join(experiment.data.modalities)} |
| text encoder | `{encoder["name"]}`, {encoder["parameters"]:,} parameters, sha256 `{encoder["sha256"]}` |
| model | {facts["parameters"]:,} parameters |
| training | {facts["seconds"]:.0f} s on {facts["machine"]} |
| versions | {", ".join(f"{name} {version}" for name, version in facts["versions"].items())} |
{_adaptation(entry, kind)}
Use it: `mlcl predict FOLDER --data new.pkl --output predictions.csv`, or in Python
`mlcl.TrainedRun.load("FOLDER")`.

Limits. {LIMITS}

Method: {entry["title"]}; {entry["paper"]}.
"""


def _labels(data: dict[str, Any]) -> str:
    """What is learnt: the label's name, and its range or its classes."""
    name = f"`{data['label']}`, " if data.get("label") else ""
    if data["task"] == "regression":
        limits = data.get("label_range")
        return f"{name}scores" + (f" in [{limits[0]:g}, {limits[1]:g}]" if limits else "")
    names = f": {', '.join(data['classes'])}" if data.get("classes") else ""
    return f"{name}{data.get('num_classes', 2)} classes{names}"


def _adaptation(entry: dict[str, Any], task: str) -> str:
    """Say so where the authors of a method never trained it on labels of this kind."""
    if task in entry["native"]:
        return ""
    instead = f", but on {entry['other_labels']}" if entry.get("other_labels") else ""
    labels = "more than two classes" if task == "multi-class" else task
    return f"\n**Adaptation.** The authors of this method never trained it for {labels}{instead}.\n"
