"""The head of a Hugging Face model card: what the hub and its search read of a run."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

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
    """
    data = facts["data"]
    results = [
        EvalResult(
            task_type=f"multimodal-{data['task']}",
            dataset_type=experiment.recipe,
            dataset_name=data["name"],
            dataset_split=split,
            dataset_args={"sha256": data["sha256"]},
            metric_type=name,
            metric_name=name,
            metric_value=value,
            metric_args=_interval(intervals.get(split, {}).get(name)),
        )
        for split, scores in metrics.items()
        for name, value in scores.items()
        if value is not None
    ]
    head = ModelCardData(
        library_name="mlcl",
        license="other",
        license_name="not-chosen",
        tags=["multimodal", "contrastive-learning", experiment.model.name, f"{experiment.profile}-profile"],
        datasets=[experiment.recipe],
        metrics=list(dict.fromkeys(result.metric_type for result in results)),
        model_name=run_name(experiment),
        eval_results=results,
        base_model=experiment.text_encoder if on_hub(experiment.text_encoder) else None,
    )
    return f"---\n{head.to_yaml()}\n---\n"


def on_hub(text_encoder: str) -> bool:
    """Whether the text encoder is a name on the hub, as far as one can tell without asking."""
    return text_encoder != "tiny" and bool(_HUB_NAME.fullmatch(text_encoder)) and not Path(text_encoder).exists()


def _interval(bounds: tuple[float, float] | None) -> dict[str, Any] | None:
    return None if bounds is None else {"interval": "95 % BCa over items", "low": bounds[0], "high": bounds[1]}
