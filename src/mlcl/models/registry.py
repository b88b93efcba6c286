"""Models by name, built for a corpus."""

from transformers import logging as transformers_logging

from mlcl.config import Experiment
from mlcl.data.corpus import Task
from mlcl.encode.text import tiny_config
from mlcl.errors import EncoderError, RunError, UsageError
from mlcl.models.configuration import MLCLConfig
from mlcl.models.mlcl import MLCLModel

TINY = "tiny"


def build_model(experiment: Experiment, *, task: Task, widths: dict[str, int], vocabulary_size: int) -> MLCLModel:
    """Build the experiment's model for a corpus of these widths; random parts draw from torch's generator.

    Raises:
        UsageError: If the options contradict one another or the text encoder.
        EncoderError: If tokenizer and encoder do not belong together.
    """
    options = {
        **experiment.model.model_dump(),
        "acoustic_dim": widths["acoustic"],
        "visual_dim": widths["visual"],
        "num_labels": 1 if task == "regression" else 2,
        "problem_type": "regression" if task == "regression" else "single_label_classification",
    }
    try:
        if experiment.text_encoder == TINY:
            model = MLCLModel(MLCLConfig(text_config=tiny_config(vocabulary_size), **options))
        else:
            model = MLCLModel.from_text_encoder(experiment.text_encoder, **options)
    except ValueError as error:
        raise UsageError(f"model: {error}") from error
    longest = getattr(model.config.text_config, "max_position_embeddings", None)
    if longest is not None and experiment.data.max_length > longest:
        raise UsageError(
            f"data.max_length = {experiment.data.max_length}: the text encoder has {longest} positions; "
            f"use --set data.max_length={longest}"
        )
    rows = getattr(model.config.text_config, "vocab_size", vocabulary_size)
    if vocabulary_size > rows:
        raise EncoderError(
            f"text encoder {experiment.text_encoder!r}: its tokenizer has {vocabulary_size} tokens, its model {rows}; "
            "they do not belong together"
        )
    return model


def save_model(model: MLCLModel, folder: str) -> None:
    """Write a folder that `load_model` and `MLCLModel.from_pretrained` load."""
    transformers_logging.disable_progress_bar()
    model.save_pretrained(folder)


def load_model(folder: str) -> MLCLModel:
    """Load the model of a run's ``model`` folder."""
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    try:
        model: MLCLModel = MLCLModel.from_pretrained(folder)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise RunError(f"{folder} is damaged or no model of this version ({reason}); train again") from error
    return model
