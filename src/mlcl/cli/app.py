"""The table of verbs."""

from collections.abc import Callable

from cyclopts import App

from mlcl.cli.config import config
from mlcl.cli.crossvalidate import crossvalidate
from mlcl.cli.data import data
from mlcl.cli.evaluate import evaluate
from mlcl.cli.extract import extract
from mlcl.cli.features import features
from mlcl.cli.models import models
from mlcl.cli.predict import predict
from mlcl.cli.report import report
from mlcl.cli.study import ablate, compare
from mlcl.cli.train import train
from mlcl.cli.tune import tune

VERBS: dict[str, Callable[..., None] | App] = {
    "extract": extract,
    "train": train,
    "crossvalidate": crossvalidate,
    "evaluate": evaluate,
    "predict": predict,
    "tune": tune,
    "data": data,
    "config": config,
    "compare": compare,
    "ablate": ablate,
    "report": report,
    "models": models,
    "features": features,
}


def build_app() -> App:
    """Assemble the verbs."""
    app = App(
        name="mlcl",
        help="Multi-level contrastive learning for multimodal sentiment, humor and sarcasm analysis.\n\n"
        "Every verb takes --debug to show where an error comes from.",
        version_flags=["--version"],
        suppress_keyboard_interrupt=False,
    )
    for name, verb in VERBS.items():
        app.command(verb, name=name)
    return app
