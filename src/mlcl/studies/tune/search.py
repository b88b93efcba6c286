"""Which settings of an experiment ``mlcl tune`` varies, and how far: the typed search spaces of the recipes."""

from dataclasses import dataclass
from typing import Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from mlcl.config import Experiment, validate_experiment
from mlcl.errors import UsageError, nearest
from mlcl.options import Section
from mlcl.recipe import read_search

Value = bool | int | float | str | None
_SECTIONS = ("train", "model")
_NEVER = ("model.name", "train.select_on")  # they would change what is compared


class Range(Section):
    """Numbers from `low` to `high`, both included."""

    low: int | float
    """Smallest value."""
    high: int | float
    """Largest value."""
    log: bool = False
    """Search the logarithm."""
    step: int | float | None = Field(default=None, gt=0)
    """Distance of the values allowed; null for every number, or every whole one."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, not {self.low} and {self.high}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log needs a low above 0, and no step")
        if not self.holds(self.high):
            raise ValueError(f"high must be a whole number of steps of {self.step} above low")
        return self

    def holds(self, value: Value) -> bool:
        """Whether a value is one of the range's."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return abs(steps - round(steps)) < 1e-6

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values to be tried when the range is checked."""
        return self.low, self.high


class Choices(Section):
    """A few values."""

    choices: tuple[bool | int | float | str | None, ...] = Field(min_length=2)
    """The values."""

    def holds(self, value: Value) -> bool:
        """Whether a value is one of them."""
        return value in self.choices

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values to be tried when the choices are checked."""
        return self.choices


@dataclass(frozen=True)
class SearchSpace:
    """What is varied around an experiment.

    Attributes:
        dimensions: Range or choices per key, for example ``train.learning_rate``.
        own: The experiment's own value per key; it lies in the dimension.
        left_out: Why a key that the recipe searches is not varied here.
    """

    dimensions: dict[str, Range | Choices]
    own: dict[str, Value]
    left_out: dict[str, str]


def search_space(experiment: Experiment, recipe: str, fixed: list[str] | None = None) -> SearchSpace:
    """The search space of a recipe around an experiment.

    What was set by hand stays as it is, and so does a key whose own value lies outside its range: a frozen encoder
    stays frozen.

    Args:
        experiment: What `recipe` was resolved to.
        recipe: Name or file of the recipe.
        fixed: Keys set by hand, as ``section.key=value``.

    Raises:
        UsageError: If a key or a range of the recipe is wrong, or nothing is left to search.
    """
    values = flat(experiment)
    by_hand = {change.partition("=")[0].strip() for change in fixed or []}
    dimensions: dict[str, Range | Choices] = {}
    left_out = {}
    for key, given in read_search(recipe, experiment.model.name).items():
        if key not in values:
            raise UsageError(f"search: unknown key {key!r}; {nearest(key, list(values))}")
        dimension = _dimension(key, given)
        _check_values(experiment, key, dimension, values[key])
        if key in by_hand:
            left_out[key] = "set by hand"
        elif not dimension.holds(values[key]):
            left_out[key] = f"its own value {values[key]} is not among those searched"
        else:
            dimensions[key] = dimension
    if not dimensions:
        raise UsageError("nothing is left to search: add a search section to a recipe file, or set fewer keys by hand")
    return SearchSpace(dimensions, {key: values[key] for key in dimensions}, left_out)


def flat(experiment: Experiment) -> dict[str, Value]:
    """The values that may be searched, by ``section.key``."""
    plain = experiment.model_dump(mode="json")
    every = {f"{section}.{key}": value for section in _SECTIONS for key, value in plain[section].items()}
    return {key: value for key, value in every.items() if key not in _NEVER}


def with_values(experiment: Experiment, values: dict[str, Value]) -> Experiment:
    """The experiment with other values by ``section.key``."""
    settings = experiment.model_dump(mode="json")
    for key, value in values.items():
        section, _, name = key.partition(".")
        settings[section][name] = value
    return validate_experiment(settings)


def describe_search(space: SearchSpace) -> str:
    """The space as YAML, each key under its own value, which is the first to be tried."""
    lines = ["search:"]
    for key, dimension in space.dimensions.items():
        plain = dimension.model_dump(mode="json", exclude_defaults=True)
        flow = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, width=1000).strip()
        lines += [f"  # own value: {yaml.safe_dump(space.own[key]).splitlines()[0]}", f"  {key}: {flow}"]
    return "\n".join([*lines, *(f"# not searched: {key}, {reason}" for key, reason in space.left_out.items())])


def _dimension(key: str, given: Any) -> Range | Choices:
    kind: type[Range | Choices] = Choices if isinstance(given, dict) and "choices" in given else Range
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            allowed = nearest(str(first["loc"][-1]), list(kind.model_fields))
            raise UsageError(f"search: {key}: unknown key {first['loc'][-1]!r}; {allowed}") from None
        reason = first["msg"].removeprefix("Value error, ")
        place = ".".join(str(part) for part in first["loc"][:1])
        raise UsageError(f"search: {key}: {f'{place}: ' if place else ''}{reason[0].lower()}{reason[1:]}") from None


def _check_values(experiment: Experiment, key: str, dimension: Range | Choices, own: Value) -> None:
    """Refuse values that the experiment would refuse."""
    for value in dimension.ends:
        try:
            with_values(experiment, {key: value})
        except UsageError as error:
            raise UsageError(f"search: {error}") from error
    if isinstance(dimension, Range):
        numbers = (dimension.low, dimension.high, dimension.step)
        if isinstance(own, int) and any(isinstance(number, float) for number in numbers):
            raise UsageError(f"search: {key} is a whole number, and so must be low, high and step")
        if isinstance(own, bool | str):
            raise UsageError(f"search: {key} is no number; list its choices")
