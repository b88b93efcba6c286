"""What the plain files of a run folder hold, checked when they are read: a folder may come from anyone.

Keys that are missing here may be missing in runs of earlier versions; keys beyond these are kept.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

_OPEN = ConfigDict(extra="allow", allow_inf_nan=False)
Numbers = dict[str, float | None]


@with_config(_OPEN)
class DataFacts(TypedDict):
    """The data file of a run."""

    name: str
    layout: str
    sha256: str | None
    task: Literal["regression", "classification"]
    items: dict[str, int]
    widths: dict[str, int]
    num_classes: NotRequired[int]
    label_range: NotRequired[tuple[float, float] | None]
    fold: NotRequired[dict[str, Any] | None]


@with_config(_OPEN)
class EncoderFacts(TypedDict):
    """The text encoder of a run."""

    name: str
    parameters: NotRequired[int]
    sha256: str


@with_config(_OPEN)
class ModelFacts(TypedDict):
    """The model of a run."""

    name: str
    title: NotRequired[str]
    paper: NotRequired[str]
    native: NotRequired[list[str]]
    other_labels: NotRequired[str]


@with_config(_OPEN)
class Selection(TypedDict):
    """The chosen epoch."""

    metric: str
    epoch: int
    epochs: int
    reads: NotRequired[list[int]]


@with_config(_OPEN)
class _Facts(TypedDict):
    data: DataFacts
    seconds: NotRequired[float | None]
    peak_memory_bytes: NotRequired[int | None]
    constant: NotRequired[Annotated[list[float], Field(min_length=1)] | None]


@with_config(_OPEN)
class RunFacts(_Facts, total=False):
    """``run.json``."""

    text_encoder: EncoderFacts
    model: ModelFacts
    parameters: int
    versions: dict[str, str]
    machine: str
    selection: Selection


@with_config(_OPEN)
class CompleteFacts(_Facts):
    """``run.json`` of a complete run."""

    text_encoder: EncoderFacts
    model: ModelFacts
    parameters: int
    versions: dict[str, str]
    machine: str
    selection: Selection


@with_config(_OPEN)
class Epoch(TypedDict):
    """A line of ``history.jsonl``."""

    epoch: int
    seconds: NotRequired[float]
    train: Numbers
    dev: Numbers
    geometry: NotRequired[dict[str, Numbers]]


@with_config(_OPEN)
class Failure(TypedDict):
    """What a study keeps of a run that failed."""

    error: str


@with_config(_OPEN)
class ConfigData(TypedDict):
    """The data section of ``config.yaml``, as far as reports read it."""

    modalities: list[str]


@with_config(_OPEN)
class RunConfig(TypedDict):
    """``config.yaml``, as far as reports read it."""

    recipe: str
    profile: str
    seed: int
    data: ConfigData


check_complete = TypeAdapter(CompleteFacts).validate_python
check_config = TypeAdapter(RunConfig).validate_python
check_facts = TypeAdapter(RunFacts).validate_python
check_history = TypeAdapter(list[Epoch]).validate_python
check_metrics = TypeAdapter(dict[str, Numbers]).validate_python
check_failure = TypeAdapter(Failure).validate_python
