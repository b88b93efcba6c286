"""What identifies a tuning study: nobody joins one with other data, another encoder or other settings."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from mlcl.config import Experiment
from mlcl.evaluate.direction import HIGHER_IS_BETTER
from mlcl.runs.facts import weights_hash
from mlcl.runs.prepare import Prepared
from mlcl.runs.setup import Setup
from mlcl.studies.tune.search import SearchSpace


def tune_plan(experiment: Experiment, space: SearchSpace, prepared: Prepared, setup: Setup) -> dict[str, Any]:
    """Plain values for ``tune.yaml``, without paths."""
    settings = experiment.model_dump(mode="json", exclude={"device", "execution", "text_encoder"})
    settings["data"] = {key: value for key, value in settings["data"].items() if key not in ("file", "cache")}
    return {
        "kind": "tune",
        "created_with": f"mlcl {version('mlcl')}",
        "metric": setup.metric,
        "direction": "maximize" if setup.metric in HIGHER_IS_BETTER else "minimize",
        "experiment": settings,
        "data": {"name": prepared.facts["name"], "sha256": prepared.facts["sha256"]},
        "text_encoder": {
            "name": Path(experiment.text_encoder).name,
            "sha256": weights_hash(setup.model.get_submodule("text.encoder")),
        },
        "search": {key: dimension.model_dump(mode="json") for key, dimension in space.dimensions.items()},
        "not_searched": space.left_out,
    }
