"""What the plain files of a run folder hold, checked when they are read: a folder may come from anyone.

Keys that may be missing are so in runs of earlier versions, or before a run is complete; keys beyond these are kept.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

_open = with_config(ConfigDict(extra="allow", allow_inf_nan=False))
_Numbers = dict[str, float | None]


@_open
class _Fold(TypedDict):
    number: int
    of: int
    by: str
    seed: int
    lists_sha256: str | None


@_open
class _Data(TypedDict):
    name: str
    layout: str
    sha256: str | None
    task: Literal["regression", "classification"]
    items: dict[str, int]
    widths: dict[str, int]
    num_classes: NotRequired[int]
    label_range: NotRequired[tuple[float, float] | None]
    fold: NotRequired[_Fold | None]


@_open
class _Encoder(TypedDict):
    name: str
    parameters: NotRequired[int]
    sha256: str


@_open
class _Model(TypedDict):
    name: str
    title: NotRequired[str]
    paper: NotRequired[str]
    native: NotRequired[list[str]]
    other_labels: NotRequired[str]


@_open
class _Selection(TypedDict):
    metric: str
    epoch: int
    epochs: int
    reads: NotRequired[list[int]]


@_open
class _Facts(TypedDict, total=False):
    data: _Data
    text_encoder: _Encoder
    model: _Model
    parameters: int
    versions: dict[str, str]
    machine: str
    selection: _Selection
    seconds: float | None
    peak_memory_bytes: int | None
    constant: Annotated[list[float], Field(min_length=1)] | None


@_open
class _Epoch(TypedDict):
    epoch: int
    seconds: NotRequired[float]
    train: _Numbers
    dev: _Numbers
    geometry: NotRequired[dict[str, _Numbers]]


@_open
class _Failure(TypedDict):
    error: str


check_facts = TypeAdapter(_Facts).validate_python
"""``run.json``; the functions here return what they are given, or raise a ValueError."""

check_history = TypeAdapter(list[_Epoch]).validate_python
check_metrics = TypeAdapter(dict[str, _Numbers]).validate_python
check_failure = TypeAdapter(_Failure).validate_python
"""What a study keeps of a run that failed."""


def check_complete(values: Any) -> dict[str, Any]:
    """``run.json`` of a complete run."""
    facts = dict(check_facts(values))
    wanted = _Facts.__annotations__.keys() - {"seconds", "peak_memory_bytes", "constant"}
    if not wanted <= facts.keys():
        raise ValueError(f"it has no {min(wanted - facts.keys())}")
    return facts
