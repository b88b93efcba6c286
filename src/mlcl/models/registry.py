"""Models by name, built for a corpus, saved and loaded."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoModel, PreTrainedConfig
from transformers import logging as transformers_logging

from mlcl.config import TINY, VECTORS, Experiment
from mlcl.data.target import Kind, Target
from mlcl.encode.build import tiny_config
from mlcl.encode.vectors import vectors_config
from mlcl.errors import EncoderError, RunError, UsageError, reason
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
from mlcl.safe.model_folder import check_model_folder, check_size
from mlcl.safe.text_file import read_json


@dataclass(frozen=True)
class Entry:
    """A model of the registry.

    Attributes:
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


def build_model(
    experiment: Experiment, target: Target, *, widths: dict[str, int], vocabulary_size: int
) -> MultimodalModel:
    """Build the experiment's model for a corpus of these widths; random parts draw from torch's generator.

    Raises:
        UsageError: If the options contradict one another or the text encoder.
        EncoderError: If tokenizer and encoder do not belong together.
    """
    model_class = MODELS[experiment.model.name].model
    sizes = model_sizes(model_class, target, widths)
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
    _check_readout(model)
    longest = model.text.positions
    if longest is not None and experiment.data.max_length > longest:
        raise UsageError(
            f"data.max_length = {experiment.data.max_length}: the text encoder has {longest} positions; "
            f"use --set data.max_length={longest}"
        )
    rows = getattr(model.config.text_config.get_text_config(), "vocab_size", vocabulary_size)
    if vocabulary_size > rows:
        raise EncoderError(
            f"text encoder {experiment.text_encoder!r}: its tokenizer has {vocabulary_size} tokens, its model {rows}; "
            "they do not belong together"
        )
    return model


def _check_readout(model: MultimodalModel) -> None:
    """Refuse to read a whole text from a first token that sees no other."""
    if model.reads_cls is None or not model.text.measured().causal:
        return
    kind = model.config.text_config.model_type
    step = f"use --set model.{model.reads_cls}=mean" if model.reads_cls else "use an encoder of the family of BERT"
    raise UsageError(f"model: the first token's state is read, and in a {kind} it sees no other token; {step}")


def model_sizes(model_class: type[MultimodalModel], target: Target, widths: dict[str, int]) -> dict[str, Any]:
    """The fields of a model's configuration that the data decide."""
    sizes: dict[str, Any] = {
        "num_labels": target.num_classes or 1,
        "problem_type": "single_label_classification" if target.num_classes else "regression",
    }
    if target.classes:
        sizes["id2label"] = dict(enumerate(target.classes))
        sizes["label2id"] = {name: number for number, name in enumerate(target.classes)}
    for name in ("acoustic", "visual", "hcf"):
        if hasattr(model_class.config_class, f"{name}_dim"):
            sizes[f"{name}_dim"] = widths.get(name, 0)
    return sizes


def save_model(model: MultimodalModel, folder: str) -> None:
    """Write a folder that `load_model` and the model's ``from_pretrained`` load."""
    transformers_logging.disable_progress_bar()
    model.save_pretrained(folder)


class AutoMultimodalModel:
    """Whichever of the package's models a folder or hub name holds."""

    @classmethod
    def from_pretrained(
        cls,
        name: str | PathLike[str],
        *,
        trust_remote_code: bool = False,  # noqa: ARG003
        **options: Any,
    ) -> MultimodalModel:
        """Load what any model's `save_pretrained` wrote, such as the ``model`` folder of a run.

        Args:
            name: Folder, or hub name.
            trust_remote_code: Not looked at: code that comes with a folder is never run.
            options: As for `transformers.PreTrainedModel.from_pretrained`.

        Raises:
            ValueError: If it holds none of the package's models.
            OSError: If it cannot be read.
        """
        kind = PreTrainedConfig.get_config_dict(name, **options)[0].get("model_type")
        for entry in MODELS.values():
            if entry.model.config_class.model_type == kind:
                model: MultimodalModel = entry.model.from_pretrained(name, trust_remote_code=False, **options)
                return model
        known = ", ".join(entry.model.config_class.model_type for entry in MODELS.values())
        raise ValueError(f"{name} holds a model of type {kind!r}; allowed: {known}")


for _entry in MODELS.values():  # so that AutoConfig and AutoModel open a run's model folder
    AutoConfig.register(_entry.model.config_class.model_type, _entry.model.config_class)
    AutoModel.register(_entry.model.config_class, _entry.model)


def load_model(folder: str) -> MultimodalModel:
    """Load the model of a run's ``model`` folder; raises a RunError if it cannot be loaded."""
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    try:
        place = Path(folder)
        check_model_folder(place)
        kind = read_json(place / "config.json")["model_type"]
        [model_class] = [entry.model for entry in MODELS.values() if entry.model.config_class.model_type == kind]
        config_class = model_class.config_class
        check_size(place, lambda: model_class(config_class.from_pretrained(folder, trust_remote_code=False)))
        return AutoMultimodalModel.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:
        raise RunError(f"{folder} is damaged or no model of this version ({reason(error)}); train again") from error
