"""Models by name, built for a corpus, saved and loaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from transformers import logging as transformers_logging

from mlcl.config import TINY, VECTORS, Experiment
from mlcl.data.corpus import Task
from mlcl.encode.build import tiny_config
from mlcl.encode.model_folder import check_model_folder, check_size
from mlcl.encode.vectors import vectors_config
from mlcl.errors import EncoderError, RunError, UsageError
from mlcl.modality import TEXT
from mlcl.models.base import MultimodalModel
from mlcl.models.hkt import HKTModel
from mlcl.models.late_fusion import LateFusionModel
from mlcl.models.lfmim import LFMIMModel
from mlcl.models.mag import MAGModel
from mlcl.models.mcl import MCLModel
from mlcl.models.mib import MIBModel
from mlcl.models.mlcl import MLCLModel
from mlcl.models.text import TextModel
from mlcl.safe.text_file import read_json

Kind = Literal["regression", "classification", "multi-class"]
"""Kinds of label: a score, one of two classes, one of more."""


@dataclass(frozen=True)
class Entry:
    """A model of the registry.

    Attributes:
        model: Its class.
        title: What it is, in a line.
        paper: Where it comes from.
        year: Of the paper; None for a baseline.
        native: Kinds of label that its authors trained it on.
        other_labels: What else is particular about the labels that they trained it on, in words.
    """

    model: type[MultimodalModel]
    title: str
    paper: str
    year: int | None
    native: tuple[Kind, ...] = ("regression", "classification")
    other_labels: str = ""


MODELS: dict[str, Entry] = {
    "mlcl": Entry(
        MLCLModel,
        "Multi-level contrastive learning",
        "Zhuang et al., Multi-Level Contrastive Learning for Multimodal Sentiment Analysis, IEEE Transactions on "
        "Multimedia, doi 10.1109/TMM.2025.3613116",
        2025,
    ),
    "mag": Entry(
        MAGModel,
        "Multimodal adaptation gate",
        "Rahman et al., Integrating Multimodal Information in Large Pretrained Transformers, ACL 2020, "
        "doi 10.18653/v1/2020.acl-main.214",
        2020,
        ("regression",),
    ),
    "mib": Entry(
        MIBModel,
        "Multimodal information bottleneck",
        "Mai, Zeng and Hu, Multimodal Information Bottleneck: Learning Minimal Sufficient Unimodal and Multimodal "
        "Representations, IEEE Transactions on Multimedia",
        2022,
        native=("regression",),
    ),
    "mcl": Entry(
        MCLModel,
        "Multimodal correlation learning",
        "Mai, Sun, Zeng and Hu, Excavating multimodal correlation for representation learning, Information Fusion 91",
        2023,
        native=("regression",),
    ),
    "hkt": Entry(
        HKTModel,
        "Humor knowledge enriched transformer",
        "Hasan et al., Humor Knowledge Enriched Transformer for Understanding Multimodal Humor, AAAI, "
        "doi 10.1609/aaai.v35i14.17534",
        2021,
        native=("classification",),
    ),
    "lfmim": Entry(
        LFMIMModel,
        "Layer-wise fusion with independent modalities",
        "Sun et al., Layer-wise Fusion with Modality Independence Modeling for Multi-modal Emotion Recognition, "
        "ACL 2023, https://aclanthology.org/2023.acl-long.39",
        2023,
        native=("multi-class",),
        other_labels="seven emotions, four labels per item",
    ),
    "late_fusion": Entry(LateFusionModel, "Three encoders side by side and a head", "baseline", None),
    "text": Entry(TextModel, "The text encoder alone", "baseline", None),
}


def label_kind(task: Task, num_classes: int) -> Kind:
    """The kind of label; two classes are ``classification``."""
    return "multi-class" if num_classes > 2 else task


def build_model(
    experiment: Experiment,
    *,
    task: Task,
    widths: dict[str, int],
    vocabulary_size: int,
    num_classes: int = 2,
    classes: tuple[str, ...] = (),
) -> MultimodalModel:
    """Build the experiment's model for a corpus of these widths; random parts draw from torch's generator.

    Args:
        experiment: Which model, its options and text encoder.
        task: Kind of label.
        widths: Columns of each kind of row.
        vocabulary_size: Of the tokenizer.
        num_classes: Of a classification.
        classes: Their names, where they have any.

    Raises:
        UsageError: If the options contradict one another or the text encoder.
        EncoderError: If tokenizer and encoder do not belong together.
    """
    model_class = MODELS[experiment.model.name].model
    sizes = model_sizes(model_class, task, widths, num_classes=num_classes, classes=classes)
    options = {**experiment.model.model_dump(exclude={"name"}), **sizes}
    try:
        if experiment.text_encoder == TINY:
            model = model_class(model_class.config_class(text_config=tiny_config(vocabulary_size), **options))
        elif experiment.text_encoder == VECTORS:
            model = model_class(model_class.config_class(text_config=vectors_config(widths[TEXT]), **options))
        else:
            model = model_class.from_text_encoder(experiment.text_encoder, **options)
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


def model_sizes(
    model_class: type[MultimodalModel],
    task: Task,
    widths: dict[str, int],
    *,
    num_classes: int = 2,
    classes: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The fields of a model's configuration that the data decide."""
    sizes: dict[str, Any] = {
        "num_labels": 1 if task == "regression" else num_classes,
        "problem_type": "regression" if task == "regression" else "single_label_classification",
    }
    if classes:
        sizes["id2label"] = dict(enumerate(classes))
        sizes["label2id"] = {name: number for number, name in enumerate(classes)}
    for name in ("acoustic", "visual", "hcf"):
        if hasattr(model_class.config_class, f"{name}_dim"):
            sizes[f"{name}_dim"] = widths.get(name, 0)
    return sizes


def save_model(model: MultimodalModel, folder: str) -> None:
    """Write a folder that `load_model` and the model's ``from_pretrained`` load."""
    transformers_logging.disable_progress_bar()
    model.save_pretrained(folder)


def load_model(folder: str) -> MultimodalModel:
    """Load the model of a run's ``model`` folder."""
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    try:
        place = Path(folder)
        check_model_folder(place)
        kind = read_json(place / "config.json")["model_type"]
        [model_class] = [entry.model for entry in MODELS.values() if entry.model.config_class.model_type == kind]
        check_size(place, lambda: model_class(model_class.config_class.from_pretrained(folder)))
        model: MultimodalModel = model_class.from_pretrained(folder)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise RunError(f"{folder} is damaged or no model of this version ({reason}); train again") from error
    return model
