"""Recipes: the starting point of each experiment, and how a command's options change it."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, Field, ValidationError

from mlcl.config import VECTORS, Experiment, check_model_name, validate_experiment
from mlcl.errors import UsageError, nearest, shown
from mlcl.files import read_bytes
from mlcl.options import Section
from mlcl.options.section import refused
from mlcl.safe.text_file import MAX_YAML
from mlcl.safe.yaml_text import parse_yaml

_FOLDER = resources.files("mlcl") / "recipes"


def recipe_names() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))


def read_recipe(name: str) -> dict[str, Any]:
    """Read a recipe as plain values; raises a UsageError if there is no recipe of that name."""
    if name not in recipe_names():
        raise UsageError(f"unknown recipe {shown(name)}; {nearest(name, recipe_names())}")
    values: dict[str, Any] = parse_yaml((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return values


def resolve(
    recipe: str,
    *,
    model: str | None = None,
    profile: str | None = None,
    data: str | None = None,
    text_encoder: str | None = None,
    seed: int | None = None,
    device: str | None = None,
    tracking: str | None = None,
    label: str | None = None,
    changes: list[str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Experiment:
    """Turn a recipe and a command's options into an experiment.

    Args:
        recipe: Name of the recipe, or path of a recipe file.
        model: Name of the model; MLCL, or the recipe file's, when absent.
        profile: ``default`` or ``release``; ``default``, or the recipe file's, when absent.
        data: The data file; the recipe's own place when absent.
        text_encoder: Folder or hub name; the recipe's candidates in order when absent.
        seed: Seed of everything random.
        device: Device name.
        tracking: Name of a tracker.
        label: Name of the label, where the file has several.
        changes: ``section.key=value`` with the value in YAML.
        settings: Values by ``section.key``.

    Raises:
        UsageError: If the recipe, the model, the profile, a key or a value is unknown.
    """
    for option, given in (("--data", data), ("--text-encoder", text_encoder), ("--label", label)):
        if given == "":
            raise UsageError(f"{option} is empty; name a file or folder, or leave the option out")
    if is_recipe_file(recipe):
        values = _of_file(recipe, model, profile, data, text_encoder)
    else:
        values = _of_recipe(recipe, model or "mlcl", profile or "default", data, text_encoder)
    asked = (("seed", seed), ("device", device), ("tracking", tracking))
    values |= {key: value for key, value in asked if value is not None}
    if label is not None:
        values["data"]["label"] = label
    pairs = {**dict(map(_parse, changes or [])), **(settings or {})}
    for key, value in pairs.items():
        _apply(values, key, value)
    experiment = validate_experiment(values)
    if experiment.text_encoder != VECTORS:
        return experiment
    chosen = "train.encoder_learning_rate" in pairs
    return with_vectors(experiment, learning_rate=experiment.train.encoder_learning_rate if chosen else None)


def read_search(recipe: str, model: str) -> dict[str, Any]:
    """What a recipe searches for a model, as plain values by ``section.key``; a later layer replaces a key."""
    own = read_recipe_file(recipe) if is_recipe_file(recipe) else None
    name = recipe if own is None else own.extends
    of_model = _read_model(model)
    layers = [
        read_recipe(name).get("search", {}),
        of_model.get("search", {}),
        of_model.get("datasets", {}).get(name, {}).get("search", {}),
        {} if own is None else own.search,
    ]
    return {
        key: value for key, value in {k: v for layer in layers for k, v in layer.items()}.items() if value is not None
    }


def _of_file(
    path: str, model: str | None, profile: str | None, data: str | None, text_encoder: str | None
) -> dict[str, Any]:
    """Settings of a recipe file: those of the recipe that it extends, and its own."""
    own = read_recipe_file(path)
    for option, given, written in (("--model", model, own.model), ("--profile", profile, own.profile)):
        if given not in (None, written):
            raise UsageError(f"{option} {given}: {path} is for {written}; leave the option out")
    try:
        settings = _of_recipe(own.extends, own.model, own.profile, data, text_encoder)
        for key, value in own.settings.model_dump(exclude_none=True).items():
            settings[key] = {**settings.get(key, {}), **value} if isinstance(value, dict) else value
        experiment = validate_experiment(settings)
        if experiment.model.name != own.model:
            raise UsageError(f"settings.model.name = {experiment.model.name!r}: name the model under model")
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return settings


def _of_recipe(recipe: str, model: str, profile: str, data: str | None, text_encoder: str | None) -> dict[str, Any]:
    values = read_recipe(recipe)
    profiles = values["profiles"]
    if profile not in profiles:
        raise UsageError(f"unknown profile {shown(profile)}; {nearest(profile, sorted(profiles))}")
    check_model_name(model)
    settings: dict[str, Any] = {
        "recipe": recipe,
        "profile": profile,
        "text_encoder": text_encoder or _first_encoder(values["text_encoders"]),
        **(profiles[profile] if model == "mlcl" else _of_model(model, recipe, profile, profiles[profile])),
    }
    settings["data"] = {"file": data or values["file"], **settings.get("data", {})}
    return settings


def with_vectors(experiment: Experiment, *, learning_rate: float | None = None) -> Experiment:
    """The experiment with a text encoder for word vectors, which is not pretrained.

    Args:
        experiment: One of the default profile.
        learning_rate: Of that encoder; the model's own when absent.

    Raises:
        UsageError: If it is the release profile.
    """
    if experiment.profile == "release":
        raise UsageError("profile release reads words with a language model; for word vectors use --profile default")
    rate = experiment.train.learning_rate if learning_rate is None else learning_rate
    train = experiment.train.model_copy(update={"encoder_learning_rate": rate})
    return experiment.model_copy(update={"text_encoder": VECTORS, "train": train})


def _read_model(model: str) -> dict[str, Any]:
    values: dict[str, Any] = parse_yaml((_FOLDER / "models" / f"{model}.yaml").read_text(encoding="utf-8"))
    return values


def _of_model(model: str, recipe: str, profile: str, of_data: dict[str, Any]) -> dict[str, Any]:
    """Settings of another model: the data set's own way with data, then the model's, then the model's on this set."""
    own = _read_model(model)
    special = own.get("datasets", {}).get(recipe, {}).get(profile, {})
    settings = {"data": of_data.get("data", {}), "model": {"name": model}}
    for layer in (own["profiles"][profile], special):
        for section, values in layer.items():
            settings[section] = {**settings.get(section, {}), **values}
    return settings


