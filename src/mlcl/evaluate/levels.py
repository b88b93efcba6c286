"""What the levels of contrast compare, caught while a model predicts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mlcl.contrast import BiModalContrast, TriModalContrast, UniModalContrast
from mlcl.contrast.geometry import alignment, uniformity
from mlcl.contrast.levels import Pairs, all_present, bi_modal_pairs, tri_modal_pairs, uni_modal_pairs

FUSED = "fused"
MOST_ITEMS = 512
"""Items that the geometry is computed on: every so many-th where there are more."""

_LEVELS = (UniModalContrast, BiModalContrast, TriModalContrast)


@dataclass
class _Compared:
    """Batches of one comparison."""

    query: list[Tensor] = field(default_factory=list)
    positive: list[Tensor] = field(default_factory=list)
    keep: list[Tensor] = field(default_factory=list)


class LevelProbe:
    """Listens to a model's levels of contrast and to its fused embedding while it is entered.

    Any model will do: one without levels has its fused embedding alone.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._handles: list[RemovableHandle] = []
        self._compared: dict[str, _Compared] = {}
        self._fused: list[Tensor] = []

    def __enter__(self) -> "LevelProbe":
        self._compared, self._fused = {}, []
        self._handles = [
            module.register_forward_hook(self._listen)
            for module in self._model.modules()
            if isinstance(module, _LEVELS)
        ]
        self._handles.append(self._model.register_forward_hook(self._listen_to_model))
        if getattr(self._model, "terms_without_labels", False):  # else a prediction computes no level
            self._handles.append(self._model.register_forward_pre_hook(_with_terms, with_kwargs=True))
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()

    def vectors(self) -> dict[str, Tensor]:
        """(items, width) per level, in the order of prediction: the unit vectors of all that it compares side by side.

        ``fused`` is the embedding as it is. A vector of an absent modality is zero.
        """
        found = {FUSED: torch.cat(self._fused)} if self._fused else {}
        for level, names in self._levels().items():
            sides = [side for name in names for side in (self._compared[name].query, self._compared[name].positive)]
            found[level] = torch.cat([torch.nn.functional.normalize(torch.cat(side), dim=1) for side in sides], dim=1)
        return found

    def geometry(self) -> dict[str, dict[str, float]]:
        """Alignment and uniformity of each level, averaged over its comparisons; of ``fused`` uniformity alone.

        A number that is undefined, for want of two items, is left out.
        """
        found = {FUSED: {"uniformity": _mean([uniformity(_some(torch.cat(self._fused)))])}} if self._fused else {}
        for level, names in self._levels().items():
            parts = [self._kept(name) for name in names]
            found[level] = {
                "alignment": _mean([alignment(query, positive) for query, positive in parts]),
                "uniformity": _mean([uniformity(_some(side)) for part in parts for side in part]),
            }
        known = {level: {k: v for k, v in values.items() if v == v} for level, values in found.items()}
        return {level: values for level, values in known.items() if values}

    def _levels(self) -> dict[str, list[str]]:
        levels: dict[str, list[str]] = {}
        for name in self._compared:
            levels.setdefault(name.split("_")[0], []).append(name)
        return levels

    def _kept(self, name: str) -> tuple[Tensor, Tensor]:
        compared = self._compared[name]
        keep = torch.cat(compared.keep)
        return torch.cat(compared.query)[keep], torch.cat(compared.positive)[keep]

    def _listen(self, module: nn.Module, inputs: tuple[Any, ...], _: object) -> None:
        pairs, present = _pairs(module, inputs)
        for name, compared in pairs.items():
            for number, (query, positive, names) in enumerate(compared):
                keep = all_present(present, *names)
                held = self._compared.setdefault(name if number == 0 else f"{name}_{number}", _Compared())
                held.query.append(query.detach().float().cpu())
                held.positive.append(positive.detach().float().cpu())
                held.keep.append(torch.ones(len(query), dtype=torch.bool) if keep is None else keep.cpu())

    def _listen_to_model(self, _: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        if output.embedding is not None:
            self._fused.append(output.embedding.detach().float().cpu())


def _with_terms(_: nn.Module, inputs: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return inputs, {**named, "output_terms": True}


def _pairs(level: nn.Module, inputs: tuple[Any, ...]) -> tuple[Pairs, Any]:
    """What a level was called with: its comparisons, and which items have each modality."""
    if isinstance(level, BiModalContrast):
        return bi_modal_pairs(inputs[0]), next(iter(inputs[1:]), None)
    pairs = uni_modal_pairs if isinstance(level, UniModalContrast) else tri_modal_pairs
    return pairs(*inputs[:2]), next(iter(inputs[2:]), None)


def _some(vectors: Tensor) -> Tensor:
    return vectors[:: -(-len(vectors) // MOST_ITEMS)] if len(vectors) > MOST_ITEMS else vectors


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if value == value and abs(value) != float("inf")]
    return sum(known) / len(known) if known else float("nan")
