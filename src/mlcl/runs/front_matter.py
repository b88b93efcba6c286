"""The head of a Hugging Face model card: what the hub and its search read of a run."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mlcl.config import Experiment
from mlcl.score_table import Scores
from mlcl.train.follow.tracking import run_name

Bounds = Mapping[str, tuple[float, float]]
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")


def front_matter(
    experiment: Experiment, facts: Mapping[str, Any], metrics: Mapping[str, Scores], intervals: Mapping[str, Bounds]
) -> str:
    """Write the YAML head, with its marks.

    Undefined metrics are left out, and so is a text encoder that is no name on the hub. Whose weights they are is not
    for this program to say: the licence is ``other`` until their owner names one.

    Args:
        experiment: The resolved configuration.
        facts: What `mlcl.runs.facts` collected.
        metrics: Metrics per split.
        intervals: Per split 95 % intervals of some of them.
    """
    data = facts["data"]
    results: list[dict[str, Any]] = [
        {
            "task": {"type": f"multimodal-{data['task']}"},
            "dataset": {
                "type": experiment.recipe,
                "name": data["name"],
                "split": split,
                "args": {"sha256": data["sha256"]},
            },
            "metrics": [
                _result(name, value, intervals.get(split, {})) for name, value in scores.items() if value is not None
            ],
        }
        for split, scores in metrics.items()
    ]
    head: dict[str, Any] = {
        "library_name": "mlcl",
        "license": "other",
        "license_name": "not-chosen",
        "tags": ["multimodal", "contrastive-learning", experiment.model.name, f"{experiment.profile}-profile"],
        "datasets": [experiment.recipe],
        "metrics": list(dict.fromkeys(metric["type"] for result in results for metric in result["metrics"])),
        "model-index": [{"name": run_name(experiment), "results": results}],
    }
    if on_hub(experiment.text_encoder):
        head["base_model"] = experiment.text_encoder
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n"


def on_hub(text_encoder: str) -> bool:
    """Whether the text encoder is a name on the hub, as far as one can tell without asking."""
    return text_encoder != "tiny" and bool(_HUB_NAME.fullmatch(text_encoder)) and not Path(text_encoder).exists()


def _result(name: str, value: float, bounds: Bounds) -> dict[str, Any]:
    result: dict[str, Any] = {"type": name, "name": name, "value": value}
    if name in bounds:
        low, high = bounds[name]
        result["args"] = {"interval": "95 % BCa over items", "low": low, "high": high}
    return result
