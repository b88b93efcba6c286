"""From a search space to Optuna's distributions, and from a trial's parameters to an experiment."""

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from mlcl.config import Experiment
from mlcl.studies.tune.search import Choices, Range, SearchSpace, Value, with_values

_DIGITS = 4  # significant digits of a real number that is tried: enough for a rate, and short enough to be typed


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """One distribution per key; whole numbers where the experiment has a whole number."""
    return {key: _distribution(dimension, space.own[key]) for key, dimension in space.dimensions.items()}


def tried(space: SearchSpace, parameters: dict[str, Value]) -> dict[str, Value]:
    """The values that are really trained with: real numbers are rounded, as a person would write them."""
    return {key: _written(space.dimensions[key], value) for key, value in parameters.items()}


def experiment_of(experiment: Experiment, space: SearchSpace, parameters: dict[str, Value]) -> Experiment:
    """The experiment that a trial's parameters stand for."""
    return with_values(experiment, tried(space, parameters))


def _distribution(dimension: Range | Choices, own: Value) -> BaseDistribution:
    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.choices)
    if isinstance(own, int):
        return IntDistribution(int(dimension.low), int(dimension.high), dimension.log, int(dimension.step or 1))
    return FloatDistribution(float(dimension.low), float(dimension.high), dimension.log, dimension.step)


def _written(dimension: Range | Choices, value: Value) -> Value:
    if isinstance(value, float) and isinstance(dimension, Range):
        return min(max(float(f"{value:.{_DIGITS}g}"), float(dimension.low)), float(dimension.high))
    return value