def where_to_get(recipe: str) -> str:
    """One sentence: where the owners of a recipe's data offer it."""
    return str(read_recipe(recipe)["source"])


def changed(
    experiment: Experiment,
    *,
    data: str | None = None,
    text_encoder: str | None = None,
    device: str | None = None,
    tracking: str | None = None,
    changes: list[str] | None = None,
) -> Experiment:
    """The experiment with the options that are given, and ``section.key=value`` changes, applied."""
    settings = experiment.model_dump(mode="json")
    if data is not None:
        settings["data"]["file"] = data
    given = (("text_encoder", text_encoder), ("device", device), ("tracking", tracking))
    settings |= {key: value for key, value in given if value is not None}
    for key, value in map(_parse, changes or []):
        _apply(settings, key, value)
    return validate_experiment(settings)


def flat(settings: Mapping[str, Any], section: str = "") -> dict[str, Any]:
    """Nested values by ``section.key``."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        found |= flat(value, f"{section}{key}.") if isinstance(value, Mapping) else {f"{section}{key}": value}
    return found


def _parse(change: str) -> tuple[str, Any]:
    """Key and value of ``section.key=value``."""
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {change!r} is not of the form section.key=value, for example train.epochs=5")
    try:
        return key.strip(), _number(parse_yaml(text))
    except ValueError as error:
        raise UsageError(f"--set {change!r}: the value is not valid YAML") from error


def _apply(values: dict[str, Any], key: str, value: Any) -> None:
    """Set the value of ``section.key``."""
    *path, last = key.split(".")
    section = values
    for part in path:
        section = section.setdefault(part, {})
        if not isinstance(section, dict):
            raise UsageError(f"{key}={shown(value)}: {part!r} is a value, not a section")
    section[last] = value


def _number(value: Any) -> Any:
    """YAML 1.1 reads 1e-5 as text; people mean the number."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _first_encoder(candidates: list[str]) -> str:
    return next((name for name in candidates if Path(name).is_dir()), candidates[-1])


