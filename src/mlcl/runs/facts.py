"""Facts that are part of a result: data, encoder, versions, machine."""

import hashlib
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mlcl.config import Experiment
from mlcl.data.corpus import Corpus
from mlcl.data.folds import lists_hash
from mlcl.data.inspection.leaks import in_two_splits
from mlcl.data.processor import Processor
from mlcl.models.registry import MODELS


def corpus_facts(experiment: Experiment, corpus: Corpus, processor: Processor) -> dict[str, Any]:
    """What identifies a data file, what is in it, and what is learnt of it."""
    fold = fold_facts(experiment)
    return {
        "name": Path(experiment.data.file).name,
        "layout": corpus.layout,
        "sha256": corpus.sha256,
        **processor.target.plain(),
        "items": {name: len(split) for name, split in corpus.splits.items()},
        "widths": corpus.widths(),
        "context": corpus.has_context,
        "repaired_rows": corpus.repaired,
        "leaks": in_two_splits(corpus),
        **({} if fold is None else {"fold": fold}),
    }


def fold_facts(experiment: Experiment) -> dict[str, Any] | None:
    """Which fold of a cross-validation the data are, lists of items by their hash; None for the file's own splits."""
    fold = experiment.data.fold
    return None if fold is None else {**fold.model_dump(exclude={"lists"}), "lists_sha256": lists_hash(fold)}


def collect_facts(
    experiment: Experiment, data: dict[str, Any], model: nn.Module, device: torch.device
) -> dict[str, Any]:
    """Collect what identifies a run's inputs. Paths and host names stay out: the folder may be shared."""
    encoder, entry = model.get_submodule("text.encoder"), MODELS[experiment.model.name]
    return {
        "data": data,
        "text_encoder": {
            "name": Path(experiment.text_encoder).name,
            "parameters": sum(parameter.numel() for parameter in encoder.parameters()),
            "sha256": weights_hash(encoder),
        },
        "model": {
            "name": experiment.model.name,
            "title": entry.title,
            "paper": entry.paper,
            "native": list(entry.native),
            "other_labels": entry.other_labels,
            "class": entry.model.__name__,
        },
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "versions": {name: version(name) for name in ("mlcl", "torch", "transformers", "numpy")},
        "machine": f"{_device_name(device)}, Python {platform.python_version()}",
    }


def public_config(experiment: Experiment) -> dict[str, Any]:
    """The configuration with names in place of paths, for whatever leaves this machine."""
    config = experiment.model_dump(mode="json")
    data, fold = config["data"], config["data"]["fold"]
    config["text_encoder"] = Path(config["text_encoder"]).name
    data["file"] = Path(data["file"]).name
    if fold is not None and fold["lists"] is not None:
        fold["lists"] = Path(fold["lists"]).name
    return config


def peak_memory(device: torch.device) -> int | None:
    """Most memory so far in bytes: of the GPU, as torch gave it out, else of this process; None where unknown."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if device.type != "cpu" or sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def weights_hash(module: nn.Module) -> str:
    """Hash of a module's weights as they are now."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes() if tensor.dim() else b"")
    return digest.hexdigest()


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.machine()}, {torch.get_num_threads()} threads)"
