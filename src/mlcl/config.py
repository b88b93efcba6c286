"""Typed, frozen, closed configuration: what an experiment is. An unknown key is an error that names the nearest."""

from types import NoneType
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from mlcl.errors import UsageError, nearest, shown
from mlcl.options import OPTIONS, MLCLOptions, ModelOptions, Section
from mlcl.options.section import refused

Modality = Literal["text", "acoustic", "visual"]

TINY = "tiny"
"""The small text encoder with random weights, for trying things out."""

VECTORS = "vectors"
"""The text encoder for corpora whose text is word vectors."""


class FoldConfig(Section):
    """One fold of a cross-validation: all items of the file, dealt into train, dev and test anew."""

    number: int = Field(ge=1, le=10_000)
    """Which fold, from 1."""
    of: int = Field(default=5, ge=2, le=10_000)
    """How many folds there are."""
    by: Literal["item", "video", "speaker"] = "item"
    """What stays together: nothing, the items of a video, or those of a speaker."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Seed of the dealing."""
    lists: str | None = None
    """File with the folds' items, by id or by number in the data file's order; `by` then groups the dev items only."""


class DataConfig(Section):
    """How a file becomes batches."""

    file: str
    """The data file; or `planted`, or `planted:ITEMS`, for the embedded corpus."""
    modalities: tuple[Modality, ...] = Field(default=("text", "acoustic", "visual"), min_length=1)
    """Which modalities the model sees; the others count as absent in every item."""
    label: str | None = None
    """Which label, where the file has several (`--label`); null for the one that its layout takes."""
    unlabelled: Literal["error", "drop"] = "error"
    """Items that lack the label: refuse the file, or leave them out."""
    task: Literal["auto", "regression", "classification"] = "auto"
    """Kind of label; `auto` takes classification when every label is 0 or 1, or the file has classes."""
    alignment: Literal["word", "spelt_word", "last_word"] = "word"
    """Row of a sub-word: its word's (`spelt_word`, release: words without any go), or its segment's last (release)."""
    columns: str | None = None
    """Columns of another release to keep, before anything else: `covarep5`, `facet20`, `mfn`, `hkt`; null for all."""
    normalise: Literal["none", "train", "item"] = "train"
    """Standardise feature columns over the train split's rows, or within each item; rows of zeros stay zero."""
    lower_case: Literal["auto", True, False] = "auto"
    """Lower-case words before they reach the tokenizer; `auto`: where it knows no capitals."""
    max_length: int = Field(default=256, ge=8, le=2**17)
    """Longest text in sub-words, special tokens included; what is longer is cut (context from its front)."""
    padding: Literal["longest", "fixed"] = "longest"
    """Pad to the longest item of the batch, or always to `max_length` (release)."""

    fold: FoldConfig | None = None
    """One fold of a cross-validation in place of the file's own splits, see `mlcl crossvalidate`; null for these."""
    cache: bool = True
    """Keep the prepared data on disk ($MLCL_CACHE, else the user's cache folder) and take them from there next time."""


class TrainConfig(Section):
    """How a model is fitted and selected."""

    epochs: int = Field(default=10, ge=1, le=100_000)
    """Passes over the train split."""
    batch_size: int = Field(default=32, ge=1, le=2**20)
    """Items per optimiser step over all processes; contrastive negatives are the other items of the batch."""
    accumulate: int = Field(default=1, ge=1, le=2**16)
    """Split each batch in this many parts to save memory; negatives are then the other items of the part."""
    eval_batch_size: int = Field(default=128, ge=1, le=2**20)
    """Items per batch without gradients; does not change any result."""
    optimiser: Literal["adam", "adamw", "adamw_transformers", "sgd"] = "adamw"
    """Adam, AdamW (`adamw_transformers`: of transformers 2 to 4, for MAG), or gradient descent without momentum."""
    epsilon: float = Field(default=1e-8, gt=0)
    """What Adam adds to the root of its second moment."""
    encoder_learning_rate: float = Field(default=5e-5, ge=0)
    """Learning rate of the pretrained text encoder; 0 freezes it. Encoders narrower than BERT-base want more."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Learning rate of everything else."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Decay of weight matrices; biases and norms are never decayed."""
    schedule: Literal["constant", "linear", "linear_floor", "per_epoch"] = "linear"
    """Constant; linear to 0; `linear_floor` from 0, to 0 one step an epoch too early (MAG); 1 / epoch (LFMIM)."""
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of all steps over which the learning rates rise from 0."""
    clip_norm: float | None = Field(default=1.0, gt=0)
    """Largest norm of the gradient over all parameters; null for none."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Number format of the computation; weights stay fp32."""
    select_on: str | None = None
    """Dev metric that chooses the epoch; null means mae for scores, calibrated_cross_entropy for classes."""
    patience: int | None = Field(default=None, ge=1, le=100_000)
    """Stop after this many epochs without improvement on dev; null trains all epochs."""


class Experiment(Section):
    """One training, fully resolved."""

    recipe: str
    """Name of the recipe it started from."""
    profile: Literal["default", "release"]
    """`default` has the release's defects fixed; `release` computes what the authors' code computes."""
    seed: int = Field(default=5576, ge=0, lt=2**63)
    """Seed of everything random."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    execution: Literal["fast", "plain"] = "fast"
    """`fast` leaves padding out of the work; `plain`, for comparison, computes it: the same result, far slower."""
    tracking: Literal["none", "tensorboard", "wandb", "trackio"] = "none"
    """Where epochs are shown besides history.jsonl; each tracker is a package of its own."""
    text_encoder: str
    """Folder or hub name; `tiny`: a small one with random weights; `vectors`: one for word vectors without words."""
    data: DataConfig
    model: ModelOptions = MLCLOptions()
    train: TrainConfig = TrainConfig()


def validate_experiment(values: dict[str, Any]) -> Experiment:
    """Build an `Experiment` from plain values; the model is MLCL where none is named.

    Raises:
        UsageError: Naming the first wrong key or value, what is allowed, and the nearest key.
    """
    model = values.get("model", {})
    name = model.get("name", "mlcl") if isinstance(model, dict) else "mlcl"
    check_model_name(name)
    if isinstance(model, dict):
        values = {**values, "model": {"name": name, **model}}
    try:
        return Experiment.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"]]
        if place[:1] == ["model"] and len(place) > 2:
            del place[1]  # pydantic names the member of the union
        raise UsageError(_explain(place, first, OPTIONS[name])) from error


def check_model_name(name: object) -> None:
    """Refuse a model that does not exist."""
    if name not in OPTIONS:
        raise UsageError(f"unknown model {shown(name)}; {nearest(str(name), list(OPTIONS))}")


def _explain(place: list[str], error: Any, options: type[Section]) -> str:
    name = ".".join(place)
    if error["type"] == "extra_forbidden":
        section: Any = Experiment
        for part in place[:-1]:
            section = options if part == "model" else _section(section.model_fields[part].annotation)
        inside = [".".join([*place[:-1], field]) for field in sorted(section.model_fields)]
        return f"unknown key {shown(name)}; {nearest(name, inside)}"
    return refused(name, error)


def _section(annotation: Any) -> Any:
    """The section of a field, which may be optional."""
    return next((part for part in get_args(annotation) if part is not NoneType), annotation)
