"""How an extractor is made from the name of a feature set, or from a specification."""

from collections.abc import Mapping
from pathlib import Path

from mlcl.errors import UsageError
from mlcl.media.feature_sets.builders import Extractor, build
from mlcl.media.feature_sets.difference import difference
from mlcl.media.feature_sets.feature_set import FEATURE_SETS, FeatureSet, feature_set
from mlcl.media.specification import ExtractorSpecification, Parameter
from mlcl.modality import VISUAL

__all__ = ["FEATURE_SETS", "Extractor", "FeatureSet", "make_extractor", "open_specified"]


def make_extractor(
    name: str,
    *,
    parameters: Mapping[str, Parameter] | None = None,
    weights: Path | None = None,
    rate: float | None = None,
) -> Extractor:
    """Make the extractor of a feature set.

    Args:
        name: One of `FEATURE_SETS`.
        parameters: What it is told.
        weights: Folder of its weights, or one that holds them by name; they are looked for in the cache too.
        rate: Pictures a second, of a visual set; its own when None.

    Raises:
        UsageError: If there is no such set or parameter, or something that it needs is not here.
        DataError: If weights are damaged.
    """
    return build(name, parameters or {}, weights, rate)


def open_specified(specification: ExtractorSpecification, *, weights: Path | None = None) -> Extractor:
    """Make the extractor that a specification describes, and no other.

    Args:
        specification: Of the data a model was trained on.
        weights: Folder of the weights, or one that holds them by name; they are looked for in the cache too.

    Raises:
        UsageError: In one line, what differs and how to get it: the feature set, its version, parameters, columns,
            weights or the library that computes it.
        DataError: If weights are damaged.
    """
    wanted = specification
    entry = feature_set(wanted.extractor)
    parameters = {name: value for name, value in wanted.parameters.items() if name in entry.parameters}
    rate = wanted.rate if entry.modality == VISUAL else None
    made = build(wanted.extractor, parameters, weights, rate, set(wanted.weights.values()))
    if differs := difference(wanted, made.specification):
        raise UsageError(f"the features were made by {wanted.extractor} with {differs}")
    return made