def describe(experiment: Experiment) -> str:
    """The settings as YAML, each key under its description."""
    return "\n".join(line.rstrip() for line in _describe_section(experiment, ""))


def _describe_section(section: BaseModel, indent: str) -> list[str]:
    lines: list[str] = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            lines += ["", f"{indent}{name}:", *_describe_section(value, f"{indent}  ")]
        else:
            plain = section.model_dump(mode="json", include={name})
            flow = isinstance(plain[name], list)
            text = yaml.safe_dump(plain[name], default_flow_style=True) if flow else yaml.safe_dump(plain)
            lines += [f"{indent}# {line}" for line in (field.description or "").splitlines()]
            lines.append(f"{indent}{name}: {text}" if flow else f"{indent}{text}")
    return lines


SUFFIXES = (".yaml", ".yml")
TUNED = "# Found by mlcl tune"
"""How a recipe file begins that tuning wrote, and may replace."""


class RecipeSettings(Section):
    """What a file changes; inside the sections the keys of ``mlcl config``."""

    seed: int | None = None
    """Seed of everything random."""
    execution: str | None = None
    """`fast` or `plain`."""
    data: dict[str, Any] = Field(default_factory=dict)
    """Keys of the data section."""
    model: dict[str, Any] = Field(default_factory=dict)
    """Keys of the model section."""
    train: dict[str, Any] = Field(default_factory=dict)
    """Keys of the train section."""


class RecipeFile(Section):
    """Content of a recipe file."""

    extends: str
    """Name of the recipe that it starts from."""
    model: str = "mlcl"
    """Which model the settings are for."""
    profile: str = "default"
    """Which profile of the recipe it starts from."""
    settings: RecipeSettings = RecipeSettings()
    """What differs from it."""
    search: dict[str, Any] = Field(default_factory=dict)
    """What ``mlcl tune`` searches, in addition to what the recipe says; null takes a key out."""


def is_recipe_file(name: str) -> bool:
    """Whether a recipe is named by a path rather than by its name."""
    return name.endswith(SUFFIXES)


def read_recipe_file(path: str) -> RecipeFile:
    """Read a recipe file.

    Format:
        YAML with ``extends`` and, as wanted, ``model``, ``profile``, ``settings`` (``seed``, ``execution``, and the
        sections ``data``, ``model``, ``train``) and ``search``.

    Raises:
        UsageError: If the file is missing or no recipe.
    """
    try:
        values = parse_yaml(read_bytes(path, MAX_YAML).decode("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}; name a recipe or a recipe file") from None
    except ValueError:
        raise UsageError(f"{path} is not valid YAML") from None
    if not isinstance(values, dict) or "extends" not in values:
        raise UsageError(f"{path} is no recipe file: it must say which recipe it extends, for example extends: mosi")
    try:
        content = RecipeFile.model_validate(values)
        check_model_name(content.model)
    except ValidationError as error:
        raise UsageError(f"{path}: {_explain(error)}") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return content


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    name = ".".join(place)
    if first["type"] == "extra_forbidden":
        section: type[Section] = RecipeSettings if place[:1] == ["settings"] else RecipeFile
        return f"unknown key {shown(name)}; {nearest(place[-1], list(section.model_fields))}"
    return refused(name, first)
